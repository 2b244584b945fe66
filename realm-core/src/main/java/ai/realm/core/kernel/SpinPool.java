package ai.realm.core.kernel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A {@link WorkerPool} for regions of microseconds: workers wait for the next region by spinning a little, then park; parts are
 * claimed one by one, so a thread that the system took away holds up only the part it has. Several callers take turns.
 */
final class SpinPool implements WorkerPool {
    /** How long a thread spins before it parks: longer than the serial work between two regions of a decode step. */
    private static final long SPIN_NANOS = 60_000;

    private final Worker[] workers;
    private final long spinNanos;
    private final ReentrantLock turn = new ReentrantLock();
    /** Epoch in the high half, parts not yet claimed in the low half. */
    private final AtomicLong claim = new AtomicLong();
    private final AtomicInteger pending = new AtomicInteger();
    private int parts;
    private @Nullable Task task;
    private volatile @Nullable Thread waitingCaller;
    private volatile @Nullable Throwable failure;
    private volatile @Nullable Spare spare;
    private volatile @Nullable Throwable spareFailure;
    private volatile boolean closed;

    private SpinPool(int threads) {
        this.spinNanos = threads <= Runtime.getRuntime().availableProcessors() ? SPIN_NANOS : 0;
        this.workers = new Worker[threads - 1];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker(i + 1);
        }
    }

    /** Starts {@code threads - 1} daemon threads. */
    static SpinPool open(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1, not " + threads);
        }
        SpinPool pool = new SpinPool(threads);
        for (Worker w : pool.workers) {
            w.start();
        }
        return pool;
    }

    @Override
    public int threads() {
        return workers.length + 1;
    }

    @Override
    public void run(int count, Task work) {
        if (count <= 0) {
            return;
        }
        if (turn.isHeldByCurrentThread() || Thread.currentThread() instanceof Worker) {
            throw new IllegalStateException("a part must not start a region of its own");
        }
        turn.lock();
        try {
            if (closed) {
                throw new IllegalStateException("the pool is closed");
            }
            failure = null;
            parts = count;
            task = work;
            pending.set(count);
            long epoch = (claim.get() >>> 32) + 1;
            claim.set(epoch << 32 | count);
            if (count > 1) {
                wake(count - 1);
            }
            drain(epoch & 0xffffffffL);
            awaitOthers();
            task = null;
            Throwable thrown = failure == null ? spareFailure : failure;
            if (thrown != null) {
                spareFailure = null;
                rethrow(thrown);
            }
        } finally {
            turn.unlock();
        }
    }

    @Override
    public void whileWaiting(@Nullable Spare work) {
        spare = work;
        spareFailure = null;
    }

    /** Whether a little of the spare work was done and there is more. */
    private boolean workWhileWaiting(int thread) {
        Spare work = spare;
        if (work == null || spinNanos == 0) {
            return false;
        }
        try {
            return work.run(thread);
        } catch (Throwable t) { // handed to the next caller of run
            if (spare == work) {
                spare = null;
                spareFailure = t;
            }
            return false;
        }
    }

    private void wake(int most) {
        int n = Math.min(most, workers.length);
        for (int i = 0; i < n; i++) {
            if (workers[i].parked) {
                LockSupport.unpark(workers[i]);
            }
        }
    }

    /** Runs parts of this epoch until none is left to claim. */
    private void drain(long epoch) {
        while (true) {
            long seen = claim.get();
            int left = (int) seen;
            if (seen >>> 32 != epoch || left == 0) {
                return;
            }
            if (claim.compareAndSet(seen, seen - 1)) {
                runPart(parts - left);
            }
        }
    }

    private void runPart(int part) {
        try {
            Task t = task;
            if (t != null) {
                t.run(part);
            }
        } catch (Throwable t) { // handed to the caller of run
            failure = t;
        } finally {
            if (pending.decrementAndGet() == 0) {
                Thread waiting = waitingCaller;
                if (waiting != null) {
                    LockSupport.unpark(waiting);
                }
            }
        }
    }

    private void awaitOthers() {
        long deadline = 0;
        while (pending.get() != 0) {
            if (workWhileWaiting(0)) {
                continue;
            }
            long now = System.nanoTime();
            if (deadline == 0) {
                deadline = now + spinNanos;
            } else if (now - deadline > 0) {
                waitingCaller = Thread.currentThread();
                if (pending.get() != 0) {
                    LockSupport.park(this);
                }
                waitingCaller = null;
            }
            Thread.onSpinWait();
        }
    }

    private static void rethrow(Throwable thrown) {
        if (thrown instanceof RuntimeException e) {
            throw e;
        }
        if (thrown instanceof Error e) {
            throw e;
        }
        throw new IllegalStateException(thrown);
    }

    @Override
    public void close() {
        turn.lock();
        try {
            closed = true;
        } finally {
            turn.unlock();
        }
        for (Worker w : workers) {
            LockSupport.unpark(w);
        }
    }

    private final class Worker extends Thread {
        private final int number;
        private volatile boolean parked;

        Worker(int number) {
            super("realm-worker-" + number);
            this.number = number;
            setDaemon(true);
        }

        @Override
        public void run() {
            long last = 0;
            while (!closed) {
                last = awaitEpochAfter(last);
                drain(last);
            }
        }

        private long awaitEpochAfter(long last) {
            long deadline = System.nanoTime() + spinNanos;
            while (true) {
                for (int i = 0; i < 64; i++) {
                    long epoch = claim.get() >>> 32;
                    if (epoch != last || closed) {
                        return epoch;
                    }
                    if (!workWhileWaiting(number)) {
                        Thread.onSpinWait();
                    }
                }
                if (System.nanoTime() - deadline > 0) {
                    parked = true;
                    if (claim.get() >>> 32 == last && !closed) {
                        LockSupport.park(SpinPool.this);
                    }
                    parked = false;
                }
            }
        }
    }
}
