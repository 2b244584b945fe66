package ai.realm.server.tenant;

import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The tenants of this server and their keys. Thread-safe: readers see one consistent state. */
public final class Tenants {
    private record KeyEntry(byte[] digest, Tenant tenant) {}

    private record State(Map<String, Tenant> byId, List<KeyEntry> keys) {}

    private volatile State state = new State(Map.of(), List.of());

    public Tenants(Collection<Tenant> tenants) {
        Map<String, Tenant> byId = new LinkedHashMap<>();
        for (Tenant t : tenants) {
            byId.put(t.id(), t);
        }
        state = index(byId);
    }

    private static State index(Map<String, Tenant> byId) {
        List<KeyEntry> keys = new ArrayList<>();
        for (Tenant t : byId.values()) {
            for (String hash : t.keyHashes()) {
                keys.add(new KeyEntry(ApiKeys.parse(hash), t));
            }
        }
        return new State(byId, List.copyOf(keys));
    }

    /** Whose key this is, or null. Every stored hash is compared, each in constant time: the time taken tells nothing. */
    public @Nullable Tenant byKey(String key) {
        byte[] digest = ApiKeys.digest(key);
        Tenant found = null;
        for (KeyEntry entry : state.keys) {
            boolean same = MessageDigest.isEqual(entry.digest, digest);
            found = same ? entry.tenant : found;
        }
        return found;
    }

    public @Nullable Tenant byId(String id) {
        return state.byId.get(id);
    }

    public List<Tenant> all() {
        return List.copyOf(state.byId.values());
    }

    /** Adds a tenant, or puts it in the place of the one with its id. */
    public synchronized void put(Tenant tenant) {
        Map<String, Tenant> next = new LinkedHashMap<>(state.byId);
        next.put(tenant.id(), tenant);
        state = index(next);
    }

    /** False when there was none. */
    public synchronized boolean remove(String id) {
        Map<String, Tenant> next = new LinkedHashMap<>(state.byId);
        boolean had = next.remove(id) != null;
        state = index(next);
        return had;
    }
}
