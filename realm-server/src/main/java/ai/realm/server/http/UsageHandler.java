package ai.realm.server.http;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.accounts.Accounts;
import ai.realm.server.accounts.UsageRow;
import ai.realm.server.admin.SpendWatch;
import ai.realm.server.domain.PriceList;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.transport.Answers;
import ai.realm.server.http.transport.Callers;
import ai.realm.server.domain.Tenant;
import ai.realm.server.tenant.TenantGate;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** {@code GET /v1/usage}: what a tenant has used, by day, model and guest; the admin asks for any tenant or all. */
final class UsageHandler {
    private static final Pattern DAY = Pattern.compile("\\d{4}-\\d{2}-\\d{2}");
    private static final int DAYS_BACK = 30;

    private final TenantGate gate;
    private final Accounts accounts;
    private final SpendWatch spending;
    private final Answers answers;

    UsageHandler(TenantGate gate, Accounts accounts, SpendWatch spending, Answers answers) {
        this.spending = spending;
        this.gate = gate;
        this.accounts = accounts;
        this.answers = answers;
    }

    void own(Context ctx) {
        Tenant tenant = gate.authenticate(Callers.of(ctx));
        answer(ctx, tenant.id());
    }

    /** For the admin, who may name a tenant. */
    void any(Context ctx) {
        answer(ctx, ctx.queryParam("tenant"));
    }

    private void answer(Context ctx, @Nullable String tenant) {
        LocalDate today = LocalDate.now(ZoneOffset.UTC);
        LocalDate to = date(ctx, "to", today);
        LocalDate from = date(ctx, "from", to.minusDays(DAYS_BACK));
        if (from.isAfter(to)) {
            throw RealmException.badParam("from", "from must not be after to, which is " + to + ", not " + from);
        }
        ObjectNode answer = Json.mapper().createObjectNode().put("object", "usage").put("tenant", tenant)
                .put("from", from.toString()).put("to", to.toString());
        List<UsageRow> rows = accounts.usage(tenant, from, to);
        ObjectNode total = answer.putObject("total");
        PriceList prices = spending.prices();
        if (!prices.isEmpty()) {
            answer.put("currency", prices.currency());
        }
        add(total, rows, prices);
        ArrayNode data = answer.putArray("data");
        for (UsageRow r : rows) {
            ObjectNode row = data.addObject().put("date", r.date()).put("tenant", r.tenant()).put("model", r.model()).put("guest",
                    r.guest());
            add(row, List.of(r), prices);
        }
        answers.json(ctx, 200, answer);
    }

    private static void add(ObjectNode to, List<UsageRow> rows, PriceList prices) {
        to.put("requests", rows.stream().mapToLong(UsageRow::requests).sum());
        to.put("failed_requests", rows.stream().mapToLong(UsageRow::failed).sum());
        to.put("prompt_tokens", rows.stream().mapToLong(UsageRow::promptTokens).sum());
        to.put("cached_tokens", rows.stream().mapToLong(UsageRow::cachedTokens).sum());
        to.put("completion_tokens", rows.stream().mapToLong(UsageRow::generatedTokens).sum());
        to.put("guest_cpu_seconds", rows.stream().mapToLong(UsageRow::guestCpuNanos).sum() * 1e-9);
        to.put("engine_seconds", rows.stream().mapToLong(UsageRow::engineNanos).sum() * 1e-9);
        if (!prices.isEmpty()) {
            to.put("cost",
                    PriceList.shown(rows.stream().map(r -> SpendWatch.cost(prices, r)).reduce(BigDecimal.ZERO, BigDecimal::add)));
        }
    }

    /** {@code GET /admin/budgets}: what tenants have spent of their budgets in this month. */
    void budgets(Context ctx) {
        ObjectNode answer = Json.mapper().createObjectNode().put("object", "list").put("currency", spending.prices().currency());
        ArrayNode data = answer.putArray("data");
        spending.spends().stream().sorted(Comparator.comparing(s -> s.budget().tenant())).forEach(s -> {
            ObjectNode one = data.addObject().put("tenant", s.budget().tenant()).put("month", s.month().toString())
                    .put("budget", s.budget().month()).put("spent", PriceList.shown(s.spent()));
            one.put("percent", s.budget().month().signum() == 0 ? null : s.percent()).put("stops", s.budget().stop())
                    .put("stopped", s.budget().stop() && s.isSpent());
        });
        answers.json(ctx, 200, answer);
    }

    private static LocalDate date(Context ctx, String name, LocalDate otherwise) {
        String given = ctx.queryParam(name);
        if (given == null) {
            return otherwise;
        }
        // Four digits for the year: no sum of days and no number of milliseconds runs over.
        if (!DAY.matcher(given).matches()) {
            throw notADay(name, null);
        }
        try {
            return LocalDate.parse(given);
        } catch (DateTimeParseException e) {
            throw notADay(name, e);
        }
    }

    private static RealmException notADay(String name, @Nullable Throwable cause) {
        return new RealmException(ErrorCode.INVALID_REQUEST, name + " must be a date as 2026-01-31", name, cause);
    }
}
