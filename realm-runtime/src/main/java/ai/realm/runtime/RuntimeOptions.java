package ai.realm.runtime;

import ai.realm.core.kernel.Compute;
import ai.realm.runtime.engine.EngineListener;
import ai.realm.runtime.engine.EngineOptions;
import ai.realm.runtime.store.ModelSource;
import java.util.List;

/**
 * What an {@link InferenceRuntime} is built from.
 *
 * @param models every model that can be leased; more can be registered later
 * @param memoryBytes memory for models, KV blocks included; 0 for what the process may use (cgroup included) without its heap
 */
public record RuntimeOptions(List<ModelSource> models, Compute.Options compute, EngineOptions engine, long memoryBytes,
        EngineListener listener) {

    public RuntimeOptions {
        models = List.copyOf(models);
        if (memoryBytes < 0) {
            throw new IllegalArgumentException("memory for models must be 0 (automatic) or more, not " + memoryBytes);
        }
    }

    public static RuntimeOptions of(List<ModelSource> models) {
        return new RuntimeOptions(models, Compute.Options.defaults(), EngineOptions.defaults(), 0, EngineListener.NONE);
    }

    public RuntimeOptions withEngine(EngineOptions options) {
        return new RuntimeOptions(models, compute, options, memoryBytes, listener);
    }

    /** @param threads that compute; 0 for the default */
    public RuntimeOptions withThreads(int threads) {
        return threads == 0 ? this : new RuntimeOptions(models, compute.withThreads(threads), engine, memoryBytes, listener);
    }

    public RuntimeOptions withMemoryBytes(long bytes) {
        return new RuntimeOptions(models, compute, engine, bytes, listener);
    }

    public RuntimeOptions withListener(EngineListener l) {
        return new RuntimeOptions(models, compute, engine, memoryBytes, l);
    }
}
