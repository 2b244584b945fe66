package ai.realm.core.kernel.simd;

import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Kernels;
import ai.realm.core.kernel.KernelsProvider;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Provides the Vector API's kernels where the JVM has the module and the machine the width. */
public final class SimdKernelsProvider implements KernelsProvider {
    @Override
    public String name() {
        return "simd";
    }

    @Override
    public int priority() {
        return 10;
    }

    @Override
    public Optional<String> unavailable() {
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            return Optional.of("the JVM runs without --add-modules=jdk.incubator.vector");
        }
        Integer asked = Integer.getInteger("realm.vector.bits");
        if (asked == null) {
            return Optional.empty();
        }
        int bits = asked;
        if (bits != 128 && bits != 256 && bits != 512) {
            throw new IllegalArgumentException("realm.vector.bits must be 128, 256 or 512, not " + bits);
        }
        if (bits > Lanes.PREFERRED_BITS) {
            throw new IllegalStateException(
                    "vectors of " + bits + " bits were asked for but this machine has " + Lanes.PREFERRED_BITS);
        }
        return Optional.empty();
    }

    @Override
    public Kernels create(ActivationMode mode, Supplier<Kernels> next) {
        return new Kernels("simd-" + Lanes.BITS, mode, new SimdProducts(mode), new SimdAttention(), new SimdRows(), Set.of());
    }
}
