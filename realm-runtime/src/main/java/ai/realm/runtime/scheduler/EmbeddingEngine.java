package ai.realm.runtime.scheduler;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.model.Encoder;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loop that runs one encoder: take what was submitted, drop what was cancelled or is late, compute a pass of texts of all
 * tenants, deliver; parked when there is nothing to do. Its one thread alone uses the encoder. A pass that fails ends the calls in
 * it; the loop goes on. Other methods are thread-safe.
 */
public final class EmbeddingEngine implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddingEngine.class);

    private static final long LOOK_MILLIS = 100;

    private final String name;
    private final Encoder encoder;
    private final int budget;
    private final ReentrantLock turn;
    private final EngineListener listener;
    private final LongSupplier clock;
    private final Admission admission;
    private final Queue<EmbeddingCall> submitted = new ConcurrentLinkedQueue<>();
    private final EmbeddingQueue queue = new EmbeddingQueue();
    /** Calls that have not ended, of which texts may be computed already. */
    private final Set<EmbeddingCall> live = new LinkedHashSet<>();
    private final AtomicInteger unended = new AtomicInteger();
    private final Thread thread;

    private long steps;
    private long stepNanos;
    private long forwardedTokens;
    private volatile boolean draining;
    /** Why it takes nothing new; set before {@link #draining}. */
    private volatile ErrorCode drainReason = ErrorCode.DRAINING;
    private volatile long drainLimit = Long.MAX_VALUE;
    private volatile boolean closing;
    private volatile EngineSnapshot snapshot;

    /**
     * Starts the loop. The engine owns the encoder from here on and closes it.
     *
     * @param turn held for a pass, so that the engines of one process take turns at the threads that compute
     * @param clock monotonic nanoseconds
     */
    public EmbeddingEngine(String name, Encoder encoder, EngineOptions options, ReentrantLock turn, EngineListener listener,
            LongSupplier clock) {
        this.name = name;
        this.encoder = encoder;
        this.budget = options.tokenBudget();
        this.turn = turn;
        this.listener = listener;
        this.clock = clock;
        this.admission = new Admission(options.maxWaiting());
        this.snapshot = takeSnapshot();
        this.thread = Thread.ofPlatform().daemon().name("engine-" + name).start(this::loop);
    }

    /** As of the last pass. */
    public EngineSnapshot snapshot() {
        return snapshot;
    }

    /** Now, on the engine's clock. */
    public long now() {
        return clock.getAsLong();
    }

    /**
     * Queues the texts of a request.
     *
     * @throws RealmException OVERLOADED when the queue is full, DRAINING
     */
    public EmbeddingCall submit(EmbeddingSpec spec) {
        if (draining) {
            throw draining();
        }
        admission.enter(spec.tenantId(), 1);
        unended.incrementAndGet();
        EmbeddingCall call = new EmbeddingCall(spec, now());
        submitted.add(call);
        LockSupport.unpark(thread);
        if (closing) {
            endSubmitted();
        }
        return call;
    }

    /** Ends a call; texts of it that are in a pass are computed for nothing. */
    public void abort(EmbeddingCall call, RealmException why) {
        if (call.end(why)) {
            LockSupport.unpark(thread);
        }
    }

    private RealmException draining() {
        return Engine.draining(name, drainReason);
    }

    private void loop() {
        try {
            while (!closing) {
                turnOnce();
            }
        } finally {
            closing = true;
            endSubmitted();
            new ArrayList<>(live).forEach(c -> {
                c.end(draining());
                finish(c);
            });
            snapshot = takeSnapshot();
            encoder.close();
        }
    }

    private void turnOnce() {
        for (EmbeddingCall c = submitted.poll(); c != null; c = submitted.poll()) {
            live.add(c);
            queue.add(c);
        }
        long wait = sweep(now());
        List<EmbeddingQueue.Piece> pass = queue.pass(budget);
        if (pass.isEmpty()) {
            snapshot = takeSnapshot();
            LockSupport.parkNanos(this, wait);
        } else {
            compute(pass);
            snapshot = takeSnapshot();
        }
    }

    /** Drops what has ended and what is late; gives the time until the next is. */
    private long sweep(long now) {
        long wait = Long.MAX_VALUE;
        for (EmbeddingCall c : List.copyOf(live)) {
            long left = c.spec().deadlineNanos() - now;
            if (left <= 0) {
                c.end(new RealmException(ErrorCode.DEADLINE_EXCEEDED, "the request's deadline has passed"));
            } else if (draining && now - drainLimit >= 0) {
                c.end(draining());
            }
            if (c.hasEnded()) {
                finish(c);
            } else {
                wait = Math.min(wait, draining ? Math.min(left, Math.max(1, drainLimit - now)) : left);
            }
        }
        return wait;
    }

    private void compute(List<EmbeddingQueue.Piece> pass) {
        int[][] texts = new int[pass.size()][];
        int tokens = 0;
        long start = now();
        for (int i = 0; i < texts.length; i++) {
            EmbeddingQueue.Piece p = pass.get(i);
            texts[i] = p.tokens();
            tokens += texts[i].length;
            begin(p, start);
        }
        float[][] vectors;
        turn.lock();
        try {
            vectors = encoder.embed(texts);
        } catch (RuntimeException | Error e) {
            fail(pass, e);
            return;
        } finally {
            turn.unlock();
        }
        long nanos = now() - start;
        steps++;
        stepNanos += nanos;
        forwardedTokens += tokens;
        for (int i = 0; i < texts.length; i++) {
            EmbeddingQueue.Piece p = pass.get(i);
            p.call().spec().log().reached(7, "forward");
            p.call().deliver(p.text(), vectors[i], nanos * texts[i].length / tokens);
            if (p.call().hasEnded()) {
                finish(p.call());
            }
        }
        listener.step(name, tokens, texts.length, nanos);
    }

    private void begin(EmbeddingQueue.Piece p, long now) {
        EmbeddingCall call = p.call();
        call.begin(p.text());
        if (!call.counted) {
            call.counted = true;
            admission.leave(call.spec().tenantId());
            listener.started(name, call.spec().tenantId(), now - call.submittedNanos());
            call.spec().log().reached(6, "scheduler");
        }
    }

    private void fail(List<EmbeddingQueue.Piece> pass, Throwable e) {
        LOG.error("model={} error_code={} a pass of {} texts failed", name, ErrorCode.INTERNAL, pass.size(), e);
        for (EmbeddingQueue.Piece p : pass) {
            p.call().end(StepRunner.asError(e, "the forward pass"));
            finish(p.call());
        }
    }

    /** Takes what is left of an ended call away and counts it, once. */
    private void finish(EmbeddingCall call) {
        queue.remove(call);
        if (live.remove(call)) {
            leave(call);
        }
    }

    private void leave(EmbeddingCall call) {
        if (!call.counted) {
            call.counted = true;
            admission.leave(call.spec().tenantId());
        }
        RealmException error = call.error();
        Ending.Kind kind = error == null
                ? Ending.Kind.STOP
                : error.code() == ErrorCode.INTERNAL ? Ending.Kind.ERROR : Ending.Kind.CANCELLED;
        listener.ended(name, call.spec().tenantId(), kind.label(), error == null ? null : error.code().name(),
                call.begunTokens(), 0, 0, now() - call.submittedNanos());
        if (unended.decrementAndGet() == 0) {
            synchronized (unended) {
                unended.notifyAll();
            }
        }
    }

    /** Ends what came while the loop was ending. */
    private void endSubmitted() {
        for (EmbeddingCall c = submitted.poll(); c != null; c = submitted.poll()) {
            c.end(draining());
            leave(c);
        }
    }

    private EngineSnapshot takeSnapshot() {
        int running = (int) live.stream().filter(c -> c.counted).count();
        return new EngineSnapshot(name, running, admission.total(), 0, 0, 0, 0, 0, 0, steps, stepNanos, forwardedTokens);
    }

    /** Takes nothing new, lets what is here end until the limit, then ends the rest as DRAINING. An interrupt ends only the wait. */
    public void drain(long limitNanos) {
        drain(limitNanos, ErrorCode.DRAINING);
    }

    /** @param reason what those that are ended, or come later, are told: DRAINING or MODEL_UNLOADED */
    public void drain(long limitNanos, ErrorCode reason) {
        drainReason = reason;
        drainLimit = now() + limitNanos;
        draining = true;
        LockSupport.unpark(thread);
        try {
            synchronized (unended) {
                while (unended.get() > 0 && thread.isAlive()) {
                    unended.wait(LOOK_MILLIS);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends what is here and the loop; returns when the encoder is closed. */
    @Override
    public void close() {
        draining = true;
        closing = true;
        LockSupport.unpark(thread);
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
