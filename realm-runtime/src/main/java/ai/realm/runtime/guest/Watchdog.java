package ai.realm.runtime.guest;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that watches all guests: deadlines, CPU time, and the share of all together. It looks every few milliseconds
 * while guest code runs, seldom while all guests wait, and sleeps while there are none.
 */
final class Watchdog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);
    private static final long RUNNING_TICK_NANOS = 5_000_000;
    private static final long WAITING_TICK_NANOS = 20_000_000;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Set<Supervision> runs = new LinkedHashSet<>();
    private final CpuGovernor governor;
    private @Nullable Thread thread;
    private boolean closed;
    private boolean said;

    Watchdog(CpuGovernor governor) {
        this.governor = governor;
    }

    static long cpuNanos(Thread thread) {
        return THREADS.getThreadCpuTime(thread.threadId());
    }

    static long currentCpuNanos() {
        return THREADS.getCurrentThreadCpuTime();
    }

    void add(Supervision run) {
        lock.lock();
        try {
            runs.add(run);
            governor.admit(System.nanoTime(), run);
            if (thread == null && !closed) {
                Thread t = new Thread(this::loop, "realm-guest-watchdog");
                t.setDaemon(true);
                // When the system has no more threads this throws, and the next guest tries it again.
                t.start();
                thread = t;
            }
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    void remove(Supervision run) {
        lock.lock();
        try {
            if (runs.remove(run)) {
                governor.account(run);
            }
        } finally {
            lock.unlock();
        }
    }

    private void loop() {
        lock.lock();
        try {
            while (!closed) {
                if (runs.isEmpty()) {
                    changed.awaitUninterruptibly();
                } else {
                    tick();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Without this thread no guest would be stopped any more: whatever fails for one, it goes on. */
    private void goingOn(Runnable what) {
        try {
            what.run();
        } catch (RuntimeException e) {
            if (!said) {
                said = true;
                LOG.error("guests could not be looked after", e);
            }
        }
    }

    private void tick() {
        List<Supervision> now = new ArrayList<>(runs);
        boolean busy = false;
        for (Supervision run : now) {
            busy |= !run.waiting();
        }
        now.forEach(run -> goingOn(() -> run.inspect(Watchdog::cpuNanos)));
        goingOn(() -> governor.tick(System.nanoTime(), now));
        try {
            long unused = changed.awaitNanos(busy ? RUNNING_TICK_NANOS : WAITING_TICK_NANOS);
        } catch (InterruptedException e) {
            closed = true;
        }
    }

    @Override
    public void close() {
        lock.lock();
        Thread t;
        try {
            closed = true;
            t = thread;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (t != null) {
            try {
                t.join(TimeUnit.SECONDS.toMillis(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
