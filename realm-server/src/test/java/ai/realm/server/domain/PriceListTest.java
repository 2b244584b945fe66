package ai.realm.server.domain;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.server.domain.PriceList.Price;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PriceListTest {
    private static final LocalDate DAY = LocalDate.parse("2026-06-15");

    private static Price price(String model, @Nullable String tenant, String from, String prompt) {
        return new Price(model, tenant, LocalDate.parse(from), new BigDecimal(prompt), new BigDecimal("0.1"),
                new BigDecimal("4"));
    }

    private final PriceList list = new PriceList("EUR", List.of(price("small", null, "2020-01-01", "1"),
            price("small", null, "2026-06-15", "2"), price("small", null, "2026-06-16", "9"),
            price("small", "acme", "2020-01-01", "0.5"), price("small:legal", null, "2020-01-01", "3")));

    private String cost(String tenant, String model, LocalDate day) {
        return PriceList.shown(list.cost(tenant, model, day, 1_000_000, 0, 0)).toPlainString();
    }

    @Test
    void price_isTheNewestThatHoldsOnTheDay_theTenantsOwnFirst() {
        assertThat(cost("other", "small", DAY)).isEqualTo("2");
        assertThat(cost("other", "small", DAY.minusDays(1))).isEqualTo("1");
        assertThat(cost("other", "small", DAY.plusDays(1))).isEqualTo("9");
        assertThat(cost("acme", "small", DAY)).isEqualTo("0.5");
        assertThat(cost("other", "small", LocalDate.parse("2019-12-31"))).isEqualTo("0");
        assertThat(cost("other", "large", DAY)).isEqualTo("0");
    }

    @Test
    void adapter_withoutAPrice_costsWhatItsModelDoes() {
        assertThat(cost("other", "small:legal", DAY)).isEqualTo("3");
        assertThat(cost("other", "small:other", DAY)).isEqualTo("2");
        assertThat(cost("acme", "small:legal", DAY)).isEqualTo("0.5");
    }

    @Test
    void tokens_thatWereCached_haveTheirOwnPriceAndSumsAreExact() {
        assertThat(list.cost("other", "small", DAY, 10, 4, 3)).isEqualByComparingTo("0.0000244");
        BigDecimal sum = BigDecimal.ZERO;
        for (int i = 0; i < 1000; i++) {
            sum = sum.add(list.cost("other", "small", DAY, 1, 0, 0));
        }
        assertThat(sum).isEqualByComparingTo("0.002");
        assertThat(PriceList.shown(new BigDecimal("1000")).toPlainString()).isEqualTo("1000");
    }
}
