package ai.realm.server.accounts;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.server.accounts.Budget.Answer;
import ai.realm.server.accounts.Budget.Order;
import ai.realm.server.domain.TenantLimits;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BudgetTest {
    private static final long START = 1_000_000;
    private static final long DAY = 86_400_000;

    private Budget.State state;
    private long now = START;
    private long accounted;
    private final Map<String, Long> seqs = new HashMap<>();

    private static TenantLimits limits(int requests, long tokens, long day, int places) {
        return new TenantLimits(requests, tokens, day, places, 0, 100, 1000, Duration.ofSeconds(1));
    }

    private Order order(String holder, TenantLimits l, Amounts idle, Amounts busy, Amounts want, Amounts ahead, long spent) {
        return new Order(holder, seqs.merge(holder, 1L, Long::sum), l, idle, busy, Amounts.NONE, want, Amounts.NONE, ahead, spent,
                false);
    }

    private Answer send(Order o) {
        Budget budget = new Budget(state);
        Answer answer = budget.exchange(now, o, () -> accounted);
        state = budget.state();
        return answer;
    }

    private Amounts want(String holder, TenantLimits l, Amounts idle, Amounts want) {
        return send(order(holder, l, idle, Amounts.NONE, want, Amounts.NONE, 0)).granted();
    }

    private static Amounts requests(long n) {
        return new Amounts(n, 0, 0, 0);
    }

    private static Amounts tokens(long n) {
        return new Amounts(0, n, 0, 0);
    }

    private static Amounts day(long n) {
        return new Amounts(0, 0, n, 0);
    }

    private static Amounts places(long n) {
        return new Amounts(0, 0, 0, n);
    }

    @Test
    void requests_ofAMinute_areGrantedOnceToAllTogetherAndComeBackWithTime() {
        TenantLimits l = limits(12, 0, 0, 64);
        assertThat(want("a", l, Amounts.NONE, requests(5)).requests()).isEqualTo(5);
        assertThat(want("b", l, Amounts.NONE, requests(5)).requests()).isEqualTo(5);
        assertThat(want("c", l, Amounts.NONE, requests(5)).requests()).isEqualTo(2);
        assertThat(want("a", l, Amounts.NONE, requests(1)).requests()).isZero();
        now += 5_000;
        assertThat(want("b", l, Amounts.NONE, requests(5)).requests()).isEqualTo(1);
    }

    @Test
    void requests_heldUnused_areNotFilledUpAgain() {
        TenantLimits l = limits(1200, 0, 0, 64);
        Answer held = send(order("a", l, Amounts.NONE, Amounts.NONE, Amounts.NONE, requests(100), 0));
        assertThat(held.granted().requests()).isEqualTo(100);
        now += 9_000;
        Answer other = send(order("b", l, Amounts.NONE, Amounts.NONE, requests(5000), Amounts.NONE, 0));
        assertThat(other.granted().requests()).as("1200 in all").isEqualTo(1100);
    }

    @Test
    void ahead_ofASmallLimit_isNotGranted() {
        Amounts granted = send(order("a", limits(12, 300, 300, 2), Amounts.NONE, Amounts.NONE, new Amounts(1, 10, 10, 1),
                new Amounts(100, 100, 100, 100), 0)).granted();
        assertThat(granted).isEqualTo(new Amounts(1, 10, 10, 1));
    }

    @Test
    void ahead_ofALargeLimit_isAPartOfWhatIsLeft() {
        Amounts granted = send(order("a", limits(8000, 800_000, 800_000, 80), Amounts.NONE, Amounts.NONE, Amounts.NONE,
                new Amounts(1 << 30, 1 << 30, 1 << 30, 1 << 30), 0)).granted();
        assertThat(granted).isEqualTo(new Amounts(1000, 100_000, 100_000, 10));
    }

    @Test
    void tokens_usedBeyond_areOwedByAll() {
        TenantLimits l = limits(0, 100, 0, 64);
        assertThat(want("a", l, Amounts.NONE, tokens(100)).tokens()).isEqualTo(100);
        assertThat(want("a", l, tokens(-50), Amounts.NONE).tokens()).isEqualTo(50);
        now += 30_000;
        assertThat(want("b", l, Amounts.NONE, tokens(10)).tokens()).isZero();
        now += 6_000;
        assertThat(want("b", l, Amounts.NONE, tokens(10)).tokens()).isEqualTo(10);
    }

    @Test
    void places_ofAServerThatIsGone_areFreeWhenItsLeaseEnds() {
        TenantLimits l = limits(0, 0, 0, 3);
        want("a", l, Amounts.NONE, places(3));
        assertThat(want("b", l, Amounts.NONE, places(1)).places()).isZero();
        now += Budget.LEASE_MILLIS;
        assertThat(want("b", l, Amounts.NONE, places(3)).places()).isEqualTo(3);
    }

    @Test
    void order_repeatedAfterTheLeaseEnded_isSpentOnce() {
        TenantLimits l = limits(0, 0, 1000, 64);
        Order order = order("a", l, Amounts.NONE, day(50), Amounts.NONE, Amounts.NONE, 100);
        send(order);
        now += Budget.LEASE_MILLIS + 1;
        accounted = 100;
        assertThat(send(order("b", l, Amounts.NONE, Amounts.NONE, Amounts.NONE, Amounts.NONE, 0)).dayLeft())
                .as("it holds nothing any more").isEqualTo(900);
        now += Budget.LEASE_MILLIS + 1;
        assertThat(send(order).used()).isEqualTo(100);
    }

    @Test
    void renewed_leaseStays() {
        TenantLimits l = limits(0, 0, 0, 3);
        want("a", l, Amounts.NONE, places(3));
        now += Budget.LEASE_MILLIS - 1;
        send(order("a", l, Amounts.NONE, places(3), Amounts.NONE, Amounts.NONE, 0));
        now += Budget.LEASE_MILLIS - 1;
        assertThat(want("b", l, Amounts.NONE, places(1)).places()).isZero();
    }

    @Test
    void tokensOfADay_reservedAndSpent_endAtMidnightOfTheDatabase() {
        TenantLimits l = limits(0, 0, 300, 64);
        assertThat(want("a", l, Amounts.NONE, day(200)).day()).isEqualTo(200);
        assertThat(want("b", l, Amounts.NONE, day(200)).day()).isEqualTo(100);
        send(order("a", l, Amounts.NONE, Amounts.NONE, Amounts.NONE, Amounts.NONE, 250));
        assertThat(send(order("b", l, Amounts.NONE, Amounts.NONE, Amounts.NONE, Amounts.NONE, 0)).used()).isEqualTo(250);
        now += DAY;
        assertThat(want("a", l, Amounts.NONE, day(300)).day()).isEqualTo(300);
    }

    @Test
    void order_whoseAnswerWasLost_isCountedOnce() {
        TenantLimits l = limits(0, 0, 300, 64);
        Order same = order("a", l, Amounts.NONE, Amounts.NONE, Amounts.NONE, Amounts.NONE, 100);
        send(same);
        assertThat(send(same).used()).isEqualTo(100);
    }

    @Test
    void firstOrder_andOneAfterAServerIsGone_takeWhatTheAccountsKnow() {
        TenantLimits l = limits(0, 0, 300, 64);
        accounted = 120;
        assertThat(want("a", l, Amounts.NONE, day(300)).day()).isEqualTo(180);
        accounted = 200;
        now += Budget.LEASE_MILLIS;
        assertThat(want("b", l, Amounts.NONE, day(300)).day()).isEqualTo(100);
    }

    @Test
    void clock_thatGoesBack_givesNothing() {
        TenantLimits l = limits(60, 0, 0, 64);
        want("a", l, Amounts.NONE, requests(60));
        now -= 60_000;
        assertThat(want("b", l, Amounts.NONE, requests(60)).requests()).isZero();
        now += 60_000;
        assertThat(want("b", l, Amounts.NONE, requests(60)).requests()).isZero();
    }

    @Test
    void limit_thatIsChanged_byServersThatKnowOfItOneAfterTheOther_givesTheDifferenceOnce() {
        want("a", limits(12, 0, 0, 64), Amounts.NONE, requests(12));
        long granted = 0;
        for (int i = 0; i < 5; i++) {
            granted += want("a", limits(24, 0, 0, 64), Amounts.NONE, requests(1)).requests();
            granted += want("b", limits(12, 0, 0, 64), Amounts.NONE, Amounts.NONE).requests();
        }
        granted += want("a", limits(24, 0, 0, 64), Amounts.NONE, requests(100)).requests();
        assertThat(granted).isEqualTo(12);
    }

    @Test
    void want_ofWhichTooLittleIsLeftForAnyRequest_isNotGrantedInPart() {
        TenantLimits l = limits(0, 0, 300, 64);
        assertThat(
                send(new Order("a", 1, l, Amounts.NONE, Amounts.NONE, Amounts.NONE, day(500), day(301), Amounts.NONE, 0, false))
                        .granted().day())
                .isZero();
        assertThat(want("b", l, Amounts.NONE, day(300)).day()).isEqualTo(300);
    }

    @Test
    void serverThatLeaves_givesBackWhatItHolds() {
        TenantLimits l = limits(800, 0, 0, 64);
        want("a", l, Amounts.NONE, requests(800));
        send(new Order("a", 9, l, requests(300), Amounts.NONE, Amounts.NONE, Amounts.NONE, Amounts.NONE, Amounts.NONE, 0, true));
        assertThat(want("b", l, Amounts.NONE, requests(800)).requests()).isEqualTo(300);
    }
}
