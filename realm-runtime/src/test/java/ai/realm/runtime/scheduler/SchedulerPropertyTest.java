package ai.realm.runtime.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.sampling.SamplerChooser;
import ai.realm.runtime.engine.Engines;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What must hold in any order of events: thousands of random traces, each from its own seed, which a failure names. */
class SchedulerPropertyTest {
    private static final int TRACES = 2000;
    private static final int FAIR_TRACES = 300;

    @Test
    void plan_randomTraces_keepsLimitsAndContentsServesAllAndFreesAllBlocks() {
        long preemptions = 0;
        for (int seed = 0; seed < TRACES; seed++) {
            preemptions += trace(seed, false);
        }
        assertThat(preemptions).isGreaterThan(TRACES);
    }

    @Test
    void plan_randomTracesWithChoicesPutOffGuessesForksScoresAndGoingBack_keepsTheSame() {
        long preemptions = 0;
        for (int seed = 0; seed < TRACES; seed++) {
            preemptions += trace(seed, true);
        }
        assertThat(preemptions).isGreaterThan(TRACES);
    }

    @Test
    void plan_randomTracesOfSequencesThatSomebodyOutsideSteers_keepsTheSame() {
        for (int seed = 0; seed < TRACES; seed++) {
            steeredTrace(seed);
        }
    }

    /** They rest, go on, go back to any token, get others that are in the cache, and fork; the memory is small. */
    private static void steeredTrace(int seed) {
        Random random = new Random(seed);
        int maxRunning = 1 + random.nextInt(6);
        int bp = 1 << random.nextInt(4);
        int blocks = 4 + random.nextInt(24);
        SchedulerSimulation sim = new SchedulerSimulation(maxRunning + random.nextInt(60), maxRunning, blocks, bp,
                random.nextInt(4) > 0, random.nextInt(4) > 0 ? 0 : maxRunning + random.nextInt(2 * maxRunning), 0);
        sim.outcomes = random;
        sim.steered = true;
        try {
            for (int event = 0; event < 150; event++) {
                Sequence s = sim.any(random);
                switch (random.nextInt(8)) {
                    case 0, 1 -> submit(sim, random, 3, blocks * bp);
                    case 2, 3 -> {
                        if (s != null) {
                            steer(sim, s, random, blocks * bp);
                        }
                    }
                    default -> sim.step();
                }
            }
            sim.drain();
            sim.assertAllBlocksFree();
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError("seed " + seed, e);
        }
    }

    private static void steer(SchedulerSimulation sim, Sequence s, Random random, int capacity) {
        if (random.nextInt(6) == 0) {
            sim.finish(s);
        } else if (s.state == Sequence.State.RESTING && s.spec().chooser() instanceof SamplerChooser) {
            switch (random.nextInt(4)) {
                case 0 -> sim.change(s, random, capacity - 1);
                case 1 -> sim.restFork(s);
                default -> sim.decide(s);
            }
        }
    }

    private static long trace(int seed, boolean outcomes) {
        Random random = new Random(seed);
        int maxRunning = 1 + random.nextInt(8);
        int budget = maxRunning + random.nextInt(60);
        int bp = 1 << random.nextInt(4);
        int blocks = 4 + random.nextInt(40);
        SchedulerSimulation sim = new SchedulerSimulation(budget, maxRunning, blocks, bp, random.nextBoolean(),
                random.nextBoolean() ? 0 : maxRunning + random.nextInt(2 * maxRunning), random.nextInt(40));
        sim.millis = plan -> 1 + plan.tokens() * random.nextDouble();
        int tenants = 1 + random.nextInt(4);
        sim.outcomes = outcomes ? random : null;
        for (int event = 0; event < 120; event++) {
            switch (random.nextInt(8)) {
                case 0, 1 -> submit(sim, random, tenants, blocks * bp);
                case 2 -> {
                    Sequence s = sim.any(random);
                    if (s != null && random.nextInt(4) == 0) {
                        sim.finish(s);
                    }
                }
                case 7 -> {
                    if (outcomes) {
                        disturb(sim, random);
                    } else {
                        sim.step();
                    }
                }
                case 3 -> {
                    Sequence s = sim.any(random);
                    if (s != null) {
                        s.paused = random.nextInt(3) == 0;
                    }
                }
                default -> sim.step();
            }
        }
        try {
            sim.drain();
            sim.assertAllBlocksFree();
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError("seed " + seed, e);
        }
        return sim.scheduler.preemptions();
    }

