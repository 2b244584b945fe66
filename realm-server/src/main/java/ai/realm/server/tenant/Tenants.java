package ai.realm.server.tenant;

import ai.realm.server.domain.ApiKeys;
import ai.realm.server.domain.Tenant;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The tenants that this server serves now, and their keys. Thread-safe: readers see one consistent state. */
public final class Tenants {
    private static final Runnable NO_NEWS = () -> {};

    /** @param expires in milliseconds; the largest number for never */
    private record KeyEntry(byte[] digest, Tenant tenant, long expires) {}

    /** @param keys by the first half of their digests */
    private record State(Map<String, Tenant> byId, Map<Long, List<KeyEntry>> keys) {}

    private final Clock clock;
    private volatile State state;
    private volatile Runnable news = NO_NEWS;

    public Tenants(Collection<Tenant> tenants) {
        this(tenants, Clock.systemUTC());
    }

    /** @param clock by which keys end */
    Tenants(Collection<Tenant> tenants, Clock clock) {
        this.clock = clock;
        state = index(byId(tenants));
    }

    private static Map<String, Tenant> byId(Collection<Tenant> tenants) {
        Map<String, Tenant> byId = new LinkedHashMap<>();
        for (Tenant t : tenants) {
            byId.put(t.id(), t);
        }
        return byId;
    }

    private static State index(Map<String, Tenant> byId) {
        State next = new State(byId, new HashMap<>());
        byId.values().forEach(t -> addKeys(next.keys, t));
        return next;
    }

    private static void addKeys(Map<Long, List<KeyEntry>> keys, Tenant t) {
        for (String hash : t.keyHashes()) {
            byte[] digest = ApiKeys.parse(hash);
            keys.merge(first(digest), List.of(new KeyEntry(digest, t, expires(t, hash))), Tenants::joined);
        }
    }

    private static List<KeyEntry> joined(List<KeyEntry> a, List<KeyEntry> b) {
        return Stream.concat(a.stream(), b.stream()).toList();
    }

    private static void removeKeys(Map<Long, List<KeyEntry>> keys, Tenant t) {
        for (String hash : t.keyHashes()) {
            keys.computeIfPresent(first(ApiKeys.parse(hash)), (_, list) -> {
                List<KeyEntry> left = list.stream().filter(e -> e.tenant != t).toList();
                return left.isEmpty() ? null : left;
            });
        }
    }

    private static long expires(Tenant t, String hash) {
        Instant end = t.factsOf(hash).expires();
        return end == null ? Long.MAX_VALUE : end.toEpochMilli();
    }

    private static long first(byte[] digest) {
        return ByteBuffer.wrap(digest).getLong();
    }

    /**
     * What looks for tenants and keys that were made elsewhere, before a key is said to be unknown; it puts in what it finds.
     *
     * @param look may throw when it cannot look; whoever has the key is told so
     */
    public void lookFurtherBy(Runnable look) {
        news = look;
    }

    /**
     * Whose key this is, or null. A key is found by its digest, of which nobody can choose a part, and compared in constant time: the
     * time taken tells nothing of a key.
     */
    public @Nullable Tenant byKey(String key) {
        byte[] digest = ApiKeys.digest(key);
        Tenant found = find(digest);
        if (found == null && news != NO_NEWS) {
            news.run();
            found = find(digest);
        }
        return found;
    }

    private @Nullable Tenant find(byte[] digest) {
        Tenant found = null;
        long now = clock.millis();
        for (KeyEntry entry : state.keys.getOrDefault(first(digest), List.of())) {
            boolean same = MessageDigest.isEqual(entry.digest, digest);
            found = same && now < entry.expires ? entry.tenant : found;
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
        Map<String, Tenant> byId = new LinkedHashMap<>(state.byId);
        Map<Long, List<KeyEntry>> keys = new HashMap<>(state.keys);
        Tenant old = byId.put(tenant.id(), tenant);
        if (old != null) {
            removeKeys(keys, old);
        }
        addKeys(keys, tenant);
        state = new State(byId, keys);
    }

    /** False when there was none. */
    public synchronized boolean remove(String id) {
        Map<String, Tenant> byId = new LinkedHashMap<>(state.byId);
        Map<Long, List<KeyEntry>> keys = new HashMap<>(state.keys);
        Tenant old = byId.remove(id);
        if (old == null) {
            return false;
        }
        removeKeys(keys, old);
        state = new State(byId, keys);
        return true;
    }
}
