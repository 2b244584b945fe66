package ai.realm.runtime.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.sampling.Choice;
import ai.realm.core.sampling.Chooser;
import ai.realm.core.sampling.Sampler;
import ai.realm.core.sampling.SamplerChooser;
import ai.realm.core.sampling.Scorer;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.runtime.kvcache.KvBlockPool;
import ai.realm.runtime.kvcache.PrefixCache;
import ai.realm.runtime.kvcache.StatePool;
import ai.realm.runtime.engine.Engines;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Scheduler} driven without engine, model or clock: what its plans compute is written into pretended KV memory, and
 * every plan is checked against it and against the limits before it is carried out.
 */
final class SchedulerSimulation {
    final int tokenBudget;
    final int maxRunning;
    final int blockPositions;
    final KvBlockPool pool;
    final Scheduler scheduler;
    final List<Sequence> live = new ArrayList<>();
    /** Service by tenant: prompt tokens computed for the first time, and generated tokens at twice that. */
    final Map<String, Double> service = new HashMap<>();
    private final int[][] memory;
    private final @Nullable StatePool states;
    /** A hash of the tokens that the state in each slot has seen. */
    private final int[] stateOf;
    private final Map<Sequence, Integer> promptServed = new HashMap<>();
    private long time;
    /** Decides what is put off, scored, guessed, cut back, how many tokens come at once and who forks; null for a token at once. */
    @Nullable
    Random outcomes;
    /** Whether choices that are put off are somebody outside's: the sequence rests until then. */
    boolean steered;
    /** What a step takes. */
    ToDoubleFunction<StepPlan> millis = _ -> 1;
    /** The last one, in milliseconds. */
    double took;
    int steps;
    long forwarded;

    SchedulerSimulation(int tokenBudget, int maxRunning, int blocks, int blockPositions, boolean prefixCache) {
        this(tokenBudget, maxRunning, blocks, blockPositions, prefixCache, 0);
    }

    /** @param slots for the states of recurrent layers; 0 for a model without */
    SchedulerSimulation(int tokenBudget, int maxRunning, int blocks, int blockPositions, boolean prefixCache, int slots) {
        this(tokenBudget, maxRunning, blocks, blockPositions, prefixCache, slots, 0);
    }

    /** @param gapMillis see {@link StepPace}; steps take what {@link #millis} says */
    SchedulerSimulation(int tokenBudget, int maxRunning, int blocks, int blockPositions, boolean prefixCache, int slots,
            long gapMillis) {
        this.tokenBudget = tokenBudget;
        this.maxRunning = maxRunning;
        this.blockPositions = blockPositions;
        this.pool = new KvBlockPool(blocks);
        this.states = slots == 0 ? null : new StatePool(slots);
        this.stateOf = new int[slots];
        PrefixCache cache = prefixCache ? new PrefixCache(pool, blockPositions, states) : null;
        this.scheduler = new Scheduler(tokenBudget, maxRunning, blockPositions, pool, cache, states, gapMillis * 1_000_000);
        this.memory = new int[blocks][blockPositions];
    }

    Sequence submit(String tenant, double weight, boolean batch, int[] prompt, int maxTokens) {
        Chooser chooser = new SamplerChooser(new GreedySampler(), Set.of());
        boolean scored = outcomes != null && outcomes.nextInt(3) == 0;
        return submit(new SequenceSpec("r" + time, tenant, weight, batch, prompt, maxTokens, Long.MAX_VALUE,
                scored ? new Scorer(prompt.length, 0, chooser) : chooser, 0, false, StepLog.NONE));
    }

    Sequence submit(String tenant, double weight, Sampler sampler, int[] prompt, int maxTokens) {
        return submit(new SequenceSpec("r" + time, tenant, weight, false, prompt, maxTokens, Set.of(), Long.MAX_VALUE, sampler, 0,
                false));
    }

    private Sequence submit(SequenceSpec spec) {
        Sequence s = new Sequence(spec, new TokenQueue(1000), blockPositions, time++);
        scheduler.submit(s);
        live.add(s);
        return s;
    }

    /** One step; false when there was nothing to do. */
    boolean step() {
        StepPlan plan = scheduler.plan();
        check(plan);
        if (plan.isEmpty()) {
            return false;
        }
        steps++;
        forwarded += plan.tokens();
        for (StepPlan.BlockCopy c : plan.copies()) {
            memory[c.to()] = memory[c.from()].clone();
        }
        for (StatePool.Move m : plan.moves()) {
            stateOf[m.to()] = m.from() == StatePool.NONE ? 0 : stateOf[m.from()];
        }
        for (StepPlan.Work w : plan.work()) {
            compute(w);
            if (states != null) {
                recur(w);
            }
        }
        took = millis.applyAsDouble(plan);
        scheduler.took(plan, (long) (1e6 * took));
        scheduler.computed(plan);
        for (StepPlan.Work w : plan.work()) {
            if (w.rows() > 0) {
                scheduler.read(w, scores(w));
            }
            if (w.chooses()) {
                choose(w.sequence(), w.guesses());
            }
        }
        return true;
    }

