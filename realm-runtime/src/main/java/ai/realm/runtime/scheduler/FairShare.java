package ai.realm.runtime.scheduler;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Virtual token counters: every tenant's service, counted in tokens over its weight, of which the smallest is served next. A
 * tenant that comes back after a pause begins at the smallest counter of those who wait, so that a pause earns nothing. Source:
 * Sheng et al., Fairness in Serving Large Language Models, OSDI 2024, algorithm 2, with weights.
 */
final class FairShare {
    /** Service of a prompt token that is computed, and of a generated one: the paper's weights. */
    static final double PROMPT_SERVICE = 1;
    static final double OUTPUT_SERVICE = 2;
    /** Service of a row of logits beside the one that a token is sampled from. */
    static final double ROW_SERVICE = 1;
    /** Service of a step of work that a sequence's sampler did beyond what every sampler does: a prompt token's for some ten thousands. */
    static final double SAMPLER_SERVICE = 1.0 / 50_000;
    private static final int PRUNE_ABOVE = 64;

    private final Map<String, TenantQueue> tenants = new LinkedHashMap<>();
    /** The tenant that left the queue last. */
    private @Nullable TenantQueue lastLeft;

    /** Adds a new sequence to its tenant's queue. */
    TenantQueue arrive(Sequence s) {
        TenantQueue t = tenants.get(s.spec().tenantId());
        if (t == null) {
            prune();
            t = new TenantQueue(s.spec().tenantId());
            tenants.put(t.id, t);
        }
        t.weight = s.spec().weight();
        if (t.waiting() == 0) {
            t.counter = Math.max(t.counter, floor());
        }
        t.add(s);
        return t;
    }

    /** The least counter that a tenant can begin with now. */
    private double floor() {
        double least = Double.POSITIVE_INFINITY;
        for (TenantQueue t : tenants.values()) {
            if (t.waiting() > 0) {
                least = Math.min(least, t.counter);
            }
        }
        if (least < Double.POSITIVE_INFINITY) {
            return least;
        }
        return lastLeft == null ? 0 : lastLeft.counter;
    }

    /** Forgets tenants that have nothing here and would begin at the floor anyway. */
    private void prune() {
        if (tenants.size() < PRUNE_ABOVE) {
            return;
        }
        double floor = floor();
        Iterator<TenantQueue> all = tenants.values().iterator();
        while (all.hasNext()) {
            TenantQueue t = all.next();
            if (!t.active() && t.counter <= floor) {
                all.remove();
            }
        }
    }

    TenantQueue of(Sequence s) {
        TenantQueue t = tenants.get(s.spec().tenantId());
        if (t == null) {
            throw new IllegalStateException("a sequence's tenant is not known to the scheduler");
        }
        return t;
    }

    /** A sequence left its tenant's queue for the engine. */
    void admitted(TenantQueue t, Sequence s) {
        t.admitted(s);
        if (t.waiting() == 0) {
            lastLeft = t;
        }
    }

    void removed(TenantQueue t, Sequence s) {
        if (t.remove(s) && t.waiting() == 0) {
            lastLeft = t;
        }
    }

    void charge(TenantQueue t, double service) {
        t.counter += service / t.weight;
    }

    /** The tenant with the least counter among those that can use service; of equals the one that has less, then the older. */
    @Nullable
    TenantQueue least(Predicate<TenantQueue> wants) {
        TenantQueue best = null;
        for (TenantQueue t : tenants.values()) {
            if (wants.test(t) && (best == null || before(t, best))) {
                best = t;
            }
        }
        return best;
    }

    private static boolean before(TenantQueue a, TenantQueue b) {
        int byCounter = Double.compare(a.counter, b.counter);
        return byCounter < 0 || byCounter == 0 && a.running < b.running;
    }

    /** A tenant's part of {@code total} beside all who are active, at least 1. */
    int shareOf(TenantQueue tenant, int total) {
        double sum = 0;
        for (TenantQueue t : tenants.values()) {
            sum += t.active() ? t.weight : 0;
        }
        return (int) Math.max(1, Math.floor(total * tenant.weight / Math.max(sum, tenant.weight)));
    }

    Collection<TenantQueue> tenants() {
        return tenants.values();
    }

    /** All waiting sequences. */
    void forEachWaiting(Consumer<Sequence> each) {
        for (TenantQueue t : tenants.values()) {
            t.interactive().forEach(each);
            t.batch().forEach(each);
        }
    }

    int waiting() {
        int n = 0;
        for (TenantQueue t : tenants.values()) {
            n += t.waiting();
        }
        return n;
    }

    /** The counters by tenant: for tests and the log. */
    Map<String, Double> counters() {
        Map<String, Double> out = new LinkedHashMap<>();
        for (TenantQueue t : new ArrayList<>(tenants.values())) {
            out.put(t.id, t.counter);
        }
        return out;
    }
}
