package ai.realm.core.model;

import ai.realm.core.kernel.AttentionTile;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.ProductKernels;
import ai.realm.core.kernel.WorkerPool;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434) in absorbed form. All heads share one key, the compressed vector of
 * a position and its rotated part, and one value, the compressed vector. The matrices that would expand keys and values are
 * applied to each head's query and output instead.
 */
final class LatentAttention implements Mixer {
    /**
     * The tensors of one layer.
     *
     * @param qDown compresses the input for queries; null when queries come straight from the input
     * @param kExpand for each head, from a query's plain part to latent width
     * @param vExpand for each head, from latent width to the head's value
     */
    record Parts(@Nullable Linear qDown, @Nullable Norm qNorm, Linear q, Linear kvDown, Norm kvNorm, Linear.Stack kExpand,
            Linear.Stack vExpand, Linear o, RopeTable rope, Attention.@Nullable Temperature temperature) {}

    private final Parts parts;
    private final KvAttention core;
    private final int heads;
    private final int latent;
    private final int rotated;
    private final int plain;
    private final int headValue;
    private final @Nullable FloatRows compressed;
    private final FloatRows queries;
    private final FloatRows absorbed;
    private final FloatRows keyValue;
    private final FloatRows mixed;
    private final FloatRows expanded;
    private final Linear.Group input;
    private final Linear.Input[] plainIn;
    private final Linear.Input[] latentIn;
    private final PerHead perHead = new PerHead();
    private final Step.RowTask normaliseQuery = this::normaliseQuery;
    private final Step.RowTask place = this::place;
    private final Step.RowTask addRotated = this::addRotated;

    /** @param spec one KV head; keys of latent and rotated width, values of latent width */
    LatentAttention(Parts parts, KvAttention.Spec spec, int layer, AttentionTile[] workers, ProductKernels kernels,
            Scratch scratch) {
        this.parts = parts;
        this.core = new KvAttention(spec, layer, workers);
        this.heads = spec.heads();
        this.latent = spec.valueDim();
        this.rotated = spec.keyDim() - latent;
        this.plain = parts.kExpand.cols();
        this.headValue = parts.vExpand.rows();
        this.compressed = parts.qDown == null ? null : scratch.rows("qDown", parts.qDown.rows());
        this.queries = scratch.rows("q", parts.q.rows());
        this.absorbed = scratch.rows("absorbed", heads * spec.keyDim());
        this.keyValue = scratch.rows("kv", parts.kvDown.rows());
        this.mixed = scratch.rows("mixedLatent", heads * latent);
        this.expanded = scratch.rows("mixed", heads * headValue);
        this.input = new Linear.Group(new Linear[]{parts.qDown == null ? parts.q : parts.qDown, parts.kvDown},
                new FloatRows[]{compressed == null ? queries : compressed, keyValue});
        this.plainIn = new Linear.Input[workers.length];
        this.latentIn = new Linear.Input[workers.length];
        Arrays.setAll(plainIn, i -> scratch.input(kernels, "plainIn" + i, scratch.maxBatch(), plain));
        Arrays.setAll(latentIn, i -> scratch.input(kernels, "latentIn" + i, scratch.maxBatch(), latent));
    }

    @Override
    public void mix(Step step, FloatRows in, FloatRows out) {
        int count = step.count();
        input.apply(step, in, count);
        if (compressed != null) {
            step.forRows(count, normaliseQuery);
            parts.q.apply(step, compressed, count, queries);
        }
        step.forRows(count, place);
        perHead.run(step, parts.kExpand, plainIn, queries, plain + rotated, absorbed, latent + rotated);
        step.forRows(count, addRotated);
        core.attend(step, absorbed, latent + rotated, mixed);
        perHead.run(step, parts.vExpand, latentIn, mixed, latent, expanded, headValue);
        parts.o.apply(step, expanded, count, out);
    }

    private void normaliseQuery(Step step, int from, int to) {
        Norm norm = Objects.requireNonNull(parts.qNorm);
        FloatRows c = Objects.requireNonNull(compressed);
        for (int row = from; row < to; row++) {
            norm.apply(step.rowKernels(), c.data(), c.offset(row), c.data(), c.offset(row));
        }
    }

    /** Rotates the positional parts, normalises the compressed vector and stores both. */
    private void place(Step step, int from, int to) {
        for (int row = from; row < to; row++) {
            parts.rope.rotate(step.rowKernels(), queries.data(), queries.offset(row) + plain, plain + rotated, heads, row);
            int at = keyValue.offset(row);
            parts.rope.rotate(step.rowKernels(), keyValue.data(), at + latent, rotated, 1, row);
            parts.kvNorm.apply(step.rowKernels(), keyValue.data(), at, keyValue.data(), at);
            core.store(step, row, keyValue.data(), at, keyValue.data(), at);
        }
    }

    /** Completes the absorbed queries with their rotated parts. */
    private void addRotated(Step step, int from, int to) {
        for (int row = from; row < to; row++) {
            for (int h = 0; h < heads; h++) {
                System.arraycopy(queries.data(), queries.offset(row) + h * (plain + rotated) + plain, absorbed.data(),
                        absorbed.offset(row) + h * (latent + rotated) + latent, rotated);
            }
            if (parts.temperature != null) {
                step.rowKernels().scale(absorbed.data(), absorbed.offset(row), parts.temperature.at(step.batch().position(row)),
                        absorbed.cols());
            }
        }
    }

    /** A product with a matrix for each head, the heads shared among the threads. */
    private static final class PerHead implements WorkerPool.Task {
        private @Nullable Step step;
        private Linear.@Nullable Stack maps;
        private Linear.Input[] scratch = {};
        private @Nullable FloatRows in;
        private @Nullable FloatRows out;
        private int inStride;
        private int outStride;

        void run(Step newStep, Linear.Stack newMaps, Linear.Input[] newScratch, FloatRows newIn, int newInStride,
                FloatRows newOut,
                int newOutStride) {
            step = newStep;
            maps = newMaps;
            scratch = newScratch;
            in = newIn;
            inStride = newInStride;
            out = newOut;
            outStride = newOutStride;
            newStep.compute().pool().run(Math.min(newScratch.length, newMaps.size()), this);
        }

        @Override
        public void run(int part) {
            Step s = Objects.requireNonNull(step);
            FloatRows x = Objects.requireNonNull(in);
            FloatRows y = Objects.requireNonNull(out);
            Linear.Stack stack = Objects.requireNonNull(maps);
            int parts = Math.min(scratch.length, stack.size());
            for (int h = part; h < stack.size(); h += parts) {
                scratch[part].begin(x.data(), h * inStride, x.cols(), s.count(), null);
                stack.apply(s, h, scratch[part], y.data(), h * outStride, y.cols());
            }
        }
    }

    @Override
    public int kvHeads() {
        return 1;
    }

    @Override
    public int keyDim() {
        return latent + rotated;
    }

    @Override
    public int valueDim() {
        return latent;
    }
}
