package ai.realm.runtime;

import ai.realm.runtime.scheduler.EngineSnapshot;
import ai.realm.runtime.session.SessionFactory;
import ai.realm.runtime.store.ModelStore;
import java.time.Duration;
import java.util.List;

/**
 * Everything that runs models, put together: the threads that compute, the store of models with an engine each, and the sessions
 * on them. One for a process; closing it ends all threads and frees all memory.
 */
public final class InferenceRuntime implements AutoCloseable {
    private final ModelStore models;
    private final SessionFactory sessions;

    private InferenceRuntime(ModelStore models, SessionFactory sessions) {
        this.models = models;
        this.sessions = sessions;
    }

    /** Chooses kernels and starts threads; loads no model yet. */
    public static InferenceRuntime start(RuntimeOptions options) {
        throw new UnsupportedOperationException("not put together yet");
    }

    public ModelStore models() {
        return models;
    }

    public SessionFactory sessions() {
        return sessions;
    }

    /** Kernels, threads and sizes in force, a line each, for the start-up log. */
    public List<String> describe() {
        return List.of();
    }

    /** The engines of the models that are loaded now. */
    public List<EngineSnapshot> snapshots() {
        return List.of();
    }

    /** Takes nothing new, waits until what runs has ended, cancels what is left at the limit (DRAINING). */
    public void drain(Duration limit) {
    }

    @Override
    public void close() {
    }
}
