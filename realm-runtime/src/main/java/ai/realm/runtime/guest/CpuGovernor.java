package ai.realm.runtime.guest;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Keeps the CPU time of all guests together within the operator's share. A budget fills with time and is drained by what guests
 * used; while it is empty, the runs that have used more than a short grace wait, and at no time do more of them run than the share
 * has processors. Runs that need little are never held up by those that need much. Not thread-safe: the watchdog's.
 */
final class CpuGovernor {
    /** CPU time that every run may use before it counts as heavy. */
    static final long GRACE_NANOS = 5_000_000;
    private static final long BURST_NANOS = 20_000_000;

    private final double processors;
    private final int parallel;
    private final Map<String, Long> tenantTurns = new HashMap<>();
    private double budgetNanos;
    private long lastNanos;
    private long turns;

    /** @param processors how many processors' time guests may use; may be a fraction */
    CpuGovernor(double processors, long nowNanos) {
        this.processors = processors;
        this.parallel = Math.max(1, (int) Math.floor(processors));
        this.lastNanos = nowNanos;
        this.budgetNanos = BURST_NANOS;
    }

    /** Accounts what {@code runs} used since the last call and decides which of them may go on until the next. */
    void tick(long nowNanos, Collection<Supervision> runs) {
        long elapsed = nowNanos - lastNanos;
        lastNanos = nowNanos;
        budgetNanos = Math.min(BURST_NANOS, budgetNanos + elapsed * processors);
        for (Supervision run : runs) {
            budgetNanos -= run.takeCpuDelta();
        }
        // A long debt would punish for what one tick could not see; it is bounded by what a second can repay.
        budgetNanos = Math.max(budgetNanos, -1e9 * processors);
        List<Supervision> heavy = runs.stream().filter(r -> !r.waiting() && r.cpuNanos() > GRACE_NANOS)
                .sorted(Comparator.comparingLong((Supervision r) -> tenantTurns.getOrDefault(r.tenant(), 0L))
                        .thenComparingLong(r -> r.turn))
                .toList();
        int slots = budgetNanos > 0 ? parallel : 0;
        for (Supervision run : heavy) {
            boolean goes = slots-- > 0;
            if (goes) {
                run.turn = ++turns;
                tenantTurns.put(run.tenant(), turns);
            }
            run.pause(!goes);
        }
        if (heavy.isEmpty()) {
            tenantTurns.clear();
        }
    }

    /** CPU time of a run that ended since the last tick. */
    void account(long nanos) {
        budgetNanos -= nanos;
    }
}
