package ai.realm.server.cli.verify;

import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Compute;

/** What the cases run on: the kernels that {@code serve} would choose, and the tolerance that goes with them. */
record CaseKernels(Compute compute) implements AutoCloseable {
    private static final double EXACT_NMSE = 1e-6;
    private static final double INT8_NMSE = 2e-3;

    static CaseKernels open(ActivationMode activations) {
        return new CaseKernels(Compute.open(Compute.Options.defaults().withActivationMode(activations)));
    }

    /** Whether these kernels may round activations. */
    boolean quantizesActivations() {
        return compute.kernels().activationMode() == ActivationMode.INT8;
    }

    /** The largest NMSE of logits of unquantized weights. */
    double exactTolerance() {
        return EXACT_NMSE;
    }

    /** The largest NMSE of logits of quantized weights. */
    double quantizedTolerance() {
        return quantizesActivations() ? INT8_NMSE : EXACT_NMSE;
    }

    @Override
    public void close() {
        compute.close();
    }
}
