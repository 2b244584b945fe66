package ai.realm.server.admin;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestModule;
import ai.realm.runtime.store.ModelStatus;
import ai.realm.runtime.store.ModelStore;
import ai.realm.server.accounts.GuestVersions;
import ai.realm.server.accounts.TenantStore;
import ai.realm.server.accounts.TenantStore.Kept;
import ai.realm.server.domain.ApiKeys;
import ai.realm.server.domain.Checks;
import ai.realm.server.domain.Tenant;
import ai.realm.server.domain.TenantJson;
import ai.realm.server.domain.TenantReader;
import ai.realm.server.error.ConflictException;
import ai.realm.server.tenant.TenantGuests;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tenants, their keys and their guests, changed while the server runs: in the database, by which every server learns of it, and at
 * once for every request here. A change touches only what it names, on top of what others have changed meanwhile. Thread-safe;
 * nothing waits for a guest to be compiled but the change that brings it.
 */
public final class AdminService {
    private static final Logger LOG = LoggerFactory.getLogger(AdminService.class);
    /** Another server's change came between reading and writing each time: more often than that is no accident. */
    private static final int TRIES = 20;

    private final TenantStore store;
    private final TenantGuests guests;
    private final ChangeFollower follower;
    private final ModelStore models;

    public AdminService(TenantStore store, TenantGuests guests, ChangeFollower follower, ModelStore models) {
        this.store = store;
        this.guests = guests;
        this.follower = follower;
        this.models = models;
    }

    /**
     * A tenant as it is kept now and, where one was made, its new key, which nobody can ask for again.
     *
     * @param version of the tenant: a change can be bound to it
     */
    public record Change(Tenant tenant, long version, @Nullable String key) {
        /** For the eyes of the admin: of keys the beginnings of their hashes, by which they are removed; of secrets the names. */
        public ObjectNode json() {
            ObjectNode json = TenantJson.of(tenant).put("version", version);
            ArrayNode secrets = json.putArray("guest_secrets");
            tenant.secretConfig().stream().sorted().forEach(secrets::add);
            KeyEdits.show(tenant, json, Instant.now());
            return key == null ? json : json.put("key", key);
        }
    }

    public List<Change> list() {
        return store.list().stream().map(k -> new Change(k.tenant(), k.version(), null)).toList();
    }

    public Change get(String id) {
        Kept kept = kept(id);
        return new Change(kept.tenant(), kept.version(), null);
    }

    private Kept kept(String id) {
        Kept kept = store.find(id);
        if (kept == null) {
            throw new RealmException(ErrorCode.NOT_FOUND, "there is no tenant " + id);
        }
        return kept;
    }

