package ai.realm.server.admin;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestModule;
import ai.realm.runtime.store.ModelStatus;
import ai.realm.runtime.store.ModelStore;
import ai.realm.server.accounts.Database;
import ai.realm.server.accounts.GuestVersions;
import ai.realm.server.accounts.TenantStore;
import ai.realm.server.config.ConfigLoader;
import ai.realm.server.config.TenantJson;
import ai.realm.server.tenant.ActiveRequests;
import ai.realm.server.tenant.ApiKeys;
import ai.realm.server.tenant.Tenant;
import ai.realm.server.tenant.TenantGuests;
import ai.realm.server.tenant.Tenants;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tenants, their keys and their guests, changed while the server runs: in the database first, then at once for every request. One
 * change at a time.
 */
public final class AdminService {
    private static final Logger LOG = LoggerFactory.getLogger(AdminService.class);
    private static final int SHOWN_HASH = 15;

    private final Tenants tenants;
    private final @Nullable Database database;
    private final TenantGuests guests;
    private final ActiveRequests active;
    private final ModelStore models;

    /** @param database null when changes last only as long as the server */
    public AdminService(Tenants tenants, @Nullable Database database, TenantGuests guests, ActiveRequests active,
            ModelStore models) {
        this.tenants = tenants;
        this.database = database;
        this.guests = guests;
        this.active = active;
        this.models = models;
    }

    /** A tenant and, where one was made, its new key, which nobody can ask for again. */
    public record Change(Tenant tenant, @Nullable String key) {
        public ObjectNode json() {
            ObjectNode json = shown(tenant);
            return key == null ? json : json.put("key", key);
        }
    }

    /** A tenant for the eyes of the admin: of its keys only the beginnings of their hashes, by which they are removed. */
    public static ObjectNode shown(Tenant tenant) {
        ObjectNode json = TenantJson.of(tenant);
        ArrayNode keys = json.putArray("keys");
        tenant.keyHashes().forEach(h -> keys.add(h.substring(0, SHOWN_HASH)));
        return json;
    }

    public List<Tenant> list() {
        return tenants.all();
    }

    public Tenant get(String id) {
        Tenant tenant = tenants.byId(id);
        if (tenant == null) {
            throw new RealmException(ErrorCode.NOT_FOUND, "there is no tenant " + id);
        }
        return tenant;
    }

    private Set<String> modelNames() {
        return models.list().stream().map(ModelStatus::name).collect(Collectors.toCollection(java.util.LinkedHashSet::new));
    }

    /** Makes a tenant with a new key; {@code json} has the names of {@code realm.yaml}, without keys. */
    public synchronized Change create(ObjectNode json) {
        if (json.has("keys")) {
            throw RealmException.badParam("keys", "keys are made by the server and shown once; leave keys out");
        }
        String key = ApiKeys.generate();
        ObjectNode whole = json.deepCopy();
        whole.putArray("keys").add(ApiKeys.hash(key));
        Tenant tenant = ConfigLoader.tenant(whole, modelNames());
        if (tenants.byId(tenant.id()) != null) {
            throw RealmException.badParam("id", "there is a tenant " + tenant.id() + " already");
        }
        guests.load(tenant);
        keep(tenant);
        LOG.info("tenant={} created", tenant.id());
        return new Change(tenant, key);
    }

    /** Changes what {@code patch} names; objects in it are merged. */
    public synchronized Change update(String id, ObjectNode patch) {
        Tenant old = get(id);
        if (patch.has("keys") || patch.has("id")) {
            throw RealmException.badParam(patch.has("keys") ? "keys" : "id", "ids and keys cannot be changed this way");
        }
        ObjectNode merged = TenantJson.of(old);
        merge(merged, patch);
        Tenant tenant = ConfigLoader.tenant(merged, modelNames());
        if (!tenant.guest().equals(old.guest())) {
            guests.load(tenant);
        }
        keep(tenant);
        if (tenant.suspended()) {
            active.cancelTenant(id, ErrorCode.TENANT_SUSPENDED, "tenant " + id + " was suspended");
        }
        LOG.info("tenant={} changed suspended={}", id, tenant.suspended());
        return new Change(tenant, null);
    }

    private static void merge(ObjectNode into, ObjectNode patch) {
        patch.properties().forEach(e -> {
            JsonNode old = into.get(e.getKey());
            if (old instanceof ObjectNode o && e.getValue() instanceof ObjectNode p && !e.getKey().equals("guest_config")) {
                merge(o, p);
            } else {
                into.set(e.getKey(), e.getValue());
            }
        });
    }

    public synchronized void remove(String id) {
        get(id);
        if (database != null) {
            TenantStore.remove(database, id);
        }
        tenants.remove(id);
        active.cancelTenant(id, ErrorCode.TENANT_SUSPENDED, "tenant " + id + " was removed");
        guests.forget(id);
        LOG.info("tenant={} removed", id);
    }

    /** One more key; the others stay valid until they are removed. */
    public synchronized Change addKey(String id) {
        Tenant old = get(id);
        String key = ApiKeys.generate();
        List<String> hashes = new java.util.ArrayList<>(old.keyHashes());
        hashes.add(ApiKeys.hash(key));
        Tenant tenant = old.withKeyHashes(hashes);
        keep(tenant);
        LOG.info("tenant={} has a new key keys={}", id, hashes.size());
        return new Change(tenant, key);
    }

    /** Takes a key away, named by the beginning of its hash. */
    public synchronized Change removeKey(String id, String hashBegin) {
        Tenant old = get(id);
        List<String> left = old.keyHashes().stream().filter(h -> !h.startsWith(hashBegin)).toList();
        if (hashBegin.length() < SHOWN_HASH || left.size() != old.keyHashes().size() - 1) {
            throw new RealmException(ErrorCode.NOT_FOUND, "tenant " + id + " has no one key whose hash begins so");
        }
        Tenant tenant = old.withKeyHashes(left);
        keep(tenant);
        LOG.info("tenant={} lost a key keys={}", id, left.size());
        return new Change(tenant, null);
    }

    private void keep(Tenant tenant) {
        if (database != null) {
            TenantStore.put(database, tenant);
        }
        tenants.put(tenant);
    }

    /** Checks a module and makes it the tenant's guest for its next requests. */
    public synchronized GuestVersions.Version pushGuest(String id, byte[] wasm) {
        Tenant tenant = get(id);
        GuestModule module = guests.push(tenant, wasm);
        LOG.info("tenant={} guest pushed digest={}", id, module.digest().substring(0, 12));
        return guests.versions(tenant).getLast();
    }

    public List<GuestVersions.Version> guestVersions(String id) {
        return guests.versions(get(id));
    }

    /**
     * Makes an older version the tenant's guest again.
     *
     * @param version null for the one before the active one; 0 for the configured guest
     */
    public synchronized List<GuestVersions.Version> rollback(String id, @Nullable Integer version) {
        Tenant tenant = get(id);
        guests.rollback(tenant, version);
        LOG.info("tenant={} guest rolled back to version={}", id, version == null ? "previous" : version);
        return guests.versions(tenant);
    }
}
