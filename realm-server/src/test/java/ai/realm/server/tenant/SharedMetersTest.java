package ai.realm.server.tenant;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.server.accounts.MemoryBudgets;
import ai.realm.server.domain.TenantLimits;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The meters of one server, over budgets and a clock that fail in ways that nobody expects. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SharedMetersTest {
    private static final TenantLimits LIMITS = new TenantLimits(10, 0, 0, 4, 0, 100, 1000, Duration.ofSeconds(1));

    @Test
    void rehearsal_thatFailsUnexpectedly_doesNotKeepLeasesFromBeingRenewed() throws Exception {
        CountDownLatch renewed = new CountDownLatch(3);
        AtomicLong nanos = new AtomicLong();
        MemoryBudgets real = new MemoryBudgets();
        try (SharedMeters meters = new SharedMeters((tenant, order) -> {
            if (tenant.isEmpty() || renewed.getCount() == 2) {
                renewed.countDown();
                throw new IllegalStateException("a defect");
            }
            renewed.countDown();
            return real.exchange(tenant, order);
        }, () -> nanos.addAndGet(4_000_000_000L), Duration.ofMillis(1))) {
            meters.start();
            Meter meter = meters.of("acme");
            while (!admits(meter)) {
                Thread.onSpinWait();
            }
            // Nobody asks for anything now: only the thread that renews does.
            assertThat(renewed.await(30, TimeUnit.SECONDS)).isTrue();
            long before = meters.exchanges();
            while (meters.exchanges() < before + 3) {
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void tick_whoseClockFailsForOne_goesOnWithTheOthersAndTheNextTime() {
        boolean[] broken = new boolean[1];
        AtomicLong read = new AtomicLong();
        MemoryBudgets real = new MemoryBudgets();
        try (SharedMeters meters = new SharedMeters(real::exchange, () -> {
            read.incrementAndGet();
            if (broken[0]) {
                throw new IllegalStateException("a defect");
            }
            return 0;
        })) {
            meters.of("a").running();
            meters.of("b").running();
            broken[0] = true;
            long before = read.get();
            meters.tick();
            meters.tick();
            assertThat(read.get() - before).isEqualTo(4);
            broken[0] = false;
            meters.tick();
        }
    }

    private static boolean admits(Meter meter) {
        try {
            meter.begin(LIMITS);
            return true;
        } catch (RuntimeException e) {
            return false;
        }
    }
}
