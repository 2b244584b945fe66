package ai.realm.core.kernel.scalar;

import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Kernels;
import ai.realm.core.kernel.KernelsProvider;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Provides the plain loops, which run everywhere. */
public final class ScalarKernelsProvider implements KernelsProvider {
    @Override
    public String name() {
        return "scalar";
    }

    @Override
    public int priority() {
        return 0;
    }

    @Override
    public Optional<String> unavailable() {
        return Optional.empty();
    }

    @Override
    public Kernels create(ActivationMode mode, Supplier<Kernels> next) {
        return new Kernels(name(), ActivationMode.F32, new ScalarProducts(), new ScalarAttention(), new ScalarRows(),
                Set.of());
    }
}
