package ai.realm.runtime.scheduler;

import ai.realm.core.sampling.Choice;
import ai.realm.runtime.kvcache.KvBlockPool;
import ai.realm.runtime.kvcache.PrefixCache;
import ai.realm.runtime.kvcache.StatePool;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Decides what each step computes: continuous batching over paged KV memory, fair among tenants. A step takes what is known and
 * not computed of every running sequence whose prompt is computed, mostly one token. With what is left of the token budget it
 * takes chunks of prompts, those of the tenant with the least service first. {@link StepPace} holds back what would stretch a step
 * for those who decode. Where blocks run out the least deserving sequence
 * loses its own and is computed again later. None ever fails for want of memory.
 *
 * <p>Deterministic: no thread, clock, memory or model; the same calls give the same plans. Its engine's loop calls it, and it
 * alone writes sequences.
 */
public final class Scheduler {
    /** Positions of a decoding step up to which guesses are computed too: where more run, a position costs what it is worth. */
    private static final int GUESS_POSITIONS = 16;

    private final int tokenBudget;
    private final int maxRunning;
    private final int blockPositions;
    private final KvBlockPool pool;
    private final @Nullable PrefixCache cache;
    private final RecurrentStates states;
    private final FairShare<TenantQueue> fair = new FairShare<>(TenantQueue::new);
    private final List<Sequence> running = new ArrayList<>();
    private final List<Sequence> ranked = new ArrayList<>();
    private final Resting resting;
    private final StepPlan plan = new StepPlan();
    private final Yielding yielding;
    private final StepPace pace;
    private long preemptions;
    private long steps;

    /**
     * @param cache null for a model whose prefixes cannot be shared, or when it is turned off
     */
    public Scheduler(int tokenBudget, int maxRunning, int blockPositions, KvBlockPool pool, @Nullable PrefixCache cache) {
        this(tokenBudget, maxRunning, blockPositions, pool, cache, null, 0);
    }

    /**
     * @param states slots for the states of a model with recurrent layers, at least {@code maxRunning}; null for one without
     * @param gapNanos what a step with prompts should take at most while somebody decodes, as far as {@link #took} tells; 0 for any time
     */
    public Scheduler(int tokenBudget, int maxRunning, int blockPositions, KvBlockPool pool, @Nullable PrefixCache cache,
            @Nullable StatePool states, long gapNanos) {
        if (tokenBudget < maxRunning) {
            throw new IllegalArgumentException("the token budget " + tokenBudget + " must be at least the " + maxRunning
                    + " sequences that may run");
        }
        this.tokenBudget = tokenBudget;
        this.maxRunning = maxRunning;
        this.blockPositions = blockPositions;
        this.pool = pool;
        this.cache = cache;
        this.states = new RecurrentStates(states, cache != null, blockPositions);
        this.resting = new Resting(pool);
        this.pace = new StepPace(gapNanos);
        this.yielding = new Yielding(fair, running, maxRunning, pool.blocks());
    }

    static TenantQueue tenantOf(Sequence s) {
        return Objects.requireNonNull(s.tenant);
    }

    /** Takes a new sequence into its tenant's queue. */
    public void submit(Sequence s) {
        TenantQueue t = fair.arrive(s.spec().tenantId(), s.spec().weight());
        s.tenant = t;
        t.add(s);
    }

    /** The next step; empty when nothing can run. Valid until the next call. */
    public StepPlan plan() {
        plan.clear();
        for (Sequence s : running) {
            s.planned = false;
        }
        steps++;
        yieldToTheLeastServed();
        pace.begin(running, fair);
        planDecodes();
        planPrompts();
        states.plan(plan);
        return plan;
    }

    private void yieldToTheLeastServed() {
        TenantQueue t = fair.least(q -> q.head() != null);
        if (t != null) {
            Sequence head = Objects.requireNonNull(t.head());
            int wanted = blocksWanted(head);
            int missing = wanted - pool.free();
            yielding.victims(t, head, wanted, missing > 0 ? missing - resting.reclaimable(head) : missing).forEach(s -> {
                s.yielded();
                preempt(s);
            });
        }
    }

