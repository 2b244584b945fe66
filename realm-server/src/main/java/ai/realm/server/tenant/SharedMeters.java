package ai.realm.server.tenant;

import ai.realm.core.error.RealmException;
import ai.realm.server.accounts.Amounts;
import ai.realm.server.accounts.Budget;
import ai.realm.server.accounts.Budgets;
import ai.realm.server.domain.TenantLimits;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The meters of one of several servers, renewed about once a second by a thread of their own. Thread-safe. */
public final class SharedMeters implements Meters, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SharedMeters.class);
    private static final Duration PERIOD = Duration.ofSeconds(1);
    /** For giving back what all tenants have; the rest ends by itself. */
    private static final Duration LEAVE_LIMIT = Duration.ofSeconds(3);

    private final String holder = UUID.randomUUID().toString();
    private final Budgets budgets;
    private final LongSupplier nanos;
    private final Duration period;
    private final Map<String, SharedMeter> meters = new ConcurrentHashMap<>();
    private final LongAdder exchanges = new LongAdder();
    /** Whether the failure that lasts was said; the renewing thread's. */
    private boolean failing;
    private @Nullable Thread thread;

    public SharedMeters(Budgets budgets, LongSupplier nanos) {
        this(budgets, nanos, PERIOD);
    }

    SharedMeters(Budgets budgets, LongSupplier nanos, Duration period) {
        this.period = period;
        this.budgets = budgets;
        this.nanos = nanos;
    }

    @Override
    public Meter of(String tenantId) {
        return meters.computeIfAbsent(tenantId, id -> new SharedMeter(id, holder, this::exchange, nanos));
    }

    private Budget.Answer exchange(String tenant, Budget.Order order) {
        exchanges.increment();
        return budgets.exchange(tenant, order);
    }

    /** How often the database was asked. */
    public long exchanges() {
        return exchanges.sum();
    }

    public void start() {
        thread = Thread.ofVirtual().name("tenant-limits-renewal").start(() -> {
            try {
                rehearse();
                while (true) {
                    Thread.sleep(period);
                    tick();
                }
            } catch (InterruptedException e) {
                // Closed.
            }
        });
    }

    /** Whatever fails for one tenant, the others' leases are renewed, and its own the next time. */
    void tick() {
        boolean good = true;
        for (SharedMeter meter : meters.values()) {
            try {
                meter.tick();
            } catch (RuntimeException e) {
                good = false;
                sayOnce(e);
            }
        }
        failing &= !good;
    }

    private void sayOnce(RuntimeException e) {
        if (!failing) {
            failing = true;
            LOG.error("what is held of tenants' limits cannot be renewed now", e);
        }
    }

    /** An order that changes nothing, so that the first request's is as fast as the others'. */
    private void rehearse() {
        try {
            exchange("", new Budget.Order(holder, 1, TenantLimits.defaults(), Amounts.NONE, Amounts.NONE, Amounts.NONE,
                    Amounts.NONE, Amounts.NONE, Amounts.NONE, 0, true));
        } catch (RuntimeException e) {
            LOG.debug("the rehearsal of limits failed cause={}", e.getMessage());
        }
    }

    /** Gives back what is held, for the other servers, as far as there is time. */
    @Override
    public void close() {
        Thread renewing = thread;
        if (renewing != null) {
            renewing.interrupt();
        }
        long end = System.nanoTime() + LEAVE_LIMIT.toNanos();
        for (SharedMeter meter : meters.values()) {
            if (System.nanoTime() > end) {
                return;
            }
            try {
                meter.leave();
            } catch (RealmException e) {
                LOG.debug("what tenants held of their limits ends by itself cause={}", e.getMessage());
                return;
            }
        }
    }
}
