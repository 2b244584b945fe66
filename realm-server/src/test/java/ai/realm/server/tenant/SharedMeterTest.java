package ai.realm.server.tenant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.accounts.Budget;
import ai.realm.server.accounts.MemoryBudgets;
import ai.realm.server.domain.TenantLimits;
import ai.realm.server.error.RetryableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Meters of several servers on one budget, whose time stands still unless a test lets it pass. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SharedMeterTest {
    private static final long SECOND = 1_000_000_000L;

    private final AtomicLong nanos = new AtomicLong();
    private final MemoryBudgets budgets = new MemoryBudgets();
    private final AtomicLong exchanges = new AtomicLong();
    private volatile CountDownLatch held = new CountDownLatch(0);
    private volatile boolean lost;
    private final SharedMeter a = meter("a");
    private final SharedMeter b = meter("b");
    private final SharedMeter c = meter("c");

    private SharedMeter meter(String holder) {
        return new SharedMeter("t", holder, this::exchange, nanos::get);
    }

    private Budget.Answer exchange(String tenant, Budget.Order order) {
        exchanges.incrementAndGet();
        try {
            held.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (lost) {
            throw new RealmException(ErrorCode.STORAGE_UNAVAILABLE, "the database is lost");
        }
        return budgets.exchange(tenant, order);
    }

    private static TenantLimits limits(int requests, long tokens, long day, int places) {
        return new TenantLimits(requests, tokens, day, places, 0, 100, 1000, Duration.ofSeconds(1));
    }

    private static boolean admits(Runnable call) {
        try {
            call.run();
            return true;
        } catch (RetryableException e) {
            return false;
        }
    }

    private void pass(long seconds) {
        nanos.addAndGet(seconds * SECOND);
        budgets.pass(seconds * 1000);
    }

    /** Until an order in the background has done its work; no refusal is repeated without asking. */
    private void until(BooleanSupplier so) {
        while (!so.getAsBoolean()) {
            nanos.addAndGet(SECOND / 10);
            Thread.yield();
        }
    }

    @Test
    void requestsAMinute_ofThreeServers_areTogetherTheLimit() {
        TenantLimits l = limits(12, 0, 0, 1000);
        int admitted = 0;
        for (int i = 0; i < 30; i++) {
            admitted += admits(() -> a.begin(l)) ? 1 : 0;
            admitted += i < 3 && admits(() -> b.begin(l)) ? 1 : 0;
            admitted += i < 2 && admits(() -> c.begin(l)) ? 1 : 0;
        }
        assertThat(admitted).isEqualTo(12);
        pass(5);
        assertThat(admits(() -> c.begin(l))).isTrue();
        assertThatThrownBy(() -> b.begin(l)).isInstanceOfSatisfying(RetryableException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.RATE_LIMIT_EXCEEDED);
            assertThat(e.retryAfterSeconds()).isEqualTo(5);
        });
    }

    @Test
    void requests_tenThousandAtOnceOverThreeServers_areNeverAdmittedBeyondTheLimit() throws Exception {
        TenantLimits l = limits(2000, 0, 0, 100_000);
        List<SharedMeter> meters = List.of(a, b, c);
        AtomicLong admitted = new AtomicLong();
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int client = 0; client < 30; client++) {
                SharedMeter at = meters.get(client % 3);
                all.add(pool.submit(() -> {
                    for (int i = 0; i < 333; i++) {
                        if (admits(() -> at.begin(l))) {
                            admitted.incrementAndGet();
                            at.end();
                        }
                    }
                }));
            }
            for (Future<?> f : all) {
                f.get();
            }
        }
        assertThat(admitted.get()).isLessThanOrEqualTo(2000);
        // What one holds in advance comes back when it is not used.
        until(() -> {
            meters.forEach(SharedMeter::tick);
            while (admits(() -> a.begin(l))) {
                admitted.incrementAndGet();
            }
            return admitted.get() >= 2000;
        });
        assertThat(admitted.get()).isEqualTo(2000);
    }

    @Test
    void place_givenBackOnOneServer_isAnothersAtOnce() {
        TenantLimits l = limits(0, 0, 0, 2);
        for (int i = 0; i < 50; i++) {
            a.begin(l);
            b.begin(l);
            assertThat(admits(() -> c.begin(l))).isFalse();
            b.end();
            c.begin(l);
            a.end();
            c.end();
        }
        assertThat(a.running() + b.running() + c.running()).isZero();
    }

    @Test
    void places_ofAServerThatWasKilled_areFreeAfterItsLease() {
        TenantLimits l = limits(0, 0, 0, 2);
        a.begin(l);
        a.begin(l);
        assertThat(admits(() -> b.begin(l))).isFalse();
        pass(10);
        assertThat(admits(() -> b.begin(l))).isTrue();
    }

    @Test
    void tokensOfADay_areExceededByNothing() {
        TenantLimits l = limits(0, 0, 300, 64);
        a.reserve(l, 200);
        assertThatThrownBy(() -> b.reserve(l, 200)).isInstanceOfSatisfying(RealmException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.INSUFFICIENT_QUOTA));
        a.settle(l, 200, 50);
        until(() -> admits(() -> b.reserve(l, 200)));
        b.settle(l, 200, 250);
        until(() -> !admits(() -> c.begin(l)));
        assertThatThrownBy(() -> c.begin(l)).hasMessageContaining("300 tokens a day");
    }

    @Test
    void tokensAMinute_countForAllAndMoreThanAMinuteWaitsForAMinute() {
        TenantLimits l = limits(0, 600, 0, 64);
        a.reserve(l, 500);
        assertThat(admits(() -> b.reserve(l, 200))).isFalse();
        a.settle(l, 500, 100);
        until(() -> admits(() -> b.reserve(l, 500)));
        assertThat(admits(() -> c.reserve(l, 5000))).isFalse();
        b.settle(l, 500, 500);
        pass(60);
        until(() -> admits(() -> c.reserve(l, 5000)));
        pass(60);
        assertThatThrownBy(() -> a.reserve(l, 1)).isInstanceOfSatisfying(RetryableException.class,
                e -> assertThat(e.retryAfterSeconds()).as("4400 tokens were used beyond").isBetween(370L, 385L));
    }

    @Test
    void begin_ofALargeLimit_doesNotWaitForADatabaseThatDoesNotAnswer() {
        TenantLimits l = limits(600_000, 0, 0, 1000);
        long begun = 0;
        while (a.held().requests() < 20 || a.held().places() < 20) {
            a.begin(l);
            a.end();
            begun++;
            nanos.addAndGet(SECOND / 100);
            Thread.yield();
        }
        assertThat(exchanges.get()).as("orders for %s requests", begun).isLessThanOrEqualTo(begun);
        held = new CountDownLatch(1);
        for (int i = 0; i < 20; i++) {
            a.begin(l);
        }
        assertThat(a.running()).isEqualTo(20);
        held.countDown();
    }

    @Test
    void begin_withoutTheDatabase_isUnavailableOnceNothingIsHeld() {
        TenantLimits l = limits(600_000, 0, 0, 1000);
        a.begin(l);
        lost = true;
        pass(9);
        assertThatThrownBy(() -> a.begin(l)).isInstanceOfSatisfying(RealmException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_UNAVAILABLE));
        lost = false;
        a.begin(l);
    }

    @Test
    void begin_whileTheDatabaseIsSilent_waitsABoundedTime() {
        held = new CountDownLatch(1);
        long begun = System.nanoTime();
        assertThatThrownBy(() -> a.begin(limits(12, 0, 0, 64))).isInstanceOfSatisfying(RealmException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_UNAVAILABLE));
        assertThat(System.nanoTime() - begun).isBetween(SECOND, 5 * SECOND);
        held.countDown();
        until(() -> admits(() -> b.begin(limits(12, 0, 0, 64))));
    }

    @Test
    void headers_tellWhatIsLeftForAll() {
        TenantLimits l = limits(60, 600, 0, 64);
        a.begin(l);
        b.begin(l);
        b.reserve(l, 100);
        assertThat(b.headers(l)).containsEntry("x-ratelimit-limit-requests", "60")
                .containsEntry("x-ratelimit-remaining-requests", "58").containsEntry("x-ratelimit-reset-requests", "2s")
                .containsEntry("x-ratelimit-remaining-tokens", "500");
    }

    @Test
    void leave_givesBackAtOnce() {
        TenantLimits l = limits(600, 0, 0, 64);
        for (int i = 0; i < 50; i++) {
            a.begin(l);
            a.end();
            nanos.addAndGet(SECOND / 100);
        }
        a.leave();
        int admitted = 0;
        while (admits(() -> b.begin(l))) {
            b.end();
            admitted++;
        }
        assertThat(admitted).isEqualTo(550);
    }
}
