package ai.realm.runtime.guest;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Bounds by the operator's share both the CPU time of all guests and the time the engine loses to them. A budget of CPU time
 * fills with time and is drained by what guests used.
 *
 * <p>A run is heavy when it has used much itself, or its tenant has used much of late; so many short runs of one tenant weigh as
 * much as a long one. Heavy runs go on together, one for each processor, and for no greater part of the time than the share. The
 * reason: a forward pass goes on only when all its threads do. So it loses the time in which any of them gave its processor to a
 * guest, not the average over processors. In between heavy runs wait.
 *
 * <p>Light runs never wait for heavy ones: what they use, the heavy ones have less. Only when light runs alone take more than the
 * share does their debt grow beyond a bound, and then all runs wait for their turn.
 *
 * <p>Not thread-safe: the watchdog's.
 */
final class CpuGovernor {
    /** CPU time that every run may use before it counts as heavy, ... */
    static final long GRACE_NANOS = 5_000_000;
    /**
     * ... and the part of its time that it may use on top: a long stream uses little for each token, but has many. Time in which it was
     * held back does not count, or those that are held back much would seem to want little.
     */
    private static final double LIGHT_PACE = 0.05;
    private static final long BURST_NANOS = 20_000_000;
    /** Time that heavy runs may save up: about what the watchdog sees at a time. */
    private static final long TIME_BURST_NANOS = 5_000_000;
    /** What a run's turn costs others beside its processor time: threads that are woken, caches that are cold. */
    private static final long TURN_NANOS = 250_000;
    /** ... and what each of its nanoseconds costs with the collection of its garbage, which was a tenth of it in the encoding of megabytes. */
    private static final double COLLECTED = 1.1;
    /** What a tenant used is forgotten at this pace. */
    private static final double MEMORY_NANOS = 1e9;
    /**
     * A tenant is light while what is remembered of its use is less than this part of what the share gives in that time, or less than
     * its equal part of what the share gives on one processor.
     */
    private static final double LIGHT_PART = 0.1;
    private static final double DEBT_SECONDS = 0.2;

    private final double share;
    private final int machine;
    private final double processors;
    private final Map<String, Tenant> tenants = new HashMap<>();
    private double budgetNanos;
    /** The same budget, drained by light runs only: what a heavy one took at once must not make light ones wait. */
    private double lightBudgetNanos;
    private double timeNanos = TIME_BURST_NANOS;
    /** What heavy runs used since the last tick, and all runs. */
    private long heavyNanos;
    private long allNanos;
    private long turnNanos;
    private long lastNanos;
    private long lastTickNanos;
    private long turns;

    private static final class Tenant {
        double recentNanos;
        long turn;
    }

    /**
     * @param share part of the machine that guests may use
     * @param machine processors that it has
     */
    CpuGovernor(double share, int machine, long nowNanos) {
        this.share = share;
        this.machine = machine;
        this.processors = share * machine;
        this.lastNanos = nowNanos;
        this.lastTickNanos = nowNanos;
        this.budgetNanos = BURST_NANOS;
        this.lightBudgetNanos = BURST_NANOS;
    }

    /** Accounts what {@code runs} used since the last call and decides which of them may go on until the next. */
    void tick(long nowNanos, Collection<Supervision> runs) {
        pass(nowNanos);
        for (Supervision run : runs) {
            run.heldNanos += run.paused() ? nowNanos - lastTickNanos : 0;
            account(run);
        }
        spendTime(nowNanos);
        // A long debt would punish for what one tick could not see; it is bounded by what a second can repay.
        budgetNanos = Math.max(budgetNanos, -1e9 * processors);
        lightBudgetNanos = Math.max(lightBudgetNanos, -1e9 * processors);
        timeNanos = Math.max(timeNanos, -1e9 * share);
        List<Supervision> heavy = new ArrayList<>(0);
        for (Supervision run : runs) {
            if (competes(run)) {
                heavy.add(run);
            } else if (run.paused()) {
                run.pause(false);
            }
        }
        heavy.sort(Comparator.comparingLong((Supervision r) -> tenant(r).turn).thenComparingLong(r -> r.turn));
        int slots = mayGo() ? machine : 0;
        for (Supervision run : heavy) {
            boolean goes = slots-- > 0;
            if (goes) {
                turnNanos += run.paused() ? TURN_NANOS : 0;
                run.turn = ++turns;
                tenant(run).turn = turns;
            }
            run.pause(!goes);
        }
    }

    /** A run is about to begin: that of a tenant which has used much waits for its turn from the start. */
    void admit(long nowNanos, Supervision run) {
        pass(nowNanos);
        run.admittedNanos = nowNanos;
        if (!mayGo() && isHeavy(run)) {
            run.pause(true);
        }
    }

    /** Heavy runs may have run one after the other; those that are light are many and short, and spread over the processors. */
    private void spendTime(long nowNanos) {
        double lost = heavyNanos + (double) (allNanos - heavyNanos) / machine;
        timeNanos -= Math.min(nowNanos - lastTickNanos, lost) * COLLECTED + turnNanos;
        turnNanos = 0;
        lastTickNanos = nowNanos;
        heavyNanos = 0;
        allNanos = 0;
    }

    private boolean mayGo() {
        return budgetNanos > 0 && timeNanos > 0;
    }

    private void pass(long nowNanos) {
        long elapsed = Math.max(0, nowNanos - lastNanos);
        lastNanos = Math.max(lastNanos, nowNanos);
        budgetNanos = Math.min(BURST_NANOS, budgetNanos + elapsed * processors);
        lightBudgetNanos = Math.min(BURST_NANOS, lightBudgetNanos + elapsed * processors);
        timeNanos = Math.min(TIME_BURST_NANOS, timeNanos + elapsed * share);
        double kept = Math.exp(-elapsed / MEMORY_NANOS);
        tenants.values().forEach(t -> t.recentNanos *= kept);
        tenants.values().removeIf(t -> t.recentNanos < 1000);
    }

    private boolean competes(Supervision run) {
        return !run.waiting() && isHeavy(run);
    }

    private boolean isHeavy(Supervision run) {
        Tenant tenant = tenants.get(run.tenant());
        double light = Math.max(LIGHT_PART * processors, share / Math.max(1, tenants.size()));
        return run.cpuNanos() > GRACE_NANOS + LIGHT_PACE * Math.max(0, lastNanos - run.admittedNanos - run.heldNanos)
                || lightBudgetNanos < -DEBT_SECONDS * 1e9 * processors
                || tenant != null && tenant.recentNanos > light * MEMORY_NANOS;
    }

    private Tenant tenant(Supervision run) {
        return tenants.computeIfAbsent(run.tenant(), _ -> new Tenant());
    }

    /** CPU time that a run has used since it was last looked at. */
    void account(Supervision run) {
        long nanos = run.takeCpuDelta();
        if (nanos > 0) {
            budgetNanos -= nanos;
            allNanos += nanos;
            if (isHeavy(run)) {
                heavyNanos += nanos;
            } else {
                lightBudgetNanos -= nanos;
            }
            tenant(run).recentNanos += nanos;
        }
    }
}
