package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A causal convolution of each channel over the tokens of a sequence. Its state is the last {@code taps - 1} inputs, oldest
 * first, at the start of the layer's state.
 */
final class CausalConvolution {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

    private final int width;
    private final int taps;
    /** Tap-major: the weights of one tap for all channels together. */
    private final float[] weights;
    private final Step.RowTask convolve = this::convolve;
    /** The run of tokens under way: its sequence's state, its first row. */
    private final float[] state;
    private int first;
    private @Nullable FloatRows in;
    private @Nullable FloatRows out;

    /** @param channelTaps the taps of a channel together, oldest first */
    CausalConvolution(float[] channelTaps, int width, Scratch scratch) {
        this.width = width;
        this.taps = channelTaps.length / width;
        this.weights = new float[channelTaps.length];
        this.state = scratch.rows("convState", 1, (taps - 1) * width).data();
        for (int c = 0; c < width; c++) {
            for (int t = 0; t < taps; t++) {
                weights[t * width + c] = channelTaps[c * taps + t];
            }
        }
    }

    int stateFloats() {
        return (taps - 1) * width;
    }

    /** Convolves every sequence of the batch. */
    void run(Step step, int layer, FloatRows newIn, FloatRows newOut) {
        in = newIn;
        out = newOut;
        for (int r = 0; r < step.runs(); r++) {
            first = step.runStart(r);
            int end = step.runStart(r + 1);
            MemorySegment kept = step.kv().states();
            long at = step.kv().state(step.batch().sequence(first), layer);
            MemorySegment.copy(kept, FLOAT, at, state, 0, state.length);
            step.forRows(end - first, convolve);
            keep(newIn, end - first);
            MemorySegment.copy(state, 0, kept, FLOAT, at, state.length);
        }
    }

    private void convolve(Step step, int from, int to) {
        for (int row = from; row < to; row++) {
            convolve(Objects.requireNonNull(in), row, Objects.requireNonNull(out));
        }
    }

    /** Output of the run's {@code row}-th token. */
    private void convolve(FloatRows in, int row, FloatRows out) {
        int o = out.offset(first + row);
        for (int t = 0; t < taps; t++) {
            int source = row - (taps - 1) + t;
            float[] x = source < 0 ? state : in.data();
            int at = source < 0 ? (source + taps - 1) * width : in.offset(first + source);
            int w = t * width;
            for (int c = 0; c < width; c++) {
                float product = weights[w + c] * x[at + c];
                out.data()[o + c] = t == 0 ? product : out.data()[o + c] + product;
            }
        }
    }

    private void keep(FloatRows in, int count) {
        int kept = Math.max(0, taps - 1 - count);
        System.arraycopy(state, (taps - 1 - kept) * width, state, 0, kept * width);
        int fresh = taps - 1 - kept;
        System.arraycopy(in.data(), in.offset(first + count - fresh), state, kept * width, fresh * width);
    }
}
