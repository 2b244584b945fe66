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
    private final int max;
    private final AtomicInteger used = new AtomicInteger();
    private final AtomicInteger names = new AtomicInteger();
    private final Map<Integer, ThreadPoolExecutor> byStack = new ConcurrentHashMap<>();

    GuestThreads(int max) {
        this.max = max;
    }

    /**
     * Runs {@code body} on a thread of its own with that much stack, or refuses at once when all are in use; then, when the place is free
     * again, {@code ended}: whoever that tells finds the place free.
     */
    void start(int stackBytes, Runnable body, Runnable ended) {
        if (used.incrementAndGet() > max) {
            used.decrementAndGet();
            throw new RealmException(ErrorCode.OVERLOADED, "all " + max + " guest instances of the server are in use");
        }
        try {
            byStack.computeIfAbsent(stackBytes, this::pool).execute(() -> {
                try {
                    body.run();
                } finally {
                    used.decrementAndGet();
                    ended.run();
                }
            });
        } catch (RejectedExecutionException e) {
            used.decrementAndGet();
            throw new RealmException(ErrorCode.DRAINING, "the guest host is closed", e);
        }
    }

    int used() {
        return used.get();
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
