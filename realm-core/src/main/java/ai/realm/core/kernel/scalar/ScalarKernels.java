package ai.realm.core.kernel.scalar;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.ActivationMath;
import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Activations;
import ai.realm.core.kernel.AttentionTile;
import ai.realm.core.kernel.Kernels;
import ai.realm.core.kernel.KvType;
import ai.realm.core.kernel.WeightMatrix;
import ai.realm.core.kernel.WorkerPool;
import ai.realm.core.kernel.quant.Dequantizer;
import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Every kernel as plain loops over floats, sums in double: the definition, never tuned. Weights are read from the file's map
 * and activations are never quantized, whatever mode is asked for. Stateless but for scratch per thread.
 */
public final class ScalarKernels implements Kernels {
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
    public String name() {
        return "scalar";
    }

    @Override
    public ActivationMode activationMode() {
        return ActivationMode.F32;
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
                out[outOffset + t * outStride + r] = dot(row, 0, data, in.offset + t * in.stride, w.cols());
            }
        }
    }

    private static float[] scratch(int n) {
        float[] row = ROW.get();
        if (row.length < n) {
            row = new float[n];
            ROW.set(row);
        }
        return row;
    }

    @Override
    public int rowAlignment(WeightMatrix w) {
        return 1;
    }

    @Override
    public float dot(float[] a, int aOffset, float[] b, int bOffset, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += (double) a[aOffset + i] * b[bOffset + i];
        }
        return (float) sum;
    }

    @Override
    public void add(float[] x, int xOffset, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            x[xOffset + i] += y[yOffset + i];
        }
    }

    @Override
    public void addScaled(float[] x, int xOffset, float a, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            x[xOffset + i] += a * y[yOffset + i];
        }
    }

    @Override
    public void multiply(float[] x, int xOffset, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            x[xOffset + i] *= y[yOffset + i];
        }
    }

    @Override
    public void scale(float[] x, int xOffset, float a, int n) {
        for (int i = 0; i < n; i++) {
            x[xOffset + i] *= a;
        }
    }

    @Override
    public void rmsNorm(float[] x, int xOffset, float[] weight, float eps, float[] out, int outOffset, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += (double) x[xOffset + i] * x[xOffset + i];
        }
        float factor = (float) (1 / Math.sqrt(sum / n + eps));
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = x[xOffset + i] * factor * weight[i];
        }
    }

    @Override
    public void layerNorm(float[] x, int xOffset, float[] weight, float[] bias, float eps, float[] out, int outOffset, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += x[xOffset + i];
        }
        double mean = sum / n;
        double squares = 0;
        for (int i = 0; i < n; i++) {
            double d = x[xOffset + i] - mean;
            squares += d * d;
        }
        double factor = 1 / Math.sqrt(squares / n + eps);
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = (float) ((x[xOffset + i] - mean) * factor) * weight[i] + bias[i];
        }
    }

    @Override
    public void softmax(float[] x, int offset, int n) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, x[offset + i]);
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            float e = (float) Math.exp(x[offset + i] - max);
            x[offset + i] = e;
            sum += e;
        }
        float factor = (float) (1 / sum);
        for (int i = 0; i < n; i++) {
            x[offset + i] *= factor;
        }
    }

    @Override
    public void activate(Activation activation, float[] x, int offset, int n) {
        for (int i = offset; i < offset + n; i++) {
            x[i] = ActivationMath.apply(activation, x[i]);
        }
    }

    @Override
    public void gate(Activation activation, float[] gate, int gateOffset, float[] up, int upOffset, int n) {
        for (int i = 0; i < n; i++) {
            gate[gateOffset + i] = ActivationMath.apply(activation, gate[gateOffset + i]) * up[upOffset + i];
        }
    }

    @Override
    public void storeKv(float[] x, int xOffset, int n, KvType type, MemorySegment memory, long at) {
        ScalarKv.store(x, xOffset, n, type, memory, at);
    }

    @Override
    public void scores(float[] query, int queryOffset, int queryStride, int queries, KvType type, MemorySegment memory, long keys,
            int positions, int dim, float scale, float[] out, int outOffset, int outStride) {
        float[] row = scratch(dim);
        for (int p = 0; p < positions; p++) {
            ScalarKv.load(type, memory, keys + (long) p * type.rowBytes(dim), row, dim);
            for (int q = 0; q < queries; q++) {
                out[outOffset + q * outStride + p] = scale * dot(query, queryOffset + q * queryStride, row, 0, dim);
            }
        }
    }

    @Override
    public void weightedValues(float[] weight, int weightOffset, int weightStride, int queries, KvType type, MemorySegment memory,
            long values, int positions, int dim, float[] out, int outOffset, int outStride) {
        float[] row = scratch(dim);
        for (int p = 0; p < positions; p++) {
            ScalarKv.load(type, memory, values + (long) p * type.rowBytes(dim), row, dim);
            for (int q = 0; q < queries; q++) {
                addScaled(out, outOffset + q * outStride, weight[weightOffset + q * weightStride + p], row, 0, dim);
            }
        }
    }

    @Override
    public void attend(AttentionTile tile) {
        ScalarAttention.attend(tile);
    }
}
