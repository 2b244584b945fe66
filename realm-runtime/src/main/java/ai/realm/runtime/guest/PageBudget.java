package ai.realm.runtime.guest;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The pages of memory that all instances of the server share, and as heap that is lent for a time half as many more. Thread-safe.
 */
final class PageBudget {
    private final long max;
    private final AtomicLong used = new AtomicLong();
    private final AtomicLong lent = new AtomicLong();

    PageBudget(long max) {
        this.max = max;
    }

    /** Whether there were so many left; they are taken then. */
    boolean take(int pages) {
        return add(used, pages, max);
    }

    private static boolean add(AtomicLong to, int pages, long most) {
        for (long now = to.get(); now + pages <= most; now = to.get()) {
            if (to.compareAndSet(now, now + pages)) {
                return true;
            }
        }
        return false;
    }

    void giveBack(int pages) {
        used.addAndGet(-pages);
    }

    /** Whether so many of those to lend were left; they are lent then. Instances lose none by it. */
    boolean lend(int pages) {
        return add(lent, pages, maxLent());
    }

    void endLoan(int pages) {
        lent.addAndGet(-pages);
    }

    long lent() {
        return lent.get();
    }

    long maxLent() {
        return max / 2;
    }

    long used() {
        return used.get();
    }

    long max() {
        return max;
    }
}
