package ai.realm.server.http.inference;

import java.time.Duration;
import java.util.Collection;

/** What is the same for all who own several threads. */
public final class Threads {
    private Threads() {
    }

    /** Waits until all have ended, or until {@code limit} has passed for all of them together. An interrupt ends it, and stays set. */
    public static void join(Collection<Thread> all, Duration limit) {
        long end = System.nanoTime() + limit.toNanos();
        try {
            for (Thread t : all) {
                long left = end - System.nanoTime();
                if (left <= 0) {
                    return;
                }
                t.join(Duration.ofNanos(left));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
