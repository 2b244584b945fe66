package ai.realm.core.model;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.FloatRows;
import org.jspecify.annotations.Nullable;

/** A two-layer perceptron: {@code down(act(up(x)))}, or gated {@code down(act(gate(x)) * up(x))}. */
final class DenseMlp implements FeedForward {
    private final Activation activation;
    private final boolean gated;
    private final Linear.Group input;
    private final Linear down;
    private final FloatRows first;
    private final FloatRows second;
    private final Step.RowTask activate = this::activate;

    /** @param gate null for an MLP without a gate */
    DenseMlp(Activation activation, @Nullable Linear gate, Linear up, Linear down, Scratch scratch) {
        this.activation = activation;
        this.gated = gate != null;
        this.down = down;
        this.first = scratch.rows("hidden", up.rows());
        this.second = scratch.rows("hidden2", gated ? up.rows() : 0);
        this.input = gate == null
                ? new Linear.Group(new Linear[]{up}, new FloatRows[]{first})
                : new Linear.Group(new Linear[]{gate, up}, new FloatRows[]{first, second});
    }

    @Override
    public void apply(Step step, FloatRows in, FloatRows out, int count) {
        input.apply(step, in, count);
        step.forRows(count, activate);
        down.apply(step, first, count, out);
    }

    private void activate(Step step, int from, int to) {
        for (int row = from; row < to; row++) {
            if (gated) {
                step.rowKernels().gate(activation, first.data(), first.offset(row), second.data(), second.offset(row),
                        first.cols());
            } else {
                step.rowKernels().activate(activation, first.data(), first.offset(row), first.cols());
            }
        }
    }
}
