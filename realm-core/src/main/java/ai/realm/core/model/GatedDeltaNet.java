package ai.realm.core.model;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.RowKernels;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Linear attention by the gated delta rule (arXiv 2412.06464) as in Qwen3.5: a short convolution over q, k and v, then a matrix
 * state for each value head. The state decays, forgets what it held for the key and learns the value:
 * {@code S = g S; S += b (v - S k) kᵀ; o = S q}. It is kept as {@code S} row by row, one row for each value dimension, after the
 * convolution's.
 */
final class GatedDeltaNet implements Mixer {
    /**
     * The tensors of one layer.
     *
     * @param z gate of the output
     * @param betaAlpha both in one map, for each key head its value heads' betas and then their alphas; null when they are apart
     * @param timeBias added to alpha before its softplus
     * @param decay factor of that, at most 0
     * @param norm over one head's values
     */
    record Parts(Linear qkv, Linear z, @Nullable Linear alpha, @Nullable Linear beta, @Nullable Linear betaAlpha,
            float[] timeBias,
            float[] decay, float[] taps, Norm norm, Linear out) {}

    /**
     * @param dim size of a head of either kind
     * @param inTurn whether value heads take the key heads in turn, or the same one as their neighbours
     */
    record Shape(int keyHeads, int valueHeads, int dim, boolean inTurn) {
        int keyHead(int valueHead) {
            return inTurn ? valueHead % keyHeads : valueHead / (valueHeads / keyHeads);
        }

        int keys() {
            return keyHeads * dim;
        }

        int values() {
            return valueHeads * dim;
        }
    }

    private final Parts parts;
    private final Shape shape;
    private final int layer;
    private final float epsilon;
    private final Linear.Group input;
    private final CausalConvolution convolution;
    private final FloatRows mixed;
    private final FloatRows qkv;
    private final FloatRows z;
    private final FloatRows alpha;
    private final FloatRows beta;
    private final FloatRows both;
    private final FloatRows heads;
    private final HeadStates states;
    private final Step.RowTask prepare = this::prepare;
    private final Step.RowTask finish = this::finish;

    /** @param threads threads that a head's state may be taken by at the same time */
    GatedDeltaNet(Parts parts, Shape shape, float epsilon, int layer, int threads, Scratch scratch) {
        this.parts = parts;
        this.shape = shape;
        this.layer = layer;
        this.epsilon = epsilon;
        int channels = 2 * shape.keys() + shape.values();
        this.convolution = new CausalConvolution(parts.taps, channels, scratch);
        this.mixed = scratch.rows("deltaIn", channels);
        this.qkv = scratch.rows("deltaQkv", channels);
        this.z = scratch.rows("deltaZ", shape.values());
        this.alpha = scratch.rows("deltaAlpha", shape.valueHeads);
        this.beta = scratch.rows("deltaBeta", shape.valueHeads);
        this.heads = scratch.rows("deltaOut", shape.values());
        this.states = new HeadStates(layer, convolution.stateFloats(), shape.valueHeads, shape.dim * shape.dim, threads, scratch,
                this::recur);
        this.both = scratch.rows("deltaBetaAlpha", 2 * shape.valueHeads);
        this.input = parts.betaAlpha != null
                ? new Linear.Group(new Linear[]{parts.qkv, parts.z, parts.betaAlpha}, new FloatRows[]{mixed, z, both})
                : new Linear.Group(new Linear[]{parts.qkv, parts.z, Objects.requireNonNull(parts.alpha),
                        Objects.requireNonNull(parts.beta)}, new FloatRows[]{mixed, z, alpha, beta});
    }

    @Override
    public void mix(Step step, FloatRows in, FloatRows out) {
        int count = step.count();
        input.apply(step, in, count);
        convolution.run(step, layer, mixed, qkv);
        step.forRows(count, prepare);
        states.run(step);
        step.forRows(count, finish);
        parts.out.apply(step, heads, count, out);
    }

    /** Activates the convolution's output, brings q and k to length 1, and turns alpha and beta into decay and rate. */
    private void prepare(Step step, int from, int to) {
        RowKernels k = step.rowKernels();
        for (int row = from; row < to; row++) {
            int at = qkv.offset(row);
            k.activate(Activation.SILU, qkv.data(), at, qkv.cols());
            for (int h = 0; h < 2 * shape.keyHeads; h++) {
                int head = at + h * shape.dim;
                double square = k.dot(qkv.data(), head, qkv.data(), head, shape.dim);
                double length = Math.sqrt(square + epsilon);
                // Queries also carry attention's usual scale.
                k.scale(qkv.data(), head, (float) (h < shape.keyHeads ? 1 / (length * Math.sqrt(shape.dim)) : 1 / length),
                        shape.dim);
            }
            if (parts.betaAlpha != null) {
                takeApart(row);
            }
            for (int h = 0; h < shape.valueHeads; h++) {
                int i = alpha.offset(row) + h;
                alpha.data()[i] = (float) Math.exp(parts.decay[h] * Mamba.softplus(alpha.data()[i] + parts.timeBias[h]));
            }
            k.activate(Activation.SIGMOID, beta.data(), beta.offset(row), shape.valueHeads);
        }
    }

    private void takeApart(int row) {
        int each = shape.valueHeads / shape.keyHeads;
        for (int h = 0; h < shape.valueHeads; h++) {
            int at = both.offset(row) + h / each * 2 * each + h % each;
            beta.data()[beta.offset(row) + h] = both.data()[at];
            alpha.data()[alpha.offset(row) + h] = both.data()[at + each];
        }
    }

    /** Normalises each head's output and gates it by z. */
    private void finish(Step step, int from, int to) {
        RowKernels k = step.rowKernels();
        for (int row = from; row < to; row++) {
            int at = heads.offset(row);
            for (int h = 0; h < shape.valueHeads; h++) {
                parts.norm.apply(k, heads.data(), at + h * shape.dim, heads.data(), at + h * shape.dim);
            }
            k.gate(Activation.SILU, z.data(), z.offset(row), heads.data(), at, z.cols());
            System.arraycopy(z.data(), z.offset(row), heads.data(), at, z.cols());
        }
    }

    private void recur(Step step, int first, int end, int head, float[] state) {
        int dim = shape.dim;
        int keyHead = shape.keyHead(head);
        RowKernels k = step.rowKernels();
        for (int row = first; row < end; row++) {
            float[] x = qkv.data();
            int q = qkv.offset(row) + keyHead * dim;
            int key = q + shape.keys();
            int v = qkv.offset(row) + 2 * shape.keys() + head * dim;
            float decay = alpha.data()[alpha.offset(row) + head];
            float rate = beta.data()[beta.offset(row) + head];
            k.scale(state, 0, decay, dim * dim);
            for (int j = 0; j < dim; j++) {
                int line = j * dim;
                float error = rate * (x[v + j] - k.dot(state, line, x, key, dim));
                k.addScaled(state, line, error, x, key, dim);
                heads.data()[heads.offset(row) + head * dim + j] = k.dot(state, line, x, q, dim);
            }
        }
    }

    @Override
    public int stateFloats() {
        return convolution.stateFloats() + states.floats();
    }
}
