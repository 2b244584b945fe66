package ai.realm.runtime.engine;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/**
 * How many are in an engine: the bounded places of those that wait for their first step, and all that have not ended. Callers' threads
 * enter, the loop does the rest.
 */
final class Places {
    private static final long LOOK_MILLIS = 100;

    private final Admission admission;
    private final AtomicInteger live = new AtomicInteger();
    private final Object quiet = new Object();

    Places(int maxWaiting) {
        this.admission = new Admission(maxWaiting, "waiting requests");
    }

    /** Takes places for {@code n}, or throws OVERLOADED. */
    void enter(String tenant, int n) {
        admission.enter(tenant, n);
        live.addAndGet(n);
    }

    /** One waits no longer. */
    void left(String tenant) {
        admission.leave(tenant);
    }

    int waiting() {
        return admission.total();
    }

    /** One has ended. */
    void ended() {
        if (live.decrementAndGet() == 0) {
            synchronized (quiet) {
                quiet.notifyAll();
            }
        }
    }

    /**
     * Waits until nobody is left or the engine has ended.
     *
     * @throws InterruptedException when the caller is interrupted
     */
    void awaitQuiet(BooleanSupplier running) throws InterruptedException {
        synchronized (quiet) {
            while (live.get() > 0 && running.getAsBoolean()) {
                quiet.wait(LOOK_MILLIS);
            }
        }
    }
}
