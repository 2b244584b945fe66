package ai.realm.runtime.scheduler;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Virtual token counters: every tenant's service over its weight, of which the smallest is served next. A tenant that comes back after a
 * pause begins at the smallest counter of those who wait, so that a pause earns nothing. What is queued is the shares' affair. Source:
 * Sheng et al., Fairness in Serving Large Language Models, OSDI 2024, algorithm 2, with weights. One thread.
 *
 * @param <S> a tenant's share, with its queue
 */
public final class FairShare<S extends FairShare.Share> {
    private static final int PRUNE_ABOVE = 64;

    private final Function<String, S> maker;
    private final Map<String, S> shares = new LinkedHashMap<>();
    /** The tenant that left the queue last. */
    private @Nullable S lastLeft;

    /** One tenant's weighted service so far, and what waits of it. */
    public abstract static class Share {
        final String id;
        double weight = 1;
        double counter;

        protected Share(String tenantId) {
            id = tenantId;
        }

        /** How much waits in its queue. */
        protected abstract int waiting();

        /** How much of it is being served. */
        protected abstract int running();

        /** Whether something of it is here that is neither served nor waits. */
        protected boolean holds() {
            return false;
        }

        final boolean active() {
            return running() > 0 || waiting() > 0;
        }
    }

    /** @param maker makes the share of a tenant, nothing in it */
    public FairShare(Function<String, S> maker) {
        this.maker = maker;
    }

    /** The share of a tenant of which something new is about to be queued. */
    public S arrive(String tenant, double weight) {
        S share = shares.get(tenant);
        if (share == null) {
            prune();
            share = maker.apply(tenant);
            shares.put(tenant, share);
        }
        share.weight = weight;
        if (share.waiting() == 0) {
            share.counter = Math.max(share.counter, floor());
        }
        return share;
    }

    /** The least counter that a tenant can begin with now. */
    private double floor() {
        double least = Double.POSITIVE_INFINITY;
        for (S s : shares.values()) {
            if (s.waiting() > 0) {
                least = Math.min(least, s.counter);
            }
        }
        if (least < Double.POSITIVE_INFINITY) {
            return least;
        }
        return lastLeft == null ? 0 : lastLeft.counter;
    }

    /** Forgets tenants that have nothing here and would begin at the floor anyway. */
    private void prune() {
        if (shares.size() >= PRUNE_ABOVE) {
            double floor = floor();
            shares.values().removeIf(s -> !s.active() && !s.holds() && s.counter <= floor);
        }
    }

    /** Something of a tenant left its queue. */
    public void left(S share) {
        if (share.waiting() == 0) {
            lastLeft = share;
        }
    }

    public void charge(S share, double service) {
        share.counter += service / share.weight;
    }

    /** The tenant with the least counter among those that can use service; of equals the one that has less, then the older. */
    public @Nullable S least(Predicate<S> wants) {
        S best = null;
        for (S s : shares.values()) {
            if (wants.test(s) && (best == null || before(s, best))) {
                best = s;
            }
        }
        return best;
    }

    private static boolean before(Share a, Share b) {
        int byCounter = Double.compare(a.counter, b.counter);
        return byCounter < 0 || byCounter == 0 && a.running() < b.running();
    }

    /** A tenant's part of {@code total} beside all who are active, at least 1. */
    int shareOf(S tenant, int total) {
        double sum = 0;
        for (S s : shares.values()) {
            sum += s.active() ? s.weight : 0;
        }
        return (int) Math.max(1, Math.floor(total * tenant.weight / Math.max(sum, tenant.weight)));
    }

    /** The share of a tenant that is known here, or null. */
    public @Nullable S of(String tenant) {
        return shares.get(tenant);
    }

    public Collection<S> shares() {
        return shares.values();
    }

    public int waiting() {
        int n = 0;
        for (S s : shares.values()) {
            n += s.waiting();
        }
        return n;
    }

    /** The counters by tenant: for tests and the log. */
    Map<String, Double> counters() {
        Map<String, Double> out = new LinkedHashMap<>();
        shares.values().forEach(s -> out.put(s.id, s.counter));
        return out;
    }
}
