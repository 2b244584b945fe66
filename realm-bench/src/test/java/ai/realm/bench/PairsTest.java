package ai.realm.bench;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.kernel.AttentionKernels;
import ai.realm.core.kernel.ProductKernels;
import ai.realm.core.kernel.RowKernels;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Benchmark;

class PairsTest {
    /** What says something about a kernel, or makes what it works on. */
    private static final Set<String> NO_KERNELS = Set.of("prepare", "preparedBytes", "activations",
            "sameForm", "rowAlignment");

    @Test
    void pairs_coverEveryKernel() {
        Set<String> pairs = Stream.of(KernelPairs.class, ProductPairs.class).flatMap(c -> Arrays.stream(c.getMethods()))
                .filter(m -> m.isAnnotationPresent(Benchmark.class)).map(Method::getName).collect(Collectors.toSet());
        Set<String> kernels = Stream.of(ProductKernels.class, AttentionKernels.class, RowKernels.class)
                .flatMap(c -> Arrays.stream(c.getMethods())).map(Method::getName).filter(m -> !NO_KERNELS.contains(m))
                .collect(Collectors.toSet());
        assertThat(pairs).isEqualTo(kernels);
    }
}
