package ai.realm.core.kernel.simd;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Kernels;
import ai.realm.core.kernel.KernelsContract;
import org.junit.jupiter.api.Test;

/** Run once for each width by the build, which sets {@code realm.vector.bits}. */
class SimdKernelsTest extends KernelsContract {
    @Override
    protected Kernels kernels(ActivationMode mode) {
        return new SimdKernelsProvider().create(mode, () -> {
            throw new IllegalStateException("the Vector API's kernels leave nothing to others");
        });
    }

    @Test
    void name_forcedWidth_isTheOneInUse() {
        int bits = Integer.getInteger("realm.vector.bits", Lanes.PREFERRED_BITS);
        assertThat(kernels(ActivationMode.F32).name()).isEqualTo("simd-" + bits);
        assertThat(Lanes.F.length()).isEqualTo(bits / 32);
    }
}
