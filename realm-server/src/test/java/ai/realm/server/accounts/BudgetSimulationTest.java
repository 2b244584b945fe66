package ai.realm.server.accounts;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.server.accounts.Budget.Answer;
import ai.realm.server.accounts.Budget.Kind;
import ai.realm.server.accounts.Budget.Order;
import ai.realm.server.domain.TenantLimits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Three servers share a tenant's limits while orders and answers are lost, servers are killed and leave, and the database's clock goes back.
 * One seed is one run. A ledger that sees everything at once holds what a single server would have admitted at the most.
 */
class BudgetSimulationTest {
    private static final int SEEDS = Integer.getInteger("realm.simulation.seeds", 10_000);
    private static final int EVENTS = 120;
    /** What a server allows itself: less than the database's lease. */
    private static final long TRUSTED_MILLIS = 9_000;

    @Test
    void limits_throughLossesKillsAndClocksThatGoBack_admitNothingBeyondThem() {
        long admitted = 0;
        long refused = 0;
        for (long seed = 0; seed < SEEDS; seed++) {
            Run run = new Run(seed);
            for (int i = 0; i < EVENTS; i++) {
                run.step();
            }
            admitted += run.admitted;
            refused += run.refused;
        }
        assertThat(admitted).as("requests that began").isGreaterThan(SEEDS);
        assertThat(refused).as("requests that were refused").isGreaterThan(SEEDS);
    }

    /** A request and what it has reserved. */
    private static final class Running {
        private final long tokens;
        /** Its server's lease ended while it ran on: others may have what it had. */
        private boolean isGivenUp;

        Running(long tokens) {
            this.tokens = tokens;
        }
    }

    /** One server's memory, which is gone when it is killed. */
    private static final class Server {
        private final String name;
        private final List<Running> running = new ArrayList<>();
        private Amounts idle = Amounts.NONE;
        private Amounts busy = Amounts.NONE;
        private Amounts excess = Amounts.NONE;
        private long givenBack;
        private long spent;
        private long reporting;
        private long seq;
        private long answeredAt = Long.MIN_VALUE / 2;

        Server(String name) {
            this.name = name;
        }
    }

    private static final class Run {
        private final long seed;
        private final SplittableRandom random;
        private final TenantLimits limits;
        private final Server[] servers = new Server[3];
        private Budget.@Nullable State state;
        private int incarnations;
        /** True time, which servers' own clocks follow. */
        private long time = 1_000_000_000_000L;
        /** How far the database's clock is behind it. */
        private long behind;
        private double requestsLeft;
        private double tokensLeft;
        private long ledgerAt = time;
        /** Tokens of the day that were delivered, as the accounts know them. */
        private long delivered;
        /** Reserved by requests of servers that the database gave up while they ran on. */
        private long givenUp;
        private long admitted;
        private long refused;

        Run(long seed) {
            this.seed = seed;
            random = new SplittableRandom(seed);
            limits = new TenantLimits(one(1, 400), one(50, 300_000), one(500, 900_000), 1 + random.nextInt(40), 0, 100, 1000,
                    Duration.ofSeconds(1));
            requestsLeft = limits.requestsPerMinute();
            tokensLeft = limits.tokensPerMinute();
            for (int i = 0; i < servers.length; i++) {
                servers[i] = fresh();
            }
        }

        /** No limit for one in four; small and large ones alike. */
        private int one(int least, int most) {
            int span = random.nextBoolean() ? most : Math.min(most, 20 * least);
            return random.nextInt(4) == 0 ? 0 : random.nextInt(least, span + 1);
        }

        private Server fresh() {
            return new Server("server-" + incarnations++);
        }

