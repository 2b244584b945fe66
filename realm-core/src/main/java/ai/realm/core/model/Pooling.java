package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.RowKernels;

/** How the rows of a text become one vector: GGUF's {@code pooling_type}. */
enum Pooling {
    /** The mean of all rows. */
    MEAN,
    /** The first row. */
    CLS,
    /** The last row. */
    LAST;

    /** Reads the key; mean where it is absent. */
    static Pooling read(ModelKeys keys) {
        int type = keys.integerOr("pooling_type", 1, 0, Integer.MAX_VALUE);
        return switch (type) {
            case 1 -> MEAN;
            case 2 -> CLS;
            case 3 -> LAST;
            default -> throw keys.refuse("pooling_type", type, "supported are 1 (mean), 2 (first token), 3 (last token)");
        };
    }

    /** The vector of rows {@code from} to {@code to}, brought to length 1. */
    float[] pool(RowKernels kernels, FloatRows x, int from, int to) {
        float[] out = new float[x.cols()];
        switch (this) {
            case MEAN -> {
                for (int row = from; row < to; row++) {
                    kernels.add(out, 0, x.data(), x.offset(row), out.length);
                }
            }
            case CLS -> System.arraycopy(x.data(), x.offset(from), out, 0, out.length);
            case LAST -> System.arraycopy(x.data(), x.offset(to - 1), out, 0, out.length);
        }
        double square = 0;
        for (float v : out) {
            square += (double) v * v;
        }
        if (square > 0) {
            kernels.scale(out, 0, (float) (1 / Math.sqrt(square)), out.length);
        }
        return out;
    }
}
