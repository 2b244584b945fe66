package ai.realm.core.model;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.RowKernels;
import org.jspecify.annotations.Nullable;

/**
 * Mamba-2's state space (arXiv 2405.21060): the channels are cut into heads, each with one rate of decay, and B and C are shared by a group of heads:
 * {@code S = exp(t A) S + t x Bᵀ; y = S C + D x}, gated by z and normalised group by group. The state follows the convolution's, head by head,
 * a row for each channel.
 */
final class Mamba2 implements Mixer {
    /**
     * The tensors of one layer.
     *
     * @param z to the gates of the channels
     * @param xbc to the channels, B and C, over all of which the convolution runs
     * @param time to the heads' time steps
     * @param tapBias null for none
     * @param decay A of each head, below 0
     * @param skip D of each head
     * @param norms one for each group, or null
     */
    record Parts(Linear z, Linear xbc, Linear time, float[] taps, float @Nullable [] tapBias, float[] timeBias, float[] decay,
            float[] skip, Norm @Nullable [] norms, Linear out) {}

    /** @param size numbers of a channel's state */
    record Shape(int inner, int heads, int groups, int size) {
        int dim() {
            return inner / heads;
        }

        int channels() {
            return inner + 2 * groups * size;
        }
    }

    private final Parts parts;
    private final Shape shape;
    private final int layer;
    private final Linear.Group input;
    private final CausalConvolution convolution;
    private final HeadStates states;
    private final FloatRows in;
    private final FloatRows xbc;
    private final FloatRows z;
    private final FloatRows times;
    private final FloatRows y;
    private final Step.RowTask activate = this::activate;
    private final Step.RowTask finish = this::finish;

    /** @param threads that heads may be taken by at the same time */
    Mamba2(Parts parts, Shape shape, int layer, int threads, Scratch scratch) {
        this.parts = parts;
        this.shape = shape;
        this.layer = layer;
        this.convolution = new CausalConvolution(parts.taps, shape.channels(), scratch);
        this.states = new HeadStates(layer, convolution.stateFloats(), shape.heads, shape.dim() * shape.size, threads, scratch,
                this::recur);
        this.in = scratch.rows("mamba2In", shape.channels());
        this.xbc = scratch.rows("mamba2Xbc", shape.channels());
        this.z = scratch.rows("mamba2Z", shape.inner);
        this.times = scratch.rows("mamba2Times", shape.heads);
        this.y = scratch.rows("mamba2Y", shape.inner);
        this.input = new Linear.Group(new Linear[]{parts.z, parts.xbc, parts.time}, new FloatRows[]{z, in, times});
    }

    @Override
    public void mix(Step step, FloatRows rows, FloatRows out) {
        int count = step.count();
        input.apply(step, rows, count);
        convolution.run(step, layer, in, xbc);
        step.forRows(count, activate);
        states.run(step);
        step.forRows(count, finish);
        parts.out.apply(step, y, count, out);
    }

    private void activate(Step step, int from, int to) {
        for (int row = from; row < to; row++) {
            if (parts.tapBias != null) {
                step.rowKernels().add(xbc.data(), xbc.offset(row), parts.tapBias, 0, xbc.cols());
            }
            step.rowKernels().activate(Activation.SILU, xbc.data(), xbc.offset(row), xbc.cols());
            for (int h = 0; h < shape.heads; h++) {
                int i = times.offset(row) + h;
                times.data()[i] = (float) Mamba.softplus(times.data()[i] + parts.timeBias[h]);
            }
        }
    }

    private void recur(Step step, int first, int end, int head, float[] state) {
        RowKernels k = step.rowKernels();
        int dim = shape.dim();
        int size = shape.size;
        int group = head / (shape.heads / shape.groups);
        for (int row = first; row < end; row++) {
            float[] x = xbc.data();
            int channel = xbc.offset(row) + head * dim;
            int b = xbc.offset(row) + shape.inner + group * size;
            int c = b + shape.groups * size;
            float time = times.data()[times.offset(row) + head];
            k.scale(state, 0, (float) Math.exp(time * parts.decay[head]), dim * size);
            for (int i = 0; i < dim; i++) {
                k.addScaled(state, i * size, x[channel + i] * time, x, b, size);
                y.data()[y.offset(row) + head * dim + i] = k.dot(state, i * size, x, c, size);
            }
        }
    }

    /** Adds what skips the state, gates and normalises. */
    private void finish(Step step, int from, int to) {
        RowKernels k = step.rowKernels();
        int dim = shape.dim();
        for (int row = from; row < to; row++) {
            int at = y.offset(row);
            for (int h = 0; h < shape.heads; h++) {
                k.addScaled(y.data(), at + h * dim, parts.skip[h], xbc.data(), xbc.offset(row) + h * dim, dim);
            }
            k.gate(Activation.SILU, z.data(), z.offset(row), y.data(), at, shape.inner);
            System.arraycopy(z.data(), z.offset(row), y.data(), at, shape.inner);
            if (parts.norms != null) {
                int width = shape.inner / shape.groups;
                for (int g = 0; g < shape.groups; g++) {
                    parts.norms[g].apply(k, y.data(), at + g * width, y.data(), at + g * width);
                }
            }
        }
    }

    @Override
    public int stateFloats() {
        return convolution.stateFloats() + states.floats();
    }
}
