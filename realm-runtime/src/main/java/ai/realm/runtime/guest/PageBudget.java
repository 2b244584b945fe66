package ai.realm.runtime.guest;

import com.dylibso.chicory.runtime.ChicoryInterruptedException;
import java.util.concurrent.TimeUnit;

/**
 * The pages of memory that the instances of all tenants share, and as heap that is lent for a time half as many more. Who wants more
 * than is there for it waits a while for others to end. Thread-safe.
 */
final class PageBudget {
    private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final FairShares pages;
    private final FairShares loans;

    PageBudget(long max) {
        this.pages = new FairShares(max);
        this.loans = new FairShares(max / 2);
    }

    /** Told when its thread begins and ends to wait. */
    @FunctionalInterface
    interface Waiter {
        void waiting(boolean now);
    }

    /** Whether {@code tenant} got so many within the time that one may wait; they are taken then. */
    boolean take(String tenant, long count, Waiter waiter) {
        return take(pages, tenant, count, waiter);
    }

    void giveBack(String tenant, long count) {
        pages.giveBack(tenant, count);
    }

    /** The same of those to lend. Instances lose none by it. */
    boolean lend(String tenant, long count, Waiter waiter) {
        return take(loans, tenant, count, waiter);
    }

    void endLoan(String tenant, long count) {
        loans.giveBack(tenant, count);
    }

    private static boolean take(FairShares from, String tenant, long count, Waiter waiter) {
        if (from.tryTake(tenant, count)) {
            return true;
        }
        waiter.waiting(true);
        try {
            return from.take(tenant, count, WAIT_NANOS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ChicoryInterruptedException("the guest was ended while it waited for memory");
        } finally {
            waiter.waiting(false);
        }
    }

    FairShares pages() {
        return pages;
    }

    FairShares loans() {
        return loans;
    }
}