    private Set<String> modelNames(Predicate<ModelStatus> which) {
        return models.list().stream().filter(which).map(ModelStatus::name).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** Those that may be granted. */
    private Set<String> modelNames() {
        return modelNames(_ -> true);
    }

    /** Those that a tenant has who names none: no adapters, as one may be another tenant's own. */
    private Set<String> usualNames() {
        return modelNames(s -> s.adapterOf() == null);
    }

    /** Makes a tenant with a new key; {@code json} has the names of {@code realm.yaml}, without keys. */
    public Change create(ObjectNode json) {
        if (json.has("keys") || json.has("key_facts")) {
            throw RealmException.badParam("keys", "keys are made by the server and shown once; leave keys out");
        }
        follower.catchUp();
        String key = ApiKeys.generate();
        ObjectNode whole = json.deepCopy();
        KeyEdits.add(whole, key, KeyOrder.PLAIN, Instant.now());
        Tenant tenant = TenantReader.tenant(whole, modelNames(), usualNames());
        GuestModule module = guests.compileConfigured(tenant);
        if (!store.create(tenant)) {
            throw RealmException.badParam("id", "there is a tenant " + tenant.id() + " already");
        }
        guests.refresh(tenant, module);
        follower.catchUp();
        LOG.info("tenant={} created", tenant.id());
        return new Change(tenant, 1, key);
    }

    /** Changes what {@code patch} names; objects in it are merged. */
    public Change update(String id, ObjectNode patch, @Nullable Long ofVersion) {
        if (patch.has("keys") || patch.has("key_facts") || patch.has("id")) {
            throw RealmException.badParam(patch.has("id") ? "id" : "keys", "ids and keys cannot be changed this way");
        }
        TenantReader.requirePartOfTenant(patch);
        follower.catchUp();
        Change change = change(id, ofVersion, json -> merge(json, patch), patch.has("models") || patch.has("default_model"));
        LOG.info("tenant={} changed version={} suspended={}", id, change.version, change.tenant.suspended());
        return change;
    }

    /** Applies {@code edit} to what is kept, again when somebody else was faster, unless a version is wanted. */
    private Change change(String id, @Nullable Long ofVersion, UnaryOperator<ObjectNode> edit, boolean checkModels) {
        for (int i = 0; i < TRIES; i++) {
            Kept kept = kept(id);
            requireVersion(id, kept, ofVersion);
            Tenant old = kept.tenant();
            ObjectNode json = edit.apply(kept.json().deepCopy());
            Tenant tenant = checkModels
                    ? TenantReader.keptTenant(json, modelNames(), usualNames())
                    : TenantReader.keptTenant(json);
            if (!tenant.guest().equals(old.guest())) {
                guests.compileConfigured(tenant);
            }
            if (store.update(id, kept.version(), json)) {
                follower.catchUp();
                return new Change(tenant, kept.version() + 1, null);
            }
        }
        throw conflict(id, kept(id));
    }

    private static void requireVersion(String id, Kept kept, @Nullable Long wanted) {
        if (wanted != null && wanted != kept.version()) {
            throw conflict(id, kept);
        }
    }

    private static ConflictException conflict(String id, Kept kept) {
        return new ConflictException("tenant " + id + " was changed meanwhile and is now version " + kept.version(),
                new Change(kept.tenant(), kept.version(), null).json());
    }

    private static ObjectNode merge(ObjectNode into, ObjectNode patch) {
        patch.properties().forEach(e -> {
            JsonNode old = into.get(e.getKey());
            if (old instanceof ObjectNode o && e.getValue() instanceof ObjectNode p && !e.getKey().equals("guest_config")) {
                merge(o, p);
            } else {
                into.set(e.getKey(), e.getValue());
            }
        });
        return into;
    }

    public void remove(String id, @Nullable Long ofVersion) {
        for (int i = 0; i < TRIES; i++) {
            Kept kept = kept(id);
            requireVersion(id, kept, ofVersion);
            if (store.remove(id, kept.version())) {
                follower.catchUp();
                LOG.info("tenant={} removed", id);
                return;
            }
        }
        throw conflict(id, kept(id));
    }

    /** One more key. */
    public Change addKey(String id, KeyOrder order, @Nullable Long ofVersion) {
        String key = ApiKeys.generate();
        Change change = change(id, ofVersion, json -> KeyEdits.add(json, key, order, Instant.now()), false);
        LOG.info("tenant={} has a new key keys={}", id, change.tenant.keyHashes().size());
        return new Change(change.tenant, change.version, key);
    }

    /** Takes a key away, named by the beginning of its hash. */
    public Change removeKey(String id, String hashBegin, @Nullable Long ofVersion) {
        Change change = change(id, ofVersion, json -> KeyEdits.remove(id, json, hashBegin), false);
        LOG.info("tenant={} lost a key keys={}", id, change.tenant.keyHashes().size());
        return change;
    }

    /** Gives a key, named by the beginning of its hash, another name or end. */
    public Change changeKey(String id, String hashBegin, ObjectNode given, @Nullable Long ofVersion) {
        Change change = change(id, ofVersion, json -> KeyEdits.change(id, json, hashBegin, given), false);
        LOG.info("tenant={} a key was changed", id);
        return change;
    }

    /** Checks a module and makes it the tenant's guest for its next requests. */
    public GuestVersions.Version pushGuest(String id, byte[] wasm) {
        Tenant tenant = get(id).tenant;
        GuestModule module = guests.compile(tenant, wasm);
        int version = guests.push(tenant, wasm, module);
        LOG.info("tenant={} guest pushed version={} digest={}", id, version, module.digest().substring(0, 12));
        return guests.versions(tenant).stream().filter(v -> v.version() == version).findFirst()
                .orElseThrow(() -> new RealmException(ErrorCode.NOT_FOUND, "tenant " + id + " was removed meanwhile"));
    }

    /** Checks a module and keeps it as the tenant's next version, which gets no requests but those that ask for it. */
    public GuestVersions.Version stageGuest(String id, byte[] wasm) {
        Tenant tenant = get(id).tenant;
        GuestModule module = guests.compile(tenant, wasm);
        int version = guests.stage(tenant, wasm, module);
        LOG.info("tenant={} guest staged version={} digest={}", id, version, module.digest().substring(0, 12));
        return guests.versions(tenant).stream().filter(v -> v.version() == version).findFirst()
                .orElseThrow(() -> new RealmException(ErrorCode.NOT_FOUND, "tenant " + id + " was removed meanwhile"));
    }

    /** Shares the tenant's requests out among versions of its guest; none gives all to the active one again. */
    public List<GuestVersions.Version> shareTraffic(String id, List<GuestVersions.Share> shares) {
        Tenant tenant = get(id).tenant;
        guests.share(tenant, shares);
        LOG.info("tenant={} guest traffic {}", id, shares);
        return guests.versions(tenant);
    }

    public List<GuestVersions.Version> guestVersions(String id) {
        return guests.versions(get(id).tenant);
    }

    /**
     * Makes an older version the tenant's guest again.
     *
     * @param version null for the one before the active one; 0 for the configured guest
     */
    public List<GuestVersions.Version> rollback(String id, @Nullable Integer version) {
        Tenant tenant = get(id).tenant;
        guests.rollback(tenant, version);
        LOG.info("tenant={} guest rolled back to version={}", id, version == null ? "previous" : version);
        return guests.versions(tenant);
    }
}