    /** Free blocks that must be there to admit a sequence: its own, and some for the growth of those who run. */
    private int blocksWanted(Sequence s) {
        PrefixCache c = cacheOf(s);
        int held = s.table().size();
        // a last one that is another's too is copied before it is written
        int kept = held > 0 && pool.references(s.table().block(held - 1)) > 1 ? held - 1 : held;
        int shared = held > 0 || c == null
                ? kept
                : c.inUse(s.chain(), s.tokens(), Math.min(s.settled() + 1, s.length()));
        int headroom = Math.min(running.size(), pool.blocks() / 16);
        return Math.ceilDiv(s.length(), blockPositions) - shared + headroom;
    }

    /** The cache that a sequence may use, or null. */
    private @Nullable PrefixCache cacheOf(Sequence s) {
        return s.spec().warmUp() ? null : cache;
    }

    private void planDecodes() {
        ranked.clear();
        ranked.addAll(running);
        ranked.sort(Ranks.DESERVING);
        List<Sequence> turns = ranked;
        if (pace.shared()) {
            turns = new ArrayList<>(ranked);
            turns.sort(Ranks.TURN);
        }
        int left = turns.size();
        for (Sequence s : turns) {
            // each has a position for sure, and more only of what nobody after it needs
            int most = 1 + Math.max(0, tokenBudget - plan.tokens() - left--);
            if (s.state == Sequence.State.RUNNING && !s.paused && s.decoding() && pace.mayDecode(s)) {
                s.guess(mostGuesses(s, most));
                int count = Math.min(most, s.remaining());
                if (makeWritable(s, count)) {
                    add(s, count);
                }
            }
        }
    }

    /**
     * How many guesses a step may compute beside what is known of a sequence. They are those that nobody else pays for, with a
     * position, a row of logits, memory or a place, and that the output has room for if they are right.
     */
    private int mostGuesses(Sequence s, int positions) {
        if (s.guessCount() == 0 || states.pool() != null || s.paused) {
            return 0;
        }
        int rows = Math.min(GUESS_POSITIONS, maxRunning) - running.size() - Math.min(fair.waiting(), maxRunning)
                - plan.furtherRows();
        int inBlocks = s.table().size() * blockPositions - s.length()
                + Math.max(0, pool.free() - running.size()) * blockPositions;
        int output = Math.min(s.spec().maxTokens() - s.generated(), s.output().room()) - 1;
        return Math.min(Math.min(positions - s.remaining(), rows), Math.min(inBlocks, output));
    }

    /** Sees to it that the blocks of the next positions are there and the sequence's own; false when it was preempted instead. */
    private boolean makeWritable(Sequence s, int count) {
        int last = (s.computed() + count - 1) / blockPositions;
        for (int index = s.computed() / blockPositions; index <= last; index++) {
            if (!makeBlockWritable(s, index)) {
                return false;
            }
        }
        return true;
    }

    private boolean makeBlockWritable(Sequence s, int index) {
        boolean missing = index == s.table().size();
        if (!missing && pool.references(s.table().block(index)) == 1) {
            if (cache != null) {
                // what is written over is not what others would find
                cache.forget(s.table().block(index));
            }
            return true;
        }
        while (pool.free() == 0) {
            if (resting.makeRoom(1, s)) {
                continue;
            }
            Sequence victim = leastDeserving();
            preempt(victim);
            if (victim == s) {
                return false;
            }
        }
        if (missing) {
            s.table().growTo(index + 1, pool);
            tenantOf(s).blocks++;
        } else {
            int own = pool.allocate();
            plan.copy(s.table().block(index), own);
            s.table().replace(index, own, pool);
        }
        return true;
    }

    private Sequence leastDeserving() {
        for (int i = ranked.size() - 1; i >= 0; i--) {
            Sequence s = ranked.get(i);
            if (s.state == Sequence.State.RUNNING && !s.planned) {
                return s;
            }
        }
        throw new IllegalStateException("a sequence that is being planned is not planned yet");
    }

