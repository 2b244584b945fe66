package ai.realm.server.tenant;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.guest.Guests;
import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.guest.GuestKvStore;
import ai.realm.runtime.guest.GuestModule;
import ai.realm.server.accounts.GuestVersions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The compiled guest and the store of every tenant: the version pushed last, or what its configuration names. Thread-safe. */
public final class TenantGuests {
    private final GuestHost host;
    private final GuestVersions versions;
    private final Map<String, GuestModule> modules = new ConcurrentHashMap<>();
    private final Map<String, GuestKvStore> stores = new ConcurrentHashMap<>();

    public TenantGuests(GuestHost host, GuestVersions versions) {
        this.host = host;
        this.versions = versions;
    }

    /** Compiles the guest that a tenant has, so that a bad one is found now and not at a request. */
    public GuestModule load(Tenant tenant) {
        byte[] pushed = versions.active(tenant.id());
        return install(tenant, pushed != null ? pushed : configured(tenant));
    }

    private GuestModule install(Tenant tenant, byte[] wasm) {
        GuestModule module = host.register(wasm, tenant.guestLimits());
        modules.put(tenant.id(), module);
        return module;
    }

    private static byte[] configured(Tenant tenant) {
        if (tenant.guest().equals(Tenant.DEFAULT_GUEST)) {
            return Guests.load(Tenant.DEFAULT_GUEST);
        }
        try {
            return Files.readAllBytes(Path.of(tenant.guest()));
        } catch (IOException e) {
            throw new RealmException(ErrorCode.GUEST_REFUSED,
                    "the guest of tenant " + tenant.id() + " cannot be read: " + tenant.guest() + " (" + e.getMessage() + ")", e);
        }
    }

    /** Checks a module, keeps it as the next version and puts it in place for the tenant's next requests. */
    public GuestModule push(Tenant tenant, byte[] wasm) {
        GuestModule module = host.register(wasm, tenant.guestLimits());
        versions.push(tenant.id(), module.digest(), wasm, System.currentTimeMillis());
        modules.put(tenant.id(), module);
        return module;
    }

    public List<GuestVersions.Version> versions(Tenant tenant) {
        return versions.list(tenant.id());
    }

    /** @param wanted null for the version before the active one; 0 for the configured guest */
    public void rollback(Tenant tenant, @Nullable Integer wanted) {
        int version = wanted != null ? wanted : previous(tenant);
        byte[] wasm = version == 0 ? configured(tenant) : versions.bytes(tenant.id(), version);
        if (wasm == null) {
            throw new RealmException(ErrorCode.NOT_FOUND, "tenant " + tenant.id() + " has no guest version " + version);
        }
        GuestModule module = host.register(wasm, tenant.guestLimits());
        versions.activate(tenant.id(), version);
        modules.put(tenant.id(), module);
    }

    private int previous(Tenant tenant) {
        int previous = 0;
        for (GuestVersions.Version v : versions.list(tenant.id())) {
            if (v.active()) {
                return previous;
            }
            previous = v.version();
        }
        throw new RealmException(ErrorCode.NOT_FOUND, "tenant " + tenant.id() + " has no pushed guest to roll back from");
    }

    /** The module that serves this tenant now. */
    public GuestModule of(Tenant tenant) {
        GuestModule module = modules.get(tenant.id());
        return module != null ? module : load(tenant);
    }

    public GuestKvStore store(Tenant tenant) {
        return stores.computeIfAbsent(tenant.id(), _ -> new MemoryKvStore(tenant.guestLimits().kvBytes()));
    }

    /** Forgets a tenant that was removed. */
    public void forget(String tenantId) {
        modules.remove(tenantId);
        stores.remove(tenantId);
        versions.forget(tenantId);
    }
}
