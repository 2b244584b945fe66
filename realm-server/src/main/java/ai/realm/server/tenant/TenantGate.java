package ai.realm.server.tenant;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.FairShares;
import ai.realm.server.domain.AnonymousTenant;
import ai.realm.server.domain.Tenant;
import ai.realm.server.domain.TenantLimits;
import ai.realm.server.error.RetryableException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Step 1 of a request: its key, then the tenant's rates, concurrency and body size, then the server's own limits; refuses before
 * any work is done. Thread-safe.
 */
public final class TenantGate {
    private final Tenants tenants;
    private final FairShares places;
    private final Meters source;
    private volatile @Nullable AnonymousTenant anonymous;
    private final Map<String, Meter> meters = new ConcurrentHashMap<>();
    private volatile boolean draining;
    private volatile Runnable requireStorage = () -> {};
    private volatile Consumer<String> requireBudget = _ -> {};

    /** A gate that refuses requests without a key. */
    public TenantGate(Tenants tenants, int maxConcurrent, Meters meters) {
        this(tenants, maxConcurrent, meters, null);
    }

    /** @param anonymous whose requests those without a key are; null when such are refused */
    public TenantGate(Tenants tenants, int maxConcurrent, Meters meters, @Nullable AnonymousTenant anonymous) {
        this.tenants = tenants;
        this.places = new FairShares(maxConcurrent);
        this.source = meters;
        this.anonymous = anonymous;
    }

    /** Whose requests those without a key are from now on; null when such are refused. */
    public void anonymous(@Nullable AnonymousTenant now) {
        anonymous = now;
    }

    /** @param solvent throws INSUFFICIENT_QUOTA for a tenant that has spent what it may */
    public void admitOnlyWho(Consumer<String> solvent) {
        requireBudget = solvent;
    }

    /** @param usable throws STORAGE_UNAVAILABLE while what a request uses could not be accounted for */
    public void admitOnlyWhen(Runnable usable) {
        requireStorage = usable;
    }

    /**
     * Admits a request for inference of a tenant that {@link #authenticate} found.
     *
     * @param bodyBytes what {@code Content-Length} says, -1 when it says nothing
     * @throws RealmException RATE_LIMIT_EXCEEDED, INSUFFICIENT_QUOTA, BODY_TOO_LARGE, OVERLOADED, DRAINING, STORAGE_UNAVAILABLE
     */
    public TenantContext admit(String requestId, Tenant tenant, long bodyBytes) {
        if (draining) {
            throw new RealmException(ErrorCode.DRAINING, "the server is shutting down; try another one");
        }
        requireStorage.run();
        requireBudget.accept(tenant.id());
        TenantLimits limits = tenant.limits();
        Meter meter = meter(tenant);
        meter.begin(limits);
        boolean place = places.tryTake(tenant.id(), 1);
        Permit permit = new Permit(meter, limits, () -> places.giveBack(tenant.id(), place ? 1 : 0));
        if (!place) {
            permit.close();
            throw new RetryableException(ErrorCode.OVERLOADED, "the server runs " + places.used() + " of " + places.max()
                    + " requests, " + places.held(tenant.id()) + " of them this tenant's, which is its share", 1);
        }
        if (bodyBytes > limits.bodyBytes()) {
            permit.close();
            throw bodyTooLarge(limits.bodyBytes());
        }
        return new TenantContext(requestId, tenant, permit);
    }

    private Meter meter(Tenant tenant) {
        return meters.computeIfAbsent(tenant.id(), source::of);
    }

    /** The {@code x-ratelimit-*} headers of a tenant as things stand, for a request that was not admitted too. */
    public Map<String, String> rateHeaders(Tenant tenant) {
        Meter meter = meters.get(tenant.id());
        return meter == null ? Map.of() : meter.headers(tenant.limits());
    }

    /**
     * Whose request this is.
     *
     * @throws RealmException INVALID_API_KEY, TENANT_SUSPENDED
     */
    public Tenant authenticate(Caller caller) {
        String named = caller.gatewayTenant();
        Tenant tenant = named != null ? byName(named) : caller.isAnonymous() ? anonymous(caller) : byKey(caller);
        if (tenant.suspended()) {
            throw new RealmException(ErrorCode.TENANT_SUSPENDED, "tenant " + tenant.id() + " is suspended");
        }
        return tenant;
    }

    /** The gateway has seen to it who asks; a key that came along is the gateway's affair. */
    private Tenant byName(String id) {
        Tenant tenant = tenants.byId(id);
        if (tenant == null) {
            throw new RealmException(ErrorCode.INVALID_API_KEY, "the gateway names a tenant that does not exist");
        }
        return tenant;
    }

    private Tenant anonymous(Caller caller) {
        AnonymousTenant settings = anonymous;
        Tenant tenant = settings != null && (settings.remote() || caller.local()) ? tenants.byId(settings.id()) : null;
        if (tenant == null) {
            throw new RealmException(ErrorCode.INVALID_API_KEY,
                    "no API key was given: send the header Authorization: Bearer KEY");
        }
        return tenant;
    }

    private Tenant byKey(Caller caller) {
        String key = caller.key();
        Tenant tenant = key == null ? null : tenants.byKey(key);
        if (tenant == null) {
            throw new RealmException(ErrorCode.INVALID_API_KEY, key != null
                    ? "this API key is not valid"
                    : "the Authorization header must be 'Bearer KEY'");
        }
        return tenant;
    }

    public static RealmException bodyTooLarge(int limit) {
        return new RealmException(ErrorCode.BODY_TOO_LARGE, "a request's body may have " + limit + " bytes at most");
    }

    /** From now on every request gets DRAINING. */
    public void drain() {
        draining = true;
    }

    /** Requests that hold a permit. */
    public int running() {
        return (int) places.used();
    }
}
