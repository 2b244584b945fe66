package ai.realm.runtime.guest;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * So many equal things that tenants share, none of which can be taken away again: pages, threads, places. A tenant may hold at
 * most twice what would then be left, so what one has never leaves nothing for the next. One alone can have two thirds, two of
 * them two fifths each, and whoever comes finds a part free. When the others let go, a tenant's part grows. (The rule is that of
 * shared packet buffers: Choudhury and Hahne, Dynamic queue length thresholds for shared-memory packet switches, 1998.)
 * Thread-safe.
 */
public final class FairShares {
    private static final long TIMES_WHAT_IS_LEFT = 2;

    private final long max;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<String, Long> held = new HashMap<>();
    private long used;

    public FairShares(long max) {
        this.max = max;
    }

    /** Takes {@code count} for {@code tenant} if it may have them now. */
    public boolean tryTake(String tenant, long count) {
        lock.lock();
        try {
            boolean may = may(tenant, count);
            if (may) {
                add(tenant, count);
            }
            return may;
        } finally {
            lock.unlock();
        }
    }

    /** Waits at most {@code nanos} until {@code tenant} may have {@code count}; they are taken then. */
    public boolean take(String tenant, long count, long nanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = nanos;
            while (!may(tenant, count)) {
                if (left <= 0 || count > max) {
                    return false;
                }
                left = changed.awaitNanos(left);
            }
            add(tenant, count);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** When nobody has any, a single wish may be as large as all there is. */
    private boolean may(String tenant, long count) {
        long left = max - used - count;
        return left >= 0 && (count == 0 || used == 0 || heldBy(tenant) + count <= TIMES_WHAT_IS_LEFT * left);
    }

    private void add(String tenant, long count) {
        used += count;
        held.merge(tenant, count, (a, b) -> a + b == 0 ? null : a + b);
    }

    public void giveBack(String tenant, long count) {
        if (count != 0) {
            lock.lock();
            try {
                add(tenant, -count);
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /** What {@code tenant} has. */
    public long held(String tenant) {
        lock.lock();
        try {
            return heldBy(tenant);
        } finally {
            lock.unlock();
        }
    }

    private long heldBy(String tenant) {
        return held.getOrDefault(tenant, 0L);
    }

    /** What all tenants have. */
    public long used() {
        lock.lock();
        try {
            return used;
        } finally {
            lock.unlock();
        }
    }

    public long max() {
        return max;
    }

    /** {@code 4000 of 4096 pages are in use, 2700 of them by this tenant}. */
    String describe(String tenant, String things) {
        return used() + " of " + max + " " + things + " are in use, " + held(tenant) + " of them by this tenant";
    }
}