    private static void disturb(SchedulerSimulation sim, Random random) {
        Sequence s = sim.any(random);
        if (s != null && s.generated() > 0 && random.nextInt(4) == 0) {
            sim.truncate(s, random);
        } else if (s != null && random.nextBoolean()) {
            sim.decide(s);
        } else if (s != null && s.state == Sequence.State.WAITING && s.generated() == 0 && !s.started) {
            sim.fork(s);
        }
    }

    private static void submit(SchedulerSimulation sim, Random random, int tenants, int capacity) {
        int most = Math.max(1, Math.min(60, capacity / 2));
        int length = 1 + random.nextInt(most);
        int maxTokens = 1 + random.nextInt(Math.max(1, Math.min(40, capacity - length)));
        if (length + maxTokens > capacity) {
            return;
        }
        int tenant = random.nextInt(tenants);
        sim.submit("t" + tenant, 1 + tenant % 3, random.nextInt(3) == 0, Engines.prompt(random.nextInt(5), length), maxTokens);
    }

    @Test
    void service_ofBackloggedTenants_neverPartsByMoreThanTheBound() {
        double worst = 0;
        for (int seed = 0; seed < FAIR_TRACES; seed++) {
            worst = Math.max(worst, fairTrace(seed));
        }
        assertThat(worst).as("largest part of the bound that was used").isLessThanOrEqualTo(1).isPositive();
    }

    /** The largest difference in weighted service over any interval, as a part of the paper's bound. */
    private static double fairTrace(int seed) {
        Random random = new Random(seed);
        int tenants = 2 + random.nextInt(3);
        int maxRunning = 2 + random.nextInt(8);
        int budget = maxRunning + 4 + random.nextInt(40);
        int longestPrompt = 8 + random.nextInt(60);
        int longestOutput = 4 + random.nextInt(40);
        int blocks = (longestPrompt + longestOutput) * (1 + random.nextInt(maxRunning)) / 4 + 4;
        SchedulerSimulation sim = new SchedulerSimulation(budget, maxRunning, blocks, 4, random.nextBoolean(),
                random.nextBoolean() ? 0 : maxRunning + random.nextInt(2 * maxRunning), seed % 3 * 20);
        sim.millis = plan -> 1 + 0.2 * plan.tokens();
        double[] weights = new double[tenants];
        double least = Double.MAX_VALUE;
        for (int t = 0; t < tenants; t++) {
            weights[t] = 1 + random.nextInt(4);
            least = Math.min(least, weights[t]);
        }
        int inBatch = Math.min(blocks * 4, maxRunning * (longestPrompt + longestOutput));
        double bound = 2 * Math.max(Service.PROMPT * longestPrompt, Service.OUTPUT * inBatch) / least;
        double[][] low = new double[tenants][tenants];
        double[][] high = new double[tenants][tenants];
        for (int step = 0; step < 400; step++) {
            backlog(sim, random, weights, longestPrompt, longestOutput);
            sim.step();
            for (int a = 0; a < tenants; a++) {
                for (int b = 0; b < tenants; b++) {
                    double d = sim.serviceOf("t" + a) - sim.serviceOf("t" + b);
                    low[a][b] = Math.min(low[a][b], d);
                    high[a][b] = Math.max(high[a][b], d);
                }
            }
        }
        double worst = 0;
        for (int a = 0; a < tenants; a++) {
            for (int b = 0; b < tenants; b++) {
                worst = Math.max(worst, (high[a][b] - low[a][b]) / bound);
            }
        }
        assertThat(worst).as("seed %d", seed).isLessThanOrEqualTo(1);
        sim.drain();
        sim.assertAllBlocksFree();
        return worst;
    }

    private static void backlog(SchedulerSimulation sim, Random random, double[] weights, int longestPrompt, int longestOutput) {
        Map<String, Integer> waiting = new TreeMap<>();
        for (Sequence s : sim.live) {
            if (s.state == Sequence.State.WAITING) {
                waiting.merge(s.spec().tenantId(), 1, Integer::sum);
            }
        }
        for (int t = 0; t < weights.length; t++) {
            for (int n = waiting.getOrDefault("t" + t, 0); n < 3; n++) {
                int length = 1 + random.nextInt(longestPrompt);
                sim.submit("t" + t, weights[t], false, Engines.prompt(random.nextInt(1000), length),
                        1 + random.nextInt(longestOutput));
            }
        }
    }
}
