package ai.realm.server.domain;

import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.session.GenerateCommand.Priority;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Who is served, under which contract. Immutable: a change makes a new one.
 *
 * @param id opaque name for logs, shares and accounts; never a key
 * @param keyHashes the keys that are valid now, hashed
 * @param keyFacts what is known of them, by their hashes; of some nothing
 * @param models names granted, in order
 * @param defaultModel one of {@code models}
 * @param guest {@code default}, or the file of the tenant's own module
 * @param guestConfig what the guest reads with {@code realm_host_config}
 * @param secretConfig the names in {@code guestConfig} whose values nobody is shown
 * @param guestHttp where the guest may send HTTP requests
 * @param guestSchedule when the guest is run by itself, by the names that it is given
 * @param weight share of the engine against other tenants' weights
 * @param priority of its requests that do not say
 */
public record Tenant(String id, String name, List<String> keyHashes, Map<String, KeyFacts> keyFacts, boolean suspended,
        List<String> models, String defaultModel, String guest, Map<String, String> guestConfig, Set<String> secretConfig,
        List<HttpRule> guestHttp, Map<String, CronTimes> guestSchedule, GuestLimits guestLimits, TenantLimits limits,
        double weight, Priority priority) {
    /** The guest that comes with Realm. */
    public static final String DEFAULT_GUEST = "default";

    public Tenant {
        keyHashes = List.copyOf(keyHashes);
        keyFacts = Map.copyOf(keyFacts);
        models = List.copyOf(models);
        guestConfig = Map.copyOf(guestConfig);
        secretConfig = Set.copyOf(secretConfig);
        guestHttp = List.copyOf(guestHttp);
        guestSchedule = Map.copyOf(guestSchedule);
    }

    /** A tenant whose guest has no secrets, and of whose keys nothing is known. */
    public Tenant(String id, String name, List<String> keyHashes, boolean suspended, List<String> models, String defaultModel,
            String guest, Map<String, String> guestConfig, GuestLimits guestLimits, TenantLimits limits, double weight,
            Priority priority) {
        this(id, name, keyHashes, Map.of(), suspended, models, defaultModel, guest, guestConfig, Set.of(), List.of(), Map.of(),
                guestLimits, limits, weight, priority);
    }

    /** The names in {@code guestConfig} that are for the host alone, which puts them into HTTP requests. */
    public Set<String> hostSecrets() {
        return guestHttp.stream().flatMap(r -> r.secrets().stream()).collect(Collectors.toSet());
    }

    /** What the guest is given of {@code guestConfig}. */
    public Map<String, String> guestSettings() {
        Set<String> hosts = hostSecrets();
        if (hosts.isEmpty()) {
            return guestConfig;
        }
        Map<String, String> given = new HashMap<>(guestConfig);
        given.keySet().removeAll(hosts);
        return given;
    }

    /** The same with another priority of requests that do not say. */
    public Tenant withPriority(Priority other) {
        return new Tenant(id, name, keyHashes, keyFacts, suspended, models, defaultModel, guest, guestConfig, secretConfig,
                guestHttp, guestSchedule, guestLimits, limits, weight, other);
    }

    /** What is known of one of its keys. */
    public KeyFacts factsOf(String keyHash) {
        return keyFacts.getOrDefault(keyHash, KeyFacts.NONE);
    }

    /** Its id alone: nothing of keys and secrets. */
    @Override
    public String toString() {
        return "Tenant[" + id + "]";
    }
}
