package ai.realm.server.admin;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.accounts.ChangeLog;
import ai.realm.server.accounts.ChangeLog.Change;
import ai.realm.server.accounts.ChangeLog.Span;
import ai.realm.server.accounts.TenantStore;
import ai.realm.server.model.ModelService;
import ai.realm.server.tenant.ActiveRequests;
import ai.realm.server.domain.Tenant;
import ai.realm.server.tenant.TenantGuests;
import ai.realm.server.tenant.Tenants;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings what this server serves to what the database has: tenants, keys, guests and models that were changed here, by another
 * server or by hand. It asks for the number of the last change several times a second, and reads what has changed; after a time
 * without the database it finds what it has missed. Thread-safe.
 */
public final class ChangeFollower implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ChangeFollower.class);
    private static final Duration PERIOD = Duration.ofMillis(200);
    /** Between two looks for an unknown key: however many bad keys come, the database is asked no more often. */
    private static final Duration LOOK_PAUSE = Duration.ofMillis(10);

    /** Above it all tenants are read at once. */
    private static final int MANY = 100;
    private static final int TRIES = 30;
    private static final Duration RETRY_PAUSE = Duration.ofSeconds(1);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);

    private final ChangeLog log;
    private final TenantStore store;
    private final Tenants tenants;
    private final TenantGuests guests;
    private final ModelService models;
    private final ActiveRequests active;
    private final AtomicLong asked = new AtomicLong();
    private final AtomicLong readings = new AtomicLong();
    private final Object reading = new Object();
    /** The last change that is in force here; this and what follows is guarded by {@code reading}. */
    private long seen;
    private long served;
    /** Of the last reading, for all that waited for it. */
    private @Nullable RuntimeException failure;
    private long lastRead = System.nanoTime() - LOOK_PAUSE.toNanos();
    private @Nullable Thread thread;
    private volatile boolean closed;

    /** @param seen the last change that {@code tenants} show, and what was read of models and guests at the earliest */
    public ChangeFollower(ChangeLog log, TenantStore store, Tenants tenants, TenantGuests guests, ModelService models,
            ActiveRequests active, long seen) {
        this.log = log;
        this.store = store;
        this.tenants = tenants;
        this.guests = guests;
        this.models = models;
        this.active = active;
        this.seen = seen;
    }

    /** Follows from now on. */
    public void start() {
        thread = Thread.ofVirtual().name("change-follower").start(this::follow);
    }

    private void follow() {
        boolean failing = false;
        while (!closed) {
            try {
                Thread.sleep(PERIOD);
                catchUp();
                if (failing) {
                    LOG.info("changes of tenants, models and guests are followed again");
                }
                failing = false;
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                if (!failing && !closed) {
                    LOG.warn("changes of tenants, models and guests cannot be followed now cause={}", e.getMessage());
                }
                failing = true;
            }
        }
    }

    /** Returns when everything that was committed before is in force here. */
    public void catchUp() {
        catchUp(Duration.ZERO);
    }

    /** The same for a key that nobody here knows; many of them are one look. */
    public void look() {
        catchUp(LOOK_PAUSE);
    }

    private void catchUp(Duration pause) {
        long ticket = asked.incrementAndGet();
        synchronized (reading) {
            if (served < ticket) {
                await(lastRead + pause.toNanos());
                // Whoever waits for the lock now is served by this one.
                served = asked.get();
                failure = null;
                readings.incrementAndGet();
                try {
                    read();
                } catch (RuntimeException e) {
                    failure = e;
                }
                lastRead = System.nanoTime();
            }
            if (failure != null) {
                throw failure;
            }
        }
    }

    /** How often the database was asked for news. */
    public long readings() {
        return readings.get();
    }

    private static void await(long nanos) {
        long left = nanos - System.nanoTime();
        if (left > 0) {
            LockSupport.parkNanos(left);
        }
    }

    private void read() {
        Span span = log.span();
        if (span.newest() == seen) {
            return;
        }
        if (span.newest() < seen || span.oldest() > seen + 1) {
            readAll();
            seen = span.newest();
            return;
        }
        List<Change> changes = log.since(seen);
        apply(changes);
        seen = changes.isEmpty() ? span.newest() : changes.getLast().seq();
    }

    private void apply(List<Change> changes) {
        Set<String> changed = names(changes, "tenants");
        if (changed.size() > MANY) {
            tenantsChanged(store.all());
        } else {
            changed.forEach(id -> tenantChanged(id, store.tenant(id)));
        }
        Set<String> models = names(changes, "models");
        models.forEach(name -> aside(() -> this.models.follow(name), "model=" + name));
        Set<String> pushed = names(changes, "guests");
        pushed.forEach(this::guestChanged);
    }

    private static Set<String> names(List<Change> changes, String table) {
        return changes.stream().filter(c -> c.table().equals(table)).map(Change::name)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private void readAll() {
        tenantsChanged(store.all());
        models.followed().forEach(name -> aside(() -> models.follow(name), "model=" + name));
        tenants.all().forEach(t -> guestChanged(t.id()));
    }

    private void tenantsChanged(List<Tenant> now) {
        Set<String> ids = now.stream().map(Tenant::id).collect(Collectors.toSet());
        now.forEach(t -> tenantChanged(t.id(), t));
        for (Tenant old : tenants.all()) {
            if (!ids.contains(old.id())) {
                tenantChanged(old.id(), null);
            }
        }
    }

    private void tenantChanged(String id, @Nullable Tenant now) {
        Tenant before = tenants.byId(id);
        if (now == null) {
            if (tenants.remove(id)) {
                active.cancelTenant(id, ErrorCode.TENANT_SUSPENDED, "tenant " + id + " was removed");
                guests.drop(id);
            }
        } else if (!now.equals(before)) {
            tenants.put(now);
            if (now.suspended()) {
                active.cancelTenant(id, ErrorCode.TENANT_SUSPENDED, "tenant " + id + " was suspended");
            }
            if (before == null || !before.guest().equals(now.guest())) {
                guestChanged(id);
            }
        }
    }

    /** Compiled beside all else: it may take longer than anybody here may wait. */
    private void guestChanged(String id) {
        aside(() -> {
            Tenant tenant = tenants.byId(id);
            if (tenant == null) {
                return;
            }
            try {
                guests.refresh(tenant, null);
            } catch (RealmException e) {
                if (e.code() != ErrorCode.STORAGE_UNAVAILABLE) {
                    // Better no guest than one that the admin has replaced.
                    guests.unload(id);
                }
                throw e;
            }
            if (tenants.byId(id) == null) {
                guests.drop(id);
            }
        }, "tenant=" + id);
    }

    private void aside(Runnable work, String what) {
        Thread.ofVirtual().name("change-follower-aside").start(() -> {
            for (int tries = 0; !closed; tries++) {
                try {
                    work.run();
                    return;
                } catch (RuntimeException e) {
                    if (tries == TRIES) {
                        LOG.error("a change by another server is not in force {} cause={}", what, e.getMessage());
                        return;
                    }
                    LockSupport.parkNanos(RETRY_PAUSE.toNanos());
                }
            }
        });
    }

    @Override
    public void close() {
        closed = true;
        Thread following = thread;
        if (following != null) {
            following.interrupt();
            try {
                following.join(CLOSE_LIMIT);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
