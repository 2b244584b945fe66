package ai.realm.server.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.runtime.session.Usage;
import ai.realm.server.accounts.Accounts;
import ai.realm.server.accounts.Database;
import ai.realm.server.accounts.RequestRecord;
import ai.realm.server.config.AccountSettings;
import ai.realm.server.domain.PriceList;
import ai.realm.server.domain.PriceList.Price;
import ai.realm.server.domain.SpendBudget;
import ai.realm.server.error.RetryableException;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SpendWatchTest {
    private static final PriceList PRICES = new PriceList("EUR", List.of(new Price("small", null, LocalDate.EPOCH, BigDecimal.ONE,
            BigDecimal.ONE, BigDecimal.TEN)));

    private Instant now = Instant.parse("2026-06-15T12:00:00Z");
    /** Once, in the middle of the next look. */
    private Runnable onLook = () -> {};
    /** Whether notices arrive. */
    private boolean arrives = true;
    private final Clock clock = new Clock() {
        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            Runnable first = onLook;
            onLook = () -> {};
            first.run();
            return now;
        }
    };
    private final Database database = Database.inMemory();
    private final Accounts accounts = new Accounts(database, clock);
    private final List<String> told = new ArrayList<>();

    @AfterEach
    void close() {
        database.close();
    }

    private SpendWatch watch(AccountSettings settings) {
        return new SpendWatch(accounts, clock, settings, (_, n, done) -> {
            told.add(n.tenant() + " " + n.percent() + " " + n.stopped());
            if (arrives) {
                done.run();
            }
        });
    }

    private static AccountSettings settings(String month, boolean stop) {
        return new AccountSettings(0, 0, PRICES,
                List.of(new SpendBudget("acme", new BigDecimal(month), List.of(50, 100), stop, null, null)));
    }

    private void use(String tenant, int prompt, int completion) {
        long at = now.toEpochMilli();
        accounts.record(
                new RequestRecord("r", tenant, "small", "g", at, at, 200, "stop", null, new Usage(prompt, 0, completion), 0));
    }

    @Test
    void budget_asItIsSpent_warnsOnceForEachPartAndThenRefuses() {
        SpendWatch one = watch(settings("1", true));
        SpendWatch two = watch(settings("1", true));
        use("other", 5_000_000, 0);
        use("acme", 400_000, 0);
        one.look();
        one.require("acme");
        assertThat(told).isEmpty();
        use("acme", 100_000, 0);
        one.look();
        two.look();
        one.look();
        assertThat(told).containsExactly("acme 50 false");
        one.require("acme");
        use("acme", 0, 60_000);
        two.look();
        one.look();
        assertThat(told).containsExactly("acme 50 false", "acme 100 true");
        assertThat(one.spends().getFirst().percent()).isEqualTo(110);
        assertThatThrownBy(() -> one.require("acme")).isInstanceOfSatisfying(RetryableException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.INSUFFICIENT_QUOTA);
            assertThat(e.getMessage()).contains("1 EUR");
            assertThat(e.retryAfterSeconds()).isEqualTo(Duration.between(now, Instant.parse("2026-07-01T00:00:00Z")).toSeconds());
        });
        one.require("other");
        // A new month is a new budget, even before anybody has looked.
        now = Instant.parse("2026-07-01T00:00:01Z");
        one.require("acme");
        one.look();
        one.require("acme");
        assertThat(told).hasSize(2);
    }

    @Test
    void budget_thatOnlyWarns_refusesNobodyAndOneThatIsRaisedOpensAgain() {
        SpendWatch watch = watch(settings("1", false));
        use("acme", 2_000_000, 0);
        watch.look();
        watch.require("acme");
        assertThat(told).containsExactly("acme 50 false", "acme 100 false");
        watch.apply(settings("1.5", true));
        watch.look();
        assertThatThrownBy(() -> watch.require("acme")).isInstanceOf(RetryableException.class);
        watch.apply(settings("5", true));
        watch.require("acme");
        watch.look();
        watch.require("acme");
        watch.apply(settings("0", true));
        watch.look();
        assertThatThrownBy(() -> watch.require("acme")).isInstanceOf(RetryableException.class);
        watch.apply(AccountSettings.DEFAULTS);
        watch.require("acme");
    }

    @Test
    void budget_thatIsTakenAwayDuringALook_stopsNobody() {
        SpendWatch watch = watch(settings("1", true));
        use("acme", 2_000_000, 0);
        onLook = () -> watch.apply(AccountSettings.DEFAULTS);
        watch.look();
        watch.require("acme");
        assertThat(watch.spends()).isEmpty();
        assertThat(told).isEmpty();
        watch.look();
        watch.require("acme");
    }

    @Test
    void notices_ofABudgetThatWasRaised_areSentAgain() {
        SpendWatch watch = watch(settings("1", false));
        use("acme", 1_000_000, 0);
        watch.look();
        watch.apply(settings("1.00", false));
        watch.look();
        assertThat(told).containsExactly("acme 50 false", "acme 100 false");
        watch.apply(settings("2", false));
        watch.look();
        use("acme", 1_000_000, 0);
        watch.look();
        watch.look();
        assertThat(told).containsExactly("acme 50 false", "acme 100 false", "acme 50 false", "acme 100 false");
    }

    @Test
    void notice_thatDidNotArrive_isSentAgainAfterAWhileByOneServer() {
        arrives = false;
        SpendWatch one = watch(settings("1", false));
        SpendWatch two = watch(settings("1", false));
        use("acme", 500_000, 0);
        one.look();
        now = now.plus(Duration.ofMinutes(9));
        one.look();
        two.look();
        assertThat(told).hasSize(1);
        now = now.plus(Duration.ofMinutes(1));
        arrives = true;
        two.look();
        one.look();
        assertThat(told).hasSize(2);
        now = now.plus(Duration.ofHours(1));
        two.look();
        one.look();
        assertThat(told).hasSize(2);
    }

    @Test
    void accounts_thatAreTooOld_areForgottenAndSumsStayAsLongAsTheyMay() {
        use("acme", 10, 1);
        now = now.plus(Duration.ofDays(40));
        use("acme", 20, 1);
        LocalDate first = LocalDate.parse("2026-06-01");
        SpendWatch watch = watch(new AccountSettings(30, 0, PriceList.NONE, List.of()));
        watch.look();
        assertThat(accounts.forgetRequests(now.toEpochMilli() - Duration.ofDays(1).toMillis())).isZero();
        assertThat(accounts.usage("acme", first, first.plusDays(99))).hasSize(2);
        watch.apply(new AccountSettings(30, 62, PriceList.NONE, List.of()));
        now = now.plus(Duration.ofDays(30));
        watch.look();
        assertThat(accounts.usage("acme", first, first.plusDays(99))).hasSize(1);
    }
}
