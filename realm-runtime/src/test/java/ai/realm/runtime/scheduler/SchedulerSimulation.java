package ai.realm.runtime.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.sampling.Sampler;
import ai.realm.runtime.kvcache.KvBlockPool;
import ai.realm.runtime.kvcache.PrefixCache;
import ai.realm.runtime.kvcache.StatePool;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
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
    /** Decides what is late, how many tokens come at once and who forks; null for one token at once and nothing late. */
    @Nullable
    Random outcomes;
    int steps;
    long forwarded;

    SchedulerSimulation(int tokenBudget, int maxRunning, int blocks, int blockPositions, boolean prefixCache) {
        this(tokenBudget, maxRunning, blocks, blockPositions, prefixCache, 0);
    }

    /** @param slots for the states of recurrent layers; 0 for a model without */
    SchedulerSimulation(int tokenBudget, int maxRunning, int blocks, int blockPositions, boolean prefixCache, int slots) {
        this.tokenBudget = tokenBudget;
        this.maxRunning = maxRunning;
        this.blockPositions = blockPositions;
        this.pool = new KvBlockPool(blocks);
        this.states = slots == 0 ? null : new StatePool(slots);
        this.stateOf = new int[slots];
        PrefixCache cache = prefixCache ? new PrefixCache(pool, blockPositions, states) : null;
        this.scheduler = new Scheduler(tokenBudget, maxRunning, blockPositions, pool, cache, states);
        this.memory = new int[blocks][blockPositions];
    }

    Sequence submit(String tenant, double weight, boolean batch, int[] prompt, int maxTokens) {
        return submit(new SequenceSpec("r" + time, tenant, weight, batch, prompt, maxTokens, Set.of(), Long.MAX_VALUE,
                new GreedySampler(), 0, false));
    }

    Sequence submit(String tenant, double weight, Sampler sampler, int[] prompt, int maxTokens) {
        return submit(new SequenceSpec("r" + time, tenant, weight, false, prompt, maxTokens, Set.of(), Long.MAX_VALUE, sampler, 0,
                false));
    }

    private Sequence submit(SequenceSpec spec) {
        Sequence s = new Sequence(spec, new TokenQueue(1), blockPositions, time++);
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
        scheduler.computed(plan);
        for (StepPlan.Work w : plan.work()) {
            if (w.samples()) {
                sample(w.sequence());
            }
        }
        return true;
    }

    private void check(StepPlan plan) {
        require(plan.tokens() <= tokenBudget, plan.tokens() + " tokens");
        require(scheduler.running() <= maxRunning && plan.rows() <= maxRunning, scheduler.running() + " running");
        for (StepPlan.Work w : plan.work()) {
            Sequence s = w.sequence();
            require(!s.paused, "a paused sequence");
            require(w.from() == s.computed() && w.count() >= 1 && w.count() <= s.remaining(), "a gap or too much");
            require(w.samples() == (w.count() == s.remaining() && !s.deciding), "a sample in the middle or none at the end");
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
        Sequence f = new Sequence(leader.spec(), new TokenQueue(1), blockPositions, time++);
        f.forkLater();
        leader.forks = new ArrayList<>(leader.forks);
        leader.forks.add(f);
    }

    private void sample(Sequence s) {
        serve(s, FairShare.OUTPUT_SERVICE);
        List<Sequence> forks = s.forks;
        s.forks = List.of();
        for (Sequence f : forks) {
            scheduler.fork(s, f);
            live.add(f);
            promptServed.put(f, f.promptLength());
            sample(f);
        }
        if (outcomes != null && outcomes.nextInt(4) == 0) {
            s.deciding = true;
        } else {
            accept(s);
        }
    }

    /** The token of a sequence whose sampler was late. */
    void decide(Sequence s) {
        if (s.deciding) {
            s.deciding = false;
            accept(s);
        }
    }

    private void accept(Sequence s) {
        int tokens = outcomes == null ? 1 : 1 + outcomes.nextInt(3);
        for (int i = 0; i < tokens && s.generated() < s.spec().maxTokens(); i++) {
            s.append((int) (s.length() * 31L + s.token(s.length() - 1) * 17L) & 0xffff);
        }
        if (s.generated() >= s.spec().maxTokens()) {
            finish(s);
        }
    }

    private void serve(Sequence s, double amount) {
        service.merge(s.spec().tenantId(), amount / s.spec().weight(), Double::sum);
    }

    void finish(Sequence s) {
        s.forks.forEach(scheduler::finish);
        s.forks = List.of();
        scheduler.finish(s);
        live.remove(s);
        promptServed.remove(s);
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
