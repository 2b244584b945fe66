package ai.realm.core.model;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.RowKernels;
import org.jspecify.annotations.Nullable;

/**
 * Mamba's selective state space (arXiv 2312.00752): a short convolution over the channels, then for each channel a state of a few numbers that
 * decay, each at its own rate, and learn the input: {@code s = exp(t A) s + t B x; y = s C + D x}, gated by z. The state follows the
 * convolution's, channel by channel.
 */
final class Mamba implements Mixer {
    /** Channels that a thread takes together, where their number allows. */
    private static final int BLOCK = 64;

    /**
     * The tensors of one layer.
     *
     * @param x to the channels
     * @param z to their gates
     * @param selection from the channels to the time step in low rank, B and C
     * @param time from the low rank to the time step of each channel
     * @param norms of the time step, B and C; null for none
     * @param decay A, channel by channel, below 0
     * @param skip D
     */
    record Parts(Linear x, Linear z, float[] taps, float[] tapBias, Linear selection, Linear time, Norm @Nullable [] norms,
            float[] decay, float[] skip, Linear out) {}

    private final Parts parts;
    private final int inner;
    private final int rank;
    private final int size;
    private final int layer;
    private final Linear.Group input;
    private final CausalConvolution convolution;
    private final HeadStates states;
    private final FloatRows in;
    private final FloatRows x;
    private final FloatRows z;
    private final FloatRows selected;
    private final FloatRows ranked;
    private final FloatRows times;
    private final FloatRows y;
    private final Step.RowTask activate = this::activate;
    private final Step.RowTask split = this::split;
    private final Step.RowTask gate = this::gate;

    /**
     * @param size numbers of a channel's state
     * @param threads that channels may be taken by at the same time
     */
    Mamba(Parts parts, int size, int layer, int threads, Scratch scratch) {
        this.parts = parts;
        this.inner = parts.x.rows();
        this.rank = parts.time.cols();
        this.size = size;
        this.layer = layer;
        this.convolution = new CausalConvolution(parts.taps, inner, scratch);
        int block = inner % BLOCK == 0 ? BLOCK : 1;
        this.states = new HeadStates(layer, convolution.stateFloats(), inner / block, block * size, threads, scratch,
                this::recur);
        this.in = scratch.rows("mambaIn", inner);
        this.x = scratch.rows("mambaX", inner);
        this.z = scratch.rows("mambaZ", inner);
        this.selected = scratch.rows("mambaSelected", rank + 2 * size);
        this.ranked = scratch.rows("mambaRanked", rank);
        this.times = scratch.rows("mambaTimes", inner);
        this.y = scratch.rows("mambaY", inner);
        this.input = new Linear.Group(new Linear[]{parts.x, parts.z}, new FloatRows[]{in, z});
    }

    /** {@code ln(1 + exp(x))}. */
    static double softplus(double x) {
        return x > 20 ? x : Math.log1p(Math.exp(x));
    }

    @Override
    public void mix(Step step, FloatRows input, FloatRows out) {
        int count = step.count();
        this.input.apply(step, input, count);
        convolution.run(step, layer, in, x);
        step.forRows(count, activate);
        parts.selection.apply(step, x, count, selected);
        step.forRows(count, split);
        parts.time.apply(step, ranked, count, times);
        states.run(step);
        step.forRows(count, gate);
        parts.out.apply(step, y, count, out);
    }

    private void activate(Step step, int from, int to) {
        for (int row = from; row < to; row++) {
            step.rowKernels().add(x.data(), x.offset(row), parts.tapBias, 0, inner);
            step.rowKernels().activate(Activation.SILU, x.data(), x.offset(row), inner);
        }
    }

    private void split(Step step, int from, int to) {
        for (int row = from; row < to; row++) {
            float[] s = selected.data();
            int at = selected.offset(row);
            if (parts.norms != null) {
                parts.norms[0].apply(step.rowKernels(), s, at, s, at);
                parts.norms[1].apply(step.rowKernels(), s, at + rank, s, at + rank);
                parts.norms[2].apply(step.rowKernels(), s, at + rank + size, s, at + rank + size);
            }
            System.arraycopy(s, at, ranked.data(), ranked.offset(row), rank);
        }
    }

    private void recur(Step step, int first, int end, int head, float[] state) {
        int block = state.length / size;
        float[] s = selected.data();
        for (int row = first; row < end; row++) {
            int b = selected.offset(row) + rank;
            int c = b + size;
            for (int i = 0; i < block; i++) {
                int channel = head * block + i;
                double time = softplus(times.data()[times.offset(row) + channel]);
                float learned = (float) (time * x.data()[x.offset(row) + channel]);
                float sum = 0;
                for (int n = 0; n < size; n++) {
                    float kept = state[i * size + n] * (float) Math.exp(time * parts.decay[channel * size + n]);
                    state[i * size + n] = kept + s[b + n] * learned;
                    sum += state[i * size + n] * s[c + n];
                }
                y.data()[y.offset(row) + channel] = sum;
            }
        }
    }

    private void gate(Step step, int from, int to) {
        RowKernels k = step.rowKernels();
        for (int row = from; row < to; row++) {
            k.multiply(x.data(), x.offset(row), parts.skip, 0, inner);
            k.add(y.data(), y.offset(row), x.data(), x.offset(row), inner);
            k.gate(Activation.SILU, z.data(), z.offset(row), y.data(), y.offset(row), inner);
            System.arraycopy(z.data(), z.offset(row), y.data(), y.offset(row), inner);
        }
    }

    @Override
    public int stateFloats() {
        return convolution.stateFloats() + states.floats();
    }
}
