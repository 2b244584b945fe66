package ai.realm.core.kernel.machine;

import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Kernels;
import ai.realm.core.kernel.KernelsContract;
import ai.realm.core.kernel.scalar.ScalarKernelsProvider;

/** The emitted products beside the scalar definition of all else; where they cannot run, that definition alone, as {@code auto} would choose. */
class MachineKernelsTest extends KernelsContract {
    @Override
    protected Kernels kernels(ActivationMode mode) {
        Kernels scalar = new ScalarKernelsProvider().create(mode, () -> {
            throw new IllegalStateException("scalar kernels leave nothing to others");
        });
        MachineKernelsProvider machine = new MachineKernelsProvider();
        return machine.unavailable().isEmpty() ? machine.create(mode, () -> scalar) : scalar;
    }
}
