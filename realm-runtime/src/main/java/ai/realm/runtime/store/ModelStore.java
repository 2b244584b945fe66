package ai.realm.runtime.store;

import java.time.Duration;
import java.util.List;

/**
 * The models of a process, by name: each is loaded once for all who lease it, counted, and evicted when it is idle and memory is
 * wanted for another. Thread-safe.
 */
public interface ModelStore extends AutoCloseable {
    /**
     * A use of the model, which is loaded if it is not; waits for that as long as {@code wait}.
     *
     * @throws ai.realm.core.error.RealmException MODEL_NOT_FOUND, MODEL_LOADING when it is not ready in time, MODEL_LOAD_FAILED,
     *         OVERLOADED when no memory can be made for it, DRAINING
     */
    ModelLease lease(String name, Duration wait);

    /** Begins to load a model; does nothing when it is loaded or loading. */
    void load(String name);

    /** Ends its sequences, at once those that still run after {@code limit}, and frees it; the next lease loads it again. */
    void unload(String name, Duration limit);

    /** Adds a model, or replaces one that is not loaded. */
    void register(ModelSource source);

    /** Forgets a model that is not loaded. */
    void forget(String name);

    /** All models by name. */
    List<ModelStatus> list();

    @Override
    void close();
}
