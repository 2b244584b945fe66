package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What tenants may have of what they share. */
class FairSharesTest {
    private final FairShares shares = new FairShares(90);

    private int takeAll(String tenant) {
        int taken = 0;
        while (shares.tryTake(tenant, 1)) {
            taken++;
        }
        return taken;
    }

    @Test
    void oneAlone_leavesAPartForWhoeverComes() {
        assertThat(takeAll("greedy")).isEqualTo(60);
        assertThat(shares.tryTake("modest", 10)).isTrue();
        assertThat(shares.tryTake("greedy", 1)).isFalse();
    }

    @Test
    void several_haveTheSame_andSomethingIsLeft() {
        for (int i = 0; i < 36; i++) {
            assertThat(shares.tryTake("a", 1) & shares.tryTake("b", 1)).as("round %d", i).isTrue();
        }
        assertThat(takeAll("a") + takeAll("b")).isZero();
        assertThat(takeAll("c")).isEqualTo(12);
    }

    @Test
    void whatIsGivenBack_isEverybodys() {
        takeAll("greedy");
        shares.tryTake("modest", 10);
        shares.giveBack("greedy", 60);
        assertThat(shares.held("greedy")).isZero();
        assertThat(takeAll("modest")).isEqualTo(50);
        shares.giveBack("modest", 60);
        assertThat(shares.used()).isZero();
    }

    @Test
    void nobodyHasAny_oneWishMayBeAll_butNotMore() throws InterruptedException {
        assertThat(shares.take("a", 91, Long.MAX_VALUE)).isFalse();
        assertThat(shares.tryTake("a", 90)).isTrue();
        assertThat(shares.tryTake("b", 1)).isFalse();
        assertThat(shares.tryTake("b", 0)).isTrue();
    }

    @Test
    void waiting_endsWhenThereIsEnough_orWithTheTime() throws Exception {
        takeAll("a");
        assertThat(shares.take("a", 1, 1)).isFalse();
        CompletableFuture<Boolean> waits = CompletableFuture.supplyAsync(() -> {
            try {
                return shares.take("a", 5, TimeUnit.MINUTES.toNanos(1));
            } catch (InterruptedException e) {
                return false;
            }
        });
        shares.giveBack("a", 20);
        assertThat(waits.get(1, TimeUnit.MINUTES)).isTrue();
        assertThat(shares.held("a")).isEqualTo(45);
    }
}
