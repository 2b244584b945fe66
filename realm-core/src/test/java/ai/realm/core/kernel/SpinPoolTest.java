package ai.realm.core.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpinPoolTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 64})
    void run_manyRegions_callsEveryPartOnce(int threads) {
        try (SpinPool pool = SpinPool.open(threads)) {
            for (int region = 0; region < 200; region++) {
                int parts = region % 37;
                AtomicIntegerArray calls = new AtomicIntegerArray(Math.max(1, parts));
                pool.run(parts, calls::incrementAndGet);
                for (int p = 0; p < parts; p++) {
                    assertThat(calls.get(p)).isEqualTo(1);
                }
            }
        }
    }

    @Test
    void run_plainWritesOfParts_areSeenByTheCaller() {
        try (SpinPool pool = SpinPool.open(4)) {
            long[] out = new long[64];
            for (int region = 1; region <= 2000; region++) {
                int r = region;
                pool.run(out.length, p -> out[p] = (long) r * p);
                for (int p = 0; p < out.length; p++) {
                    assertThat(out[p]).isEqualTo((long) r * p);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void run_partThrows_failsAfterAllPartsHaveEnded(int threads) {
        try (SpinPool pool = SpinPool.open(threads)) {
            AtomicInteger ended = new AtomicInteger();
            assertThatThrownBy(() -> pool.run(8, p -> {
                ended.incrementAndGet();
                if (p == 2) {
                    throw new IllegalArgumentException("part 2");
                }
            })).isInstanceOf(IllegalArgumentException.class).hasMessage("part 2");
            assertThat(ended).hasValue(8);
            pool.run(4, p -> ended.incrementAndGet());
            assertThat(ended).hasValue(12);
        }
    }

    /** Who only spun would take processors from others while there is nothing to do. */
    @ParameterizedTest
    @ValueSource(ints = {2, 64})
    void workers_withNothingToDo_park(int threads) {
        try (SpinPool pool = SpinPool.open(threads)) {
            Set<Thread> workers = ConcurrentHashMap.newKeySet();
            Thread caller = Thread.currentThread();
            long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (workers.isEmpty() && System.nanoTime() - limit < 0) {
                pool.run(threads * 8, part -> {
                    if (Thread.currentThread() != caller) {
                        workers.add(Thread.currentThread());
                    }
                });
            }
            assertThat(workers).isNotEmpty();
            while (!workers.stream().allMatch(w -> w.getState() == Thread.State.WAITING) && System.nanoTime() - limit < 0) {
                Thread.onSpinWait();
            }
            assertThat(workers).allMatch(w -> w.getState() == Thread.State.WAITING);
        }
    }

    @Test
    void whileWaiting_work_isDoneByEachThreadUntilNothingIsLeft() {
        assumeThat(Runtime.getRuntime().availableProcessors()).isGreaterThan(1);
        int most = 5;
        AtomicIntegerArray calls = new AtomicIntegerArray(2);
        try (SpinPool pool = SpinPool.open(2)) {
            pool.whileWaiting(thread -> calls.get(thread) < most && calls.incrementAndGet(thread) < most);
            runUntil(pool, () -> calls.get(0) == most && calls.get(1) == most);
        }
        assertThat(calls.get(0)).isEqualTo(most);
        assertThat(calls.get(1)).isEqualTo(most);
    }

    @Test
    void whileWaiting_workThrows_failsOneCallAndIsNotDoneAgain() {
        assumeThat(Runtime.getRuntime().availableProcessors()).isGreaterThan(1);
        AtomicInteger calls = new AtomicInteger();
        try (SpinPool pool = SpinPool.open(2)) {
            pool.whileWaiting(thread -> {
                calls.incrementAndGet();
                throw new IllegalArgumentException("spare");
            });
            assertThatThrownBy(() -> runUntil(pool, () -> false)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("spare");
            int before = calls.get();
            pool.run(4, part -> {});
            assertThat(calls).hasValue(before);
        }
    }

    /** Runs short regions, half a minute at most. */
    private static void runUntil(SpinPool pool, BooleanSupplier reached) {
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!reached.getAsBoolean() && System.nanoTime() - limit < 0) {
            pool.run(2, part -> Thread.onSpinWait());
        }
    }

    @Test
    void run_insideAPart_isRefused() {
        try (SpinPool pool = SpinPool.open(2)) {
            assertThatThrownBy(() -> pool.run(4, p -> pool.run(1, q -> {}))).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void run_afterClose_isRefused() {
        SpinPool pool = SpinPool.open(2);
        pool.close();
        assertThatThrownBy(() -> pool.run(1, p -> {})).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
    }

    @Test
    void run_severalCallers_takeTurns() throws InterruptedException {
        try (SpinPool pool = SpinPool.open(2)) {
            AtomicInteger total = new AtomicInteger();
            Thread[] callers = new Thread[4];
            for (int c = 0; c < callers.length; c++) {
                callers[c] = new Thread(() -> {
                    for (int i = 0; i < 200; i++) {
                        pool.run(5, p -> total.incrementAndGet());
                    }
                });
                callers[c].start();
            }
            for (Thread c : callers) {
                c.join();
            }
            assertThat(total).hasValue(4 * 200 * 5);
        }
    }
}