    /** What a scorer would say of the rows that come before a prompt's last. */
    private static Choice scores(StepPlan.Work w) {
        Choice choice = new Choice();
        Sequence s = w.sequence();
        for (int p = w.from() + w.count() - w.rows(); p < Math.min(w.from() + w.count(), s.promptLength() - 1); p++) {
            choice.score(new TokenLogProbs(s.token(p + 1), 0, new int[]{p}, new float[1]));
        }
        return choice;
    }

    private void check(StepPlan plan) {
        require(plan.tokens() <= tokenBudget, plan.tokens() + " tokens");
        require(scheduler.running() <= maxRunning && plan.rows() <= maxRunning, scheduler.running() + " running");
        for (StepPlan.Work w : plan.work()) {
            Sequence s = w.sequence();
            require(!s.paused, "a paused sequence");
            require(w.from() == s.computed() && w.count() >= 1 && w.count() <= s.remaining(), "a gap or too much");
            require(w.chooses() == (w.count() == s.remaining() && !s.deciding()), "a choice in the middle or none at the end");
            require(w.guesses() == s.guessed()
                    && w.rows() == Math.max(0, Math.min(w.count(), w.from() + w.count() - s.settled())),
                    "other rows than are wanted");
            require(s.table().size() * blockPositions >= w.from() + w.count(), "too few blocks");
        }
    }

    private static void require(boolean ok, String what) {
        if (!ok) {
            throw new AssertionError("the plan has " + what);
        }
    }

    private void compute(StepPlan.Work w) {
        Sequence s = w.sequence();
        for (int p = 0; p < w.from(); p++) {
            int found = memory[s.table().block(p / blockPositions)][p % blockPositions];
            if (found != s.token(p)) {
                throw new AssertionError("position " + p + " holds token " + found + ", not " + s.token(p));
            }
        }
        for (int p = w.from(); p < w.from() + w.count(); p++) {
            int block = s.table().block(p / blockPositions);
            if (pool.references(block) != 1) {
                throw new AssertionError("a block with " + pool.references(block) + " references is written");
            }
            memory[block][p % blockPositions] = s.token(p);
        }
        int end = Math.min(w.from() + w.count(), s.promptLength());
        int before = Math.max(promptServed.getOrDefault(s, 0), Math.max(0, Math.min(w.from(), end)));
        if (end > before) {
            promptServed.put(s, end);
            serve(s, end - before);
        }
    }

    private void recur(StepPlan.Work w) {
        int state = 0;
        for (int p = 0; p < w.from() + w.count(); p++) {
            if (p == w.from() && stateOf[w.sequence().memory().slot()] != state) {
                throw new AssertionError("the state before position " + p + " is another's");
            }
            state = state * 31 + w.sequence().token(p) + 1;
        }
        stateOf[w.sequence().memory().slot()] = state;
    }

    /** Another output of a sequence's prompt. */
    void fork(Sequence leader) {
        SequenceSpec of = leader.spec();
        SequenceSpec spec = new SequenceSpec(of.requestId(), of.tenantId(), of.weight(), of.batch(), of.prompt(), of.maxTokens(),
                Set.of(), Long.MAX_VALUE, new GreedySampler(), 0, false);
        Sequence f = new Sequence(spec, new TokenQueue(1000), blockPositions, time++);
        f.forkLater();
        leader.forks = new ArrayList<>(leader.forks);
        leader.forks.add(f);
    }

    private void choose(Sequence s, int guesses) {
        serve(s, Service.OUTPUT);
        for (Sequence f : scheduler.takeForks(s)) {
            scheduler.fork(s, f);
            live.add(f);
            promptServed.put(f, f.promptLength());
            choose(f, 0);
        }
        Choice choice = new Choice();
        boolean putOff = outcomes != null && outcomes.nextInt(4) == 0;
        boolean right = true;
        for (int i = 0; i < guesses && right; i++) {
            int token = next(s, choice);
            right = token == s.token(s.length() + i);
            choice.accept(token, null);
        }
        if (right && !putOff) {
            fill(s, choice);
        }
        accept(s, choice, putOff && right);
    }

    /** The token that comes after a sequence's own and those of a choice. */
    private static int next(Sequence s, Choice choice) {
        int length = s.length() + choice.count();
        int last = choice.count() == 0 ? s.token(length - 1) : choice.token(choice.count() - 1);
        return (int) (length * 31L + last * 17L) & 0xffff;
    }

