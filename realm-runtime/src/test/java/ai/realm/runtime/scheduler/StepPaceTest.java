package ai.realm.runtime.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What may join a step, in simulated time: a step takes 2 ms, 0.7 ms for each token decoded and 0.45 ms for each of a prompt. */
class StepPaceTest {
    private static final double STEP = 2;
    private static final double DECODE = 0.7;
    private static final double PROMPT = 0.45;
    private static final double ALONE = STEP + DECODE;
    private int seed;

    private static double millis(StepPlan plan) {
        double sum = STEP;
        for (StepPlan.Work w : plan.work()) {
            sum += w.count() * (w.decodes() ? DECODE : PROMPT);
        }
        return sum;
    }

    private static SchedulerSimulation simulation(int maxRunning, long gapMillis) {
        SchedulerSimulation sim = new SchedulerSimulation(Math.max(256, maxRunning), maxRunning, 16_384, 16, false, 0, gapMillis);
        sim.millis = StepPaceTest::millis;
        return sim;
    }

    private int[] prompt(int length) {
        int[] ids = new int[length];
        Arrays.setAll(ids, i -> seed * 7 + i);
        seed++;
        return ids;
    }

    /** The gaps between the tokens of those who are watched, as the simulation goes on. */
    private static final class Gaps {
        private final Map<Sequence, Integer> generated = new HashMap<>();
        private final Map<Sequence, Double> since = new HashMap<>();
        final List<Double> all = new ArrayList<>();

        void after(SchedulerSimulation sim, List<Sequence> watched) {
            for (Sequence s : watched) {
                double gap = since.merge(s, sim.took, Double::sum);
                int before = generated.getOrDefault(s, 0);
                if (s.generated() > before) {
                    if (before > 0) {
                        all.add(gap);
                    }
                    generated.put(s, s.generated());
                    since.put(s, 0.0);
                }
            }
        }

        double quantile(double q) {
            return all.stream().sorted().toList().get((int) (q * (all.size() - 1)));
        }
    }

