package ai.realm.core.model;

import ai.realm.core.kernel.Activations;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.Kernels;
import ai.realm.core.kernel.ProductKernels;
import ai.realm.core.kernel.RowKernels;
import ai.realm.core.kernel.WeightMatrix;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A linear map {@code y = scale * (W x + adapter(x)) + bias}, and the only place where a model multiplies: what a file says about a map
 * besides its matrix is applied here, whoever uses the map. {@link Group} and {@link Stack} are the same for several maps at once. One
 * forward pass at a time.
 */
final class Linear {
    /** The number of a map that no adapter changes. */
    static final int UNNAMED = -1;

    private final WeightMatrix weights;
    private final float @Nullable [] bias;
    private final float scale;
    /** Its number in the model, by which adapters know it; {@link #UNNAMED} for none. */
    private final int number;
    private final Step.RowTask finish = this::finish;
    /** What the product under way is of, and where it goes. */
    private @Nullable FloatRows in;
    private @Nullable FloatRows out;

    /** @param number by which adapters know it, or {@link #UNNAMED} */
    Linear(WeightMatrix weights, float @Nullable [] bias, float scale, int number) {
        if (bias != null && bias.length != weights.rows()) {
            throw new IllegalArgumentException("a map to " + weights.rows() + " numbers has as many biases, not " + bias.length);
        }
        this.weights = weights;
        this.bias = bias;
        this.scale = scale;
        this.number = number;
    }

    /** Output features. */
    int rows() {
        return weights.rows();
    }

    /** Input features. */
    int cols() {
        return weights.cols();
    }

    boolean hasBias() {
        return bias != null;
    }

    /** The same map with a bias instead of none. */
    Linear withBias(float @Nullable [] other) {
        return new Linear(weights, other, scale, number);
    }

    /** Maps the first {@code count} rows of {@code x}. */
    void apply(Step step, FloatRows x, int count, FloatRows newOut) {
        step.compute().matmul(weights, x, count, newOut);
        if (hasMore() || step.adapts(number)) {
            in = x;
            out = newOut;
            step.forRows(count, finish);
            in = null;
            out = null;
        }
    }

    private void finish(Step step, int from, int to) {
        FloatRows x = Objects.requireNonNull(in);
        FloatRows rows = Objects.requireNonNull(out);
        for (int row = from; row < to; row++) {
            finish(step, row, x.data(), x.offset(row), rows.data(), rows.offset(row));
        }
    }

    /** Whether there is anything besides the matrix. */
    private boolean hasMore() {
        return bias != null || scale != 1f;
    }

    /** Turns one row of products into the map's output, with what the adapter of the row's sequence adds to the matrix. */
    private void finish(Step step, int row, float[] x, int xOffset, float[] y, int offset) {
        RowKernels kernels = step.rowKernels();
        Adapter.Use use = step.adapter(row);
        Adapter.Delta delta = use == null ? null : use.adapter().delta(number);
        if (use != null && delta != null) {
            delta.add(kernels, use.scale(), x, xOffset, y, offset);
        }
        if (scale != 1f) {
            kernels.scale(y, offset, scale, weights.rows());
        }
        if (bias != null) {
            kernels.add(y, offset, bias, 0, weights.rows());
        }
    }

    /** Maps of one input that are multiplied together, so that the threads meet once for all of them. */
    static final class Group {
        private final Linear[] maps;
        private final WeightMatrix[] matrices;
        private final FloatRows[] outs;
        private final boolean more;
        private final Step.RowTask finish = this::finish;
        private @Nullable FloatRows in;

        /** @param outs where each map's result goes; as many columns as the map has rows */
        Group(Linear[] maps, FloatRows[] outs) {
            this.maps = maps;
            this.outs = outs;
            this.matrices = new WeightMatrix[maps.length];
            boolean any = false;
            for (int i = 0; i < maps.length; i++) {
                matrices[i] = maps[i].weights;
                any |= maps[i].hasMore();
            }
            this.more = any;
        }

        /** Maps the first {@code count} rows of {@code x}. */
        void apply(Step step, FloatRows x, int count) {
            step.compute().matmul(matrices, x, count, outs);
            if (more || adapted(step)) {
                in = x;
                step.forRows(count, finish);
                in = null;
            }
        }

        private boolean adapted(Step step) {
            for (Linear map : maps) {
                if (step.adapts(map.number)) {
                    return true;
                }
            }
            return false;
        }

        private void finish(Step step, int from, int to) {
            FloatRows x = Objects.requireNonNull(in);
            for (int i = 0; i < maps.length; i++) {
                for (int row = from; row < to; row++) {
                    maps[i].finish(step, row, x.data(), x.offset(row), outs[i].data(), outs[i].offset(row));
                }
            }
        }
    }

    /** Maps of one shape, one for each expert or head, of which a thread applies one by itself. */
    static final class Stack {
        private final Linear[] maps;

        Stack(Linear... maps) {
            this.maps = maps;
        }

        int size() {
            return maps.length;
        }

        /** Output features of each. */
        int rows() {
            return maps[0].rows();
        }

        /** Input features of each. */
        int cols() {
            return maps[0].cols();
        }

        /** Maps all rows of {@code x} by the {@code index}-th map on the calling thread; row t goes to {@code offset + t * stride}. */
        void apply(Step step, int index, Input x, float[] out, int offset, int stride) {
            Kernels kernels = step.kernels();
            Linear map = maps[index];
            x.fill(kernels.products(), map.weights);
            kernels.products().matmul(map.weights, 0, map.rows(), x.form, 0, x.count, out, offset, stride);
            if (map.hasMore() || step.adapts(map.number)) {
                for (int t = 0; t < x.count; t++) {
                    map.finish(step, x.row(t), x.x, x.offset + t * x.stride, out, offset + t * stride);
                }
            }
        }
    }

    /**
     * The rows that one thread gives to maps of a {@link Stack}, brought to the kernels' form once for all maps that take the same.
     * Reused; the numbers must not change between {@link #begin} and the last product.
     */
    static final class Input {
        private final Activations form;
        private float[] x = {};
        private int offset;
        private int stride;
        private int count;
        private int @Nullable [] rows;
        private @Nullable WeightMatrix filledFor;

        Input(Activations form) {
            this.form = form;
        }

        /**
         * The next rows: row t at {@code offset + t * stride}.
         *
         * @param newRows which of the pass's rows they are; null when they are all in order
         */
        void begin(float[] newX, int newOffset, int newStride, int newCount, int @Nullable [] newRows) {
            rows = newRows;
            x = newX;
            offset = newOffset;
            stride = newStride;
            count = newCount;
            filledFor = null;
        }

        private int row(int t) {
            return rows == null ? t : rows[t];
        }

        private void fill(ProductKernels kernels, WeightMatrix w) {
            if (filledFor == null || !kernels.sameForm(filledFor, w)) {
                kernels.fill(form, w, x, offset, stride, 0, count);
                filledFor = w;
            }
        }
    }
}
