package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;

/**
 * LFM2's mixer: the input gives b, c and x; a causal convolution of a few taps runs over {@code b * x} of each channel, and
 * {@code c} gates its output. The last inputs of the convolution are the sequence's state.
 */
final class ShortConvolution implements Mixer {
    private final Linear in;
    private final Linear out;
    private final CausalConvolution convolution;
    private final FloatRows bcx;
    private final FloatRows product;
    private final FloatRows convolved;
    private final int width;
    private final int layer;
    private final Step.RowTask multiply = this::multiply;
    private final Step.RowTask gate = this::gate;

    /** @param taps row-major, the taps of a channel together, oldest first */
    ShortConvolution(Linear in, Linear out, float[] taps, int width, int layer, Scratch scratch) {
        this.in = in;
        this.out = out;
        this.width = width;
        this.layer = layer;
        this.convolution = new CausalConvolution(taps, width, scratch);
        this.bcx = scratch.rows("bcx", 3 * width);
        this.product = scratch.rows("convIn", width);
        this.convolved = scratch.rows("convOut", width);
    }

    @Override
    public void mix(Step step, FloatRows input, FloatRows output) {
        int count = step.count();
        in.apply(step, input, count, bcx);
        step.forRows(count, multiply);
        convolution.run(step, layer, product, convolved);
        step.forRows(count, gate);
        out.apply(step, convolved, count, output);
    }

    private void multiply(Step step, int from, int to) {
        for (int row = from; row < to; row++) {
            int at = bcx.offset(row);
            System.arraycopy(bcx.data(), at, product.data(), product.offset(row), width);
            step.rowKernels().multiply(product.data(), product.offset(row), bcx.data(), at + 2 * width, width);
        }
    }

    private void gate(Step step, int from, int to) {
        for (int row = from; row < to; row++) {
            step.rowKernels().multiply(convolved.data(), convolved.offset(row), bcx.data(), bcx.offset(row) + width, width);
        }
    }

    @Override
    public int stateFloats() {
        return convolution.stateFloats();
    }
}