        void step() {
            pass(random.nextInt(8) == 0 ? random.nextLong(25_000) : random.nextLong(900));
            int i = random.nextInt(servers.length);
            Server s = servers[i];
            switch (random.nextInt(16)) {
                case 0, 1, 2, 3, 4, 5, 6 -> begin(s);
                case 7, 8, 9 -> finish(s);
                case 10, 11 -> order(s, Amounts.NONE, true, true);
                case 12 -> order(s, Amounts.NONE, true, false);
                case 13 -> order(s, Amounts.NONE, false, false);
                case 14 -> {
                    if (random.nextInt(3) == 0) {
                        leave(s);
                    } else {
                        kill(s);
                    }
                    servers[i] = fresh();
                }
                default -> behind += random.nextInt(4) == 0 ? random.nextLong(60_000) : 0;
            }
        }

        private void pass(long millis) {
            time += millis;
            requestsLeft = filled(requestsLeft, limits.requestsPerMinute(), 0);
            tokensLeft = filled(tokensLeft, limits.tokensPerMinute(), unreported());
            ledgerAt = time;
        }

        /** To the limit, and what the database does not know of yet on top. */
        private double filled(double left, long perMinute, long above) {
            return Math.max(left, Math.min(perMinute + above, left + (time - ledgerAt) / 60_000.0 * perMinute));
        }

        /** Tokens that requests gave back to their servers after the last order. */
        private long unreported() {
            long sum = 0;
            for (Server s : servers) {
                sum += s.givenBack;
            }
            return sum;
        }

        private boolean isTrusted(Server s) {
            return time - s.answeredAt < TRUSTED_MILLIS;
        }

        private void begin(Server s) {
            long tokens = random.nextLong(1, 400);
            Amounts needed = new Amounts(limits.requestsPerMinute() > 0 ? 1 : 0, limits.tokensPerMinute() > 0 ? tokens : 0,
                    limits.tokensPerDay() > 0 ? tokens : 0, 1);
            if (!covers(s, needed)) {
                order(s, needed, random.nextInt(10) > 0, random.nextInt(10) > 0);
            }
            if (!covers(s, needed)) {
                refused++;
                // A part of what it wanted may have been granted; others may have it at once.
                order(s, Amounts.NONE, true, true);
                return;
            }
            admitted++;
            s.idle = s.idle.minus(needed);
            s.busy = s.busy.plus(new Amounts(0, 0, needed.day(), 1));
            s.running.add(new Running(tokens));
            requestsLeft -= needed.requests();
            tokensLeft -= needed.tokens();
            check();
        }

        private boolean covers(Server s, Amounts needed) {
            for (Kind k : Kind.values()) {
                if (needed.of(k) > 0 && needed.of(k) > (isTrusted(s) ? s.idle.of(k) : 0)) {
                    return false;
                }
            }
            return true;
        }

        private void check() {
            if (limits.requestsPerMinute() > 0) {
                assertThat(requestsLeft).as("requests of a minute, seed %s", seed).isGreaterThan(-1e-3);
            }
            if (limits.tokensPerMinute() > 0) {
                assertThat(tokensLeft).as("tokens of a minute, seed %s", seed).isGreaterThan(-1e-3);
            }
            long reserved = 0;
            long places = 0;
            for (Server s : servers) {
                for (Running r : s.running) {
                    reserved += r.tokens;
                    places += r.isGivenUp ? 0 : 1;
                }
            }
            if (limits.tokensPerDay() > 0) {
                assertThat(delivered + reserved).as("tokens of a day, seed %s", seed)
                        .isLessThanOrEqualTo(limits.tokensPerDay() + givenUp);
            }
            assertThat(places).as("requests at the same time, seed %s", seed).isLessThanOrEqualTo(limits.concurrentRequests());
        }

        private void finish(Server s) {
            if (s.running.isEmpty()) {
                return;
            }
            Running r = s.running.remove(random.nextInt(s.running.size()));
            long used = random.nextLong(r.tokens + 1);
            delivered += used;
            s.spent += used;
            boolean minute = limits.tokensPerMinute() > 0;
            boolean day = limits.tokensPerDay() > 0;
            free(s, new Amounts(0, minute ? r.tokens - used : 0, day ? r.tokens - used : 0, 1));
            s.busy = s.busy.minus(new Amounts(0, 0, day ? r.tokens : 0, 1));
            tokensLeft += minute ? r.tokens - used : 0;
            s.givenBack += minute ? r.tokens - used : 0;
        }

