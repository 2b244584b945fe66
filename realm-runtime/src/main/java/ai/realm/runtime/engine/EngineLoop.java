package ai.realm.runtime.engine;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.scheduler.Ending;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loop of every engine, whatever it computes: take what was submitted, end what is over, compute a step, publish where it stands;
 * parked when there is nothing to do. Its one thread alone calls the {@link Body}. A step that fails altogether ends what is there, and
 * the loop goes on. Other methods are thread-safe.
 *
 * @param <T> what is submitted
 */
final class EngineLoop<T> {
    private static final Logger LOG = LoggerFactory.getLogger(EngineLoop.class);

    private final String name;
    private final Body<T> body;
    private final LongSupplier clock;
    private final Places places;
    private final Queue<T> submitted = new ConcurrentLinkedQueue<>();
    private @Nullable Thread thread;

    private long steps;
    private long stepNanos;
    private long forwardedTokens;
    private volatile boolean draining;
    /** Why it takes nothing new; set before {@link #draining}. */
    private volatile ErrorCode drainReason = ErrorCode.DRAINING;
    private volatile long drainLimit = Long.MAX_VALUE;
    private volatile boolean closing;
    private volatile boolean computing;
    private volatile @Nullable EngineSnapshot snapshot;

    /** What one kind of engine does, on the loop's thread. */
    interface Body<T> {
        void take(T submitted);

        /** Ends what has to end; nanoseconds until the next such moment. */
        long sweep(long now);

        /** One step; false when nothing can be computed. */
        boolean step();

        /** Ends all that was taken. */
        void endAll(Ending.Kind kind, RealmException why);

        /** Ends what was submitted and will not be taken; on any thread. */
        void refuse(T submitted, RealmException why);

        EngineSnapshot snapshot();

        /** Frees what the engine owns, once. */
        void close();
    }

    EngineLoop(String name, int maxWaiting, LongSupplier clock, Body<T> body) {
        this.name = name;
        this.clock = clock;
        this.body = body;
        this.places = new Places(maxWaiting);
    }

    void start() {
        snapshot = body.snapshot();
        thread = Thread.ofPlatform().daemon().name("engine-" + name).start(this::run);
    }

    Places places() {
        return places;
    }

    /** Now, on the engine's clock. */
    long now() {
        return clock.getAsLong();
    }

    /** Whether it is not parked. */
    boolean computing() {
        return computing;
    }

    /** As of the last step. */
    EngineSnapshot snapshot() {
        EngineSnapshot s = snapshot;
        if (s == null) {
            throw new IllegalStateException("the engine was not started");
        }
        return s;
    }

    /** Makes the loop look again. */
    void wake() {
        LockSupport.unpark(thread);
    }

    /**
     * Takes places for what is about to be submitted.
     *
     * @throws RealmException OVERLOADED when there are none, DRAINING, MODEL_UNLOADED
     */
    void enter(String tenant, int n) {
        if (draining) {
            throw drained();
        }
        places.enter(tenant, n);
    }

    /** Hands over what has its places. */
    void submit(T what) {
        submitted.add(what);
        wake();
        if (closing) {
            refuseSubmitted();
        }
    }

    /** What those are told that come too late. */
    private RealmException drained() {
        return new RealmException(drainReason, drainReason == ErrorCode.MODEL_UNLOADED
                ? "the model " + name + " was unloaded by the server's operator"
                : "the model " + name + " takes no new requests: it is being closed");
    }

    /** Why something with this deadline must end now, or null. */
    @Nullable
    RealmException over(long deadlineNanos, long now) {
        if (deadlineNanos - now <= 0) {
            return new RealmException(ErrorCode.DEADLINE_EXCEEDED, "the request's deadline has passed");
        }
        return draining && now - drainLimit >= 0 ? drained() : null;
    }

    /** Nanoseconds until {@link #over} may change, at least 1. */
    long untilOver(long deadlineNanos, long now) {
        long left = deadlineNanos - now;
        return Math.max(1, draining ? Math.min(left, drainLimit - now) : left);
    }

    /** Counts a step. */
    void stepped(long nanos, int tokens) {
        steps++;
        stepNanos += nanos;
        forwardedTokens += tokens;
    }

    long steps() {
        return steps;
    }

    long stepNanos() {
        return stepNanos;
    }

    long forwardedTokens() {
        return forwardedTokens;
    }

    private void run() {
        try {
            while (!closing) {
                turnOnce();
            }
        } finally {
            closing = true;
            takeSubmitted();
            body.endAll(Ending.Kind.CANCELLED, drained());
            refuseSubmitted();
            snapshot = body.snapshot();
            body.close();
        }
    }

    private void turnOnce() {
        try {
            takeSubmitted();
            long wait = body.sweep(now());
            computing = true;
            boolean computed = body.step();
            snapshot = body.snapshot();
            if (!computed) {
                computing = false;
                LockSupport.parkNanos(this, wait);
            }
        } catch (RuntimeException | Error e) {
            LOG.error("model={} error_code={} the engine's loop failed, what it had is ended", name, ErrorCode.INTERNAL, e);
            takeSubmitted();
            body.endAll(Ending.Kind.ERROR, asError(e, "the engine"));
        }
    }

    /** Takes what was submitted until now. The body's. */
    void takeSubmitted() {
        for (T t = submitted.poll(); t != null; t = submitted.poll()) {
            body.take(t);
        }
    }

    /** Ends what came while the loop was ending. */
    private void refuseSubmitted() {
        for (T t = submitted.poll(); t != null; t = submitted.poll()) {
            body.refuse(t, drained());
        }
    }

    /**
     * Takes nothing new, lets what runs end until the limit, then ends the rest. An interrupt ends only the wait.
     *
     * @param reason what those that are ended, or come later, are told: DRAINING or MODEL_UNLOADED
     */
    void drain(long limitNanos, ErrorCode reason) {
        drainReason = reason;
        drainLimit = now() + limitNanos;
        draining = true;
        wake();
        try {
            places.awaitQuiet(this::alive);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean alive() {
        Thread t = thread;
        return t != null && t.isAlive();
    }

    /** Ends what runs and the loop; returns when the body is closed. */
    void close() {
        draining = true;
        closing = true;
        wake();
        boolean interrupted = false;
        while (alive()) {
            try {
                join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void join() throws InterruptedException {
        Thread t = thread;
        if (t != null) {
            t.join();
        }
    }

    /** What a failure becomes for the one whose request it ends. */
    static RealmException asError(Throwable e, String what) {
        return e instanceof RealmException r
                ? new RealmException(r.code(), String.valueOf(r.getMessage()), r.param(), r)
                : new RealmException(ErrorCode.INTERNAL, what + " failed: " + e.getClass().getSimpleName(), e);
    }
}
