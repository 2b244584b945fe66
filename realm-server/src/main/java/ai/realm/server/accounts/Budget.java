package ai.realm.server.accounts;

import ai.realm.server.domain.TenantLimits;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What all servers together have used of one tenant's limits, and what each of them holds: the rule by which they share. A server
 * takes amounts out and uses them without asking; the sum of what is left and what is held never exceeds the limit. What a server
 * holds ends when it is not renewed in time. Pure: the state goes in and comes out, the time is told. Not thread-safe.
 */
public final class Budget {
    /** How long a server may use what it holds without renewing it. */
    static final long LEASE_MILLIS = 10_000;
    /** How long the number of a lapsed server's last order is kept: it may ask the same again. */
    private static final long LAPSED_MILLIS = 86_400_000;
    private static final double MINUTE_MILLIS = 60_000;
    private static final long DAY_MILLIS = 86_400_000;
    /** What rounding leaves over is not waited for. */
    private static final double ROUNDING = 1e-6;

    /** What is limited. */
    public enum Kind {
        /** Requests a minute: they come back with time. */
        REQUESTS(256, TenantLimits::requestsPerMinute),
        /** Tokens a minute: they come back with time. */
        TOKENS(100_000, TenantLimits::tokensPerMinute),
        /** Tokens of a day of UTC. */
        DAY(100_000, TenantLimits::tokensPerDay),
        /** Requests at the same time. */
        PLACES(16, TenantLimits::concurrentRequests);

        /** What a server may hold in advance, as a part of what is left. */
        private static final int SHARE = 8;

        private final long leasedFrom;
        private final ToLongFunction<TenantLimits> limit;

        Kind(long leasedFrom, ToLongFunction<TenantLimits> limit) {
            this.leasedFrom = leasedFrom;
            this.limit = limit;
        }

        /** 0 when there is none. */
        public long limit(TenantLimits limits) {
            return limit.applyAsLong(limits);
        }

        /** Whether the limit is so large that servers may hold amounts in advance; a small one is shared to the last piece. */
        public boolean isLeased(TenantLimits limits) {
            return limit(limits) >= leasedFrom;
        }

        /** Whether it comes back with time; else when a request ends or a day begins. */
        public boolean refills() {
            return this == REQUESTS || this == TOKENS;
        }
    }

    /** An allowance that fills up at a steady rate to a minute's worth; below 0 when more was used than was there. */
    record Level(long perMinute, double level) {
        static final Level NONE = new Level(0, 0);

        /** What is added to or taken from a limit is so at once, whichever servers know of it already. */
        Level of(long limit) {
            return limit == perMinute ? this : new Level(limit, level + limit - perMinute);
        }

        Level filled(long millis, long held) {
            return new Level(perMinute, Math.min(level + millis / MINUTE_MILLIS * perMinute, perMinute - held));
        }

        Level plus(double amount) {
            return new Level(perMinute, level + amount);
        }
    }

    /**
     * What one server has.
     *
     * @param until when it ends, on the database's clock
     * @param seq of its last order
     * @param idle to be used
     * @param busy what requests that run have
     */
    record Holder(long until, long seq, Amounts idle, Amounts busy) {
        long all(Kind k) {
            return idle.of(k) + busy.of(k);
        }
    }

    /**
     * As it is kept.
     *
     * @param at the last change, in milliseconds of the database's clock
     * @param day the day of UTC that {@code used} is of
     * @param used tokens of requests that have ended
     */
    record State(long at, Level requests, Level tokens, long day, long used, Map<String, Holder> holders) {}

    /**
     * What a server tells of itself and asks for.
     *
     * @param seq one more each time; the same again when it is not known whether the last one was done
     * @param idle what it holds and no request waits for; below 0 for what it has used beyond
     * @param busy what its running requests hold
     * @param give what it has stopped to hold since the order before, not in {@code idle} any more
     * @param want what requests wait for
     * @param least what the one of them that needs least wants: with less none can begin, and others may have it
     * @param ahead what it would like to hold on top, for those that come
     * @param spent tokens of requests that have ended since the order before
     * @param leaves whether it needs nothing any more
     */
    public record Order(String holder, long seq, TenantLimits limits, Amounts idle, Amounts busy, Amounts give, Amounts want,
            Amounts least, Amounts ahead, long spent, boolean leaves) {}

    /**
     * What it gets.
     *
     * @param granted to be added to what it holds idle
     * @param requestsLeft for others, and so on
     * @param used tokens of the day, of requests that have ended
     * @param at the database's clock, in milliseconds
     */
    public record Answer(Amounts granted, double requestsLeft, double tokensLeft, long dayLeft, long placesLeft, long used,
            long at) {
        public double left(Kind kind) {
            return switch (kind) {
                case REQUESTS -> requestsLeft;
                case TOKENS -> tokensLeft;
                case DAY -> dayLeft;
                case PLACES -> placesLeft;
            };
        }
    }

    private final Map<String, Holder> holders;
    private long at;
    private Level requests;
    private Level tokens;
    private long day;
    private long used;
    private boolean uncertain;