    private void planPrompts() {
        boolean[] admitting = {true};
        Set<TenantQueue> full = new HashSet<>();
        while (plan.tokens() < tokenBudget) {
            TenantQueue t = fair.least(q -> !full.contains(q) && (prefilling(q) != null || admitting[0] && q.head() != null));
            if (t == null) {
                return;
            }
            Sequence s = prefilling(t);
            Sequence next = s == null ? Objects.requireNonNull(t.head()) : s;
            int room = pace.promptRoom(t, next.computed(), Math.min(next.remaining(), tokenBudget - plan.tokens()));
            if (room <= 0) {
                full.add(t);
                continue;
            }
            if (s == null) {
                s = next;
                if (!admit(t, s)) {
                    // Nobody overtakes: a large prompt would wait for ever behind small ones.
                    admitting[0] = false;
                    continue;
                }
            }
            int count = states.chunk(s, Math.min(s.remaining(), room));
            if (makeWritable(s, count)) {
                add(s, count);
            }
        }
    }

    private @Nullable Sequence prefilling(TenantQueue t) {
        if (t.running == 0) {
            return null;
        }
        for (Sequence s : running) {
            if (s.tenant == t && !s.planned && !s.paused && !s.decoding() && s.remaining() > 0) {
                return s;
            }
        }
        return null;
    }

    private boolean admit(TenantQueue t, Sequence s) {
        if (running.size() + plan.furtherRows() >= maxRunning || !states.free()) {
            return false;
        }
        // Again after each time that room was made: those who rest may have held what this one finds in the cache.
        for (int wanted = blocksWanted(s); pool.free() < wanted; wanted = blocksWanted(s)) {
            if (!resting.makeRoom(wanted, s)) {
                return false;
            }
        }
        t.admitted(s);
        fair.left(t);
        resting.remove(s);
        run(t, s);
        int held = s.table().size();
        int cached = held > 0 ? 0 : restore(s);
        s.table().growTo(Math.ceilDiv(s.length(), blockPositions), pool);
        if (!s.started) {
            s.begin(cached);
            PrefixCache c = cacheOf(s);
            if (c != null) {
                c.count(s.promptLength(), cached);
            }
        }
        ranked.add(s);
        t.blocks += s.table().size() - held;
        return true;
    }

    /** Takes what others have computed of a sequence that has nothing: so many positions. */
    private int restore(Sequence s) {
        // positions whose logits are wanted are computed, whoever has computed them before
        PrefixCache c = cacheOf(s);
        int cached = c == null ? 0 : c.acquire(s.chain(), s.tokens(), Math.min(s.settled() + 1, s.length()), s.table());
        states.admitted(s, cached);
        s.restore(cached);
        return cached;
    }

    private void run(TenantQueue t, Sequence s) {
        s.state = Sequence.State.RUNNING;
        s.planned = false;
        running.add(s);
        t.running++;
    }

    /** Plans a run of at most so many positions: fewer when the logits of more are wanted than there are rows left. */
    private void add(Sequence s, int most) {
        TenantQueue t = tenantOf(s);
        // tokens that came late, while what was lost is computed again, may be more than there are blocks for: they are decoded
        int inBlocks = s.table().size() * blockPositions - s.computed();
        int count = Math.min(Math.min(most, inBlocks), s.longestRun(1 + maxRunning - running.size() - plan.furtherRows()));
        s.keepGuesses(Math.max(0, s.computed() + count - s.length()));
        boolean chooses = s.chooses(count);
        int rows = s.rows(count);
        fair.charge(t, s.charge(s.computed() + count) * Service.PROMPT + (chooses ? Service.OUTPUT : 0)
                + Math.max(0, rows - 1) * Service.ROW);
        s.planned = true;
        s.lastStep = steps;
        pace.add(s, s.computed(), count, s.decoding());
        plan.add(new StepPlan.Work(s, s.computed(), count, rows, s.guessed(), s.decoding(), chooses));
    }

    private void preempt(Sequence s) {
        release(s);
        s.state = Sequence.State.WAITING;
        tenantOf(s).addFirst(s);
        preemptions++;
    }

    private void release(Sequence s) {
        TenantQueue t = tenantOf(s);
        t.running--;
        t.blocks -= s.table().size();
        s.memory().clear(pool, states.pool());
        s.restore(0);
        running.remove(s);
    }

    /** The plan's positions are computed: moves its sequences on and makes their full blocks known. */
    public void computed(StepPlan done) {
        for (StepPlan.Work w : done.work()) {
            Sequence s = w.sequence();
            s.advance(w.count());
            states.computed(s);
            // what is only guessed may be nobody's
            publish(s, w.from(), Math.min(s.computed(), s.length()));
        }
    }

