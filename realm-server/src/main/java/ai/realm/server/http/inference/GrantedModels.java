package ai.realm.server.http.inference;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestModels;
import ai.realm.runtime.store.ModelLease;
import ai.realm.runtime.store.ModelStore;
import ai.realm.server.domain.Tenant;
import java.time.Duration;

/** The models granted to a tenant by number: 0 the one that the request means, then 1, 2 … in the order of the grants. */
public record GrantedModels(ModelStore store, Tenant tenant, String requested) implements GuestModels {
    /** How long a request waits for a model that is being loaded. */
    public static final Duration LOAD_WAIT = Duration.ofSeconds(10);

    @Override
    public ModelLease lease(int id) {
        if (id == 0) {
            return store.lease(requested, LOAD_WAIT);
        }
        if (id < 0 || id > tenant.models().size()) {
            throw new RealmException(ErrorCode.MODEL_NOT_FOUND,
                    "model " + Integer.toUnsignedString(id) + " is not granted; this tenant has 0 to " + tenant.models().size());
        }
        return store.lease(tenant.models().get(id - 1), LOAD_WAIT);
    }
}
