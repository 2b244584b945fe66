package ai.realm.core.kernel.scalar;

import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Kernels;
import ai.realm.core.kernel.KernelsContract;

class ScalarKernelsTest extends KernelsContract {
    @Override
    protected Kernels kernels(ActivationMode mode) {
        return new ScalarKernelsProvider().create(mode, () -> {
            throw new IllegalStateException("scalar kernels leave nothing to others");
        });
    }
}