    private void publish(Sequence s, int from, int to) {
        PrefixCache c = cacheOf(s);
        if (c != null && to > from) {
            c.publish(s.chain(), s.tokens(), s.table(), from, to);
        }
    }

    /** Rows were read: takes what they say of known tokens. Where the last of these is not reached, that is all they say. */
    public void read(StepPlan.Work w, Choice choice) {
        w.sequence().score(choice.scores());
        if (!w.chooses()) {
            w.sequence().scored();
        }
    }

    /** A reader is too slow, or no longer: a paused sequence is in no plan and gives way to others. */
    public void pause(Sequence s, boolean paused) {
        s.paused = paused;
    }

    /** A plan was computed: how long that took, from which later plans are sized. */
    public void took(StepPlan done, long nanos) {
        pace.took(done, nanos);
    }

    /** Adds a sequence's part of a step's time. */
    public void took(Sequence s, long nanos) {
        s.addEngineNanos(nanos);
    }

    /**
     * A sequence's choice has come: appends its tokens.
     *
     * @param count how many of the choice's tokens there is room for
     * @param putOff whether the choice after them is still to come, by another way
     */
    public void chosen(Sequence s, Choice choice, int count, boolean putOff) {
        int known = s.length();
        for (int i = 0; i < count; i++) {
            s.append(choice.token(i));
        }
        s.guesses(choice);
        s.chosen(putOff);
        if (s.state == Sequence.State.RUNNING) {
            // guesses that were right are known now, the blocks of the others are free
            publish(s, known, s.computed());
            cut(s);
        }
    }

    private void cut(Sequence s) {
        int blocks = s.table().size();
        s.memory().truncate(s.length(), pool, blockPositions);
        tenantOf(s).blocks -= blocks - s.table().size();
    }

    /**
     * Forgets the tokens behind the first {@code length} of a sequence; the next token after those is chosen anew. A recurrent state
     * cannot go back: its sequence starts from a checkpoint, in the queue.
     *
     * @param length at least 1
     */
    public void truncate(Sequence s, int length) {
        if (length < 1 || length > s.length()) {
            throw new IllegalArgumentException("a sequence of " + s.length() + " tokens cannot be cut to " + length);
        }
        if (s.state == Sequence.State.RUNNING && states.pool() != null && length <= s.computed()) {
            release(s);
            s.state = Sequence.State.WAITING;
            tenantOf(s).addFirst(s);
        }
        s.truncate(length);
        if (s.table().size() > 0) {
            cut(s);
        }
    }

    /** Charges the sequence's tenant for what its chooser did since the last call. */
    public void charge(Sequence s) {
        long steps = s.newChooserWork();
        if (steps > 0) {
            fair.charge(tenantOf(s), steps * Service.CHOOSER_STEP);
        }
    }

    /**
     * Starts a fork of a sequence whose prompt is computed: it shares the blocks and copies what it writes. Without a place to run
     * it waits as one that was preempted.
     */
    public void fork(Sequence leader, Sequence s) {
        TenantQueue t = tenantOf(leader);
        s.tenant = t;
        s.forkFrom(leader);
        fair.charge(t, Service.OUTPUT);
        if (running.size() >= maxRunning || !states.free()) {
            s.restore(0);
            s.state = Sequence.State.WAITING;
            t.addFirst(s);
            return;
        }
        states.forked(leader, s);
        s.table().share(leader.table(), Math.ceilDiv(leader.computed(), blockPositions), pool);
        s.state = Sequence.State.RUNNING;
        running.add(s);
        t.running++;
        t.blocks += s.table().size();
    }

    /** Somebody outside has a sequence: it leaves the batch, and keeps its blocks until others need them. */
    public void rest(Sequence s) {
        if (s.state == Sequence.State.WAITING) {
            tenantOf(s).remove(s);
            fair.left(tenantOf(s));
        } else if (s.state == Sequence.State.RUNNING) {
            running.remove(s);
            tenantOf(s).running--;
            if (states.pool() != null) {
                tenantOf(s).blocks -= s.table().size();
                s.memory().clear(pool, states.pool());
                s.restore(0);
            }
        }
        s.state = Sequence.State.RESTING;
        resting.add(s);
    }

