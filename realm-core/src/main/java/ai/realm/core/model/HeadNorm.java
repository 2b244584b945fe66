package ai.realm.core.model;

import ai.realm.core.kernel.RowKernels;

/** The normalisation of a token's queries or keys: of all heads at once, or head by head with one weight or one for each. */
final class HeadNorm {
    private final Norm[] norms;
    private final boolean whole;

    private HeadNorm(boolean whole, Norm... norms) {
        this.whole = whole;
        this.norms = norms;
    }

    /** All heads as one row. */
    static HeadNorm whole(Norm norm) {
        return new HeadNorm(true, norm);
    }

    /** Head by head: one norm for all of them, or as many as there are heads. */
    static HeadNorm perHead(Norm... norms) {
        return new HeadNorm(false, norms);
    }

    /** Normalises {@code heads} vectors that begin {@code stride} apart, in place. */
    void apply(RowKernels kernels, float[] x, int offset, int stride, int heads) {
        if (whole) {
            norms[0].apply(kernels, x, offset, x, offset);
            return;
        }
        for (int h = 0; h < heads; h++) {
            norms[norms.length == 1 ? 0 : h].apply(kernels, x, offset + h * stride, x, offset + h * stride);
        }
    }
}
