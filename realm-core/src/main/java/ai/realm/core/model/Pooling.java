package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.RowKernels;

/** How the rows of a text become one: GGUF's {@code pooling_type}. */
enum Pooling {
    /** The mean of all rows. */
    MEAN,
    /** The first row. */
    CLS,
    /** The last row. */
    LAST;

    /** The {@code pooling_type} of files whose texts are judged by a {@link Classifier}. */
    private static final int RANK = 4;

    /**
     * Reads the key; mean where it is absent.
     *
     * @param judged the row that a classifier reads
     */
    static Pooling read(ModelKeys keys, Pooling judged) {
        int type = keys.integerOr("pooling_type", 1, 0, Integer.MAX_VALUE);
        return switch (type) {
            case 1 -> MEAN;
            case 2 -> CLS;
            case 3 -> LAST;
            case RANK -> judged;
            default -> throw keys.refuse("pooling_type", type,
                    "supported are 1 (mean), 2 (first token), 3 (last token), 4 (a classifier)");
        };
    }

    /** Whether a file's texts are judged by a classifier. */
    static boolean ranks(ModelKeys keys) {
        return keys.integerOr("pooling_type", 1, 0, Integer.MAX_VALUE) == RANK;
    }

    /** Leaves what rows {@code from} to {@code to} become in {@code out} from {@code at} on. */
    void pool(RowKernels kernels, FloatRows x, int from, int to, float[] out, int at) {
        switch (this) {
            case MEAN -> {
                System.arraycopy(x.data(), x.offset(from), out, at, x.cols());
                for (int row = from + 1; row < to; row++) {
                    kernels.add(out, at, x.data(), x.offset(row), x.cols());
                }
                kernels.scale(out, at, 1f / (to - from), x.cols());
            }
            case CLS -> System.arraycopy(x.data(), x.offset(from), out, at, x.cols());
            case LAST -> System.arraycopy(x.data(), x.offset(to - 1), out, at, x.cols());
        }
    }
}
