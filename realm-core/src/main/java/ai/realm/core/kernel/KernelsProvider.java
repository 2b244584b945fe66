package ai.realm.core.kernel;

import java.util.Optional;

/** One implementation of {@link Kernels} as found by {@link java.util.ServiceLoader}; {@link Compute} chooses among them. */
public interface KernelsProvider {
    /** The name by which {@code -Drealm.kernels} asks for it. */
    String name();

    /** Higher is preferred when nothing is forced. */
    int priority();

    /** Why it cannot be used here, or empty when it can. */
    Optional<String> unavailable();

    /** Makes the kernels. */
    Kernels create(ActivationMode mode);
}
