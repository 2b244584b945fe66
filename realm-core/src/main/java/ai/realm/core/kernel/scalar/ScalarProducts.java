package ai.realm.core.kernel.scalar;

import ai.realm.core.kernel.Activations;
import ai.realm.core.kernel.ProductKernels;
import ai.realm.core.kernel.WeightMatrix;
import ai.realm.core.kernel.WorkerPool;
import ai.realm.core.kernel.quant.Dequantizer;
import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * Products as plain loops over floats, sums in double. Weights are read from the file's map and activations are never quantized, whatever mode is
 * asked for. Stateless but for scratch per thread.
 */
final class ScalarProducts implements ProductKernels {
    private static final ThreadLocal<float[]> ROW = ThreadLocal.withInitial(() -> new float[0]);

    /** Weights where the file has them. */
    private record Mapped(TensorView view, int rows, int cols) implements WeightMatrix {
        @Override
        public GgmlType type() {
            return view.type();
        }

        @Override
        public long ownedBytes() {
            return 0;
        }

        @Override
        public void dequantizeRow(int row, float[] out, int outOffset) {
            if (row < 0 || row >= rows) {
                throw new IndexOutOfBoundsException("row must be 0.." + (rows - 1) + ", not " + row);
            }
            Dequantizer.dequantize(view.type(), view.data(), row * view.rowBytes(), out, outOffset, cols);
        }
    }

    /** A reference to the caller's rows. */
    private static final class Rows implements Activations {
        private final int capacity;
        private float @Nullable [] x;
        private int offset;
        private int stride;

        Rows(int capacity) {
            this.capacity = capacity;
        }

        @Override
        public int capacity() {
            return capacity;
        }
    }

    @Override
    public WeightMatrix prepare(TensorView weight, Arena arena, WorkerPool pool) {
        Mapped w = new Mapped(weight, Math.toIntExact(weight.shape().rows()), Math.toIntExact(weight.shape().dim(0)));
        w.dequantizeRow(0, scratch(w.cols), 0);
        return w;
    }

    @Override
    public long preparedBytes(TensorView weight) {
        return weight.data().byteSize();
    }

    @Override
    public Activations activations(int rows, int cols) {
        return new Rows(rows);
    }

    @Override
    public void fill(Activations into, WeightMatrix w, float[] x, int xOffset, int xStride, int from, int to) {
        Rows rows = (Rows) into;
        rows.x = x;
        rows.offset = xOffset;
        rows.stride = xStride;
    }

    @Override
    public boolean sameForm(WeightMatrix a, WeightMatrix b) {
        return true;
    }

    @Override
    public void matmul(WeightMatrix w, int rowFrom, int rowTo, Activations x, int from, int to, float[] out, int outOffset,
            int outStride) {
        Rows in = (Rows) x;
        float[] data = in.x;
        if (data == null) {
            throw new IllegalStateException("activations must be filled before a product");
        }
        float[] row = scratch(w.cols());
        for (int r = rowFrom; r < rowTo; r++) {
            w.dequantizeRow(r, row, 0);
            for (int t = from; t < to; t++) {
                out[outOffset + t * outStride + r] = ScalarRows.sum(row, 0, data, in.offset + t * in.stride, w.cols());
            }
        }
    }

    @Override
    public int rowAlignment(WeightMatrix w) {
        return 1;
    }

    private static float[] scratch(int n) {
        float[] row = ROW.get();
        if (row.length < n) {
            row = new float[n];
            ROW.set(row);
        }
        return row;
    }
}
