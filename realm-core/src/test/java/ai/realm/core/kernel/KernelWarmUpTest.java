package ai.realm.core.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.tensor.GgmlType;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class KernelWarmUpTest {
    private static boolean isUnderWay() {
        return Thread.getAllStackTraces().keySet().stream().anyMatch(t -> t.getName().equals("realm-warm-up"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"scalar", "simd"})
    void close_afterEveryTypeThereIs_endsTheThread(String kernels) {
        try (Compute compute = Compute.open(Compute.Options.defaults().withKernels(kernels));
                KernelWarmUp warmUp = KernelWarmUp.start(compute, List.of(GgmlType.values()), KvType.F16)) {
            while (warmUp.rounds() < 1 && isUnderWay()) {
                Thread.onSpinWait();
            }
            assertThat(warmUp.rounds()).isPositive();
        }
        // Its work has ended; the thread itself may need a moment more.
        while (isUnderWay()) {
            Thread.onSpinWait();
        }
    }

    @ParameterizedTest
    @EnumSource(KvType.class)
    void round_ofEachKvType_comesToItsEnd(KvType type) {
        try (Compute compute = Compute.open(Compute.Options.defaults().withThreads(1));
                KernelWarmUp warmUp = KernelWarmUp.start(compute, List.of(GgmlType.Q8_0), type)) {
            while (warmUp.rounds() < 2 && isUnderWay()) {
                Thread.onSpinWait();
            }
            assertThat(warmUp.rounds()).isGreaterThanOrEqualTo(2);
        }
    }

    @Test
    void start_withoutMatrices_warmsTheRest() {
        try (Compute compute = Compute.open(Compute.Options.defaults().withThreads(1));
                KernelWarmUp warmUp = KernelWarmUp.start(compute, List.of(), KvType.F16)) {
            while (warmUp.rounds() < 2 && isUnderWay()) {
                Thread.onSpinWait();
            }
            assertThat(warmUp.rounds()).isGreaterThanOrEqualTo(2);
        }
    }
}
