package ai.realm.server.tenant;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.guest.Guests;
import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.guest.GuestModule;
import ai.realm.server.accounts.GuestValues;
import ai.realm.server.accounts.GuestVersions;
import java.io.IOException;
import java.lang.ref.SoftReference;
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
    private final GuestValues values;
    /** Soft, because the database has it all: a tenant that rests need not hold memory. */
    private final Map<String, SoftReference<TenantKvStore>> stores = new ConcurrentHashMap<>();

    public TenantGuests(GuestHost host, GuestVersions versions, GuestValues values) {
        this.host = host;
        this.versions = versions;
        this.values = values;
    }

    /** Compiles the guest that a tenant has, so that a bad one is found now and not at a request. */
    public GuestModule load(Tenant tenant) {
        byte[] pushed = versions.active(tenant.id());
        return install(tenant, pushed != null ? pushed : configured(tenant));
    }

    private GuestModule install(Tenant tenant, byte[] wasm) {
        GuestModule module = host.register(tenant.id(), wasm, tenant.guestLimits());
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
        GuestModule module = host.register(tenant.id(), wasm, tenant.guestLimits());
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
        GuestModule module = host.register(tenant.id(), wasm, tenant.guestLimits());
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

    /** The store of this tenant; to be saved when the request that asked has ended. */
    public TenantKvStore store(Tenant tenant) {
        TenantKvStore store = known(tenant.id());
        if (store == null) {
            synchronized (stores) {
                store = known(tenant.id());
                if (store == null) {
                    store = TenantKvStore.load(tenant.id(), values);
                    stores.put(tenant.id(), new SoftReference<>(store));
                }
            }
        }
        return store.within(tenant.guestLimits().kvBytes());
    }

    private @Nullable TenantKvStore known(String tenantId) {
        SoftReference<TenantKvStore> reference = stores.get(tenantId);
        return reference == null ? null : reference.get();
    }

    /** Forgets a tenant that was removed. */
    public void forget(String tenantId) {
        modules.remove(tenantId);
        TenantKvStore store = known(tenantId);
        stores.remove(tenantId);
        if (store == null) {
            values.forget(tenantId);
        } else {
            store.forget();
        }
        versions.forget(tenantId);
    }
}
