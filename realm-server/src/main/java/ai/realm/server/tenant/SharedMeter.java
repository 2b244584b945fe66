package ai.realm.server.tenant;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.accounts.Amounts;
import ai.realm.server.accounts.Budget.Answer;
import ai.realm.server.accounts.Budget.Kind;
import ai.realm.server.accounts.Budget.Order;
import ai.realm.server.accounts.Budgets;
import ai.realm.server.domain.TenantLimits;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A meter of one of several servers. It uses what the server holds of the tenant's budget without asking anybody. What is missing it
 * asks for, in one order for all requests that wait. What it does not need it gives back: of small limits at once, of large ones when a
 * second has passed without use. Thread-safe: no lock is held while the database is asked.
 */
final class SharedMeter implements Meter {
    private static final Logger LOG = LoggerFactory.getLogger(SharedMeter.class);
    /** How long a request waits for the database. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    /** A refusal is repeated for so long without asking again. */
    private static final long REFUSAL_NANOS = 50_000_000;
    /** A place that another server is giving back is waited for, once. */
    private static final long SECOND_LOOK_MILLIS = 30;
    /** Between two orders that only look ahead. */
    private static final long AHEAD_NANOS = 50_000_000;
    private static final long SECOND = 1_000_000_000;
    private static final long RENEW_NANOS = 3 * SECOND;
    /** Less than the database's bound: this clock may go a little slower. */
    private static final long LEASE_NANOS = 9 * SECOND;
    private static final double MINUTE = 60e9;
    /** Another server took what was left, again and again. */
    private static final int TRIES = 5;
    private static final long DAY_MILLIS = 86_400_000;

    private final String tenant;
    private final String holder;
    private final Budgets budgets;
    private final LongSupplier nanos;
    private final Deque<BudgetAsk> asks = new ArrayDeque<>();
    private TenantLimits limits = TenantLimits.defaults();
    private Amounts idle = Amounts.NONE;
    private Amounts busy = Amounts.NONE;
    /** Taken since the last order, and expected for a second. */
    private Amounts taken = Amounts.NONE;
    private Amounts demand = Amounts.NONE;
    /** Held by all servers beyond the limit, as after a lease that ended while requests ran on: what comes free is not used again. */
    private Amounts excess = Amounts.NONE;
    private int running;
    private long spent;
    /** Spent tokens of an order that may have been done or not. */
    private long reporting;
    private long seq;
    private @Nullable Answer last;
    private long answeredAt;
    private long orderedAt;
    private boolean asking;
    private boolean wanted;
    private boolean closed;

    /** @param holder names this server among those that share the budget */
    SharedMeter(String tenant, String holder, Budgets budgets, LongSupplier nanos) {
        this.tenant = tenant;
        this.holder = holder;
        this.budgets = budgets;
        this.nanos = nanos;
        this.orderedAt = nanos.getAsLong() - SECOND;
        this.answeredAt = orderedAt - LEASE_NANOS;
    }

    @Override
    public void begin(TenantLimits now) {
        take(new BudgetAsk(now, new Amounts(now.requestsPerMinute() > 0 ? 1 : 0, 0, 0, 1), true));
    }

    @Override
    public void reserve(TenantLimits now, long amount) {
        if (now.tokensPerDay() > 0 && amount > now.tokensPerDay()) {
            throw Refusals.beyondADay(now, amount);
        }
        Amounts needed = new Amounts(0, now.tokensPerMinute() > 0 ? amount : 0, now.tokensPerDay() > 0 ? amount : 0, 0);
        if (!needed.isNone()) {
            take(new BudgetAsk(now, needed, false));
        }
    }

    private void take(BudgetAsk ask) {
        synchronized (this) {
            long now = apply(ask.limits);
            if (covers(ask)) {
                use(ask);
                lookAhead(now);
                return;
            }
            RealmException known = refusal(ask, now, false);
            if (known != null && !asking && now - answeredAt < REFUSAL_NANOS) {
                throw known;
            }
            asks.add(ask);
            order();
        }
        await(ask);
    }