    /** A sequence that rested goes on: at once where there is a place that nobody waits for, else from the front of its queue. */
    public void resume(Sequence s) {
        if (s.state != Sequence.State.RESTING) {
            return;
        }
        int missing = Math.ceilDiv(s.length(), blockPositions) - s.table().size();
        boolean atOnce = s.table().size() > 0 && missing <= 1 && running.size() < maxRunning && fair.waiting() == 0;
        TenantQueue t = fair.of(s.spec().tenantId());
        if (t == null || !atOnce || !t.active()) {
            t = fair.arrive(s.spec().tenantId(), s.spec().weight());
        }
        if (t != s.tenant) {
            t.blocks += s.table().size();
            s.tenant = t;
        }
        if (atOnce) {
            resting.remove(s);
            run(t, s);
        } else {
            s.state = Sequence.State.WAITING;
            t.addFirst(s);
        }
    }

    /**
     * Adds tokens to a sequence that somebody outside has, and lets it go on.
     *
     * @param firstRow the position from which the logits are wanted
     */
    public void extend(Sequence s, int[] tokens, int firstRow) {
        s.extend(tokens, firstRow);
        resume(s);
    }

    /** Takes a fork of a sequence that rests, which rests too: with the blocks of what they have in common. */
    public void restFork(Sequence parent, Sequence s) {
        TenantQueue t = fair.of(s.spec().tenantId());
        s.tenant = t != null ? t : fair.arrive(s.spec().tenantId(), s.spec().weight());
        int same = s.restLike(parent);
        if (states.pool() == null && parent.table().size() > 0) {
            s.table().share(parent.table(), Math.ceilDiv(same, blockPositions), pool);
            s.restore(same);
            tenantOf(s).blocks += s.table().size();
        }
        s.state = Sequence.State.RESTING;
        resting.add(s);
    }

    /** Takes what waits for a sequence's prompt away from it; the first of them waits in its place, with the others. */
    public void leaveForks(Sequence s) {
        List<Sequence> left = s.forks.stream().filter(Sequence::forking).toList();
        s.forks = List.of();
        if (!left.isEmpty()) {
            Sequence next = left.getFirst();
            next.state = Sequence.State.WAITING;
            next.forks = new ArrayList<>(left.subList(1, left.size()));
            submit(next);
        }
    }

    /** Makes sequences of the same prompt wait for the first of them, before it is submitted. By whoever made them. */
    public static void forkLater(List<Sequence> all) {
        all.subList(1, all.size()).forEach(Sequence::forkLater);
        all.getFirst().forks = all.size() == 1 ? List.of() : new ArrayList<>(all.subList(1, all.size()));
    }

    /** Those that wait for a sequence's prompt, which is computed; they are its no more. */
    public List<Sequence> takeForks(Sequence s) {
        List<Sequence> forks = s.forks;
        s.forks = List.of();
        return forks;
    }

    /** Takes a sequence out, wherever it stands, and frees what it holds. */
    public void finish(Sequence s) {
        boolean ofATenant = s.state == Sequence.State.RUNNING || s.state == Sequence.State.WAITING;
        if (ofATenant && !s.deciding()) {
            // what it owed before its first choice; a choice under way is charged when it is taken back
            charge(s);
        }
        switch (s.state) {
            case RUNNING -> release(s);
            case WAITING -> {
                tenantOf(s).remove(s);
                fair.left(tenantOf(s));
                resting.release(s);
            }
            case RESTING -> resting.release(s);
            case FORKING -> {
                // Holds nothing yet.
            }
            case ENDED -> {
                return;
            }
        }
        s.state = Sequence.State.ENDED;
    }

    /** Every sequence here, running, waiting or to be forked. */
    public void forEach(Consumer<Sequence> each) {
        Consumer<Sequence> withForks = s -> {
            each.accept(s);
            s.forks.forEach(each);
        };
        running.forEach(withForks);
        resting.forEach(withForks);
        fair.shares().forEach(t -> t.forEach(withForks));
    }

    public int running() {
        return running.size();
    }

    public int waiting() {
        return fair.waiting();
    }

    /** Sequences that lost their blocks so far. */
    public long preemptions() {
        return preemptions;
    }

    FairShare<TenantQueue> fairShare() {
        return fair;
    }
}
