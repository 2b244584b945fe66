package ai.realm.runtime.engine;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.model.Encoder;
import ai.realm.runtime.scheduler.Ending;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one encoder: what its {@link EngineLoop} does in each turn is compute a pass of texts of all tenants and deliver their vectors. The
 * loop's thread alone uses the encoder. A pass that fails ends the calls in it. Public methods are thread-safe.
 */
public final class EmbeddingEngine implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddingEngine.class);

    private final String name;
    private final Encoder encoder;
    private final int budget;
    private final ReentrantLock turn;
    private final EngineListener listener;
    private final EngineLoop<EmbeddingCall> loop;
    private final EmbeddingQueue queue = new EmbeddingQueue();
    /** Calls that have not ended, of which texts may be computed already. */
    private final Set<EmbeddingCall> live = new LinkedHashSet<>();

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
        this.loop = new EngineLoop<>(name, options.maxWaiting(), clock, new Turns());
        loop.start();
    }

    /** As of the last pass. */
    public EngineSnapshot snapshot() {
        return loop.snapshot();
    }

    /** Now, on the engine's clock. */
    public long now() {
        return loop.now();
    }

    /**
     * Queues the texts of a request.
     *
     * @throws RealmException OVERLOADED when the queue is full, DRAINING
     */
    public EmbeddingCall submit(EmbeddingSpec spec) {
        loop.enter(spec.tenantId(), 1);
        EmbeddingCall call = new EmbeddingCall(spec, now());
        loop.submit(call);
        return call;
    }

    /** Ends a call; texts of it that are in a pass are computed for nothing. */
    public void abort(EmbeddingCall call, RealmException why) {
        if (call.end(why)) {
            loop.wake();
        }
    }

    /** What the loop does with calls. */
    private final class Turns implements EngineLoop.Body<EmbeddingCall> {
        @Override
        public void take(EmbeddingCall c) {
            live.add(c);
            queue.add(c);
        }

        @Override
        public long sweep(long now) {
            long wait = Long.MAX_VALUE;
            for (EmbeddingCall c : List.copyOf(live)) {
                RealmException over = loop.over(c.spec().deadlineNanos(), now);
                if (over != null) {
                    c.end(over);
                }
                if (c.hasEnded()) {
                    finish(c);
                } else {
                    wait = Math.min(wait, loop.untilOver(c.spec().deadlineNanos(), now));
                }
            }
            return wait;
        }

        @Override
        public boolean step() {
            List<EmbeddingQueue.Piece> pass = queue.pass(budget);
            if (!pass.isEmpty()) {
                compute(pass);
            }
            return !pass.isEmpty();
        }

        @Override
        public void endAll(Ending.Kind kind, RealmException why) {
            for (EmbeddingCall c : new ArrayList<>(live)) {
                c.end(why);
                finish(c);
            }
        }

        @Override
        public void refuse(EmbeddingCall c, RealmException why) {
            c.end(why);
            leave(c);
        }

        @Override
        public EngineSnapshot snapshot() {
            int running = (int) live.stream().filter(c -> c.counted).count();
            return new EngineSnapshot(name, running, loop.places().waiting(), 0, 0, 0, 0, 0, 0, loop.steps(), loop.stepNanos(),
                    loop.forwardedTokens(), 0, 0);
        }

        @Override
        public void close() {
            try (encoder) {
                listener.closed(snapshot());
            }
        }
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
        loop.stepped(nanos, tokens);
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
            loop.places().left(call.spec().tenantId());
            listener.started(name, call.spec().tenantId(), now - call.submittedNanos());
            call.spec().log().reached(6, "scheduler");
        }
    }

    private void fail(List<EmbeddingQueue.Piece> pass, Throwable e) {
        LOG.error("model={} error_code={} a pass of {} texts failed", name, ErrorCode.INTERNAL, pass.size(), e);
        for (EmbeddingQueue.Piece p : pass) {
            p.call().end(EngineLoop.asError(e, "the forward pass"));
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
            loop.places().left(call.spec().tenantId());
        }
        RealmException error = call.error();
        Ending.Kind kind = error == null
                ? Ending.Kind.STOP
                : error.code() == ErrorCode.INTERNAL ? Ending.Kind.ERROR : Ending.Kind.CANCELLED;
        listener.ended(name, call.spec().tenantId(), kind.label(), error == null ? null : error.code().name(),
                call.begunTokens(), 0, 0, now() - call.submittedNanos());
        loop.places().ended();
    }

    /** Takes nothing new, lets what is here end until the limit, then ends the rest as DRAINING. An interrupt ends only the wait. */
    public void drain(long limitNanos) {
        drain(limitNanos, ErrorCode.DRAINING);
    }

    /** @param reason what those that are ended, or come later, are told: DRAINING or MODEL_UNLOADED */
    public void drain(long limitNanos, ErrorCode reason) {
        loop.drain(limitNanos, reason);
    }

    /** Ends what is here and the loop; returns when the encoder is closed. */
    @Override
    public void close() {
        loop.close();
    }
}
