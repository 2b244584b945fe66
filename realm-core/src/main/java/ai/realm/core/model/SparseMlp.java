package ai.realm.core.model;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.FloatRows;

/** A gated MLP of which only the gates that exceed the row's mean by some deviations count, each by how much it exceeds them. */
final class SparseMlp implements FeedForward {
    private final Linear down;
    private final Linear.Group input;
    private final double deviations;
    private final FloatRows gate;
    private final FloatRows up;
    private final Step.RowTask activate = this::activate;

    SparseMlp(Linear gate, Linear up, Linear down, double deviations, Scratch scratch) {
        this.down = down;
        this.deviations = deviations;
        this.gate = scratch.rows("hidden", gate.rows());
        this.up = scratch.rows("hidden2", up.rows());
        this.input = new Linear.Group(new Linear[]{gate, up}, new FloatRows[]{this.gate, this.up});
    }

    @Override
    public void apply(Step step, FloatRows in, FloatRows out, int count) {
        input.apply(step, in, count);
        step.forRows(count, activate);
        down.apply(step, gate, count, out);
    }

    private void activate(Step step, int from, int to) {
        float[] x = gate.data();
        int n = gate.cols();
        for (int row = from; row < to; row++) {
            int at = gate.offset(row);
            double sum = 0;
            for (int i = at; i < at + n; i++) {
                sum += x[i];
            }
            double mean = sum / n;
            double squares = 0;
            for (int i = at; i < at + n; i++) {
                squares += (x[i] - mean) * (x[i] - mean);
            }
            float cutoff = (float) (mean + deviations * Math.sqrt(squares / (n - 1)));
            for (int i = at; i < at + n; i++) {
                x[i] = Math.max(0, x[i] - cutoff);
            }
            step.rowKernels().gate(Activation.GELU_TANH, x, at, up.data(), up.offset(row), n);
        }
    }
}
