package ai.realm.runtime.scheduler;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.kernel.WorkerPool;
import ai.realm.core.model.Model;
import ai.realm.core.sampling.Sampler;
import ai.realm.runtime.kvcache.KvBlockPool;
import ai.realm.runtime.kvcache.KvMemory;
import ai.realm.runtime.kvcache.PrefixCache;
import ai.realm.runtime.kvcache.StatePool;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loop that runs one model: take what was submitted, end what was cancelled, plan, compute, deliver; parked when there is
 * nothing to do. Its one thread owns the sequences, the KvBlocks and their memory, so none of them needs a lock. A sequence that
 * fails ends alone; a forward pass that fails ends the sequences in it; the loop goes on. Other methods are thread-safe.
 */
public final class Engine implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

    private final String name;
    private final Model model;
    private final KvMemory memory;
    private final EngineOptions options;
    private final int contextLength;
    private final LongSupplier clock;
    private final KvBlockPool pool;
    private final @Nullable StatePool states;
    private final @Nullable PrefixCache cache;
    private final Scheduler scheduler;
    private final StepRunner runner;
    private final LateSampling late;
    private final Census census;
    private final Queue<Sequence> submitted = new ConcurrentLinkedQueue<>();
    private final List<Sequence> swept = new ArrayList<>();
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
    /** Not parked. */
    private volatile boolean computing;

    /**
     * Starts the loop. The engine owns model and memory from here on and closes them.
     *
     * @param contextLength positions of a sequence at most
     * @param workers the threads of the model's forward pass, which sampling shares
     * @param turn held for a step, so that the engines of one process take turns at those threads
     * @param clock monotonic nanoseconds
     */
    public Engine(String name, Model model, KvMemory memory, int contextLength, EngineOptions options, WorkerPool workers,
            ReentrantLock turn, EngineListener listener, LongSupplier clock) {
        this.name = name;
        this.model = model;
        this.memory = memory;
        this.options = options;
        // An answer ends where the KV memory does, so a request that leaves its length open need not be refused.
        this.contextLength = (int) Math.min(contextLength, (long) memory.blocks() * memory.layout().blockPositions());
        this.clock = clock;
        int budget = Math.min(options.tokenBudget(), model.maxBatch());
        int maxRunning = Math.min(Math.min(options.maxRunning(), memory.mostSequences()), budget);
        int blockPositions = memory.layout().blockPositions();
        pool = new KvBlockPool(memory.blocks());
        states = memory.slots() == 0 ? null : new StatePool(memory.slots());
        cache = options.prefixCache() ? new PrefixCache(pool, blockPositions, states) : null;
        scheduler = new Scheduler(budget, maxRunning, blockPositions, pool, cache, states);
        runner = new StepRunner(model, memory, workers, turn, budget, maxRunning);
        late = new LateSampling(name, this::wake, () -> computing);
        census = new Census(name, listener, options.maxWaiting());
        snapshot = takeSnapshot();
        thread = Thread.ofPlatform().daemon().name("engine-" + name).start(this::loop);
    }

    public int contextLength() {
        return contextLength;
    }

    public EngineOptions options() {
        return options;
    }

    public int blockPositions() {
        return memory.layout().blockPositions();
    }

    /** Memory beside the weights: KV blocks and logits. */
    public long bytes() {
        return memory.bytes() + runner.logitsBytes();
    }

    /** As of the last step. */
    public EngineSnapshot snapshot() {
        return snapshot;
    }

    /** Now, on the engine's clock. */
    public long now() {
        return clock.getAsLong();
    }

    /**
     * Queues a sequence; its tokens and its end come through {@code output}.
     *
     * @throws RealmException OVERLOADED when the queue is full, DRAINING, CONTEXT_LENGTH_EXCEEDED when it could never run
     */
    public Sequence submit(SequenceSpec spec, TokenQueue output) {
        return submit(List.of(spec), List.of(output)).getFirst();
    }

    /**
     * Queues several outputs of one prompt, which is computed once: the others are forked off the first, with blocks that are
     * copied when they are written.
     *
     * @param specs the same but for their samplers
     * @throws RealmException as {@link #submit(SequenceSpec, TokenQueue)}; then none is queued
     */
    public List<Sequence> submit(List<SequenceSpec> specs, List<TokenQueue> outputs) {
        SequenceSpec spec = specs.getFirst();
        if (spec.prompt().length >= contextLength) {
            throw new RealmException(ErrorCode.CONTEXT_LENGTH_EXCEEDED, "the prompt has " + spec.prompt().length
                    + " tokens and the context holds " + contextLength + ", the answer included");
        }
        if (draining) {
            throw draining();
        }
        census.enter(spec.tenantId(), specs.size());
        List<Sequence> all = new ArrayList<>();
        long now = now();
        for (int i = 0; i < specs.size(); i++) {
            Sequence s = new Sequence(specs.get(i), outputs.get(i), blockPositions(), now);
            outputs.get(i).onRoom(this::wake);
            if (i > 0) {
                s.forkLater();
            }
            all.add(s);
        }
        all.getFirst().forks = all.size() == 1 ? List.of() : new ArrayList<>(all.subList(1, all.size()));
        submitted.add(all.getFirst());
        wake();
        if (closing) {
            endSubmitted();
        }
        return all;
    }

    private RealmException draining() {
        return draining(name, drainReason);
    }

    /** What those are told that a model takes no more. */
    static RealmException draining(String name, ErrorCode reason) {
        return new RealmException(reason, reason == ErrorCode.MODEL_UNLOADED
                ? "the model " + name + " was unloaded by the server's operator"
                : "the model " + name + " takes no new requests: it is being closed");
    }

    /** Makes the loop look again: a sequence was ended from outside, or its queue has room. */
    public void wake() {
        LockSupport.unpark(thread);
    }

    private void loop() {
        try {
            while (!closing) {
                turnOnce();
            }
        } finally {
            closing = true;
            endAll(draining());
            endSubmitted();
            snapshot = takeSnapshot();
            late.close();
            memory.close();
            model.close();
        }
    }

    private void turnOnce() {
        try {
            takeSubmitted();
            takeLate();
            long wait = sweep(now());
            StepPlan plan = scheduler.plan();
            if (plan.isEmpty()) {
                snapshot = takeSnapshot();
                computing = false;
                LockSupport.parkNanos(this, wait);
            } else {
                computing = true;
                step(plan);
                snapshot = takeSnapshot();
            }
        } catch (RuntimeException | Error e) {
            LOG.error("model={} error_code={} the engine's loop failed, its sequences are ended", name, ErrorCode.INTERNAL, e);
            endAll(StepRunner.asError(e, "the engine"));
        }
    }

    private void takeSubmitted() {
        for (Sequence s = submitted.poll(); s != null; s = submitted.poll()) {
            scheduler.submit(s);
        }
    }

    /** The tokens that were not ready when their rows were. */
    private void takeLate() {
        for (LateSampling.Late l = late.poll(); l != null; l = late.poll()) {
            Sequence s = l.sequence;
            s.deciding = false;
            s.addEngineNanos(l.nanos);
            if (s.state == Sequence.State.ENDED || s.output().ended()) {
                scheduler.sampled(s);
            } else {
                deliver(s, l.token, l.error, now());
            }
        }
    }

    /** Ends what was ended from outside, is too late or has a reader too slow; gives the time until the next such moment. */
    private long sweep(long now) {
        swept.clear();
        scheduler.forEach(swept::add);
        long wait = Long.MAX_VALUE;
        for (Sequence s : swept) {
            wait = Math.min(wait, sweep(s, now));
        }
        if (draining && !swept.isEmpty()) {
            wait = Math.min(wait, Math.max(1, drainLimit - now));
        }
        return wait;
    }

    private long sweep(Sequence s, long now) {
        TokenQueue out = s.output();
        boolean full = out.full();
        if (full && !s.paused) {
            s.pausedSinceNanos = now;
        }
        s.paused = full;
        long toDeadline = s.spec().deadlineNanos() - now;
        long toLimit = full ? s.pausedSinceNanos + options.slowReaderLimit().toNanos() - now : Long.MAX_VALUE;
        if (toDeadline <= 0) {
            out.abort(Ending.Kind.CANCELLED,
                    new RealmException(ErrorCode.DEADLINE_EXCEEDED, "the request's deadline has passed"));
        } else if (toLimit <= 0) {
            out.abort(Ending.Kind.CANCELLED, new RealmException(ErrorCode.CANCELLED,
                    "the answer was not read for " + options.slowReaderLimit().toMillis() + " ms"));
        } else if (draining && now - drainLimit >= 0) {
            out.abort(Ending.Kind.CANCELLED, draining());
        }
        if (out.ended()) {
            finish(s);
        }
        return Math.max(1, Math.min(toDeadline, toLimit));
    }

    private void step(StepPlan plan) {
        long start = now();
        for (StepPlan.Work w : plan.work()) {
            census.inStep(w.sequence(), start);
        }
        try {
            runner.run(plan);
        } catch (RuntimeException | Error e) {
            LOG.error("model={} error_code={} a forward pass of {} tokens failed", name, ErrorCode.INTERNAL, plan.tokens(), e);
            for (StepPlan.Work w : plan.work()) {
                fail(w.sequence(), StepRunner.asError(e, "the forward pass"));
            }
            return;
        }
        long end = now();
        long nanos = end - start;
        steps++;
        stepNanos += nanos;
        forwardedTokens += plan.tokens();
        scheduler.computed(plan);
        int reader = 0;
        for (StepPlan.Work w : plan.work()) {
            w.sequence().addEngineNanos(nanos * w.count() / plan.tokens());
            if (w.rows() > 0) {
                take(w, reader, end);
                reader++;
            }
        }
        census.step(plan, nanos);
    }

    private void take(StepPlan.Work w, int reader, long now) {
        if (w.samples()) {
            fork(w.sequence(), reader, now);
        }
        if (w.samples() || runner.error(reader) != null) {
            decide(w.sequence(), reader, runner.token(reader), runner.error(reader), now);
        }
    }

    /** Delivers a token, or has it sampled beside the steps when that takes longer. */
    private void decide(Sequence s, int reader, int token, @Nullable RuntimeException error, long now) {
        if (error == null && token == Sampler.LATER) {
            s.deciding = true;
            late.submit(s, runner.row(reader, late.spareRow(model.config().vocabSize())));
        } else {
            deliver(s, token, error, now);
        }
    }

    /** The prompt is computed: the others that wait for it begin here, each with a first token of its own. */
    private void fork(Sequence leader, int reader, long now) {
        List<Sequence> forks = leader.forks;
        leader.forks = List.of();
        for (Sequence s : forks) {
            if (s.state != Sequence.State.FORKING) {
                continue;
            }
            census.inStep(s, now);
            scheduler.fork(leader, s);
            try {
                decide(s, reader, runner.sampleAgain(reader, s), null, now);
            } catch (RuntimeException e) {
                deliver(s, 0, e, now);
            }
        }
    }

    private void deliver(Sequence s, int token, @Nullable RuntimeException error, long now) {
        s.spec().log().reached(8, "sampler");
        scheduler.sampled(s);
        if (error != null) {
            fail(s, StepRunner.asError(error, "sampling"));
        } else if (s.spec().endTokens().contains(token)) {
            s.output().end(Ending.Kind.STOP, null);
            finish(s);
        } else {
            accept(s, token, now);
        }
    }

    private void accept(Sequence s, int token, long now) {
        try {
            s.spec().sampler().accept(token);
        } catch (RuntimeException e) {
            fail(s, StepRunner.asError(e, "sampling"));
            return;
        }
        s.append(token);
        if (!s.output().offer(token, s.spec().sampler().lastLogProbs())) {
            finish(s);
            return;
        }
        census.token(s, now);
        if (s.generated() >= s.spec().maxTokens() || s.length() >= contextLength) {
            s.output().end(Ending.Kind.LENGTH, null);
            finish(s);
        }
    }

    private void fail(Sequence s, RealmException error) {
        LOG.warn("request_id={} tenant={} model={} error_code={} {}", s.spec().requestId(), s.spec().tenantId(), name,
                error.code(), error.getMessage());
        s.output().end(Ending.Kind.ERROR, error);
        finish(s);
    }

    /** Frees what an ended sequence holds and counts it. */
    private void finish(Sequence s) {
        if (s.state == Sequence.State.ENDED) {
            return;
        }
        scheduler.finish(s);
        census.ended(s, now());
        // One that waited for this one's prompt takes its place.
        List<Sequence> left = s.forks.stream().filter(f -> f.state == Sequence.State.FORKING).toList();
        s.forks = List.of();
        if (!left.isEmpty()) {
            Sequence next = left.getFirst();
            next.state = Sequence.State.WAITING;
            next.forks = new ArrayList<>(left.subList(1, left.size()));
            scheduler.submit(next);
        }
    }

    private void endAll(RealmException why) {
        takeSubmitted();
        swept.clear();
        scheduler.forEach(swept::add);
        swept.forEach(s -> s.forks = List.of());
        for (Sequence s : swept) {
            s.output().end(why.code() == drainReason ? Ending.Kind.CANCELLED : Ending.Kind.ERROR, why);
            finish(s);
        }
    }

    /** Ends what came while the loop was ending. */
    private void endSubmitted() {
        for (Sequence s = submitted.poll(); s != null; s = submitted.poll()) {
            endUnseen(s);
            s.forks.forEach(this::endUnseen);
        }
    }

    private void endUnseen(Sequence s) {
        s.output().end(Ending.Kind.CANCELLED, draining());
        s.state = Sequence.State.ENDED;
        census.ended(s, now());
    }

    private EngineSnapshot takeSnapshot() {
        return new EngineSnapshot(name, scheduler.running(), census.waiting(), pool.blocks(), pool.used(), blockPositions(),
                cache == null ? 0 : cache.queries(), cache == null ? 0 : cache.hits(), scheduler.preemptions(), steps, stepNanos,
                forwardedTokens);
    }

    /** Takes nothing new, lets what runs end until the limit, then ends the rest as DRAINING. An interrupt ends only the wait. */
    public void drain(long limitNanos) {
        drain(limitNanos, ErrorCode.DRAINING);
    }

    /** @param reason what those that are ended, or come later, are told: DRAINING or MODEL_UNLOADED */
    public void drain(long limitNanos, ErrorCode reason) {
        drainReason = reason;
        drainLimit = now() + limitNanos;
        draining = true;
        wake();
        try {
            census.awaitQuiet(thread::isAlive);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Throws unless no sequence holds a KvBlock or a state; for an engine that has ended or is idle. */
    public void assertAllBlocksFree() {
        pool.assertAllBlocksFree();
        if (states != null) {
            states.assertAllSlotsFree();
        }
    }

    /** Ends what runs and the loop; returns when memory and model are closed. */
    @Override
    public void close() {
        draining = true;
        closing = true;
        wake();
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
