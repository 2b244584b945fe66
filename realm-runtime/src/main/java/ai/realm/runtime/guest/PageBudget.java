package ai.realm.runtime.guest;

import java.util.concurrent.atomic.AtomicLong;

/** The pages of memory that all instances of the server share. Thread-safe. */
final class PageBudget {
    private final long max;
    private final AtomicLong used = new AtomicLong();

    PageBudget(long max) {
        this.max = max;
    }

    /** Whether there were so many left; they are taken then. */
    boolean take(int pages) {
        long now = used.addAndGet(pages);
        if (now > max) {
            used.addAndGet(-pages);
            return false;
        }
        return true;
    }

    void giveBack(int pages) {
        used.addAndGet(-pages);
    }

    long used() {
        return used.get();
    }

    long max() {
        return max;
    }
}