        /** What is beyond the limit is not used again. */
        private void free(Server s, Amounts amounts) {
            Amounts lost = Amounts.each(k -> Math.min(s.excess.of(k), amounts.of(k)));
            s.excess = s.excess.minus(lost);
            s.idle = s.idle.plus(amounts).minus(lost);
        }

        /** Its answers so far are accounted; what it held ends with its lease. */
        private void kill(Server s) {
            for (Running r : s.running) {
                delivered += random.nextLong(r.tokens + 1);
            }
        }

        private void leave(Server s) {
            while (!s.running.isEmpty()) {
                finish(s);
            }
            s.idle = expire(s);
            s.seq++;
            exchange(
                    new Order(s.name, s.seq, limits, s.idle, Amounts.NONE, Amounts.NONE, Amounts.NONE, Amounts.NONE, Amounts.NONE,
                            s.spent + s.reporting, true));
        }

        private Amounts expire(Server s) {
            return isTrusted(s) ? s.idle : Amounts.each(k -> Math.min(0, s.idle.of(k)));
        }

        private void order(Server s, Amounts waiting, boolean arrives, boolean isAnswered) {
            s.idle = expire(s);
            Amounts held = Amounts.each(k -> Math.max(0, s.idle.of(k)));
            Amounts unused = Amounts.each(k -> Math.max(0, held.of(k) - waiting.of(k)));
            Amounts want = Amounts.each(k -> Math.max(0, waiting.of(k) - held.of(k)));
            Amounts give = Amounts.each(k -> random.nextBoolean() ? unused.of(k) : random.nextLong(unused.of(k) + 1));
            Amounts ahead = Amounts.each(k -> random.nextLong(2_000));
            s.idle = s.idle.minus(give);
            if (s.reporting == 0) {
                s.seq++;
                s.reporting = s.spent;
                s.spent = 0;
            }
            Amounts kept = Amounts
                    .each(k -> k.refills() && s.idle.of(k) > 0 ? Math.max(0, s.idle.of(k) - waiting.of(k)) : s.idle.of(k));
            Order order = new Order(s.name, s.seq, limits, kept,
                    s.busy.plus(new Amounts(0, 0, limits.tokensPerDay() > 0 ? s.spent : 0, 0)), give, want, want, ahead,
                    s.reporting, false);
            if (!arrives) {
                return;
            }
            Answer answer = exchange(order);
            s.givenBack = 0;
            if (isAnswered) {
                Amounts had = s.idle.plus(answer.granted());
                s.excess = Amounts.each(k -> k.refills() || k.limit(limits) == 0 ? 0 : Math.max(0, -(long) answer.left(k)));
                s.idle = Amounts.each(k -> Math.min(0, had.of(k)));
                free(s, Amounts.each(k -> Math.max(0, had.of(k))));
                s.answeredAt = time;
                s.reporting = 0;
            }
        }

        private Answer exchange(Order order) {
            long now = time - behind;
            Budget.State before = state;
            if (before != null) {
                long at = Math.max(before.at(), now);
                before.holders().forEach((name, h) -> {
                    if (h.until() > before.at() && h.until() <= at) {
                        giveUp(name);
                    }
                });
            }
            Budget budget = new Budget(before);
            Answer answer = budget.exchange(now, order, () -> delivered);
            state = budget.state();
            return answer;
        }

        private void giveUp(String name) {
            for (Server s : servers) {
                if (s.name.equals(name)) {
                    for (Running r : s.running) {
                        givenUp += r.isGivenUp ? 0 : r.tokens;
                        r.isGivenUp = true;
                    }
                }
            }
        }
    }
}
