package ai.realm.server.domain;

import java.math.BigDecimal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a tenant may spend in a calendar month (UTC).
 *
 * @param warn at how many percent somebody is told
 * @param stop whether requests are refused when it is spent
 * @param webhook who is told, beside the log; null for nobody
 * @param secret signs what is sent there; null for no signature
 */
public record SpendBudget(String tenant, BigDecimal month, List<Integer> warn, boolean stop, @Nullable HttpRule webhook,
        @Nullable String secret) {
    public SpendBudget {
        warn = List.copyOf(warn);
    }

    /** Nothing of its secret. */
    @Override
    public String toString() {
        return "SpendBudget[" + tenant + ", " + month + "]";
    }
}
