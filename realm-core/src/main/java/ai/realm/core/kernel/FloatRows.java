package ai.realm.core.kernel;

/** A matrix of activations, row-major on the heap: row r begins at {@code r * cols} of {@link #data}. Not thread-safe. */
public final class FloatRows {
    private final float[] data;
    private final int rows;
    private final int cols;

    public FloatRows(int rows, int cols) {
        this.data = new float[Math.multiplyExact(rows, cols)];
        this.rows = rows;
        this.cols = cols;
    }

    /** The numbers themselves; written by kernels. */
    public float[] data() {
        return data;
    }

    /** Rows that fit. */
    public int rows() {
        return rows;
    }

    public int cols() {
        return cols;
    }

    public int offset(int row) {
        return row * cols;
    }
}
