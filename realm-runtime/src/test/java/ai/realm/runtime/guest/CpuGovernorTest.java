package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CpuGovernorTest {
    private static final long TICK = 5_000_000;

    private long now;
    private final List<Run> runs = new ArrayList<>();

    /** A run that uses a whole processor while it is not paused. */
    private static final class Run {
        final Supervision supervision;
        long cpu;

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
        CpuGovernor governor = new CpuGovernor(processors, now);
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
        assertThat(used).isBetween(0.45, 0.53);
    }

    @Test
    void burnersOfTwoTenants_getTheSameWhateverTheirNumber() {
        add("a", "b", "b", "b");
        simulate(0.5, 4000);
        long b = runs.get(1).cpu + runs.get(2).cpu + runs.get(3).cpu;
        assertThat((double) runs.get(0).cpu / b).isBetween(0.8, 1.25);
    }

    @Test
    void oneBurner_wholeShareOfOneProcessor() {
        add("a");
        assertThat(simulate(1, 1000)).isEqualTo(1000 * TICK);
    }

    @Test
    void lightRun_isNeverPaused() {
        add("a", "b");
        simulate(0.1, 500);
        Run light = new Run("c");
        light.supervision.used(CpuGovernor.GRACE_NANOS);
        runs.add(light);
        CpuGovernor governor = new CpuGovernor(0.1, now);
        for (int i = 0; i < 100; i++) {
            now += 1000;
            governor.tick(now, runs.stream().map(r -> r.supervision).toList());
            assertThat(light.supervision.paused()).isFalse();
        }
    }
}
