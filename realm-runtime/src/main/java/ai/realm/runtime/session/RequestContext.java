package ai.realm.runtime.session;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What travels with a request from its first step to its last: its ids, its deadline and its cancellation. Thread-safe.
 * {@link #cancel} runs the registered listeners once, on the caller's thread; a listener must be quick and not throw.
 */
public final class RequestContext {
    private static final Logger LOG = LoggerFactory.getLogger(RequestContext.class);

    /** One more than the last. */
    private static final int STEPS = 11;

    private final String requestId;
    private final String tenantId;
    private final double weight;
    private final int contextLimit;
    private final long deadlineNanos;
    private final boolean warmUp;
    private final List<Runnable> listeners = new ArrayList<>();
    private final AtomicLongArray moments = new AtomicLongArray(STEPS);
    private @Nullable RealmException cause;

    /**
     * @param tenantId opaque id: the fair share and the salt of the prefix cache, never a key
     * @param deadlineNanos of {@link System#nanoTime}
     */
    public RequestContext(String requestId, String tenantId, long deadlineNanos) {
        this(requestId, tenantId, 1, Integer.MAX_VALUE, deadlineNanos);
    }

    /**
     * @param weight the tenant's share of the engine beside other tenants that want it; above 0, usually 1
     * @param contextLimit positions that a sequence of this tenant may have, prompt and answer, whatever the model could
     */
    public RequestContext(String requestId, String tenantId, double weight, int contextLimit, long deadlineNanos) {
        this(requestId, tenantId, weight, contextLimit, deadlineNanos, false);
    }

    /** @param warmUp whether the request is the server's own: not logged, not counted, and nothing of it in the prefix cache */
    public RequestContext(String requestId, String tenantId, double weight, int contextLimit, long deadlineNanos,
            boolean warmUp) {
        if (!(weight > 0 && weight <= 1e6)) {
            throw RealmException.badParam("weight", "a tenant's weight must be above 0 and at most 1000000, not " + weight);
        }
        this.requestId = requestId;
        this.tenantId = tenantId;
        this.weight = weight;
        this.contextLimit = contextLimit;
        this.deadlineNanos = deadlineNanos;
        this.warmUp = warmUp;
    }

    public String requestId() {
        return requestId;
    }

    public String tenantId() {
        return tenantId;
    }

    /** The tenant's weight in the fair share. */
    public double weight() {
        return weight;
    }

    /** Positions that a sequence of the tenant may have at most. */
    public int contextLimit() {
        return contextLimit;
    }

    /** Whether it is the server's own, which leaves no trace. */
    public boolean isWarmUp() {
        return warmUp;
    }

    public long remainingNanos() {
        return deadlineNanos - System.nanoTime();
    }

    /** Notes when the request first reaches this step of the request path, with a line at DEBUG. */
    public void reached(int step, String name) {
        if (note(step) && !warmUp) {
            LOG.debug("step={} step_name={} request_id={} tenant={}", step, name, requestId, tenantId);
        }
    }

    /** Notes when the request first reaches a step whose line somebody else writes; false when it had reached it before. */
    public boolean note(int step) {
        // Steps 7 to 9 are reached once a token: only the first time costs more than a read.
        return moments.get(step) == 0 && moments.compareAndSet(step, 0, System.nanoTime() | 1);
    }

    /** When a step was first reached, of {@link System#nanoTime}; 0 when it was not. */
    public long reachedAt(int step) {
        return moments.get(step);
    }

    /** Ends the request; the first cause stays. */
    public void cancel(ErrorCode code, String message) {
        List<Runnable> run;
        synchronized (this) {
            if (cause != null) {
                return;
            }
            cause = new RealmException(code, message);
            run = List.copyOf(listeners);
            listeners.clear();
        }
        run.forEach(Runnable::run);
    }

    /** Why the request was cancelled, or null. */
    public synchronized @Nullable RealmException cancelled() {
        return cause;
    }

    /** Throws when the request was cancelled or its deadline has passed. */
    public void check() {
        RealmException c = cancelled();
        if (c != null) {
            throw new RealmException(c.code(), String.valueOf(c.getMessage()), c);
        }
        if (remainingNanos() <= 0) {
            throw new RealmException(ErrorCode.DEADLINE_EXCEEDED, "the request's deadline has passed");
        }
    }

    /** Calls {@code listener} when the request is cancelled, at once if it already is. Close the result to unregister. */
    public Registration onCancel(Runnable listener) {
        synchronized (this) {
            if (cause == null) {
                listeners.add(listener);
                return () -> {
                    synchronized (this) {
                        listeners.remove(listener);
                    }
                };
            }
        }
        listener.run();
        return () -> {};
    }

    /** A registered listener. */
    @FunctionalInterface
    public interface Registration extends AutoCloseable {
        @Override
        void close();
    }
}
