package ai.realm.core.model;

import ai.realm.core.kernel.Kernels;
import ai.realm.core.kernel.WeightMatrix;
import org.jspecify.annotations.Nullable;

/**
 * A linear map {@code y = scale * (W x) + bias}; the matrix product is done by whoever has the threads, {@link #finish} adds the
 * rest to a finished row.
 */
record Linear(WeightMatrix weights, float @Nullable [] bias, float scale) {

    int rows() {
        return weights.rows();
    }

    int cols() {
        return weights.cols();
    }

    /** Whether {@link #finish} has anything to do. */
    boolean hasMore() {
        return bias != null || scale != 1f;
    }

    /** Applies scale and bias to one row of products. */
    void finish(Kernels kernels, float[] y, int offset) {
        if (scale != 1f) {
            kernels.scale(y, offset, scale, weights.rows());
        }
        if (bias != null) {
            kernels.add(y, offset, bias, 0, weights.rows());
        }
    }
}
