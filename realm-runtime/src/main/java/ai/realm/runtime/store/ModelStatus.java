package ai.realm.runtime.store;

import ai.realm.core.model.ModelConfig;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link ModelStore} knows of one model at a moment.
 *
 * @param leases uses that are open
 * @param bytes memory held for it: weights, KV blocks, logits; 0 when not loaded
 * @param config null when not loaded
 * @param contextLength 0 when not loaded
 * @param error why it could not be loaded, or null
 * @param adapterOf the model that it is an adapter for; null for a model
 */
public record ModelStatus(String name, State state, int leases, long bytes, @Nullable ModelConfig config, int contextLength,
        @Nullable String error, @Nullable String adapterOf) {

    /** Where a model is in its life. */
    public enum State {
        /** Known, not in memory; a lease loads it. */
        ABSENT,
        /** Being read, checked and warmed up. */
        LOADING,
        /** Warm. */
        READY,
        /** Its sequences are ending; no new leases. */
        UNLOADING,
        /** The last load failed; the next lease tries again after a pause. */
        FAILED
    }
}
