package ai.realm.runtime.scheduler;

import ai.realm.runtime.scheduler.StepCost.Load;
import java.util.ArrayList;
import java.util.List;

/**
 * How much of the others' work may join a step, by what it would take, so that those who decode keep their pace:
 *
 * <ul>
 * <li>Chunks of prompts do not stretch a step in which anybody decodes beyond the bound on gaps. They are at least a fifth of such a step, so that
 * prompts go on however many decode.
 * <li>A tenant that has had less service than another keeps its share of the time: the other's work does not stretch a step beyond what its own part
 * would take alone, times all weights over its own. Each tenant has one sequence in every step whatever that takes.
 * </ul>
 *
 * <p>Until enough steps have been seen nothing is held back. One thread.
 */
final class StepPace {
    /** Least positions of a prompt beside others who decode. */
    private static final int LEAST_CHUNK = 16;
    /** Of a step with decoding, what prompts may take at least, over the rest. */
    private static final double LEAST_PART = 0.25;

    /** Of the bound on gaps: steps differ from what is expected of them, and what comes behind a step belongs to a gap, too. */
    private static final double AIM = 0.75;

    private final double gapNanos;
    private final StepCost cost = new StepCost();
    private final Load planned = new Load();
    private final Load trial = new Load();
    /** Who decodes, in the step that is being planned or held back from it. */
    private final List<TenantQueue> decoding = new ArrayList<>();
    private double weights;
    private boolean prompts;

    /** @param gapNanos what a step with prompts and decoding should take at most; 0 for no such bound, and no protection of shares */
    StepPace(long gapNanos) {
        this.gapNanos = AIM * gapNanos;
    }

    /** A step is about to be planned. */
    void begin(List<Sequence> running, FairShare<TenantQueue> fair) {
        planned.clear();
        decoding.clear();
        weights = 0;
        prompts = false;
        for (TenantQueue t : fair.shares()) {
            if (t.active()) {
                weights += t.weight;
                t.beginStep();
                prompts |= t.head() != null;
            }
        }
        for (Sequence s : running) {
            if (s.paused) {
                continue;
            }
            TenantQueue t = Scheduler.tenantOf(s);
            if (s.decoding()) {
                if (!t.decodes) {
                    t.decodes = true;
                    decoding.add(t);
                }
                t.alone.add(true, s.computed(), 1);
            } else {
                prompts |= s.remaining() > 0;
            }
        }
    }

    /** Whether a tenant may have to be held back for another's sake. */
    boolean shared() {
        return gapNanos > 0 && cost.known() && decoding.size() > 1;
    }

    /** Something is in the step. */
    void add(Sequence s, int from, int count, boolean decodes) {
        planned.add(decodes, from, count);
        Scheduler.tenantOf(s).inStep = true;
    }

    /** Whether a sequence's next token may be computed in this step. */
    boolean mayDecode(Sequence s) {
        TenantQueue t = Scheduler.tenantOf(s);
        double bound = shared() && t.inStep ? bound(t) : Double.POSITIVE_INFINITY;
        if (bound == Double.POSITIVE_INFINITY) {
            return true;
        }
        trial.set(planned);
        trial.add(true, s.computed(), 1);
        // of what those who are protected leave, half is the prompts'
        double least = bound * Math.max(0, 1 - t.weight / weights);
        return cost.nanos(trial) <= (prompts ? (least + bound) / 2 : bound);
    }

    /** How many positions of a prompt, {@code most} or fewer, may join this step; 0 for none. */
    int promptRoom(TenantQueue t, int from, int most) {
        if (gapNanos <= 0 || !cost.known() || decoding.isEmpty()) {
            return most;
        }
        double now = cost.nanos(planned);
        trial.set(planned);
        trial.add(false, from, most);
        double each = (cost.nanos(trial) - now) / most;
        double room = Math.max(Math.max(gapNanos - now, LEAST_PART * now), LEAST_CHUNK * each);
        double bound = bound(t);
        if (bound < Double.POSITIVE_INFINITY) {
            room = Math.min(room, Math.max(bound - now, t.inStep ? 0 : LEAST_CHUNK * each));
        }
        return each <= 0 ? most : (int) Math.min(most, room / each);
    }

    /** What a step may take with more of this tenant, for those who have had less than it. */
    private double bound(TenantQueue t) {
        double least = Double.POSITIVE_INFINITY;
        for (TenantQueue other : decoding) {
            if (other != t && other.counterBefore < t.counterBefore) {
                least = Math.min(least, cost.nanos(other.alone) * weights / other.weight);
            }
        }
        return least;
    }

    /** A step was computed. */
    void took(StepPlan plan, long nanos) {
        trial.clear();
        for (StepPlan.Work w : plan.work()) {
            trial.add(w.decodes(), w.from(), w.count());
        }
        cost.observe(trial, nanos);
    }
}
