package ai.realm.server.tenant;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.guest.Guests;
import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.guest.GuestModule;
import ai.realm.runtime.guest.GuestScripts;
import ai.realm.server.accounts.GuestValues;
import ai.realm.server.accounts.GuestVersions;
import ai.realm.server.accounts.GuestVersions.Share;
import ai.realm.server.domain.ApiKeys;
import ai.realm.server.domain.Checks;
import ai.realm.server.domain.OperatorFile;
import ai.realm.server.domain.Tenant;
import java.lang.ref.SoftReference;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The compiled guest and the store of every tenant: the version pushed last, or what its configuration names. Thread-safe. */
public final class TenantGuests {
    private static final Logger LOG = LoggerFactory.getLogger(TenantGuests.class);
    private static final byte[] MAGIC = {0, 'a', 's', 'm'};

    /** The server's own guest is trusted, and must not stop the start of a busy machine. */
    private static final byte[] OWN = Guests.load(Tenant.DEFAULT_GUEST);
    private static final Duration ANY_TIME = Duration.ofHours(1);

    private final GuestHost host;
    private final Map<String, Duration> compileTimes;
    private final GuestVersions versions;
    private final Map<String, GuestModule> modules = new ConcurrentHashMap<>();
    /** Not softly: the database does not have what these hold. */
    private final Set<TenantKvStore> unsaved = ConcurrentHashMap.newKeySet();
    /** How requests are shared out, of the tenants where they are. */
    private final Map<String, List<Share>> shares = new ConcurrentHashMap<>();
    /** Versions that were asked for beside the active one; the host lets their code go as any other's. */
    private final Map<String, Map<Integer, GuestModule>> staged = new ConcurrentHashMap<>();
    private final Map<String, Object> refreshing = new ConcurrentHashMap<>();
    private final GuestValues values;
    /** Soft, because the database has it all: a tenant that rests need not hold memory. */
    private final Map<String, SoftReference<TenantKvStore>> stores = new ConcurrentHashMap<>();

    public TenantGuests(GuestHost host, GuestVersions versions, GuestValues values) {
        this(host, versions, values, Map.of());
    }

    /**
     * @param compileTimes what the configuration gives tenants for compiling: it counts where it is more than what the database has
     *        kept of an older configuration, or a guest that takes longer could never be helped
     */
    public TenantGuests(GuestHost host, GuestVersions versions, GuestValues values, Map<String, Duration> compileTimes) {
        this.host = host;
        this.compileTimes = Map.copyOf(compileTimes);
        this.versions = versions;
        this.values = values;
    }

    /** Compiles the guest that a tenant has, so that a bad one is found now and not at a request. */
    public GuestModule load(Tenant tenant) {
        byte[] pushed = versions.active(tenant.id());
        return install(tenant, compile(tenant, pushed != null ? pushed : configured(tenant)));
    }

    /**
     * Compiles the guests of many tenants, asking the database once who has pushed one. A pushed guest that cannot be loaded now is its
     * tenant's affair: that tenant's next request tries again and is told why, and the others are served.
     *
     * @throws RealmException when a guest that the configuration names cannot be loaded
     */
    public void loadAll(Collection<Tenant> tenants, BiConsumer<Tenant, GuestModule> loaded) {
        Set<String> pushed = versions.tenantsWithActive();
        versions.tenantsWithShares().forEach(this::readShares);
        for (Tenant tenant : tenants) {
            if (!pushed.contains(tenant.id())) {
                loaded.accept(tenant, install(tenant, compileConfigured(tenant)));
                continue;
            }
            try {
                loaded.accept(tenant, load(tenant));
            } catch (RealmException e) {
                LOG.warn("the pushed guest cannot be loaded, the tenant's next request tries again tenant={} code={}",
                        tenant.id(),
                        e.code());
            }
        }
    }

    /** Checks and compiles the guest that a tenant's configuration names, and puts it nowhere. */
    public GuestModule compileConfigured(Tenant tenant) {
        return compile(tenant, configured(tenant));
    }

