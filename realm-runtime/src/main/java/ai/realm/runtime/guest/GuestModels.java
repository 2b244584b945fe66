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
}
