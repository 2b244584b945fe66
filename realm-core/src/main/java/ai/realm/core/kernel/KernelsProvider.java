package ai.realm.core.kernel;

import java.util.Optional;
import java.util.function.Supplier;

/** One implementation of {@link Kernels} as found by {@link java.util.ServiceLoader}; {@link Compute} chooses among them. */
public interface KernelsProvider {
    /** The name by which {@code -Drealm.kernels} asks for it. */
    String name();

    /** Higher is preferred when nothing is forced. */
    int priority();

    /** Why it cannot be used here, or empty when it can. */
    Optional<String> unavailable();

    /**
     * Makes the kernels.
     *
     * @param next those of the best other provider that can run here, for what this one leaves to others
     */
    Kernels create(ActivationMode mode, Supplier<Kernels> next);
}
