package ai.realm.server.tenant;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.guest.Guests;
import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.guest.GuestKvStore;
import ai.realm.runtime.guest.GuestModule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The compiled guest and the store of every tenant. Thread-safe. */
public final class TenantGuests {
    private final GuestHost host;
    private final Map<String, GuestModule> modules = new ConcurrentHashMap<>();
    private final Map<String, GuestKvStore> stores = new ConcurrentHashMap<>();

    public TenantGuests(GuestHost host) {
        this.host = host;
    }

    /** Compiles the guest that a tenant's configuration names, so that a bad one is found now and not at a request. */
    public GuestModule load(Tenant tenant) {
        return install(tenant, bytes(tenant));
    }

    /** Puts a module in place for the tenant's next requests. */
    public GuestModule install(Tenant tenant, byte[] wasm) {
        GuestModule module = host.register(wasm, tenant.guestLimits());
        modules.put(tenant.id(), module);
        return module;
    }

    private static byte[] bytes(Tenant tenant) {
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
    }
}
