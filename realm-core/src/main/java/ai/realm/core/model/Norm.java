package ai.realm.core.model;

import ai.realm.core.kernel.RowKernels;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A normalisation of rows: RMSNorm or LayerNorm, with an optional bias. */
record Norm(Kind kind, float[] weight, float @Nullable [] bias, float eps) {
    enum Kind {
        RMS,
        LAYER
    }

    static Norm of(Kind kind, float[] weight, float @Nullable [] bias, float eps) {
        return new Norm(kind, weight, kind == Kind.LAYER && bias == null ? new float[weight.length] : bias, eps);
    }

    /** RMSNorm without weights. */
    static Norm plain(int width, float eps) {
        float[] ones = new float[width];
        Arrays.fill(ones, 1f);
        return new Norm(Kind.RMS, ones, null, eps);
    }

    /** Normalises one row of {@link #width} numbers; in and out may be the same place. */
    void apply(RowKernels kernels, float[] x, int xOffset, float[] out, int outOffset) {
        if (kind == Kind.LAYER && bias != null) {
            kernels.layerNorm(x, xOffset, weight, bias, eps, out, outOffset, weight.length);
            return;
        }
        kernels.rmsNorm(x, xOffset, weight, eps, out, outOffset, weight.length);
        if (bias != null) {
            kernels.add(out, outOffset, bias, 0, weight.length);
        }
    }
}
