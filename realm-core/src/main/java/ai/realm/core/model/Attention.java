package ai.realm.core.model;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.AttentionTile;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.RowKernels;
import org.jspecify.annotations.Nullable;

/**
 * Multi-head attention with grouped queries: projections, optional normalisation of queries and keys, rotary positions, softmax
 * attention over the sequence so far, optional output gate, output projection.
 */
final class Attention implements Mixer {
    /**
     * The tensors and choices of one layer's attention.
     *
     * @param k null when keys and values are those of another layer
     * @param v null when the values are what {@code k} gives, or another layer's
     * @param clamp what queries, keys and values are brought to at most; 0 for none
     * @param normsAfterRope whether queries and keys are normalised after they are rotated, not before
     * @param gated whether each head's query is followed by a gate of the same size
     * @param rope null for a layer without positions
     * @param temperature sharpening with the position, or null
     */
    record Parts(Linear q, @Nullable Linear k, @Nullable Linear v, Linear o, float clamp, @Nullable HeadNorm qNorm,
            @Nullable HeadNorm kNorm, @Nullable HeadNorm vNorm, boolean normsAfterRope,
            boolean gated, @Nullable RopeTable rope, @Nullable Temperature temperature) {}

    /** Queries at position p are multiplied by {@code 1 + scale * ln(1 + floor((p + offset) / length))}. */
    record Temperature(float scale, int length, int offset) {
        float at(int position) {
            return (float) (1 + scale * Math.log(1.0 + (position + offset) / length));
        }
    }

    private final Parts parts;
    private final KvAttention.Spec spec;
    private final KvAttention core;
    private final Linear.Group input;
    private final FloatRows queries;
    private final FloatRows keys;
    private final FloatRows values;
    private final FloatRows mixed;
    private final int queryStride;
    private final Step.RowTask place = this::place;
    private final Step.RowTask gate = this::gate;

    Attention(Parts parts, KvAttention.Spec spec, int layer, AttentionTile[] workers, Scratch scratch) {
        this.parts = parts;
        this.spec = spec;
        this.core = new KvAttention(spec, layer, workers);
        this.queries = scratch.rows("q", parts.q.rows());
        this.keys = scratch.rows("k", spec.kvHeads() * spec.keyDim());
        this.values = scratch.rows("v", spec.kvHeads() * spec.valueDim());
        this.mixed = scratch.rows("mixed", spec.heads() * spec.valueDim());
        this.input = parts.k == null
                ? new Linear.Group(new Linear[]{parts.q}, new FloatRows[]{queries})
                : parts.v == null
                        ? new Linear.Group(new Linear[]{parts.q, parts.k}, new FloatRows[]{queries, keys})
                        : new Linear.Group(new Linear[]{parts.q, parts.k, parts.v}, new FloatRows[]{queries, keys, values});
        this.queryStride = parts.gated ? 2 * spec.keyDim() : spec.keyDim();
    }

    /** Whether the keys and values are those that an earlier layer kept. */
    boolean usesOthersKeys() {
        return parts.k == null;
    }

    @Override
    public void mix(Step step, FloatRows in, FloatRows out) {
        int count = step.count();
        input.apply(step, in, count);
        step.forRows(count, place);
        core.attend(step, queries, queryStride, mixed);
        if (parts.gated) {
            step.forRows(count, gate);
        }
        parts.o.apply(step, mixed, count, out);
    }

    /** Normalises, rotates and stores what the projections gave. */
    private void place(Step step, int from, int to) {
        for (int row = from; row < to; row++) {
            if (parts.v == null && parts.k != null) {
                System.arraycopy(keys.data(), keys.offset(row), values.data(), values.offset(row), keys.cols());
            }
            if (parts.clamp > 0) {
                clamp(queries, row);
                clamp(keys, row);
                clamp(values, row);
            }
            if (!parts.normsAfterRope) {
                normalise(step, row);
            }
            if (parts.rope != null) {
                parts.rope.rotate(step.rowKernels(), queries.data(), queries.offset(row), queryStride, spec.heads(), row);
                if (parts.k != null) {
                    parts.rope.rotate(step.rowKernels(), keys.data(), keys.offset(row), spec.keyDim(), spec.kvHeads(), row);
                }
            }
            if (parts.normsAfterRope) {
                normalise(step, row);
            }
            if (parts.temperature != null) {
                step.rowKernels().scale(queries.data(), queries.offset(row), parts.temperature.at(step.batch().position(row)),
                        queries.cols());
            }
            if (parts.k == null) {
                continue;
            }
            if (parts.vNorm != null) {
                parts.vNorm.apply(step.rowKernels(), values.data(), values.offset(row), spec.valueDim(), spec.kvHeads());
            }
            core.store(step, row, keys.data(), keys.offset(row), values.data(), values.offset(row));
        }
    }

    private void clamp(FloatRows x, int row) {
        for (int i = x.offset(row); i < x.offset(row) + x.cols(); i++) {
            x.data()[i] = Math.clamp(x.data()[i], -parts.clamp, parts.clamp);
        }
    }

    private void normalise(Step step, int row) {
        if (parts.qNorm != null) {
            parts.qNorm.apply(step.rowKernels(), queries.data(), queries.offset(row), queryStride, spec.heads());
        }
        if (parts.kNorm != null) {
            parts.kNorm.apply(step.rowKernels(), keys.data(), keys.offset(row), spec.keyDim(), spec.kvHeads());
        }
    }

    private void gate(Step step, int from, int to) {
        RowKernels kernels = step.rowKernels();
        int dim = spec.keyDim();
        for (int row = from; row < to; row++) {
            for (int h = 0; h < spec.heads(); h++) {
                int gate = queries.offset(row) + h * queryStride + dim;
                kernels.activate(Activation.SIGMOID, queries.data(), gate, dim);
                kernels.multiply(mixed.data(), mixed.offset(row) + h * dim, queries.data(), gate, dim);
            }
        }
    }

    @Override
    public int kvHeads() {
        return parts.k == null ? 0 : spec.kvHeads();
    }

    @Override
    public int keyDim() {
        return spec.keyDim();
    }

    @Override
    public int valueDim() {
        return spec.valueDim();
    }
}
