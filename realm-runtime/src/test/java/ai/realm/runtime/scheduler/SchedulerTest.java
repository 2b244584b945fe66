package ai.realm.runtime.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.runtime.engine.Engines;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SchedulerTest {
    private static int[] prompt(int seed, int length) {
        return Engines.prompt(seed, length);
    }

    private static void assertAllBlocksFree(SchedulerSimulation sim) {
        sim.drain();
        sim.assertAllBlocksFree();
    }

    @Test
    void plan_longPrompt_isCutIntoChunksBesideDecodes() {
        SchedulerSimulation sim = new SchedulerSimulation(16, 4, 64, 4, false);
        sim.submit("a", 1, false, prompt(1, 5), 30);
        sim.step();
        sim.submit("b", 1, false, prompt(2, 40), 5);
        StepPlan plan = sim.scheduler.plan();
        assertThat(plan.work()).extracting(StepPlan.Work::count).containsExactly(1, 15);
        assertThat(plan.work()).extracting(StepPlan.Work::chooses).containsExactly(true, false);
        assertAllBlocksFree(sim);
    }

    @Test
    void plan_quietTenantAmongAFlood_goesNextAndFirst() {
        SchedulerSimulation sim = new SchedulerSimulation(32, 4, 64, 4, true);
        for (int i = 0; i < 20; i++) {
            sim.submit("flood", 1, false, prompt(i, 20), 10);
        }
        for (int i = 0; i < 5; i++) {
            sim.step();
        }
        Sequence quiet = sim.submit("quiet", 1, false, prompt(99, 20), 10);
        StepPlan plan = sim.scheduler.plan();
        assertThat(plan.work()).anySatisfy(w -> {
            assertThat(w.sequence()).isSameAs(quiet);
            assertThat(w.count()).isEqualTo(20);
        });
        assertAllBlocksFree(sim);
    }

    @Test
    void finish_beforeTheFirstChoice_chargesWhatTheChooserOwed() {
        for (boolean running : new boolean[]{true, false}) {
            SchedulerSimulation sim = new SchedulerSimulation(16, 4, 64, 4, false);
            sim.submit("heavy", 2, false, prompt(2, 5), 30);
            sim.step();
            GreedySampler sampler = new GreedySampler();
            Sequence heavy = sim.submit("heavy", 2, sampler, prompt(1, 40), 30);
            if (running) {
                sim.step();
            }
            sampler.work = 1_000_000;
            double before = sim.scheduler.fairShare().counters().get("heavy");
            sim.scheduler.finish(heavy);
            assertThat(sim.scheduler.fairShare().counters().get("heavy") - before)
                    .isEqualTo(1_000_000 * Service.CHOOSER_STEP / 2);
        }
    }

    @Test
    void sampled_samplerThatWorkedMuch_isChargedToItsTenantOnce() {
        SchedulerSimulation sim = new SchedulerSimulation(16, 4, 64, 4, false);
        GreedySampler sampler = new GreedySampler();
        Sequence heavy = sim.submit("heavy", 2, sampler, prompt(1, 5), 30);
        sim.submit("light", 2, false, prompt(2, 5), 30);
        sim.step();
        sampler.work = 1_000_000;
        sim.scheduler.charge(heavy);
        sim.scheduler.charge(heavy);
        Map<String, Double> counters = sim.scheduler.fairShare().counters();
        assertThat(counters.get("heavy") - counters.get("light")).isEqualTo(1_000_000 * Service.CHOOSER_STEP / 2);
        assertAllBlocksFree(sim);
    }

    @Test
    void plan_tenantBackFromAPause_hasNotSavedService() {
        SchedulerSimulation sim = new SchedulerSimulation(8, 4, 64, 4, false);
        sim.submit("b", 1, false, prompt(0, 2), 1);
        for (int i = 0; i < 200; i++) {
            sim.submit("a", 1, false, prompt(i, 8), 4);
            sim.step();
        }
        double before = sim.serviceOf("a");
        double beforeB = sim.serviceOf("b");
        for (int i = 0; i < 100; i++) {
            sim.submit("b", 1, false, prompt(i, 8), 4);
        }
        for (int i = 0; i < 60; i++) {
            sim.submit("a", 1, false, prompt(i, 8), 4);
            sim.step();
        }
        assertThat(sim.serviceOf("b") - beforeB).isBetween((sim.serviceOf("a") - before) * 0.8,
                (sim.serviceOf("a") - before) * 1.3);
        assertAllBlocksFree(sim);
    }

    @Test
    void plan_weights_divideServiceInTheirProportion() {
        SchedulerSimulation sim = new SchedulerSimulation(16, 4, 64, 4, false);
        for (int i = 0; i < 300; i++) {
            sim.submit("one", 1, false, prompt(i, 8), 4);
            sim.submit("three", 3, false, prompt(i, 8), 4);
        }
        for (int i = 0; i < 150; i++) {
            sim.step();
        }
        // Weighted service is equal, so plain service is in the proportion of the weights.
        assertThat(sim.serviceOf("three") / sim.serviceOf("one")).isBetween(0.9, 1.1);
        assertAllBlocksFree(sim);
    }

    @Test
    void plan_interactiveBeforeBatch_butBatchIsNotStarved() {
        SchedulerSimulation sim = new SchedulerSimulation(8, 1, 64, 4, false);
        Sequence batch = sim.submit("a", 1, true, prompt(1, 4), 1);
        List<Sequence> interactive = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            interactive.add(sim.submit("a", 1, false, prompt(i, 4), 1));
        }
        int steps = 0;
        while (sim.live.contains(batch)) {
            sim.step();
            steps++;
        }
        assertThat(steps).isEqualTo(TenantQueue.INTERACTIVE_IN_ROW + 1);
        assertThat(sim.live).containsAll(interactive.subList(TenantQueue.INTERACTIVE_IN_ROW, 20));
        assertAllBlocksFree(sim);
    }

    @Test
    void plan_interactiveArrivesWhileBatchHoldsAllPlaces_takesOne() {
        SchedulerSimulation sim = new SchedulerSimulation(8, 2, 64, 4, true);
        sim.submit("a", 1, true, prompt(1, 4), 50);
        sim.submit("a", 1, true, prompt(2, 4), 50);
        sim.step();
        Sequence now = sim.submit("a", 1, false, prompt(3, 4), 2);
        assertThat(sim.scheduler.plan().work()).extracting(StepPlan.Work::sequence).contains(now);
        assertAllBlocksFree(sim);
    }

    @Test
    void plan_memoryHeldByPausedSequence_isGivenToAnother() {
        SchedulerSimulation sim = new SchedulerSimulation(16, 4, 4, 4, false);
        Sequence slow = sim.submit("a", 1, false, prompt(1, 10), 6);
        sim.step();
        slow.paused = true;
        Sequence other = sim.submit("b", 1, false, prompt(2, 10), 6);
        while (sim.live.contains(other)) {
            assertThat(sim.step()).isTrue();
        }
        assertThat(sim.live).containsExactly(slow);
        assertAllBlocksFree(sim);
    }

    @Test
    void plan_largePromptAtTheHead_isNotOvertakenForEver() {
        SchedulerSimulation sim = new SchedulerSimulation(16, 8, 8, 4, false);
        for (int i = 0; i < 3; i++) {
            sim.submit("a", 1, false, prompt(i, 8), 4);
        }
        sim.step();
        Sequence large = sim.submit("b", 1, false, prompt(9, 30), 2);
        for (int i = 0; i < 40 && sim.live.contains(large); i++) {
            sim.submit("a", 1, false, prompt(i, 8), 4);
            sim.step();
        }
        assertThat(sim.live).doesNotContain(large);
        assertAllBlocksFree(sim);
    }

    @Test
    void finish_inEveryState_freesWhatItHolds() {
        SchedulerSimulation sim = new SchedulerSimulation(8, 2, 16, 4, true);
        Sequence decoding = sim.submit("a", 1, false, prompt(1, 4), 50);
        sim.step();
        Sequence prefilling = sim.submit("a", 1, false, prompt(2, 30), 5);
        sim.step();
        Sequence waiting = sim.submit("a", 1, false, prompt(3, 8), 5);
        assertThat(decoding.decoding()).isTrue();
        assertThat(prefilling.computed()).isBetween(1, 29);
        sim.finish(waiting);
        sim.finish(prefilling);
        sim.finish(decoding);
        assertThat(sim.step()).isFalse();
        sim.assertAllBlocksFree();
    }

    @Test
    void arrive_thousandsOfTenantsThatWentAway_areForgotten() {
        SchedulerSimulation sim = new SchedulerSimulation(64, 4, 64, 4, false);
        for (int i = 0; i < 5000; i++) {
            sim.submit("t" + i, 1, false, prompt(i, 4), 1);
            sim.step();
        }
        sim.drain();
        assertThat(sim.scheduler.fairShare().shares().size()).isLessThan(200);
        assertAllBlocksFree(sim);
    }
}
