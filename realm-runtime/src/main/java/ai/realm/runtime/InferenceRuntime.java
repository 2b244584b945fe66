package ai.realm.runtime;

import ai.realm.core.kernel.Compute;
import ai.realm.runtime.loading.EngineModelLoader;
import ai.realm.runtime.engine.EngineOptions;
import ai.realm.runtime.engine.EngineSnapshot;
import ai.realm.runtime.loading.ServedEncoder;
import ai.realm.runtime.loading.ServedModel;
import ai.realm.runtime.session.Embedder;
import ai.realm.runtime.session.EngineEmbedder;
import ai.realm.runtime.session.EngineSessions;
import ai.realm.runtime.session.SessionFactory;
import ai.realm.runtime.store.LoadedModel;
import ai.realm.runtime.store.LruModelStore;
import ai.realm.runtime.store.ModelStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Everything that runs models, put together: the threads that compute, the store of models with an engine each, and the sessions
 * on them. One for a process; closing it ends all threads and frees all memory.
 */
public final class InferenceRuntime implements AutoCloseable {
    private final RuntimeOptions options;
    private final ProcessMemory memory;
    private final long modelBytes;
    private final Compute compute;
    private final LruModelStore models;
    private final SessionFactory sessions = new EngineSessions();
    private final Embedder embedder = new EngineEmbedder();

    private InferenceRuntime(RuntimeOptions options) {
        this.options = options;
        this.memory = ProcessMemory.detect();
        this.modelBytes = options.memoryBytes() > 0 ? options.memoryBytes() : memory.modelBytes();
        this.compute = Compute.open(options.compute());
        this.models = new LruModelStore(options.models(),
                new EngineModelLoader(compute, options.engine(), modelBytes, options.listener()), modelBytes, System::nanoTime);
    }

    /** Chooses kernels and starts threads; loads no model yet. */
    public static InferenceRuntime start(RuntimeOptions options) {
        return new InferenceRuntime(options);
    }

    public ModelStore models() {
        return models;
    }

    public SessionFactory sessions() {
        return sessions;
    }

    public Embedder embedder() {
        return embedder;
    }

    /** Kernels, threads and sizes in force, a line each, for the start-up log. */
    public List<String> describe() {
        EngineOptions e = options.engine();
        return List.of(compute.describe(), memory.describe(),
                String.format(Locale.ROOT,
                        "models at most %d MB with their KV memory, KV as %s, blocks of %d positions, prefix cache %s",
                        modelBytes >> 20, e.kvType(), e.blockPositions(), e.prefixCache() ? "on" : "off"),
                String.format(Locale.ROOT, "steps of at most %d tokens, %d sequences running and %d waiting at most",
                        e.tokenBudget(), e.maxRunning(), e.maxWaiting()));
    }

    /** The engines of the models that are loaded now. */
    public List<EngineSnapshot> snapshots() {
        List<EngineSnapshot> out = new ArrayList<>();
        for (LoadedModel m : models.loaded()) {
            if (m instanceof ServedModel served) {
                out.add(served.engine().snapshot());
            } else if (m instanceof ServedEncoder served) {
                out.add(served.engine().snapshot());
            }
        }
        return out;
    }

    @Override
    public void close() {
        models.close();
        compute.close();
    }
}