    @Test
    void prompts_besideOthersWhoDecode_keepStepsBelowTheBoundAndGoOn() {
        SchedulerSimulation sim = simulation(32, 50);
        List<Sequence> decoding = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            decoding.add(sim.submit("a", 1, false, prompt(20), 400));
        }
        Gaps gaps = new Gaps();
        for (int i = 0; i < 30; i++) {
            sim.step();
        }
        Sequence late = sim.submit("a", 1, false, prompt(3000), 5);
        double waited = 0;
        while (late.generated() == 0) {
            sim.step();
            waited += sim.took;
            gaps.after(sim, decoding);
        }
        assertThat(gaps.quantile(0.9)).isLessThan(55);
        // steps aim at 37.5 ms, of which 7.6 are the others'
        assertThat(waited).isLessThan(3000 * PROMPT * 38 / 29);
    }

    @Test
    void prompts_aloneInAStep_areNotCut() {
        SchedulerSimulation sim = simulation(8, 50);
        for (int i = 0; i < 12; i++) {
            sim.submit("a", 1, false, prompt(300), 1);
            sim.step();
        }
        sim.submit("a", 1, false, prompt(3000), 1);
        sim.step();
        assertThat(sim.took).isGreaterThan(100);
    }

    @Test
    void manyWhoDecode_beyondTheBound_leavePromptsAPart() {
        SchedulerSimulation sim = simulation(256, 50);
        for (int i = 0; i < 200; i++) {
            sim.submit("a", 1, false, prompt(4), 2000);
        }
        for (int i = 0; i < 60; i++) {
            sim.step();
        }
        Sequence late = sim.submit("a", 1, false, prompt(400), 5);
        int steps = 0;
        while (late.generated() == 0) {
            sim.step();
            steps++;
        }
        assertThat(steps).isLessThanOrEqualTo(8);
    }

    @Test
    void quietTenant_besideAFlood_decodesAtHalfItsPaceWhileTheFloodGoesOn() {
        SchedulerSimulation sim = simulation(32, 100);
        List<Sequence> flood = new ArrayList<>();
        for (int i = 0; i < 48; i++) {
            flood.add(sim.submit("flood", 1, false, prompt(200), 64));
        }
        for (int i = 0; i < 40; i++) {
            sim.step();
        }
        Sequence quiet = sim.submit("quiet", 1, false, prompt(50), 300);
        Gaps gaps = new Gaps();
        int before = generated(flood);
        double time = 0;
        while (quiet.generated() < 300) {
            for (int i = 0; i < flood.size(); i++) {
                if (flood.get(i).state == Sequence.State.ENDED) {
                    flood.add(sim.submit("flood", 1, false, prompt(200), 64));
                    before -= flood.remove(i).generated();
                    i--;
                }
            }
            sim.step();
            time += sim.took;
            gaps.after(sim, List.of(quiet));
        }
        assertThat(gaps.quantile(0.5)).isLessThan(2.05 * ALONE);
        assertThat(gaps.quantile(0.95)).isLessThan(3 * ALONE);
        // in half of the time, at what a token of a flood takes with its prompt
        double fair = time / 2 / (DECODE + 200 * PROMPT / 64 + STEP / 32);
        assertThat((double) generated(flood) - before).isGreaterThan(0.4 * fair);
    }

    private static int generated(List<Sequence> all) {
        return all.stream().mapToInt(Sequence::generated).sum();
    }

    @Test
    void oneTenant_withManySequences_isHeldBackInNothing() {
        double bounded = time(simulation(32, 100));
        double unbounded = time(simulation(32, 0));
        assertThat(bounded).isLessThan(1.05 * unbounded);
    }

    private double time(SchedulerSimulation sim) {
        for (int i = 0; i < 64; i++) {
            sim.submit("a", 1, false, prompt(100), 64);
        }
        double time = 0;
        while (sim.step()) {
            time += sim.took;
        }
        return time;
    }

    @Test
    void cost_ofAnySteps_isLearnedAndFollowsAMachineThatSlowsDown() {
        StepCost cost = new StepCost();
        java.util.Random random = new java.util.Random(3);
        for (double slower : new double[]{1, 2.5}) {
            for (int i = 0; i < 60; i++) {
                int decodes = random.nextInt(33);
                int prompts = random.nextInt(3) * random.nextInt(100);
                cost.observe(load(decodes, prompts),
                        (long) (1e6 * slower * (STEP + DECODE * decodes + PROMPT * prompts)
                                * (0.95 + 0.1 * random.nextDouble())));
            }
            for (int[] step : new int[][]{{1, 0}, {32, 0}, {8, 200}, {0, 256}}) {
                double want = 1e6 * slower * (STEP + DECODE * step[0] + PROMPT * step[1]);
                assertThat(cost.nanos(load(step[0], step[1]))).as("%s", Arrays.toString(step)).isBetween(0.7 * want, 1.3 * want);
            }
        }
    }

    @Test
    void cost_afterAStepThatWasHeldUp_staysNearlyTheSame() {
        StepCost cost = new StepCost();
        for (int i = 0; i < 50; i++) {
            cost.observe(load(8, 64 * (i % 3)), (long) (1e6 * (STEP + DECODE * 8 + PROMPT * 64 * (i % 3))));
        }
        double before = cost.nanos(load(8, 64));
        cost.observe(load(8, 64), 2_000_000_000L);
        assertThat(cost.nanos(load(8, 64))).isLessThan(2 * before);
    }

    private static StepCost.Load load(int decodes, int prompts) {
        StepCost.Load load = new StepCost.Load();
        for (int i = 0; i < decodes; i++) {
            load.add(true, 100, 1);
        }
        if (prompts > 0) {
            load.add(false, 0, prompts);
        }
        return load;
    }
}
