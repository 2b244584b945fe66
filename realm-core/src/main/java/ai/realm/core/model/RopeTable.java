package ai.realm.core.model;

import ai.realm.core.kernel.RowKernels;

/**
 * Rotary position embedding for one set of frequencies: the sines and cosines of a batch's positions, computed once a step and
 * used by every layer. Source: RoFormer (arXiv 2104.09864); the two pair orders as GGUF's NORM and NEOX.
 */
final class RopeTable {
    /** Which values make a pair. */
    enum Order {
        /** {@code (2i, 2i+1)}. */
        NORM,
        /** {@code (i, i + dims/2)}. */
        NEOX
    }

    private final Order order;
    private final double[] frequencies;
    private final double magnitude;
    private final float[] cos;
    private final float[] sin;

    /** @param maxBatch rows that {@link #prepare} takes at most */
    RopeTable(Order order, double[] frequencies, double magnitude, int maxBatch) {
        this.order = order;
        this.frequencies = frequencies;
        this.magnitude = magnitude;
        this.cos = new float[Math.multiplyExact(maxBatch, frequencies.length)];
        this.sin = new float[cos.length];
    }

    /** Computes the angles of the batch's positions. */
    void prepare(ForwardBatch batch) {
        int n = frequencies.length;
        for (int row = 0; row < batch.count(); row++) {
            if (row > 0 && batch.position(row) == batch.position(row - 1)) {
                System.arraycopy(cos, (row - 1) * n, cos, row * n, n);
                System.arraycopy(sin, (row - 1) * n, sin, row * n, n);
                continue;
            }
            for (int i = 0; i < n; i++) {
                double angle = batch.position(row) * frequencies[i];
                cos[row * n + i] = (float) (Math.cos(angle) * magnitude);
                sin[row * n + i] = (float) (Math.sin(angle) * magnitude);
            }
        }
    }

    /** Rotates {@code heads} vectors that begin {@code stride} apart, in place, by the position of the batch's {@code row}. */
    void rotate(RowKernels kernels, float[] x, int offset, int stride, int heads, int row) {
        int n = frequencies.length;
        kernels.rotate(order == Order.NORM, x, offset, stride, heads, cos, sin, row * n, n);
    }
}
