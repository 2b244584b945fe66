package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;

/** {@code down(xIELU(up(x)))} (arXiv 2411.13010): a parabola above zero, an exponential below, with numbers of each layer's own. */
final class XieluMlp implements FeedForward {
    /**
     * What the file gives for a layer.
     *
     * @param negative before its softplus, to which {@code beta} is added
     * @param positive before its softplus
     * @param eps what the exponent is at most
     */
    record Shape(float negative, float positive, float beta, float eps) {}

    private final Linear up;
    private final Linear down;
    private final FloatRows hidden;
    private final double negative;
    private final double positive;
    private final Shape shape;
    private final Step.RowTask activate = this::activate;

    XieluMlp(Shape shape, Linear up, Linear down, Scratch scratch) {
        this.shape = shape;
        this.negative = shape.beta + Mamba.softplus(shape.negative);
        this.positive = Mamba.softplus(shape.positive);
        this.up = up;
        this.down = down;
        this.hidden = scratch.rows("hidden", up.rows());
    }

    @Override
    public void apply(Step step, FloatRows in, FloatRows out, int count) {
        up.apply(step, in, count, hidden);
        step.forRows(count, activate);
        down.apply(step, hidden, count, out);
    }

    private void activate(Step step, int from, int to) {
        float[] x = hidden.data();
        for (int row = from; row < to; row++) {
            for (int i = hidden.offset(row); i < hidden.offset(row) + hidden.cols(); i++) {
                double v = x[i];
                x[i] = (float) (shape.beta * v
                        + (v > 0 ? positive * v * v : negative * (Math.expm1(Math.min(v, shape.eps)) - v)));
            }
        }
    }
}
