package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The platform threads that guests run on: bounded, each with the stack that its guest is allowed, reused, gone after half a
 * minute without work. Platform threads, because only their CPU time can be measured.
 */
final class GuestThreads implements AutoCloseable {
    private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final FairShares places;
    private final AtomicInteger names = new AtomicInteger();
    private final Map<Integer, ThreadPoolExecutor> byStack = new ConcurrentHashMap<>();

    GuestThreads(int max) {
        this.places = new FairShares(max);
    }

    /**
     * Runs {@code body} on a thread of its own with that much stack, as soon as the tenant may have one more; refuses when that
     * takes long. When the place is free again it runs {@code ended}: whoever that tells finds the place free.
     */
    void start(String tenant, int stackBytes, Runnable body, Runnable ended) {
        enter(tenant);
        try {
            byStack.computeIfAbsent(stackBytes, this::pool).execute(() -> {
                try {
                    body.run();
                } finally {
                    places.giveBack(tenant, 1);
                    ended.run();
                }
            });
        } catch (RejectedExecutionException e) {
            places.giveBack(tenant, 1);
            throw new RealmException(ErrorCode.DRAINING, "the guest host is closed", e);
        }
    }

    private void enter(String tenant) {
        try {
            if (!places.take(tenant, 1, WAIT_NANOS)) {
                throw new RealmException(ErrorCode.OVERLOADED,
                        "the server's guest instances are in use: " + places.describe(tenant, "instances"));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RealmException(ErrorCode.CANCELLED, "interrupted while waiting for a guest instance", e);
        }
    }

    private ThreadPoolExecutor pool(int stackBytes) {
        return new ThreadPoolExecutor(0, Integer.MAX_VALUE, 30, TimeUnit.SECONDS, new SynchronousQueue<>(),
                r -> new GuestThread(r, "realm-guest-" + names.incrementAndGet(), stackBytes));
    }

    @Override
    public void close() {
        byStack.values().forEach(ThreadPoolExecutor::shutdownNow);
    }
}
