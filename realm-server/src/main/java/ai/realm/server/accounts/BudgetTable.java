package ai.realm.server.accounts;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Budgets in a PostgreSQL database, one row a tenant. Its clock is everybody's. Orders of a tenant wait for each other in a queue: a lock of
 * the row alone would go to whoever comes at the right moment, and a server that is slow to wake would never have it.
 */
public final class BudgetTable implements Budgets {
    private static final Logger LOG = LoggerFactory.getLogger(BudgetTable.class);
    private static final JsonMapper JSON = JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /** The class of advisory locks whose second number stands for a tenant. */
    private static final int LOCKS = 7225102;

    private final Database database;
    private final Accounts accounts;

    private record Row(String json, long now) {}

    public BudgetTable(Database database, Accounts accounts) {
        this.database = database;
        this.accounts = accounts;
    }

    @Override
    public Budget.Answer exchange(String tenant, Budget.Order order) {
        Budget.Answer[] answer = new Budget.Answer[1];
        database.atomically(() -> {
            Row row = lock(tenant);
            Budget budget = new Budget(state(tenant, row.json));
            answer[0] = budget.exchange(row.now, order, () -> accounts.tokensOfDay(tenant, row.now));
            database.update("UPDATE budgets SET json = ? WHERE tenant = ?", json(budget.state()), tenant);
        });
        return answer[0];
    }

    private Row lock(String tenant) {
        database.query(_ -> true, "SELECT pg_advisory_xact_lock(?, hashtext(?))", LOCKS, tenant);
        List<Row> found = find(tenant);
        if (found.isEmpty()) {
            database.update("INSERT INTO budgets (tenant, json) VALUES (?, '') ON CONFLICT (tenant) DO NOTHING", tenant);
            found = find(tenant);
        }
        return found.getFirst();
    }

    private List<Row> find(String tenant) {
        return database.query(r -> new Row(r.getString(1), r.getLong(2)),
                "SELECT json, (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM budgets WHERE tenant = ?",
                tenant);
    }

    private static Budget.@Nullable State state(String tenant, String json) {
        if (json.isEmpty()) {
            return null;
        }
        try {
            return JSON.readValue(json, Budget.State.class);
        } catch (JsonProcessingException e) {
            LOG.error("what tenant={} has used of its limits cannot be read and begins anew cause={}", tenant,
                    e.getOriginalMessage());
            return null;
        }
    }

    private static String json(Budget.State state) {
        try {
            return JSON.writeValueAsString(state);
        } catch (JsonProcessingException e) {
            throw new RealmException(ErrorCode.INTERNAL, "a budget cannot be written: " + e.getOriginalMessage(), e);
        }
    }
}
