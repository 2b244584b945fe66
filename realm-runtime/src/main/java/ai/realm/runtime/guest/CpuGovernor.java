package ai.realm.runtime.guest;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Keeps the CPU time of all guests together within the operator's share. A budget fills with time and is drained by what guests
 * used; while it is empty, heavy runs wait, and at no time do more of them run than the share has processors. A run is light while
 * it has used little itself and its tenant has used little of late, so many short runs of one tenant weigh as much as a long one.
 * Light runs never wait for heavy ones: what they use, the heavy ones have less. Only when light runs alone take more than the share
 * does the debt grow beyond a bound, and then all runs wait for their turn. Not thread-safe: the watchdog's.
 */
final class CpuGovernor {
    /** CPU time that every run may use before it counts as heavy. */
    static final long GRACE_NANOS = 5_000_000;
    private static final long BURST_NANOS = 20_000_000;
    /** What a tenant used is forgotten at this pace. */
    private static final double MEMORY_NANOS = 1e9;
    /** A tenant is light while what is remembered of its use is less than this part of what the share gives in that time. */
    private static final double LIGHT_PART = 0.1;
    private static final double DEBT_SECONDS = 0.2;

    private final double processors;
    private final int parallel;
    private final Map<String, Tenant> tenants = new HashMap<>();
    private double budgetNanos;
    private long lastNanos;
    private long turns;

    private static final class Tenant {
        double recentNanos;
        long turn;
    }

    /** @param processors how many processors' time guests may use; may be a fraction */
    CpuGovernor(double processors, long nowNanos) {
        this.processors = processors;
        this.parallel = Math.max(1, (int) Math.floor(processors));
        this.lastNanos = nowNanos;
        this.budgetNanos = BURST_NANOS;
    }

    /** Accounts what {@code runs} used since the last call and decides which of them may go on until the next. */
    void tick(long nowNanos, Collection<Supervision> runs) {
        pass(nowNanos);
        for (Supervision run : runs) {
            account(run);
        }
        // A long debt would punish for what one tick could not see; it is bounded by what a second can repay.
        budgetNanos = Math.max(budgetNanos, -1e9 * processors);
        List<Supervision> heavy = new ArrayList<>(0);
        for (Supervision run : runs) {
            if (competes(run)) {
                heavy.add(run);
            } else if (run.paused()) {
                run.pause(false);
            }
        }
        heavy.sort(Comparator.comparingLong((Supervision r) -> tenant(r).turn).thenComparingLong(r -> r.turn));
        int slots = budgetNanos > 0 ? parallel : 0;
        for (Supervision run : heavy) {
            boolean goes = slots-- > 0;
            if (goes) {
                run.turn = ++turns;
                tenant(run).turn = turns;
            }
            run.pause(!goes);
        }
    }

    /** A run is about to begin: that of a tenant which has used much waits for its turn from the start. */
    void admit(long nowNanos, Supervision run) {
        pass(nowNanos);
        if (budgetNanos <= 0 && isHeavy(run)) {
            run.pause(true);
        }
    }

    private void pass(long nowNanos) {
        long elapsed = Math.max(0, nowNanos - lastNanos);
        lastNanos = Math.max(lastNanos, nowNanos);
        budgetNanos = Math.min(BURST_NANOS, budgetNanos + elapsed * processors);
        double kept = Math.exp(-elapsed / MEMORY_NANOS);
        tenants.values().forEach(t -> t.recentNanos *= kept);
        tenants.values().removeIf(t -> t.recentNanos < 1000);
    }

    private boolean competes(Supervision run) {
        return !run.waiting() && isHeavy(run);
    }

    private boolean isHeavy(Supervision run) {
        Tenant tenant = tenants.get(run.tenant());
        return run.cpuNanos() > GRACE_NANOS || budgetNanos < -DEBT_SECONDS * 1e9 * processors
                || tenant != null && tenant.recentNanos > LIGHT_PART * MEMORY_NANOS * processors;
    }

    private Tenant tenant(Supervision run) {
        return tenants.computeIfAbsent(run.tenant(), _ -> new Tenant());
    }

    /** CPU time that a run has used since it was last looked at. */
    void account(Supervision run) {
        long nanos = run.takeCpuDelta();
        if (nanos > 0) {
            budgetNanos -= nanos;
            tenant(run).recentNanos += nanos;
        }
    }
}