    /** Checks and compiles a module as the tenant's limits allow, and puts it nowhere. */
    public GuestModule compile(Tenant tenant, byte[] wasm) {
        GuestLimits limits = tenant.guestLimits();
        Duration configured = compileTimes.getOrDefault(tenant.id(), Duration.ZERO);
        Duration kept = limits.compileTime();
        Duration time = Arrays.equals(wasm, OWN) ? ANY_TIME : configured.compareTo(kept) > 0 ? configured : kept;
        return host.register(tenant.id(), wasm, limits.withCompileTime(time));
    }

    private GuestModule install(Tenant tenant, GuestModule module) {
        modules.put(tenant.id(), module);
        return module;
    }

    /**
     * Puts in place what the database says is the tenant's guest now, compiling it in the calling thread; the one before serves
     * until then.
     *
     * @param likely is compiled already, and is taken when it is the one; null when there is none
     */
    public void refresh(Tenant tenant, @Nullable GuestModule likely) {
        // Of two changes the later is read last.
        synchronized (refreshing.computeIfAbsent(tenant.id(), _ -> new Object())) {
            String digest = versions.activeDigest(tenant.id());
            readShares(tenant.id());
            GuestModule old = modules.get(tenant.id());
            if (digest == null || old == null || !digest.equals(old.digest())) {
                GuestModule next = likely != null && likely.digest().equals(digest) ? install(tenant, likely) : load(tenant);
                LOG.debug("tenant={} guest_digest={}", tenant.id(), next.digest());
            }
        }
    }

    /** The tenant's next request loads its guest anew, and is told what stands in the way. */
    public void unload(String tenantId) {
        modules.remove(tenantId);
    }

    private static byte[] configured(Tenant tenant) {
        if (tenant.guest().equals(Tenant.DEFAULT_GUEST)) {
            return OWN;
        }
        byte[] bytes = OperatorFile.read("guest", OperatorFile.path("guest", tenant.guest()), OperatorFile.MODULE);
        if (tenant.guest().endsWith(GuestScripts.SUFFIX)) {
            return GuestScripts.javascript(bytes);
        }
        if (!Arrays.equals(bytes, 0, Math.min(bytes.length, MAGIC.length), MAGIC, 0, MAGIC.length)) {
            // Before anybody says what else is in the file.
            throw RealmException.badParam("guest", "guest: " + tenant.guest() + " is not a WebAssembly module");
        }
        return bytes;
    }

    /**
     * Keeps a module that was compiled as the next version, and puts it in place for the tenant's next requests.
     *
     * @return the version
     */
    public int push(Tenant tenant, byte[] wasm, GuestModule module) {
        int version = versions.push(tenant.id(), module.digest(), wasm, System.currentTimeMillis());
        refresh(tenant, module);
        return version;
    }

    /** Keeps a module that was compiled as the next version, which gets no requests but those that ask for it. */
    public int stage(Tenant tenant, byte[] wasm, GuestModule module) {
        int version = versions.push(tenant.id(), module.digest(), wasm, System.currentTimeMillis(), false);
        staged.computeIfAbsent(tenant.id(), _ -> new ConcurrentHashMap<>()).put(version, module);
        return version;
    }

    private void readShares(String tenantId) {
        List<Share> now = versions.shares(tenantId);
        if (now.isEmpty()) {
            shares.remove(tenantId);
            staged.remove(tenantId);
        } else {
            shares.put(tenantId, now);
        }
    }

    /**
     * Shares the tenant's requests out among versions, which are made ready before; none gives all to the active one again.
     *
     * @param wanted parts of a hundred, together a hundred, or none
     */
    public void share(Tenant tenant, List<Share> wanted) {
        int sum = wanted.stream().mapToInt(Share::percent).sum();
        if (!wanted.isEmpty() && sum != 100) {
            throw RealmException.badParam("traffic", "the shares of versions must be 100 together, not " + sum);
        }
        wanted.forEach(s -> version(tenant, s.version()));
        if (!versions.share(tenant.id(), wanted)) {
            throw new RealmException(ErrorCode.NOT_FOUND, "tenant " + tenant.id() + " has not all of these guest versions");
        }
        readShares(tenant.id());
    }

