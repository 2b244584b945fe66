package ai.realm.runtime.engine;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.kernel.WorkerPool;
import ai.realm.core.model.Model;
import ai.realm.core.sampling.Choice;
import ai.realm.core.sampling.LogitRows;
import ai.realm.runtime.kvcache.KvBlockPool;
import ai.realm.runtime.kvcache.KvMemory;
import ai.realm.runtime.kvcache.PrefixCache;
import ai.realm.runtime.kvcache.StatePool;
import ai.realm.runtime.scheduler.Ending;
import ai.realm.runtime.scheduler.Scheduler;
import ai.realm.runtime.scheduler.Sequence;
import ai.realm.runtime.scheduler.SequenceSpec;
import ai.realm.runtime.scheduler.StepPlan;
import ai.realm.runtime.scheduler.TokenQueue;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one decoder: what its {@link EngineLoop} does in each turn is plan, compute, have the choosers choose, and deliver. The loop's
 * thread owns the sequences, the KvBlocks and their memory, so none of them needs a lock. A sequence that fails ends alone; a forward
 * pass that fails ends the sequences in it. Public methods are thread-safe.
 */
public final class Engine implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

    /** Sequences that rest hold a row of logits each, and no place to run. */
    private static final int STEERED_PER_PLACE = 8;
    /** The most that those rows have on the heap, unless there are more places than that. */
    private static final long STEERED_BYTES = 256 << 20;
    /** Choices by kept rows that the loop makes between two steps take so long at most; the rest is made beside the steps. */
    private static final long KEPT_NANOS = 500_000;

    private final String name;
    private final Model model;
    private final KvMemory memory;
    private final EngineOptions options;
    private final int contextLength;
    private final EngineListener listener;
    private final KvBlockPool pool;
    private final @Nullable StatePool states;
    private final @Nullable PrefixCache cache;
    private final Scheduler scheduler;
    private final StepRunner runner;
    private final EngineLoop<Sequence> loop;
    private final LateChoices late;
    private final Steering steering;
    private final List<Sequence> swept = new ArrayList<>();
    private final Choice forkChoice = new Choice();
    private final Choice keptChoice = new Choice();
    private final LogitRows keptRow = new LogitRows();
    private long draftTokens;
    private long acceptedDraftTokens;

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
        this.listener = listener;
        // An answer ends where the KV memory does, so a request that leaves its length open need not be refused.
        this.contextLength = (int) Math.min(contextLength, (long) memory.blocks() * memory.layout().blockPositions());
        int budget = Math.min(options.tokenBudget(), model.maxBatch());
        int maxRunning = Math.min(Math.min(options.maxRunning(), memory.mostSequences()), budget);
        int blockPositions = memory.layout().blockPositions();
        pool = new KvBlockPool(memory.blocks());
        states = memory.slots() == 0 ? null : new StatePool(memory.slots());
        cache = options.prefixCache() ? new PrefixCache(pool, blockPositions, states) : null;
        scheduler = new Scheduler(budget, maxRunning, blockPositions, pool, cache, states, options.gap().toNanos());
        runner = new StepRunner(model, memory, workers, turn, budget, maxRunning);
        loop = new EngineLoop<>(name, options.maxWaiting(), clock, new Turns());
        late = new LateChoices(name, loop::wake, loop::computing);
        long rows = Math.max(maxRunning, STEERED_BYTES / (Float.BYTES * (long) model.config().vocabSize()));
        steering = new Steering((int) Math.min(STEERED_PER_PLACE * maxRunning, rows), loop::wake);
        loop.start();
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
        return loop.snapshot();
    }

    /** Now, on the engine's clock. */
    public long now() {
        return loop.now();
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
     * @param specs the same but for their choosers
     * @throws RealmException as {@link #submit(SequenceSpec, TokenQueue)}; then none is queued
     */
    public List<Sequence> submit(List<SequenceSpec> specs, List<TokenQueue> outputs) {
        SequenceSpec spec = specs.getFirst();
        if (spec.prompt().length >= contextLength) {
            throw new RealmException(ErrorCode.CONTEXT_LENGTH_EXCEEDED, "the prompt has " + spec.prompt().length
                    + " tokens and the context holds " + contextLength + ", the answer included");
        }
        enter(spec, specs.size());
        List<Sequence> all = new ArrayList<>();
        long now = now();
        for (int i = 0; i < specs.size(); i++) {
            all.add(new Sequence(specs.get(i), outputs.get(i), blockPositions(), now));
            outputs.get(i).onRoom(loop::wake);
        }
        Scheduler.forkLater(all);
        loop.submit(all.getFirst());
        return all;
    }

    private void enter(SequenceSpec spec, int n) {
        boolean steered = spec.chooser().isSteered();
        if (steered) {
            steering.enter(spec.tenantId());
        }
        try {
            loop.enter(spec.tenantId(), n);
        } catch (RuntimeException e) {
            if (steered) {
                steering.leave(spec.tenantId());
            }
            throw e;
        }
    }

    /**
     * Answers for a sequence whose chooser left the choice to somebody outside. Without effect when the sequence has ended or is not
     * asked.
     *
     * @param tokens that come next; those behind the sequence's limits do not count
     * @param end whether it ends after them
     * @throws RealmException INVALID_REQUEST for an id outside the vocabulary, or more tokens than the output has room for; the
     *         sequence still waits for an answer. Also for a second answer while the first was not taken
     */
    public void decide(Sequence s, int[] tokens, boolean end) {
        Steering.check(tokens, model.config().vocabSize(), s.output().room());
        Choice choice = new Choice();
        for (int token : tokens) {
            choice.accept(token, null);
        }
        choice.goOn(end ? Choice.Kind.END : Choice.Kind.GO_ON);
        steering.ask(new Steering.Decided(s, choice));
    }

    /**
     * Has the chooser of a sequence that rests choose by these logits, which it kept when its owner did not let it go on.
     *
     * @param row of the whole vocabulary, the engine's from here on
     * @throws RealmException INVALID_REQUEST while the last thing asked of the sequence was not done
     */
    public void choose(Sequence s, float[] row) {
        steering.ask(new Steering.Kept(s, row));
    }

    /**
     * Changes the tokens of a sequence that somebody outside steers, and lets it go on. Without effect when the sequence has ended.
     *
     * @param keep how many of its first tokens stay, at least 1
     * @param more tokens that follow them, below the vocabulary's size; together fewer than the context has
     * @param firstRow the position, before the last that is known, from which its chooser gets the logits
     * @param before run by the engine's loop right before: rows of before that were under way have been seen
     * @throws RealmException INVALID_REQUEST while the last thing asked of the sequence was not done
     */
    public void change(Sequence s, int keep, int[] more, int firstRow, Runnable before) {
        if (keep < 1 || keep + more.length >= contextLength || firstRow < 0 || firstRow >= keep + more.length) {
            throw new IllegalArgumentException("a sequence cannot keep " + keep + " tokens and get " + more.length
                    + " of a context of " + contextLength + ", with rows from " + firstRow);
        }
        steering.ask(new Steering.Changed(s, keep, more, firstRow, before));
    }

    /**
     * Makes a copy of a sequence that rests, which rests too: it shares the blocks of what both begin with, and copies what it writes.
     *
     * @param spec its prompt is what it begins with; of the same tenant
     * @throws RealmException OVERLOADED when there are as many that are steered as may be, DRAINING
     */
    public Sequence fork(Sequence parent, SequenceSpec spec, TokenQueue output) {
        enter(spec, 1);
        loop.places().left(spec.tenantId());
        Sequence s = new Sequence(spec, output, blockPositions(), now(), parent);
        output.onRoom(loop::wake);
        loop.submit(s);
        return s;
    }

    /** Makes the loop look again: a sequence was ended from outside, or its queue has room. */
    public void wake() {
        loop.wake();
    }

    /** What the loop does with sequences. */
    private final class Turns implements EngineLoop.Body<Sequence> {
        @Override
        public void take(Sequence s) {
            Sequence parent = s.takeParent();
            if (parent != null) {
                scheduler.restFork(parent, s);
            } else {
                scheduler.submit(s);
            }
        }

        @Override
        public long sweep(long now) {
            takeLate();
            takeAsked();
            long wait = Long.MAX_VALUE;
            for (Sequence s : all()) {
                wait = Math.min(wait, Engine.this.sweep(s, now));
            }
            return wait;
        }

        @Override
        public boolean step() {
            StepPlan plan = scheduler.plan();
            if (!plan.isEmpty()) {
                Engine.this.step(plan);
            }
            return !plan.isEmpty();
        }

        @Override
        public void endAll(Ending.Kind kind, RealmException why) {
            for (Sequence s : all()) {
                scheduler.takeForks(s);
            }
            for (Sequence s : swept) {
                s.output().end(kind, why);
                finish(s);
            }
        }

        @Override
        public void refuse(Sequence s, RealmException why) {
            for (Sequence f : s.forks()) {
                f.output().end(Ending.Kind.CANCELLED, why);
                ended(f);
            }
            s.output().end(Ending.Kind.CANCELLED, why);
            ended(s);
        }

        @Override
        public EngineSnapshot snapshot() {
            return new EngineSnapshot(name, scheduler.running(), loop.places().waiting(), pool.blocks(), pool.used(),
                    blockPositions(), cache == null ? 0 : cache.queries(), cache == null ? 0 : cache.hits(),
                    scheduler.preemptions(), loop.steps(), loop.stepNanos(), loop.forwardedTokens(), draftTokens,
                    acceptedDraftTokens);
        }

        @Override
        public void close() {
            // In this order from the last to the first, and all of them whatever one throws.
            try (model; memory; late) {
                listener.closed(snapshot());
            }
        }
    }

    private List<Sequence> all() {
        swept.clear();
        scheduler.forEach(swept::add);
        return swept;
    }

    /** The choices that were put off and have come. */
    private void takeLate() {
        for (LateChoices.Late l = late.poll(); l != null; l = late.poll()) {
            Sequence s = l.sequence;
            scheduler.took(s, l.nanos);
            if (s.output().ended() || !l.counts()) {
                scheduler.charge(s);
            } else {
                deliver(s, l.choice, l.error, now());
            }
        }
    }

    /** What those ask for who steer sequences from outside. */
    private void takeAsked() {
        long until = now() + KEPT_NANOS;
        for (Steering.Asked a = steering.poll(); a != null; a = steering.poll()) {
            // it was submitted before it was asked for something
            loop.takeSubmitted();
            Sequence s = a.sequence();
            if (s.ended() || s.output().ended()) {
                continue;
            }
            switch (a) {
                case Steering.Decided d when s.deciding() -> deliver(s, d.choice(), null, now());
                case Steering.Kept k when s.deciding() -> choose(s, k.row(), until);
                case Steering.Decided _,Steering.Kept _ -> {
                    // nobody asked
                }
                case Steering.Changed c -> {
                    c.before().run();
                    scheduler.truncate(s, Math.min(c.keep(), s.length()));
                    scheduler.extend(s, c.more(), c.firstRow());
                }
            }
        }
    }

    /** Chooses by a row that was kept: at once, when there is time left for it. */
    private void choose(Sequence s, float[] row, long until) {
        keptRow.set(row, 0, row.length, 1, s.length() - 1, s.spec().prompt(), 0);
        long start = now();
        if (start > until) {
            late.submit(s, keptRow, 0);
            return;
        }
        Throwable error = null;
        try {
            runner.choose(s, keptRow, keptChoice);
        } catch (RuntimeException | Error e) {
            error = e;
        }
        scheduler.took(s, now() - start);
        if (deliver(s, keptChoice, error, now()) && error == null && keptChoice.kind() == Choice.Kind.LATER) {
            late.submit(s, keptRow, 0);
        }
    }

    /** Ends what was ended from outside, is too late or has a reader too slow; gives the time until the next such moment. */
    private long sweep(Sequence s, long now) {
        TokenQueue out = s.output();
        boolean full = out.full();
        if (full && !s.paused()) {
            s.moments().pausedSinceNanos = now;
        }
        scheduler.pause(s, full);
        long toLimit = full ? s.moments().pausedSinceNanos + options.slowReaderLimit().toNanos() - now : Long.MAX_VALUE;
        RealmException over = loop.over(s.spec().deadlineNanos(), now);
        if (over != null) {
            out.abort(Ending.Kind.CANCELLED, over);
        } else if (toLimit <= 0) {
            out.abort(Ending.Kind.CANCELLED, new RealmException(ErrorCode.CANCELLED,
                    "the answer was not read for " + options.slowReaderLimit().toMillis() + " ms"));
        }
        if (out.ended()) {
            finish(s);
        }
        return Math.max(1, Math.min(loop.untilOver(s.spec().deadlineNanos(), now), toLimit));
    }

    private void step(StepPlan plan) {
        long start = now();
        for (StepPlan.Work w : plan.work()) {
            inStep(w.sequence(), start);
        }
        try {
            runner.run(plan);
        } catch (RuntimeException | Error e) {
            LOG.error("model={} error_code={} a forward pass of {} tokens failed", name, ErrorCode.INTERNAL, plan.tokens(), e);
            for (StepPlan.Work w : plan.work()) {
                fail(w.sequence(), EngineLoop.asError(e, "the forward pass"));
            }
            return;
        }
        long end = now();
        long nanos = end - start;
        loop.stepped(nanos, plan.tokens());
        scheduler.took(plan, nanos);
        scheduler.computed(plan);
        int reader = 0;
        for (StepPlan.Work w : plan.work()) {
            scheduler.took(w.sequence(), nanos * w.count() / plan.tokens());
            if (w.rows() > 0) {
                take(w, reader, end);
                reader++;
            }
        }
        listener.step(name, plan.tokens(), plan.work().size(), nanos);
    }

    /** The sequence is in a step; the first time it leaves the queue. */
    private void inStep(Sequence s, long now) {
        if (!s.moments().leftQueue) {
            s.moments().leftQueue = true;
            loop.places().left(s.spec().tenantId());
            listening(s).started(name, s.spec().tenantId(), now - s.submittedNanos());
        }
    }

    private EngineListener listening(Sequence s) {
        return s.spec().warmUp() ? EngineListener.NONE : listener;
    }

    private void take(StepPlan.Work w, int index, long now) {
        StepRunner.Reader reader = runner.reader(index);
        scheduler.read(w, reader.choice);
        draftTokens += w.guesses();
        acceptedDraftTokens += Math.clamp(reader.choice.count() - 1, 0, w.guesses());
        if (w.chooses()) {
            fork(w.sequence(), index, now);
            decide(w.sequence(), index, reader.choice, reader.error, now);
        } else if (reader.error != null) {
            fail(w.sequence(), EngineLoop.asError(reader.error, "scoring"));
        }
    }

    /** Delivers a choice, and has the rest of it made beside the steps when that takes longer. */
    private void decide(Sequence s, int index, Choice choice, @Nullable Throwable error, long now) {
        boolean later = error == null && choice.kind() == Choice.Kind.LATER;
        if (deliver(s, choice, error, now) && later) {
            late.submit(s, runner.rowAfter(index, choice.count()), 0);
        }
    }

    /** The prompt is computed: the others that wait for it begin here, each with a choice of its own. */
    private void fork(Sequence leader, int index, long now) {
        for (Sequence s : scheduler.takeForks(leader)) {
            if (!s.forking()) {
                continue;
            }
            inStep(s, now);
            scheduler.fork(leader, s);
            Throwable error = null;
            try {
                runner.chooseAgain(index, s, forkChoice);
            } catch (RuntimeException | Error e) {
                error = e;
            }
            decide(s, index, forkChoice, error, now);
        }
    }

    /** What a chooser decided becomes the sequence's; false when that ends it. */
    private boolean deliver(Sequence s, Choice choice, @Nullable Throwable error, long now) {
        s.spec().log().reached(8, "sampler");
        scheduler.charge(s);
        boolean putOff = error == null && (choice.kind() == Choice.Kind.LATER || choice.kind() == Choice.Kind.WAIT);
        int count = Math.min(choice.count(), Math.min(s.spec().maxTokens() - s.generated(), contextLength - s.length()));
        if (count > s.output().room()) {
            fail(s, new RealmException(ErrorCode.INTERNAL, "more tokens were chosen than the output has room for"));
            return false;
        }
        scheduler.chosen(s, choice, count, putOff);
        if (error == null && choice.kind() == Choice.Kind.WAIT) {
            scheduler.rest(s);
        } else {
            scheduler.resume(s);
        }
        for (int i = 0; i < count; i++) {
            if (!s.output().offer(choice.token(i), choice.logProbs(i))) {
                finish(s);
                return false;
            }
            token(s, now);
        }
        if (s.generated() >= s.spec().maxTokens() || s.length() >= contextLength) {
            s.output().end(Ending.Kind.LENGTH, null);
            finish(s);
        } else if (error != null) {
            fail(s, EngineLoop.asError(error, "sampling"));
        } else if (choice.kind() == Choice.Kind.END) {
            s.output().end(Ending.Kind.STOP, null);
            finish(s);
        } else if (count == 0 && !putOff) {
            fail(s, new RealmException(ErrorCode.INTERNAL, "the chooser chose nothing"));
        }
        return !s.ended();
    }

    private void token(Sequence s, long now) {
        Sequence.Moments m = s.moments();
        if (s.spec().chooser().isSteered()) {
            return; // how long it took is somebody else's doing
        }
        if (!m.hadToken) {
            m.hadToken = true;
            listening(s).firstToken(name, s.spec().tenantId(), now - s.submittedNanos());
        } else {
            listening(s).nextToken(name, s.spec().tenantId(), now - m.lastTokenNanos);
        }
        m.lastTokenNanos = now;
    }

    private void fail(Sequence s, RealmException error) {
        LOG.warn("request_id={} tenant={} model={} error_code={} {}", s.spec().requestId(), s.spec().tenantId(), name,
                error.code(), error.getMessage());
        s.output().end(Ending.Kind.ERROR, error);
        finish(s);
    }

    /** Frees what an ended sequence holds and counts it; another that waited for its prompt takes its place. */
    private void finish(Sequence s) {
        if (!s.ended()) {
            scheduler.finish(s);
            ended(s);
            scheduler.leaveForks(s);
        }
    }

    private void ended(Sequence s) {
        if (!s.moments().leftQueue) {
            s.moments().leftQueue = true;
            loop.places().left(s.spec().tenantId());
        }
        if (s.spec().chooser().isSteered()) {
            steering.leave(s.spec().tenantId());
        }
        Ending e = s.output().ending();
        if (e != null) {
            RealmException error = e.error();
            listening(s).ended(name, s.spec().tenantId(), e.kind().label(), error == null ? null : error.code().name(),
                    s.promptLength(), Math.max(0, s.cachedTokens()), e.generatedTokens(), now() - s.submittedNanos());
        }
        loop.places().ended();
    }

    /** Takes nothing new, lets what runs end until the limit, then ends the rest as DRAINING. An interrupt ends only the wait. */
    public void drain(long limitNanos) {
        drain(limitNanos, ErrorCode.DRAINING);
    }

    /** @param reason what those that are ended, or come later, are told: DRAINING or MODEL_UNLOADED */
    public void drain(long limitNanos, ErrorCode reason) {
        loop.drain(limitNanos, reason);
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
        loop.close();
    }
}