    private void await(BudgetAsk ask) {
        try {
            ask.done.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            return;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RealmException known
                    ? known
                    : new RealmException(ErrorCode.INTERNAL, "limits could not be checked", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (TimeoutException e) {
            // Said below, unless it was granted in this very moment.
        }
        synchronized (this) {
            asks.remove(ask);
            if (!ask.done.completeExceptionally(new TimeoutException()) && !ask.done.isCompletedExceptionally()) {
                return;
            }
        }
        throw new RealmException(ErrorCode.STORAGE_UNAVAILABLE, "the server's database does not answer in time; try again");
    }

    /** The limits of now; what is held too long without an answer is not held any more. */
    private long apply(TenantLimits now) {
        long time = nanos.getAsLong();
        limits = now;
        boolean held = time - answeredAt < LEASE_NANOS;
        idle = Amounts.each(k -> k.limit(now) == 0 ? 0 : held ? idle.of(k) : Math.min(0, idle.of(k)));
        return time;
    }

    private boolean covers(BudgetAsk ask) {
        for (Kind k : Kind.values()) {
            if (ask.needed(k) > 0 && ask.needed(k) > idle.of(k)) {
                return false;
            }
        }
        return !ask.begins || !dayIsUsedUp(ask.limits);
    }

    private boolean dayIsUsedUp(TenantLimits l) {
        return l.tokensPerDay() > 0 && (last == null || last.used() + reporting + spent >= l.tokensPerDay());
    }

    private void use(BudgetAsk ask) {
        idle = idle.minus(ask.amounts);
        taken = taken.plus(ask.amounts);
        busy = busy.plus(new Amounts(0, 0, ask.amounts.day(), ask.amounts.places()));
        running += ask.begins ? 1 : 0;
        if (idle.tokens() < 0) {
            order();
        }
    }

    /** What is soon used up is asked for before a request has to wait for it. */
    private void lookAhead(long now) {
        if (now - orderedAt < AHEAD_NANOS) {
            return;
        }
        for (Kind k : Kind.values()) {
            long enough = k == Kind.PLACES ? 1 : Math.max(demand.of(k), taken.of(k)) / 2;
            if (k.isLeased(limits) && idle.of(k) < enough) {
                order();
                return;
            }
        }
    }

    @Override
    public synchronized void settle(TenantLimits of, long reserved, long used) {
        boolean perMinute = of.tokensPerMinute() > 0;
        boolean perDay = of.tokensPerDay() > 0;
        freed(new Amounts(0, perMinute ? reserved - used : 0, perDay ? Math.max(0, reserved - used) : 0, 0));
        busy = busy.minus(new Amounts(0, 0, perDay ? reserved : 0, 0));
        spent += used;
        giveBackSmall();
    }

    @Override
    public synchronized void end() {
        running--;
        freed(new Amounts(0, 0, 0, 1));
        busy = busy.minus(new Amounts(0, 0, 0, 1));
        giveBackSmall();
    }

    /** For the next request, but for what is beyond the limit. */
    private void freed(Amounts amounts) {
        Amounts lost = Amounts.each(k -> Math.min(excess.of(k), Math.max(0, amounts.of(k))));
        excess = excess.minus(lost);
        idle = idle.plus(amounts).minus(lost);
    }

    private void giveBackSmall() {
        for (Kind k : Kind.values()) {
            if (k.limit(limits) > 0 && (idle.of(k) < 0 || idle.of(k) > 0 && !k.isLeased(limits))) {
                order();
                return;
            }
        }
        if (spent > 0 && limits.tokensPerDay() > 0 && !Kind.DAY.isLeased(limits)) {
            order();
        }
    }

    /** What it may use without asking. */
    synchronized Amounts held() {
        return idle;
    }

    /** Called about once a second: renews what is held, and gives back what nobody used. */
    synchronized void tick() {
        long now = apply(limits);
        long since = now - orderedAt;
        boolean holds = !idle.isNone() || !busy.isNone() || spent + reporting > 0;
        if (holds && since >= (taken.isNone() && !idle.isNone() ? SECOND : RENEW_NANOS)) {
            order();
        }
    }

    /** Gives everything back: the server stops. */
    void leave() {
        Order order;
        synchronized (this) {
            closed = true;
            notifyAll();
            awaitAsked();
            if (last == null) {
                return;
            }
            seq++;
            order = new Order(holder, seq, limits, idle, Amounts.NONE, Amounts.NONE, Amounts.NONE, Amounts.NONE, Amounts.NONE,
                    spent + reporting,
                    true);
            idle = Amounts.NONE;
            spent = 0;
            reporting = 0;
        }
        budgets.exchange(tenant, order);
    }

    /** Until no order is under way, which could take again what is given back. */
    private void awaitAsked() {
        long end = System.nanoTime() + SECOND;
        try {
            while (asking && System.nanoTime() < end) {
                wait(TimeUnit.NANOSECONDS.toMillis(SECOND));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** One order is under way at a time; what comes meanwhile is the next one's. */
    private void order() {
        wanted = true;
        notifyAll();
        if (!asking && !closed) {
            asking = true;
            Thread.ofVirtual().name("tenant-limits").start(this::ask);
        }
    }

    private void ask() {
        while (true) {
            Order order;
            List<BudgetAsk> asked;
            long sent;
            synchronized (this) {
                if (!awaitWanted()) {
                    asking = false;
                    notifyAll();
                    return;
                }
                sent = apply(limits);
                asked = new ArrayList<>(asks);
                order = next(asked, sent);
            }
            try {
                answered(budgets.exchange(tenant, order), asked, sent);
            } catch (RuntimeException | Error e) {
                // Whatever it is: those who wait are told, and the next order goes out.
                failed(asked, e);
            }
        }
    }

    /** False when there is nothing to ask for. */
    private boolean awaitWanted() {
        while (!wanted && !asks.isEmpty() && !closed) {
            long due = asks.stream().mapToLong(a -> a.notBefore).min().orElse(0) - System.nanoTime();
            if (due <= 0) {
                return true;
            }
            try {
                wait(TimeUnit.NANOSECONDS.toMillis(due) + 1);
            } catch (InterruptedException e) {
                return true;
            }
        }
        return wanted && !closed;
    }

    private Order next(List<BudgetAsk> asked, long now) {
        wanted = false;
        double seconds = Math.max((now - orderedAt) / 1e9, 0.05);
        demand = Amounts.each(k -> !k.isLeased(limits) || taken.of(k) == 0 && seconds > 0.5
                ? 0
                : Math.ceilDiv(demand.of(k) + (long) (taken.of(k) / seconds), 2));
        taken = Amounts.NONE;
        orderedAt = now;
        Amounts waiting = Amounts.each(k -> asked.stream().mapToLong(a -> a.needed(k)).sum());
        Amounts unused = Amounts.each(k -> Math.max(0, idle.of(k) - waiting.of(k)));
        Amounts want = Amounts.each(k -> Math.max(0, waiting.of(k) - Math.max(0, idle.of(k))));
        Amounts least = Amounts.each(k -> asked.stream().mapToLong(a -> a.needed(k)).filter(n -> n > 0).min().orElse(0))
                .minus(Amounts.each(k -> Math.max(0, idle.of(k))));
        Amounts give = Amounts.each(k -> Math.max(0, unused.of(k) - demand.of(k)));
        Amounts ahead = Amounts.each(k -> Math.max(0, demand.of(k) - unused.of(k)));
        idle = idle.minus(give);
        if (reporting == 0) {
            seq++;
            reporting = spent;
            spent = 0;
        }
        // Of what comes back with time the waiting requests' part is as good as used; the rest must not be given to others meanwhile.
        Amounts kept = Amounts.each(k -> k.refills() && idle.of(k) > 0 ? Math.max(0, idle.of(k) - waiting.of(k)) : idle.of(k));
        // Spent while an order is repeated that does not tell of it: held until the next one does.
        Amounts held = busy.plus(new Amounts(0, 0, Kind.DAY.limit(limits) > 0 ? spent : 0, 0));
        return new Order(holder, seq, limits, kept, held, give, want, least, ahead, reporting, false);
    }

    private synchronized void answered(Answer answer, List<BudgetAsk> asked, long sent) {
        last = answer;
        answeredAt = sent;
        reporting = 0;
        excess = Amounts.each(k -> k.refills() || k.limit(limits) == 0 ? 0 : Math.max(0, -(long) answer.left(k)));
        idle = idle.plus(answer.granted());
        Amounts had = Amounts.each(k -> Math.max(0, idle.of(k)));
        idle = idle.minus(had);
        freed(had);
        long now = apply(limits);
        for (BudgetAsk a : asked) {
            if (a.done.isDone()) {
                continue;
            }
            if (covers(a)) {
                use(a);
                finish(a, null);
                continue;
            }
            RealmException refused = refusal(a, now, true);
            boolean onlyPlaces = refused != null && a.tries == 0 && a.needed(Kind.PLACES) > idle.places()
                    && !dayIsUsedUp(a.limits);
            if (refused == null && a.tries < TRIES || onlyPlaces) {
                a.tries++;
                a.notBefore = onlyPlaces ? System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(SECOND_LOOK_MILLIS) : 0;
            } else {
                finish(a, refused != null ? refused : Refusals.requests(limits, SECOND));
                // A part of what it wanted was granted, which others may have.
                wanted |= !idle.isNone();
            }
        }
    }

    private synchronized void failed(List<BudgetAsk> asked, Throwable e) {
        if (!(e instanceof RealmException)) {
            LOG.error("limits of tenant={} cannot be checked", tenant, e);
        }
        asked.forEach(a -> finish(a, e));
    }

    private void finish(BudgetAsk a, @Nullable Throwable e) {
        asks.remove(a);
        if (e == null) {
            a.done.complete(true);
        } else {
            a.done.completeExceptionally(e);
        }
    }

    /**
     * Why a request cannot have what it asks for, by the last answer; null when it may.
     *
     * @param places whether it can be for want of a place, which may be free again at any moment
     */
    private @Nullable RealmException refusal(BudgetAsk a, long now, boolean places) {
        Answer known = last;
        if (known == null) {
            return null;
        }
        long day = a.limits.tokensPerDay();
        long midnight = TimeUnit.MILLISECONDS.toSeconds(DAY_MILLIS - Math.floorMod(known.at(), DAY_MILLIS));
        if (a.begins && dayIsUsedUp(a.limits)) {
            return Refusals.quota(a.limits, known.used() + reporting + spent, midnight);
        }
        if (isShort(a, Kind.DAY, known.dayLeft())) {
            return Refusals.quota(a.limits, day - known.dayLeft() - idle.day() + a.amounts.day(), midnight);
        }
        if (places && isShort(a, Kind.PLACES, known.placesLeft())) {
            return Refusals.concurrency(a.limits);
        }
        long requests = nanosUntil(Kind.REQUESTS, a.needed(Kind.REQUESTS), now);
        if (requests > 0) {
            return Refusals.requests(a.limits, requests);
        }
        long tokens = nanosUntil(Kind.TOKENS, a.needed(Kind.TOKENS), now);
        return tokens > 0 ? Refusals.tokens(a.limits, a.amounts.tokens(), tokens) : null;
    }

    private boolean isShort(BudgetAsk a, Kind k, long left) {
        return a.needed(k) > 0 && a.needed(k) > idle.of(k) + Math.max(0, left);
    }

    /** Nanoseconds until so much is there by the last answer; 0 when it is. */
    private long nanosUntil(Kind k, long amount, long now) {
        long limit = k.limit(limits);
        double missing = amount - available(k, now);
        return amount == 0 || limit == 0 || missing <= 1e-6 ? 0 : (long) Math.ceil(missing / limit * MINUTE);
    }

    private double available(Kind k, long now) {
        long limit = k.limit(limits);
        Answer known = last;
        return known == null
                ? limit
                : Math.min(limit, idle.of(k) + known.left(k) + (now - answeredAt) / MINUTE * limit);
    }

    @Override
    public synchronized int running() {
        return running;
    }

    @Override
    public synchronized Map<String, String> headers(TenantLimits now) {
        long time = apply(now);
        Map<String, String> headers = new LinkedHashMap<>();
        describe("requests", Kind.REQUESTS, time, headers);
        describe("tokens", Kind.TOKENS, time, headers);
        return headers;
    }

    private void describe(String what, Kind k, long now, Map<String, String> headers) {
        long limit = k.limit(limits);
        if (limit > 0) {
            Refusals.describe(what, limit, Math.max(0, (long) Math.floor(available(k, now) + 1e-6)), nanosUntil(k, limit, now),
                    headers);
        }
    }
}
