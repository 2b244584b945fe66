package ai.realm.server.config;

import static ai.realm.server.domain.Checks.bad;
import static ai.realm.server.domain.Checks.in;
import static ai.realm.server.domain.Checks.name;
import static ai.realm.server.domain.Checks.or;
import static ai.realm.server.domain.Checks.required;

import ai.realm.server.domain.HttpRule;
import ai.realm.server.domain.PriceList;
import ai.realm.server.domain.PriceList.Price;
import ai.realm.server.domain.SpendBudget;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads {@code accounts}. */
final class AccountReader {
    private static final BigDecimal MOST = new BigDecimal("1e12");
    private static final int TWO_MONTHS = 62;
    private static final int MOST_DAYS = 36_500;

    private AccountReader() {
    }

    static AccountSettings accounts(RealmYaml.@Nullable Accounts a) {
        if (a == null) {
            return AccountSettings.DEFAULTS;
        }
        List<Price> prices = new ArrayList<>();
        for (RealmYaml.Price p : or(a.prices(), List.<RealmYaml.Price>of())) {
            prices.add(price("accounts.prices[" + prices.size() + "]", p));
        }
        List<SpendBudget> budgets = new ArrayList<>();
        Set<String> tenants = new HashSet<>();
        for (RealmYaml.SpendBudget b : or(a.budgets(), List.<RealmYaml.SpendBudget>of())) {
            String at = "accounts.budgets[" + budgets.size() + "]";
            budgets.add(budget(at, b));
            if (!tenants.add(budgets.getLast().tenant())) {
                throw bad(at + ".tenant: " + b.tenant() + " has a budget already");
            }
        }
        if (!budgets.isEmpty() && prices.isEmpty()) {
            throw bad("accounts.budgets needs accounts.prices");
        }
        String currency = or(a.currency(), "");
        if (!currency.matches("[A-Za-z]{0,8}") || currency.isEmpty() && !prices.isEmpty()) {
            throw bad("accounts.currency must be a name as EUR where there are prices, not " + currency);
        }
        int usageDays = in("accounts.usage_days", or(a.usageDays(), 0), 0, MOST_DAYS);
        if (usageDays > 0 && usageDays < TWO_MONTHS) {
            throw bad("accounts.usage_days must be 0 or at least " + TWO_MONTHS + ", as budgets go by months, not " + usageDays);
        }
        return new AccountSettings(in("accounts.request_days", or(a.requestDays(), 0), 0, MOST_DAYS), usageDays,
                new PriceList(currency, prices), budgets);
    }

    private static Price price(String at, RealmYaml.@Nullable Price p) {
        String model = name(required(at + ".model", p == null ? null : p.model()), at + ".model");
        String tenant = p == null ? null : p.tenant();
        BigDecimal prompt = amount(at + ".prompt", p == null ? null : p.prompt(), null);
        return new Price(model, tenant == null ? null : name(tenant, at + ".tenant"),
                day(at + ".from", p == null ? null : p.from()),
                prompt, amount(at + ".cached", p == null ? null : p.cached(), prompt),
                amount(at + ".completion", p == null ? null : p.completion(), null));
    }

    private static SpendBudget budget(String at, RealmYaml.@Nullable SpendBudget b) {
        String tenant = name(required(at + ".tenant", b == null ? null : b.tenant()), at + ".tenant");
        BigDecimal month = amount(at + ".month", b == null ? null : b.month(), null);
        List<Integer> warn = or(b == null ? null : b.warn(), List.of(80, 100));
        for (Integer percent : warn) {
            in(at + ".warn", percent == null ? 0 : percent, 1, 1000);
        }
        String url = b == null ? null : b.webhook();
        HttpRule webhook = url == null
                ? null
                : HttpRule.webhook(at + ".webhook", url, or(b == null ? null : b.webhookPrivate(), false));
        return new SpendBudget(tenant, month, warn.stream().distinct().sorted().toList(), or(b == null ? null : b.stop(), true),
                webhook,
                b == null ? null : b.webhookSecret());
    }

    private static BigDecimal amount(String at, @Nullable BigDecimal given, @Nullable BigDecimal otherwise) {
        BigDecimal value = given == null ? otherwise : given;
        if (value == null) {
            throw bad(at + " is required");
        }
        if (value.signum() < 0 || value.compareTo(MOST) > 0 || value.scale() > 12) {
            throw bad(at + " must be 0 or more, with 12 digits after the point at most, not " + value);
        }
        return value;
    }

    private static LocalDate day(String at, @Nullable String text) {
        try {
            return text == null ? LocalDate.EPOCH : LocalDate.parse(text);
        } catch (DateTimeParseException e) {
            throw bad(at + " must be a day as 2027-01-31, not " + text);
        }
    }
}
