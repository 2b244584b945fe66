package ai.realm.server.http.schedules;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.Text;
import ai.realm.runtime.session.FinishReason;
import ai.realm.server.accounts.GuestRuns.Claim;
import ai.realm.server.accounts.TenantStores;
import ai.realm.server.domain.CronTimes;
import ai.realm.server.domain.Tenant;
import ai.realm.server.http.inference.Ids;
import ai.realm.server.http.inference.InferenceHandler;
import ai.realm.server.http.inference.RequestFrame;
import ai.realm.server.http.inference.Threads;
import ai.realm.server.http.transport.ErrorShape;
import ai.realm.server.tenant.TenantGuests;
import ai.realm.server.tenant.Tenants;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
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
    private static final int MOST_OF_TENANT = 2;
    private static final int MAX_WHY = 1000;

    private final TenantStores stores;
    private final Tenants tenants;
    private final InferenceHandler.Parts parts;
    private final InstantSource clock;
    private final String owner = Ids.fresh("server_");
    /** By tenant, how many run. */
    private final Map<String, Integer> places = new HashMap<>();
    /** By tenant and name: the last time that is settled, here or elsewhere. Only the looking thread touches it. */
    private Map<String, Long> settled = new HashMap<>();
    /** Whose run was begun last: the next place is that of those behind it. Only the looking thread touches it. */
    private String served = "";
    private final List<Thread> running = new ArrayList<>();
    private @Nullable Thread thread;
    private final CountDownLatch drained = new CountDownLatch(1);

    public ScheduleRunner(TenantStores stores, Tenants tenants, InferenceHandler.Parts parts, InstantSource clock) {
        this.stores = stores;
        this.tenants = tenants;
        this.parts = parts;
        this.clock = clock;
    }

    /** Begins to look for what is due. */
    public void start() {
        thread = Thread.ofVirtual().name("schedule-runner").start(() -> {
            try {
                do {
                    lookOn();
                } while (!drained.await(PERIOD.toMillis(), TimeUnit.MILLISECONDS));
            } catch (InterruptedException e) {
                // Nobody does that; it ends.
            }
        });
    }

    /** Whatever fails, the next look is tried. */
    private void lookOn() {
        try {
            look();
        } catch (RuntimeException e) {
            LOG.error("timetables wait, as the look for what is due failed", e);
        }
    }

    /** Begins what is due now. */
    public void look() {
        Map<String, Long> known = new HashMap<>();
        for (Tenant tenant : inTurn()) {
            longestWaiting(tenant).forEach(timetable -> look(tenant, timetable.getKey(), timetable.getValue(), known));
        }
        settled = known;
    }

    /** From the one behind the last that had a place on, so that those whose runs are always due leave places to the others. */
    private List<Tenant> inTurn() {
        List<Tenant> all = new ArrayList<>(
                tenants.all().stream().filter(t -> !t.suspended() && !t.guestSchedule().isEmpty()).toList());
        all.sort(Comparator.comparing(Tenant::id));
        int behind = (int) all.stream().takeWhile(t -> t.id().compareTo(served) <= 0).count();
        Collections.rotate(all, -behind);
        return all;
    }

    private List<Map.Entry<String, CronTimes>> longestWaiting(Tenant tenant) {
        return tenant.guestSchedule().entrySet().stream()
                .sorted(Comparator.comparing(e -> settled.getOrDefault(key(tenant, e.getKey(), e.getValue()), 0L))).toList();
    }

    private static String key(Tenant tenant, String name, CronTimes times) {
        return tenant.id() + '\n' + name + '\n' + times;
    }

    private void look(Tenant tenant, String name, CronTimes times, Map<String, Long> known) {
        String key = key(tenant, name, times);
        Long before = settled.get(key);
        try {
            known.put(key, settle(tenant, name, times, before));
        } catch (RuntimeException e) {
            if (before != null) {
                known.put(key, before);
            }
            if (e instanceof RealmException r) {
                LOG.warn("a timetable waits tenant={} name={} error_code={}", tenant.id(), name, r.code());
            } else {
                LOG.error("a timetable waits tenant={} name={}", tenant.id(), name, e);
            }
        }
    }

    private long settle(Tenant tenant, String name, CronTimes times, @Nullable Long before) {
        long due = times.last(clock.millis());
        if (before == null) {
            stores.guestRuns().note(tenant.id(), name);
        } else if (due <= before) {
            return before;
        }
        if (!tryTake(tenant.id())) {
            // Another server may have one; otherwise it is a little late here.
            return before == null ? due - 1 : before;
        }
        boolean begun = false;
        try {
            Claim claim = stores.guestRuns().claim(tenant.id(), name, due, owner, tenant.limits().deadline().plus(GRACE));
            if (claim == Claim.MINE) {
                served = tenant.id();
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
                giveBack(tenant.id());
            }
        }
        return due;
    }

    /** A place for one more run of the tenant's; none when the server takes no more. */
    private synchronized boolean tryTake(String tenant) {
        int used = places.values().stream().mapToInt(n -> n).sum();
        int held = places.getOrDefault(tenant, 0);
        boolean may = drained.getCount() > 0 && used < SIDE_BY_SIDE && held < MOST_OF_TENANT;
        if (may) {
            places.put(tenant, held + 1);
        }
        return may;
    }

    private synchronized void giveBack(String tenant) {
        places.computeIfPresent(tenant, (_, n) -> n == 1 ? null : n - 1);
    }

    private synchronized void begin(Tenant tenant, String name) {
        running.removeIf(t -> !t.isAlive());
        running.add(Thread.ofVirtual().name("schedule-" + tenant.id()).start(() -> {
            try {
                run(tenant, name);
            } catch (RuntimeException e) {
                LOG.error("a run of a timetable failed tenant={} name={}", tenant.id(), name, e);
            } finally {
                giveBack(tenant.id());
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
            String why = error.code() == ErrorCode.INTERNAL
                    ? "the server failed"
                    : Text.printable(String.valueOf(error.getMessage()), MAX_WHY);
            stores.guestLogs().line(tenant.id(), requestId, "", 0, "schedule " + name + " failed: " + why);
        }
    }

    /** Begins nothing more; what runs may still end. Does not wait. */
    public void drain() {
        drained.countDown();
    }

    @Override
    public void close() {
        drain();
        List<Thread> all;
        synchronized (this) {
            all = new ArrayList<>(running);
        }
        Thread looking = thread;
        if (looking != null) {
            all.add(looking);
        }
        Threads.join(all, CLOSE_LIMIT);
    }
}
