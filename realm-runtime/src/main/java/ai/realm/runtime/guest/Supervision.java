package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * One run of guest code under watch: what it may use, what it has used, and whether it must end. The watchdog and the request's
 * cancellation end it from other threads; the guest's own thread asks whether it may go on.
 */
final class Supervision {
    /** Whoever lets a waiting run go on or ends it wakes it up; to wake by itself would only disturb the others. */
    private static final long LONG_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final String tenant;
    private final long startNanos = System.nanoTime();
    private final Duration deadline;
    private final Duration cpuTime;
    private final long requestNanos;

    private final Object lock = new Object();
    private @Nullable Thread thread;
    private @Nullable RealmException verdict;
    private boolean ended;
    private long cpuAtStart;

    private volatile boolean waiting;
    private volatile boolean paused;
    private volatile long cpuNanos;
    private long accountedNanos;
    private volatile long pausedNanos;
    /** The governor's: when the run began, how long it has been held back, and when it last had its turn. */
    long admittedNanos;
    long heldNanos;
    long turn;

    /** @param requestRemainingNanos what is left of the request's own deadline */
    Supervision(String tenant, Duration deadline, Duration cpuTime, long requestRemainingNanos) {
        this.tenant = tenant;
        this.deadline = deadline;
        this.cpuTime = cpuTime;
        this.requestNanos = requestRemainingNanos;
    }

    String tenant() {
        return tenant;
    }

    /** Called on the guest's thread before any guest code. */
    void begin(long threadCpuNanos) {
        synchronized (lock) {
            thread = Thread.currentThread();
            cpuAtStart = threadCpuNanos;
        }
    }

    /** Called on the guest's thread after all guest code: no interrupt comes later than this. */
    void end(long threadCpuNanos) {
        synchronized (lock) {
            ended = true;
            thread = null;
        }
        cpuNanos = Math.max(0, threadCpuNanos - cpuAtStart);
        waiting = true;
        Thread.interrupted();
    }

    /** Ends the run; the first cause stays. */
    void kill(RealmException cause) {
        synchronized (lock) {
            if (verdict == null) {
                verdict = cause;
            }
            if (!ended && thread != null) {
                thread.interrupt();
            }
        }
    }

    /** Why the run was ended, or null. */
    @Nullable
    RealmException verdict() {
        synchronized (lock) {
            return verdict;
        }
    }

    /** Throws when the run was ended from outside. */
    void check() {
        RealmException v = verdict();
        if (v != null) {
            throw v;
        }
    }

    /** The watchdog's look at it; {@code threads} tells the CPU time of a thread. */
    void inspect(ToLongFunction<Thread> threads) {
        RealmException known;
        synchronized (lock) {
            if (ended) {
                return;
            }
            known = verdict;
            Thread t = thread;
            if (t != null) {
                long cpu = threads.applyAsLong(t);
                if (cpu >= 0) {
                    used(Math.max(cpuNanos, cpu - cpuAtStart));
                }
            }
        }
        if (known != null) {
            kill(known); // again, in case that the first interrupt was swallowed on the way
        } else if (ageNanos() > deadline.toNanos()) {
            kill(GuestLimit.DEADLINE.reached(millis(deadline.toNanos()), millis(ageNanos())));
        } else if (ageNanos() > requestNanos) {
            kill(new RealmException(ErrorCode.DEADLINE_EXCEEDED, "the request's deadline has passed"));
        } else if (cpuNanos > cpuTime.toNanos()) {
            kill(GuestLimit.CPU_TIME.reached(millis(cpuTime.toNanos()), millis(cpuNanos)));
        }
    }

    private static String millis(long nanos) {
        return TimeUnit.NANOSECONDS.toMillis(nanos) + " ms";
    }

    /** What is left of the guest's own deadline. */
    long remainingNanos() {
        return deadline.toNanos() - ageNanos();
    }

    /** Processor time until now; on the guest's thread. */
    long cpuNow() {
        return Math.max(0, Watchdog.currentCpuNanos() - cpuAtStart);
    }

    long ageNanos() {
        return System.nanoTime() - startNanos;
    }

    long cpuNanos() {
        return cpuNanos;
    }

    /** CPU time as the watchdog measured it. */
    void used(long nanos) {
        cpuNanos = nanos;
    }

    /** CPU time since the last call, for the governor. */
    long takeCpuDelta() {
        long now = cpuNanos;
        long delta = now - accountedNanos;
        accountedNanos = now;
        return delta;
    }

    boolean waiting() {
        return waiting;
    }

    /** Host calls that wait for something else than a processor say so, so that the governor looks elsewhere. */
    void waiting(boolean now) {
        waiting = now;
    }

    void pause(boolean now) {
        paused = now;
        if (!now) {
            synchronized (lock) {
                LockSupport.unpark(thread);
            }
        }
    }

    boolean paused() {
        return paused;
    }

    /** Waits on the guest's thread until it may use a processor again, or {@code interrupted}. */
    void awaitTurn(BooleanSupplier interrupted) {
        long begin = System.nanoTime();
        while (paused && !interrupted.getAsBoolean()) {
            LockSupport.parkNanos(this, LONG_NANOS);
        }
        pausedNanos += System.nanoTime() - begin;
    }

    long pausedNanos() {
        return pausedNanos;
    }
}
