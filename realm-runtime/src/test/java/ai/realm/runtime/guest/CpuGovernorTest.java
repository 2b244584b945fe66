package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CpuGovernorTest {
    private static final long TICK = 5_000_000;

    private long now;
    private final List<Run> runs = new ArrayList<>();

    /** A run that uses a whole processor while it is not paused. */
    private static final class Run {
        final Supervision supervision;
        long cpu;
        boolean ran;

        Run(String tenant) {
            supervision = new Supervision(tenant, Duration.ofDays(1), Duration.ofDays(1), Long.MAX_VALUE);
        }

        void tick() {
            if (!supervision.paused()) {
                cpu += TICK;
            }
            supervision.used(cpu);
        }
    }

    private long simulate(double processors, int ticks) {
        CpuGovernor governor = new CpuGovernor(processors / 2, 2, now);
        for (int i = 0; i < ticks; i++) {
            now += TICK;
            runs.forEach(Run::tick);
            governor.tick(now, runs.stream().map(r -> r.supervision).toList());
        }
        return runs.stream().mapToLong(r -> r.cpu).sum();
    }

    private void add(String... tenants) {
        for (String tenant : tenants) {
            runs.add(new Run(tenant));
        }
    }

    @Test
    void burners_stayWithinTheShare() {
        add("a", "a", "b", "c");
        double used = simulate(0.5, 2000) / (2000.0 * TICK);
        assertThat(used).isBetween(0.4, 0.5);
    }

    @Test
    void burnersOfTwoTenants_getTheSameWhateverTheirNumber() {
        add("a", "b", "b", "b");
        simulate(0.5, 4000);
        long b = runs.get(1).cpu + runs.get(2).cpu + runs.get(3).cpu;
        assertThat((double) runs.get(0).cpu / b).isBetween(0.8, 1.25);
    }

    @Test
    void oneBurner_getsTheShareOfOneProcessor() {
        add("a");
        assertThat(simulate(1, 1000) / (1000.0 * TICK)).isBetween(0.42, 0.5);
    }

    @Test
    void burners_runTogetherSoThatTheRestOfTheTimeIsFree() {
        add("a", "b", "c", "c");
        CpuGovernor governor = new CpuGovernor(0.1, 2, now);
        int disturbed = 0;
        for (int i = 0; i < 4000; i++) {
            now += TICK;
            disturbed += runs.stream().allMatch(r -> r.supervision.paused()) ? 0 : 1;
            runs.forEach(Run::tick);
            governor.tick(now, runs.stream().map(r -> r.supervision).toList());
        }
        assertThat(disturbed / 4000.0).isBetween(0.08, 0.1);
        assertThat(runs.stream().mapToLong(r -> r.cpu).sum() / (4000.0 * TICK)).isBetween(0.16, 0.2);
    }

    /**
     * Burners beside a forward pass, which leaves them half of each processor, and which waits wherever one of them runs; each notices
     * late that its turn is over. Each gets so little that it would look like a stream if time in which it is held back counted.
     */
    @Test
    void burnersBesideAForwardPass_takeNoMoreOfItsTimeThanTheShare() {
        add("a", "b", "c", "d", "e", "f", "a", "b", "c", "d", "e", "f");
        for (double share : new double[]{0.1, 0.25, 0.5}) {
            CpuGovernor governor = new CpuGovernor(share, 2, now);
            long lost = 0;
            for (int i = 0; i < 8000; i++) {
                now += TICK;
                long used = 0;
                for (Run run : runs) {
                    long more = !run.supervision.paused() ? TICK / 2 : run.ran ? TICK / 5 : 0;
                    run.ran = !run.supervision.paused();
                    run.cpu += more;
                    run.supervision.used(run.cpu);
                    used += more;
                }
                lost += Math.min(TICK, used);
                governor.tick(now, runs.stream().map(r -> r.supervision).toList());
            }
            assertThat(lost / (8000.0 * TICK)).as("share %s", share).isLessThanOrEqualTo(share);
        }
    }

    /** A stream that uses 2 % of a processor for as long as it lasts, beside burners. */
    @Test
    void longStream_isNeverPaused() {
        add("a", "b", "c");
        CpuGovernor governor = new CpuGovernor(0.1, 2, now);
        Supervision stream = new Run("d").supervision;
        governor.admit(now, stream);
        long used = 0;
        for (int i = 0; i < 4000; i++) {
            now += TICK;
            runs.forEach(Run::tick);
            used += TICK / 50;
            stream.used(used);
            governor.tick(now, Stream.concat(runs.stream().map(r -> r.supervision), Stream.of(stream)).toList());
            assertThat(stream.paused()).isFalse();
        }
    }

    @Test
    void heavyRunThatCouldNotBeHeldBack_waitsForItself_andNoLightOneWithIt() {
        CpuGovernor governor = new CpuGovernor(0.25, 2, now);
        Run heavy = new Run("a");
        Supervision light = new Run("b").supervision;
        governor.admit(now, light);
        now += TICK;
        heavy.supervision.used(900_000_000);
        governor.tick(now, List.of(heavy.supervision, light));
        for (int i = 0; i < 100; i++) {
            assertThat(heavy.supervision.paused()).isTrue();
            assertThat(light.paused()).isFalse();
            now += TICK;
            governor.tick(now, List.of(heavy.supervision, light));
        }
    }

    @Test
    void lightRun_isNeverPaused() {
        add("a", "b");
        simulate(0.1, 500);
        Run light = new Run("c");
        light.supervision.used(CpuGovernor.GRACE_NANOS);
        runs.add(light);
        CpuGovernor governor = new CpuGovernor(0.1 / 2, 2, now);
        for (int i = 0; i < 100; i++) {
            now += 1000;
            governor.tick(now, runs.stream().map(r -> r.supervision).toList());
            assertThat(light.supervision.paused()).isFalse();
        }
    }

    /** Runs of 4 ms of processor time, one after the other, none of which ever counts as heavy by itself. */
    private double shortRuns(String tenant, int ticks, double processors) {
        CpuGovernor governor = new CpuGovernor(processors / 2, 2, now);
        long used = 0;
        Supervision run = null;
        for (int i = 0; i < ticks; i++) {
            now += TICK;
            if (run == null) {
                run = new Run(tenant).supervision;
                governor.admit(now, run);
            }
            if (!run.paused()) {
                used += 4_000_000;
                run.used(4_000_000);
                run.waiting(true);
                governor.account(run);
                run = null;
                governor.tick(now, List.of());
            } else {
                governor.tick(now, List.of(run));
            }
        }
        return (double) used / ((long) ticks * TICK);
    }

    @Test
    void manyShortRunsOfOneTenant_keepToTheShareOfOneProcessor() {
        assertThat(shortRuns("a", 4000, 0.25)).isBetween(0.1, 0.15);
    }

    @Test
    void shortRunsWithinTheShare_neverWait() {
        CpuGovernor governor = new CpuGovernor(0.5 / 2, 2, now);
        for (int i = 0; i < 400; i++) {
            now += 200_000_000;
            Run light = new Run("a");
            governor.admit(now, light.supervision);
            assertThat(light.supervision.paused()).isFalse();
            light.supervision.used(4_000_000);
            governor.account(light.supervision);
        }
    }

    @Test
    void tooManyLightTenants_keepToTheShareTogether() {
        CpuGovernor governor = new CpuGovernor(0.25 / 2, 2, now);
        long used = 0;
        int waiting = 0;
        for (int i = 0; i < 4000; i++) {
            now += TICK;
            Supervision run = new Run("tenant-" + i % 500).supervision;
            governor.admit(now, run);
            if (run.paused()) {
                waiting++;
            } else {
                used += 4_000_000;
                run.used(4_000_000);
                governor.account(run);
            }
            governor.tick(now, List.of());
        }
        assertThat((double) used / (4000 * TICK)).isBetween(0.2, 0.35);
        assertThat(waiting).isPositive();
    }
}
