package ai.realm.server.accounts;

import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The account of every admitted request. Thread-safe. */
public final class Accounts {
    private final Database database;
    private final Clock clock;

    public Accounts(Database database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    public long now() {
        return clock.millis();
    }

    /** Keeps a record; once this returns, killing the process does not lose it. */
    public void record(RequestRecord r) {
        database.update("""
                INSERT INTO requests (request_id, tenant, model, guest, begun_ms, ended_ms, status, finish_reason, error_code,
                  prompt_tokens, cached_tokens, generated_tokens, guest_cpu_ns, engine_ns)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""", r.requestId(), r.tenant(), r.model(), r.guest(),
                r.begunMillis(), r.endedMillis(), r.status(), r.finishReason(), r.errorCode(), r.usage().promptTokens(),
                r.usage().cachedTokens(), r.usage().generatedTokens(), r.guestCpuNanos(), r.usage().engineNanos());
    }

    /** Prompt and generated tokens of a tenant since midnight UTC. */
    public long tokensToday(String tenant) {
        long midnight = LocalDate.now(clock.withZone(ZoneOffset.UTC)).atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
        return database.query(row -> row.getLong(1),
                "SELECT coalesce(sum(prompt_tokens + generated_tokens), 0) FROM requests WHERE tenant = ? AND ended_ms >= ?",
                tenant, midnight).getFirst();
    }

    /**
     * Usage of days {@code from} to {@code to}, both included, by day, tenant, model and guest.
     *
     * @param tenant null for all
     */
    public List<UsageRow> usage(@Nullable String tenant, LocalDate from, LocalDate to) {
        String whose = tenant == null ? "" : "tenant = ? AND ";
        List<Object> values = new ArrayList<>(tenant == null ? List.of() : List.of(tenant));
        values.add(start(from));
        values.add(start(to.plusDays(1)));
        return database.query(
                r -> new UsageRow(r.getString(1), LocalDate.ofEpochDay(r.getLong(2)).toString(), r.getString(3), r.getString(4),
                        r.getLong(5), r.getLong(6), r.getLong(7), r.getLong(8), r.getLong(9), r.getLong(10), r.getLong(11)),
                """
                        SELECT tenant, ended_ms / 86400000 AS day, model, guest, count(*),
                          sum(CASE WHEN error_code IS NULL THEN 0 ELSE 1 END), sum(prompt_tokens), sum(cached_tokens),
                          sum(generated_tokens), sum(guest_cpu_ns), sum(engine_ns)
                        FROM requests WHERE %s ended_ms >= ? AND ended_ms < ?
                        GROUP BY tenant, day, model, guest ORDER BY day, tenant, model, guest""".formatted(whose),
                values.toArray());
    }

    private static long start(LocalDate day) {
        return day.atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
    }
}
