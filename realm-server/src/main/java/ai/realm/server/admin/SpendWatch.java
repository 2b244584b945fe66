package ai.realm.server.admin;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.accounts.Accounts;
import ai.realm.server.accounts.UsageRow;
import ai.realm.server.config.AccountSettings;
import ai.realm.server.domain.PriceList;
import ai.realm.server.domain.SpendBudget;
import ai.realm.server.error.RetryableException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows what tenants spend, by the accounts of all servers, tells somebody when a part of a budget is spent, and refuses requests of
 * those who have spent all of it. Once an hour it forgets accounts that are too old to be kept. Thread-safe; owns the thread that looks.
 */
public final class SpendWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SpendWatch.class);
    private static final Duration PERIOD = Duration.ofSeconds(5);
    private static final Duration FORGET = Duration.ofHours(1);
    private static final BigDecimal HUNDRED = BigDecimal.valueOf(100);
    /** When a notice that did not arrive is sent again. */
    private static final Duration AGAIN = Duration.ofMinutes(10);
    /** Above it all tenants' usage is read at once. */
    private static final int MANY = 20;

    private final Accounts accounts;
    private final Clock clock;
    private final Teller tell;
    private volatile AccountSettings settings;
    private volatile Map<String, Spend> spends = Map.of();
    private long forgotAt = Long.MIN_VALUE;
    private @Nullable Thread thread;

    /** What a tenant has spent of its budget in the current month. */
    public record Spend(SpendBudget budget, YearMonth month, BigDecimal spent) {
        /** Rounded down; more than any budget has for one of nothing. */
        public long percent() {
            return budget.month().signum() == 0
                    ? Long.MAX_VALUE
                    : spent.multiply(HUNDRED).divide(budget.month(), 0, RoundingMode.DOWN).longValue();
        }

        public boolean isSpent() {
            return spent.compareTo(budget.month()) >= 0;
        }
    }

    /** A part of a budget is spent. */
    public record Notice(String tenant, YearMonth month, int percent, BigDecimal spent, BigDecimal budget, String currency,
            boolean stopped) {}

    /** Tells somebody. Must not block. */
    @FunctionalInterface
    public interface Teller {
        /** @param told is to run when it is known by whoever was to be told; otherwise they are told again later */
        void tell(SpendBudget budget, Notice notice, Runnable told);
    }

    public SpendWatch(Accounts accounts, Clock clock, AccountSettings settings, Teller tell) {
        this.accounts = accounts;
        this.clock = clock;
        this.settings = settings;
        this.tell = tell;
    }

    /** Other prices and budgets, from now on. */
    public synchronized void apply(AccountSettings now) {
        settings = now;
        spends = spends.entrySet().stream().filter(e -> now.budgets().contains(e.getValue().budget()))
                .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    public PriceList prices() {
        return settings.prices();
    }

    /** As of the last look. */
    public List<Spend> spends() {
        return List.copyOf(spends.values());
    }

    /**
     * Refuses a tenant that has spent its budget.
     *
     * @throws RealmException INSUFFICIENT_QUOTA
     */
    public void require(String tenant) {
        Spend s = spends.get(tenant);
        if (s != null && s.budget.stop() && s.isSpent() && s.month.equals(month())) {
            Duration left = Duration.between(clock.instant(),
                    s.month.plusMonths(1).atDay(1).atStartOfDay(ZoneOffset.UTC).toInstant());
            throw new RetryableException(ErrorCode.INSUFFICIENT_QUOTA, "the budget of " + PriceList.shown(s.budget.month()) + " "
                    + settings.prices().currency() + " for this month is spent", Math.max(1, left.toSeconds()));
        }
    }

    private YearMonth month() {
        return YearMonth.now(clock.withZone(ZoneOffset.UTC));
    }

    /** Looks from now on. */
    public void start() {
        thread = Thread.ofVirtual().name("spend-watch").start(() -> {
            boolean failing = false;
            try {
                while (true) {
                    try {
                        look();
                        failing = false;
                    } catch (RuntimeException e) {
                        if (!failing) {
                            LOG.warn("budgets cannot be followed now cause={}", e.getMessage());
                        }
                        failing = true;
                    }
                    Thread.sleep(PERIOD);
                }
            } catch (InterruptedException e) {
                // Closed.
            }
        });
    }

    /** Reads what was spent, tells what is new, and forgets what is too old. */
    void look() {
        AccountSettings now = settings;
        YearMonth month = month();
        if (now.budgets().isEmpty()) {
            show(now, Map.of());
        } else {
            Map<String, BigDecimal> spent = spent(now, month);
            Map<String, Spend> all = new HashMap<>();
            for (SpendBudget b : now.budgets()) {
                Spend s = new Spend(b, month, spent.getOrDefault(b.tenant(), BigDecimal.ZERO));
                all.put(b.tenant(), s);
            }
            if (show(now, all)) {
                all.values().forEach(s -> tell(s, now.prices().currency()));
            }
        }
        long millis = clock.millis();
        if (forgotAt == Long.MIN_VALUE || millis - forgotAt >= FORGET.toMillis()) {
            forgotAt = millis;
            forget(now, millis);
        }
    }

    /** False when the settings have changed while it was looked by them: what was seen counts no more. */
    private synchronized boolean show(AccountSettings by, Map<String, Spend> seen) {
        if (settings != by) {
            return false;
        }
        spends = Map.copyOf(seen);
        return true;
    }

    private Map<String, BigDecimal> spent(AccountSettings now, YearMonth month) {
        List<UsageRow> rows = now.budgets().size() > MANY
                ? accounts.usage(null, month.atDay(1), month.atEndOfMonth())
                : now.budgets().stream().flatMap(b -> accounts.usage(b.tenant(), month.atDay(1), month.atEndOfMonth()).stream())
                        .toList();
        Map<String, BigDecimal> spent = new HashMap<>();
        rows.forEach(r -> spent.merge(r.tenant(), cost(now.prices(), r), BigDecimal::add));
        return spent;
    }

    /** What a row of usage costs. */
    public static BigDecimal cost(PriceList prices, UsageRow r) {
        return prices.cost(r.tenant(), r.model(), LocalDate.parse(r.date()), r.promptTokens(), r.cachedTokens(),
                r.generatedTokens());
    }

    /** Once for each part of a month's budget, whichever server sees it first; again when it did not reach whom it was for. */
    private void tell(Spend s, String currency) {
        for (int percent : s.budget.warn()) {
            // A budget that was raised is another one.
            String mark = "budget " + s.budget.tenant() + " " + s.month + " " + percent + " "
                    + s.budget.month().stripTrailingZeros().toPlainString();
            if (s.percent() >= percent && accounts.claim(mark, AGAIN)) {
                LOG.warn("budget tenant={} month={} percent={} spent={} budget={} currency={} stopped={}", s.budget.tenant(),
                        s.month,
                        percent, PriceList.shown(s.spent), s.budget.month(), currency, s.budget.stop() && s.isSpent());
                tell.tell(s.budget, new Notice(s.budget.tenant(), s.month, percent, s.spent, s.budget.month(), currency,
                        s.budget.stop() && s.isSpent()), () -> done(mark));
            }
        }
    }

    private void done(String mark) {
        try {
            accounts.done(mark);
        } catch (RealmException e) {
            LOG.warn("a budget's notice is sent again, as the database could not be told mark={} cause={}", mark, e.getMessage());
        }
    }

    private void forget(AccountSettings now, long millis) {
        long requests = now.requestDays() == 0
                ? 0
                : accounts.forgetRequests(millis - Duration.ofDays(now.requestDays()).toMillis());
        long days = now.usageDays() == 0
                ? 0
                : accounts.forgetUsage(LocalDate.now(clock.withZone(ZoneOffset.UTC)).minusDays(now.usageDays()));
        if (requests + days > 0) {
            LOG.info("accounts that are too old were forgotten requests={} days={}", requests, days);
        }
    }

    @Override
    public void close() {
        Thread t = thread;
        if (t != null) {
            t.interrupt();
        }
    }
}