    /** @param state null when nothing is kept of the tenant */
    Budget(@Nullable State state) {
        State s = state == null ? new State(0, Level.NONE, Level.NONE, -1, 0, Map.of()) : state;
        holders = new LinkedHashMap<>(s.holders);
        at = s.at;
        requests = s.requests;
        tokens = s.tokens;
        day = s.day;
        used = s.used;
        uncertain = state == null;
    }

    State state() {
        return new State(at, requests, tokens, day, used, Map.copyOf(holders));
    }

    /**
     * Carries an order out.
     *
     * @param now the database's clock, in milliseconds
     * @param accounted the tokens that the accounts have of this day, asked for when what is kept may lack some
     */
    Answer exchange(long now, Order o, LongSupplier accounted) {
        advance(now);
        Holder before = holders.get(o.holder);
        if (before == null || before.seq != o.seq) {
            used += o.spent;
        }
        if (uncertain) {
            used = Math.max(used, accounted.getAsLong());
        }
        requests = requests.of(o.limits.requestsPerMinute());
        tokens = tokens.of(o.limits.tokensPerMinute());
        holders.remove(o.holder);
        if (o.leaves) {
            giveBack(o.give.plus(o.idle));
            return answer(Amounts.NONE, o);
        }
        // What was used beyond is taken from what is left.
        Amounts debt = Amounts.each(k -> k.refills() ? Math.max(0, -o.idle.of(k)) : 0);
        Amounts idle = Amounts.each(k -> Math.max(0, o.idle.of(k)));
        holders.put(o.holder, new Holder(at + LEASE_MILLIS, o.seq, idle, o.busy));
        giveBack(o.give);
        take(debt);
        Amounts wanted = Amounts.each(k -> wanted(k, o));
        Amounts granted = Amounts.each(k -> wanted.of(k) + ahead(k, o, wanted.of(k)));
        take(granted);
        // What requests wait for is used at once: of what comes back with time it is not held any more.
        Amounts held = Amounts.each(k -> idle.of(k) + granted.of(k) - (k.refills() ? wanted.of(k) : 0));
        holders.put(o.holder, new Holder(at + LEASE_MILLIS, o.seq, held, o.busy));
        return answer(granted.plus(debt), o);
    }

    /** To a time: leases that have passed are over, allowances fill, days end. A clock that goes back stands still. */
    private void advance(long now) {
        long passed = Math.max(0, now - at);
        boolean fresh = at == 0;
        long before = at;
        at = Math.max(at, now);
        // A server that is gone may have used what it held, or not: of tokens of the day the accounts know.
        lapse(before);
        if (!fresh) {
            requests = requests.filled(passed, held(Kind.REQUESTS));
            tokens = tokens.filled(passed, held(Kind.TOKENS));
        }
        long today = Math.floorDiv(at, DAY_MILLIS);
        if (today != day) {
            day = today;
            used = 0;
        }
    }

    /** Ends what was held until now: those that lapsed before hold nothing, and only their last order's number is kept. */
    private void lapse(long before) {
        for (Map.Entry<String, Holder> e : holders.entrySet()) {
            Holder h = e.getValue();
            if (h.until <= at && h.until > before) {
                uncertain = true;
                e.setValue(new Holder(h.until, h.seq, Amounts.NONE, Amounts.NONE));
            }
        }
        holders.values().removeIf(h -> h.until + LAPSED_MILLIS <= at);
    }

    private long held(Kind k) {
        return holders.values().stream().mapToLong(h -> h.all(k)).sum();
    }

    private void giveBack(Amounts amounts) {
        requests = requests.plus(amounts.requests()).filled(0, held(Kind.REQUESTS));
        tokens = tokens.plus(amounts.tokens()).filled(0, held(Kind.TOKENS));
    }

    /** Pools need no more than the holder's line. */
    private void take(Amounts amounts) {
        requests = requests.plus(-amounts.requests());
        tokens = tokens.plus(-amounts.tokens());
    }

    private long wanted(Kind k, Order o) {
        long most = k.limit(o.limits) == 0 ? 0 : Math.clamp(o.want.of(k), 0, Math.max(0, whole(k, o.limits)));
        return most < o.least.of(k) ? 0 : most;
    }

    private long ahead(Kind k, Order o, long wanted) {
        return k.isLeased(o.limits) ? Math.clamp(o.ahead.of(k), 0, Math.max(0, (whole(k, o.limits) - wanted) / Kind.SHARE)) : 0;
    }

    private long whole(Kind k, TenantLimits limits) {
        return (long) Math.floor(left(k, limits) + ROUNDING);
    }

    private double left(Kind k, TenantLimits limits) {
        return switch (k) {
            case REQUESTS -> requests.level;
            case TOKENS -> tokens.level;
            case DAY -> limits.tokensPerDay() - used - held(k);
            case PLACES -> limits.concurrentRequests() - held(k);
        };
    }

    private Answer answer(Amounts granted, Order o) {
        ToDoubleFunction<Kind> left = k -> left(k, o.limits);
        return new Answer(granted, left.applyAsDouble(Kind.REQUESTS), left.applyAsDouble(Kind.TOKENS),
                (long) left.applyAsDouble(Kind.DAY), (long) left.applyAsDouble(Kind.PLACES), used, at);
    }
}
