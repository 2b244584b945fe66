package ai.realm.server.tenant;

import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.session.GenerateCommand.Priority;
import java.util.List;
import java.util.Map;

/**
 * Who is served, under which contract. Immutable: a change makes a new one.
 *
 * @param id opaque name for logs, shares and accounts; never a key
 * @param keyHashes the keys that are valid now, hashed
 * @param models names granted, in order
 * @param defaultModel one of {@code models}
 * @param guest {@code default}, or the file of the tenant's own module
 * @param guestConfig what the guest reads with {@code realm_host_config}
 * @param weight share of the engine against other tenants' weights
 * @param priority of its requests that do not say
 */
public record Tenant(String id, String name, List<String> keyHashes, boolean suspended, List<String> models,
        String defaultModel, String guest, Map<String, String> guestConfig, GuestLimits guestLimits, TenantLimits limits,
        double weight, Priority priority) {
    /** The guest that comes with Realm. */
    public static final String DEFAULT_GUEST = "default";

    public Tenant {
        keyHashes = List.copyOf(keyHashes);
        models = List.copyOf(models);
        guestConfig = Map.copyOf(guestConfig);
    }

    /** The same tenant with other keys. */
    public Tenant withKeyHashes(List<String> hashes) {
        return new Tenant(id, name, hashes, suspended, models, defaultModel, guest, guestConfig, guestLimits, limits, weight,
                priority);
    }
}
