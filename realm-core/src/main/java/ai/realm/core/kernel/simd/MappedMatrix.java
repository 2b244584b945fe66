package ai.realm.core.kernel.simd;

import ai.realm.core.kernel.WeightMatrix;
import ai.realm.core.kernel.quant.Dequantizer;
import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.TensorView;

/** A matrix read from the file's own layout: plain floats of 16 and 32 bits, and every type without a {@link Packing}. */
record MappedMatrix(TensorView view, int rows, int cols) implements WeightMatrix {
    static MappedMatrix of(TensorView view) {
        MappedMatrix w = new MappedMatrix(view, Math.toIntExact(view.shape().rows()), Math.toIntExact(view.shape().dim(0)));
        w.dequantizeRow(0, new float[w.cols], 0);
        return w;
    }

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
        Floats.load(view.type(), view.data(), row * view.rowBytes(), out, outOffset, cols);
    }

    /** Rows of floats, by vectors where the type is plain and by definition where it is not. */
    static final class Floats {
        private Floats() {
        }

        static void load(GgmlType type, java.lang.foreign.MemorySegment from, long at, float[] out, int outOffset, int n) {
            switch (type) {
                case F32 -> VectorLoads.floats(from, at, out, outOffset, n);
                case F16 -> VectorLoads.halves(from, at, out, outOffset, n);
                case BF16 -> VectorLoads.brains(from, at, out, outOffset, n);
                default -> Dequantizer.dequantize(type, from, at, out, outOffset, n);
            }
        }
    }
}
