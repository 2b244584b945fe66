package ai.realm.runtime.guest;

import ai.realm.runtime.store.ModelLease;

/** The models granted to a tenant, by the small numbers that its guest uses. Thread-safe. */
public interface GuestModels {
    /**
     * A lease on model {@code id} (0 = the request's model); the caller closes it.
     *
     * @throws ai.realm.core.error.RealmException MODEL_NOT_FOUND for any id not granted, MODEL_LOADING, MODEL_LOAD_FAILED
     */
    ModelLease lease(int id);

    /**
     * Asked before every generation of a request, with what it may cost at most; the request itself was admitted with its first.
     *
     * @param generation 1 for the request's first
     * @param promptBytes length of the prompt; no prompt has more tokens than bytes
     * @param maxTokens tokens that may be generated
     * @throws ai.realm.core.error.RealmException RATE_LIMIT_EXCEEDED, INSUFFICIENT_QUOTA
     */
    default void admit(int generation, int promptBytes, int maxTokens) {
    }
}
