package ai.realm.server.domain;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.LocalDate;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What tokens cost. Money is worked out from usage when somebody asks, and kept nowhere. Immutable.
 *
 * @param currency as reports name it
 */
public record PriceList(String currency, List<Price> prices) {
    public static final PriceList NONE = new PriceList("", List.of());

    private static final BigDecimal MILLION = BigDecimal.valueOf(1_000_000);
    private static final int SHOWN_DIGITS = 6;

    public PriceList {
        prices = List.copyOf(prices);
    }

    /**
     * Of a model, for a million tokens each.
     *
     * @param tenant whom it is for; null for all who have none of their own
     * @param from the first day (UTC) on which it holds
     * @param prompt of prompt tokens that were computed
     * @param cached of those that were found in the prefix cache
     */
    public record Price(String model, @Nullable String tenant, LocalDate from, BigDecimal prompt, BigDecimal cached,
            BigDecimal completion) {}

    public boolean isEmpty() {
        return prices.isEmpty();
    }

    /**
     * What a tenant's usage of one model on one day costs; nothing where there is no price.
     *
     * @param prompt tokens, those that were cached included
     */
    public BigDecimal cost(String tenant, String model, LocalDate day, long prompt, long cached, long completion) {
        Price p = find(tenant, model, day);
        if (p == null) {
            return BigDecimal.ZERO;
        }
        return p.prompt.multiply(BigDecimal.valueOf(prompt - cached)).add(p.cached.multiply(BigDecimal.valueOf(cached)))
                .add(p.completion.multiply(BigDecimal.valueOf(completion))).divide(MILLION);
    }

    /** A tenant's own price goes before all others', the newest that holds before older ones; an adapter's before its model's. */
    private @Nullable Price find(String tenant, String model, LocalDate day) {
        int colon = model.indexOf(':');
        Price own = newest(tenant, model, day);
        Price base = own != null || colon < 0 ? own : newest(tenant, model.substring(0, colon), day);
        Price any = base != null ? base : newest(null, model, day);
        return any != null || colon < 0 ? any : newest(null, model.substring(0, colon), day);
    }

    private @Nullable Price newest(@Nullable String tenant, String model, LocalDate day) {
        Price best = null;
        for (Price p : prices) {
            if (Objects.equals(p.tenant, tenant) && p.model.equals(model) && !p.from.isAfter(day)
                    && (best == null || p.from.isAfter(best.from))) {
                best = p;
            }
        }
        return best;
    }

    /** As reports show it. */
    public static BigDecimal shown(BigDecimal amount) {
        return amount.setScale(SHOWN_DIGITS, RoundingMode.HALF_UP).stripTrailingZeros().scale() < 0
                ? amount.setScale(0, RoundingMode.HALF_UP)
                : amount.setScale(SHOWN_DIGITS, RoundingMode.HALF_UP).stripTrailingZeros();
    }
}