    /** One token, or with outcomes at random up to three that come at once. */
    private void fill(Sequence s, Choice choice) {
        int more = outcomes == null ? 1 : 1 + outcomes.nextInt(3);
        for (int i = 0; i < more; i++) {
            choice.accept(next(s, choice), null);
        }
        if (outcomes != null && outcomes.nextBoolean()) {
            guess(s, choice);
        }
    }

    /** Guesses, of which the first few are right. */
    private void guess(Sequence s, Choice choice) {
        Choice ahead = new Choice();
        for (int i = 0; i < choice.count(); i++) {
            ahead.accept(choice.token(i), null);
        }
        for (int i = outcomes.nextInt(6); i > 0; i--) {
            int token = next(s, ahead) + (outcomes.nextInt(4) == 0 ? 1 : 0);
            ahead.accept(token, null);
            choice.guess(token);
        }
    }

    /** The choice of a sequence that was put off. */
    void decide(Sequence s) {
        if (s.deciding()) {
            Choice choice = new Choice();
            fill(s, choice);
            accept(s, choice, false);
        }
    }

    /** Goes back within a sequence's output. */
    void truncate(Sequence s, Random random) {
        scheduler.truncate(s, s.promptLength() + random.nextInt(s.generated() + 1));
    }

    /** Somebody outside goes back to any of its tokens, and adds others. */
    void change(Sequence s, Random random, int most) {
        int keep = 1 + random.nextInt(s.length());
        int[] more = Engines.prompt(random.nextInt(5), Math.max(0, random.nextInt(Math.max(1, most - keep))));
        scheduler.truncate(s, keep);
        scheduler.extend(s, more, s.length() + more.length - 1);
        promptServed.merge(s, s.length(), Math::min);
    }

    /** A copy of one that rests, which rests too. */
    void restFork(Sequence parent) {
        SequenceSpec of = parent.spec();
        Chooser chooser = new SamplerChooser(new GreedySampler(), Set.of());
        SequenceSpec spec = new SequenceSpec("f" + time, of.tenantId(), of.weight(), of.batch(),
                Arrays.copyOf(parent.tokens(), parent.length()), of.maxTokens(), Long.MAX_VALUE, chooser, 0, false, StepLog.NONE);
        Sequence f = new Sequence(spec, new TokenQueue(1000), blockPositions, time++, parent);
        scheduler.restFork(parent, f);
        live.add(f);
    }

    private void accept(Sequence s, Choice choice, boolean putOff) {
        int context = pool.blocks() * blockPositions;
        int count = Math.min(choice.count(), Math.min(s.spec().maxTokens() - s.generated(), context - s.length()));
        scheduler.chosen(s, choice, count, putOff);
        if (putOff && steered) {
            scheduler.rest(s);
        } else {
            scheduler.resume(s);
        }
        if (s.generated() >= s.spec().maxTokens() || s.length() >= context) {
            finish(s);
        }
    }

    private void serve(Sequence s, double amount) {
        service.merge(s.spec().tenantId(), amount / s.spec().weight(), Double::sum);
    }

    void finish(Sequence s) {
        scheduler.takeForks(s).forEach(scheduler::finish);
        scheduler.finish(s);
        checkScores(s);
        live.remove(s);
        promptServed.remove(s);
    }

    /** Each token of a prompt that is scored has its score once, whatever happened meanwhile. */
    private static void checkScores(Sequence s) {
        if (s.spec().chooser() instanceof Scorer && s.generated() > 0) {
            assertThat(s.promptLogProbs()).hasSize(s.promptLength() - 1);
            for (int p = 0; p < s.promptLength() - 1; p++) {
                assertThat(s.promptLogProbs().get(p).topTokens()).containsExactly(p);
            }
        }
    }

    /** Runs until nothing is left, which must not take longer than the work there is. */
    void drain() {
        long tokens = 0;
        for (Sequence s : live) {
            s.paused = false;
            tokens += (1 + s.forks.size()) * (long) (s.promptLength() + s.spec().maxTokens());
        }
        // Each may be computed again as often as it is preempted: generous, but a starved one would exceed any bound.
        long limit = 100 + tokens * 20;
        int before = steps;
        while (!live.isEmpty()) {
            List.copyOf(live).forEach(this::decide);
            if (live.isEmpty()) {
                return;
            }
            assertThat(step()).as("%d sequences wait for ever", live.size()).isTrue();
            assertThat((long) steps - before).isLessThan(limit);
        }
    }

    double serviceOf(String tenant) {
        return service.getOrDefault(tenant, 0.0);
    }

    @Nullable
    Sequence any(Random random) {
        return live.isEmpty() ? null : live.get(random.nextInt(live.size()));
    }

    void assertAllBlocksFree() {
        pool.assertAllBlocksFree();
        if (states != null) {
            states.assertAllSlotsFree();
        }
    }
}