    /**
     * Which guest answers a request.
     *
     * @param version 0 when it is the active one, or the configured
     */
    public record Chosen(GuestModule module, int version) {}

    /**
     * The guest for one request: the version that it asks for; else, where requests are shared out, the one whose share has the user, the
     * same on every server; else the active one.
     *
     * @param wanted the version that the request asks for, or null
     * @param user who asks, or the request's id when it does not say
     */
    public Chosen choose(Tenant tenant, @Nullable Integer wanted, String user) {
        List<Share> split = shares.get(tenant.id());
        if (wanted == null && split == null) {
            return new Chosen(of(tenant), 0);
        }
        int version = wanted != null ? wanted : pick(tenant.id(), user, Objects.requireNonNull(split));
        return new Chosen(version(tenant, version), version);
    }

    private static int pick(String tenantId, String user, List<Share> split) {
        int slot = Math.floorMod(ByteBuffer.wrap(ApiKeys.digest(tenantId + '\n' + user)).getInt(), 100);
        for (Share s : split) {
            slot -= s.percent();
            if (slot < 0) {
                return s.version();
            }
        }
        return split.getLast().version();
    }

    private GuestModule version(Tenant tenant, int version) {
        Map<Integer, GuestModule> known = staged.computeIfAbsent(tenant.id(), _ -> new ConcurrentHashMap<>());
        GuestModule module = known.get(version);
        if (module != null && host.isReady(module)) {
            return module;
        }
        byte[] wasm = versions.bytes(tenant.id(), version);
        if (wasm == null) {
            known.remove(version);
            throw noVersion(tenant, version);
        }
        module = compile(tenant, wasm);
        known.put(version, module);
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
            throw noVersion(tenant, version);
        }
        GuestModule module = compile(tenant, wasm);
        if (!versions.activate(tenant.id(), version)) {
            throw noVersion(tenant, version);
        }
        refresh(tenant, module);
    }

    private static RealmException noVersion(Tenant tenant, int version) {
        return new RealmException(ErrorCode.NOT_FOUND, "tenant " + tenant.id() + " has no guest version " + version);
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
        return module != null && host.isReady(module) ? module : load(tenant);
    }

    /** The store of this tenant; to be saved when the request that asked has ended. */
    public TenantKvStore store(Tenant tenant) {
        TenantKvStore store = known(tenant.id());
        if (store == null) {
            synchronized (stores) {
                store = known(tenant.id());
                if (store == null) {
                    store = TenantKvStore.load(tenant.id(), values, unsaved::add);
                    stores.put(tenant.id(), new SoftReference<>(store));
                }
            }
        }
        return store.within(tenant.guestLimits().kvBytes());
    }

    /**
     * Commits what guests have stored while the database could not be used.
     *
     * @throws RealmException STORAGE_UNAVAILABLE when it still cannot
     */
    public void saveWaiting() {
        for (TenantKvStore store : unsaved) {
            unsaved.remove(store);
            try {
                store.commit();
            } catch (RealmException e) {
                unsaved.add(store);
                throw e;
            }
        }
    }

    private @Nullable TenantKvStore known(String tenantId) {
        SoftReference<TenantKvStore> reference = stores.get(tenantId);
        return reference == null ? null : reference.get();
    }

    /** Lets go of a tenant that was removed. */
    public void drop(String tenantId) {
        modules.remove(tenantId);
        shares.remove(tenantId);
        staged.remove(tenantId);
        refreshing.remove(tenantId);
        TenantKvStore store = known(tenantId);
        stores.remove(tenantId);
        if (store != null) {
            store.drop();
        }
    }
}
