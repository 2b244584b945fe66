package ai.realm.runtime.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * A flood at ten times the capacity beside a quiet tenant at a twentieth of it, in simulated time: a step costs 5 ms, 1 ms for
 * each prompt token and 1.5 ms for each token decoded.
 */
class FloodTest {
    private static final int PROMPT = 200;
    private static final int OUTPUT = 32;
    private static final int REQUESTS = 300;
    private static final double STEP_MS = 5;
    private static final double PROMPT_MS = 1;
    private static final double DECODE_MS = 1.5;
    private static final double REQUEST_MS = PROMPT * PROMPT_MS + OUTPUT * DECODE_MS + STEP_MS;
    private static final int MOST_WAITING = 400;

    private record Outcome(double p50, double p99, double longestStep) {}

    @Test
    void quietTenant_besideAFlood_waitsLittleLongerThanAlone() {
        Outcome alone = run(0);
        Outcome beside = run(10);
        assertThat(beside.p50).isLessThanOrEqualTo(1.5 * alone.p50 + beside.longestStep);
        assertThat(beside.p99).as("alone %s, beside %s", alone, beside).isLessThanOrEqualTo(1.5 * alone.p99 + beside.longestStep);
    }

    private static Outcome run(double floodLoad) {
        SchedulerSimulation sim = new SchedulerSimulation(256, 32, 32 * 240 / 16 * 2, 16, true);
        Random random = new Random(11);
        double now = 0;
        double nextQuiet = exponential(random, REQUEST_MS * 20);
        double nextFlood = floodLoad == 0 ? Double.MAX_VALUE : 0;
        List<Double> ttft = new ArrayList<>();
        List<Sequence> pending = new ArrayList<>();
        List<Double> arrived = new ArrayList<>();
        double longest = 0;
        int seed = 0;
        int sent = 0;
        while (ttft.size() < REQUESTS) {
            for (; nextFlood <= now; nextFlood += exponential(random, REQUEST_MS / floodLoad)) {
                if (sim.scheduler.waiting() < MOST_WAITING) {
                    sim.submit("flood", 1, false, distinct(seed++), OUTPUT);
                }
            }
            for (; nextQuiet <= now && sent < REQUESTS; nextQuiet += exponential(random, REQUEST_MS * 20)) {
                pending.add(sim.submit("quiet", 1, false, distinct(seed++), OUTPUT));
                arrived.add(nextQuiet);
                sent++;
            }
            double cost = step(sim);
            if (cost == 0) {
                now = Math.max(now, Math.min(nextQuiet, nextFlood));
                continue;
            }
            longest = Math.max(longest, cost);
            now += cost;
            for (int i = pending.size() - 1; i >= 0; i--) {
                if (pending.get(i).generated() > 0) {
                    ttft.add(now - arrived.remove(i));
                    pending.remove(i);
                }
            }
        }
        double[] sorted = ttft.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return new Outcome(sorted[sorted.length / 2], sorted[sorted.length * 99 / 100], longest);
    }

    /** What the step cost; 0 when there was nothing to do. */
    private static double step(SchedulerSimulation sim) {
        long before = sim.forwarded;
        int decoding = (int) sim.live.stream().filter(s -> s.state == Sequence.State.RUNNING && s.decoding()).count();
        if (!sim.step()) {
            return 0;
        }
        return STEP_MS + decoding * DECODE_MS + Math.max(0, sim.forwarded - before - decoding) * PROMPT_MS;
    }

    private static double exponential(Random random, double mean) {
        return -mean * Math.log(1 - random.nextDouble());
    }

    private static int[] distinct(int seed) {
        int[] ids = new int[PROMPT];
        Arrays.setAll(ids, i -> seed * 1000 + i);
        return ids;
    }
}
