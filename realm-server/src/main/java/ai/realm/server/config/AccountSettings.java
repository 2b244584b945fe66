package ai.realm.server.config;

import ai.realm.server.domain.PriceList;
import ai.realm.server.domain.SpendBudget;
import java.util.List;

/**
 * What is made of the accounts of requests.
 *
 * @param requestDays how long a row for each request is kept; 0 for ever
 * @param usageDays how long the sums by day are kept; 0 for ever
 * @param budgets of tenants, one each at most
 */
public record AccountSettings(int requestDays, int usageDays, PriceList prices, List<SpendBudget> budgets) {
    public static final AccountSettings DEFAULTS = new AccountSettings(0, 0, PriceList.NONE, List.of());

    public AccountSettings {
        budgets = List.copyOf(budgets);
    }
}
