package ai.realm.server.http.schedules;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.FinishReason;
import ai.realm.server.accounts.GuestRuns.Claim;
import ai.realm.server.accounts.TenantStores;
import ai.realm.server.domain.CronTimes;
import ai.realm.server.domain.Tenant;
import ai.realm.server.http.inference.Ids;
import ai.realm.server.http.inference.InferenceHandler;
import ai.realm.server.http.inference.RequestFrame;
import ai.realm.server.http.transport.ErrorShape;
import ai.realm.server.tenant.TenantGuests;
import ai.realm.server.tenant.Tenants;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the guests of tenants when their timetables say so: each run on one of the servers that share the database, as a request of
 * the tenant's that nobody waits for. A run that is due while the one before goes on is left out, and the tenant's log says so. What was due
 * while no server ran is done once. Thread-safe.
 */
public final class ScheduleRunner implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ScheduleRunner.class);
    private static final Duration PERIOD = Duration.ofSeconds(1);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);
    /** Beyond the request's own deadline, until another server takes it that this one is gone. */
    private static final Duration GRACE = Duration.ofSeconds(10);
    private static final int SIDE_BY_SIDE = 8;

    private final TenantStores stores;
    private final Tenants tenants;
    private final InferenceHandler.Parts parts;
    private final InstantSource clock;
    private final String owner = Ids.fresh("server_");
    private final Semaphore places = new Semaphore(SIDE_BY_SIDE);
    /** By tenant and name: the last time that is settled, here or elsewhere. Only the looking thread touches it. */
    private Map<String, Long> settled = new HashMap<>();
    private final List<Thread> running = new ArrayList<>();
    private @Nullable Thread thread;
    private volatile boolean closed;

    public ScheduleRunner(TenantStores stores, Tenants tenants, InferenceHandler.Parts parts, InstantSource clock) {
        this.stores = stores;
        this.tenants = tenants;
        this.parts = parts;
        this.clock = clock;
    }

    /** Begins to look for what is due. */
    public void start() {
        thread = Thread.ofVirtual().name("schedule-runner").start(() -> {
            while (!closed) {
                try {
                    look();
                    Thread.sleep(PERIOD);
                } catch (InterruptedException e) {
                    return;
                }
            }
        });
    }

    /** Begins what is due now. */
    public void look() {
        Map<String, Long> known = new HashMap<>();
        for (Tenant tenant : tenants.all()) {
            if (tenant.suspended()) {
                continue;
            }
            tenant.guestSchedule().forEach((name, times) -> {
                String key = tenant.id() + '\n' + name + '\n' + times;
                try {
                    known.put(key, settle(tenant, name, times, settled.get(key)));
                } catch (RealmException e) {
                    LOG.warn("a timetable waits tenant={} name={} error_code={}", tenant.id(), name, e.code());
                    Long before = settled.get(key);
                    if (before != null) {
                        known.put(key, before);
                    }
                }
            });
        }
        settled = known;
    }

    private long settle(Tenant tenant, String name, CronTimes times, @Nullable Long before) {
        long due = times.last(clock.millis());
        if (before == null) {
            stores.guestRuns().note(tenant.id(), name);
        } else if (due <= before) {
            return before;
        }
        if (!places.tryAcquire()) {
            // Another server may have one; otherwise it is a little late here.
            return before == null ? due - 1 : before;
        }
        boolean begun = false;
        try {
            Claim claim = stores.guestRuns().claim(tenant.id(), name, due, owner, tenant.limits().deadline().plus(GRACE));
            if (claim == Claim.MINE) {
                begin(tenant, name);
                begun = true;
            } else if (claim == Claim.SKIPPED) {
                LOG.warn("a run of a timetable is left out, as the one before has not ended tenant={} name={}", tenant.id(),
                        name);
                stores.guestLogs().line(tenant.id(), "", "", 1,
                        "schedule " + name + ": left out, as the run before has not ended");
            }
        } finally {
            if (!begun) {
                places.release();
            }
        }
        return due;
    }

    private synchronized void begin(Tenant tenant, String name) {
        running.removeIf(t -> !t.isAlive());
        running.add(Thread.ofVirtual().name("schedule-" + tenant.id()).start(() -> {
            try {
                run(tenant, name);
            } catch (RuntimeException e) {
                LOG.error("a run of a timetable failed tenant={} name={}", tenant.id(), name, e);
            } finally {
                places.release();
                end(tenant, name);
            }
        }));
    }

    private void end(Tenant tenant, String name) {
        try {
            stores.guestRuns().end(tenant.id(), name, owner);
        } catch (RealmException e) {
            LOG.warn("the end of a run could not be noted, the next waits for it tenant={} name={}", tenant.id(), name);
        }
    }

    /** One run, from its admission to its account. */
    void run(Tenant tenant, String name) {
        String requestId = Ids.fresh("schedule-");
        ScheduleExchange exchange = new ScheduleExchange(requestId, tenant, parts.frame().accounts());
        new RequestFrame("schedule", ErrorShape.OPENAI, parts.frame(), a -> {
            String model = parts.registry().meant(null, tenant);
            a.log().model(model);
            TenantGuests.Chosen guest = parts.guests().choose(tenant, null, "schedule");
            a.log().guest(guest.module().digest());
            parts.runner().scheduled(name, model, a, guest.module());
            a.log().finished(FinishReason.STOP);
            a.account().close();
        }).handle(exchange);
        RealmException error = exchange.error();
        if (error != null) {
            String why = error.code() == ErrorCode.INTERNAL ? "the server failed" : String.valueOf(error.getMessage());
            stores.guestLogs().line(tenant.id(), requestId, "", 0, "schedule " + name + " failed: " + why);
        }
    }

    @Override
    public void close() {
        closed = true;
        List<Thread> all;
        synchronized (this) {
            all = new ArrayList<>(running);
        }
        Thread looking = thread;
        if (looking != null) {
            looking.interrupt();
            all.add(looking);
        }
        try {
            for (Thread t : all) {
                t.join(CLOSE_LIMIT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
