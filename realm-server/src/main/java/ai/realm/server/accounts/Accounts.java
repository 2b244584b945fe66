package ai.realm.server.accounts;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The account of every admitted request. While the database cannot be used they wait in a {@link AccountSpool} and go in when it is
 * back, each once. Thread-safe.
 */
public final class Accounts {
    private static final Logger LOG = LoggerFactory.getLogger(Accounts.class);
    private static final long DAY_MILLIS = 86_400_000;
    private static final int SLICE = 5_000;

    private final Database database;
    private final Clock clock;
    private final AccountSpool spool;

    /** Accounts that wait in memory only; for a server that keeps nothing, and for tests. */
    public Accounts(Database database, Clock clock) {
        this(database, clock, AccountSpool.inMemory());
    }

    public Accounts(Database database, Clock clock, AccountSpool spool) {
        this.database = database;
        this.clock = clock;
        this.spool = spool;
    }

    public long now() {
        return clock.millis();
    }

    /** Keeps a record; once this returns, killing the process does not lose it. */
    public void record(RequestRecord r) {
        record(UUID.randomUUID().toString(), r);
    }

    /** The same under an id of its own: twice the same is once. */
    void record(String id, RequestRecord r) {
        AccountSpool.Entry entry = new AccountSpool.Entry(id, r);
        if (spool.isEmpty()) {
            try {
                insert(entry);
                return;
            } catch (RealmException e) {
                if (e.code() != ErrorCode.STORAGE_UNAVAILABLE) {
                    throw e;
                }
                LOG.warn("accounts wait for the database cause={}", String.valueOf(e.getCause()));
            }
        }
        spool.add(entry);
    }

    /**
     * Keeps a record under an id of its own, in the transaction that this thread is in: twice the same is once.
     *
     * @throws RealmException STORAGE_UNAVAILABLE; nothing waits then
     */
    void recordOnce(String id, RequestRecord r) {
        insert(new AccountSpool.Entry(id, r));
    }

    /** Twice the same is once: a commit whose answer was lost is tried again. */
    private void insert(AccountSpool.Entry e) {
        RequestRecord r = e.record();
        database.update(
                """
                        INSERT INTO requests (account_id, request_id, tenant, model, guest, begun_ms, ended_ms, status, finish_reason, error_code,
                          prompt_tokens, cached_tokens, generated_tokens, guest_cpu_ns, engine_ns)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account_id) DO NOTHING""",
                e.id(), r.requestId(),
                r.tenant(), r.model(), r.guest(), r.begunMillis(), r.endedMillis(), r.status(), r.finishReason(), r.errorCode(),
                r.usage().promptTokens(), r.usage().cachedTokens(), r.usage().generatedTokens(), r.guestCpuNanos(),
                r.usage().engineNanos());
    }

    /** How many accounts wait for the database. */
    public int waiting() {
        return spool.size();
    }

    /**
     * Puts what waits into the database.
     *
     * @throws RealmException STORAGE_UNAVAILABLE when it cannot be used yet
     */
    public void keepWaiting() {
        int kept = 0;
        for (AccountSpool.Entry e = spool.first(); e != null; e = spool.first()) {
            try {
                insert(e);
            } catch (RealmException refused) {
                if (refused.code() == ErrorCode.STORAGE_UNAVAILABLE) {
                    throw refused;
                }
                LOG.error("an account cannot be kept account={} cause={}", e, refused.getMessage());
            }
            spool.remove(e);
            kept++;
        }
        if (kept > 0) {
            LOG.info("accounts that waited for the database are kept accounts={}", kept);
        }
    }

    /**
     * Takes on something that is to be done once for a database, whichever servers would; true for the one that is first, and again for
     * one when it is not {@link #done} after a time.
     */
    public boolean claim(String name, Duration lease) {
        long now = database.millis(clock);
        // Compared as text, in which all numbers come before the word.
        return database.update("INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = "
                + "excluded.value WHERE marks.value <= ?", name, comparable(now + lease.toMillis()), comparable(now)) > 0;
    }

    private static String comparable(long millis) {
        return String.format(Locale.ROOT, "%020d", millis);
    }

    /** What was claimed is done, once and for all. */
    public void done(String name) {
        database.update("UPDATE marks SET value = 'true' WHERE name = ?", name);
    }

    /** Forgets rows of requests that ended before a time, a slice at a time; sums by day stay. */
    public long forgetRequests(long beforeMillis) {
        long forgotten = 0;
        int now;
        do {
            List<Long> oldest = database.query(r -> r.getLong(1), "SELECT ended_ms FROM requests ORDER BY id LIMIT 1");
            if (oldest.isEmpty() || oldest.getFirst() >= beforeMillis) {
                break;
            }
            now = database
                    .update("DELETE FROM requests WHERE id <= (SELECT max(id) FROM (SELECT id FROM requests ORDER BY id LIMIT "
                            + SLICE + ") AS slice) AND ended_ms < ?", beforeMillis);
            forgotten += now;
        } while (now > 0);
        return forgotten;
    }

    /** Forgets sums of days before one. */
    public long forgetUsage(LocalDate before) {
        return database.update("DELETE FROM usage_days WHERE day < ?", before.toEpochDay());
    }

    /** Prompt and generated tokens of a tenant since midnight UTC. */
    public long tokensToday(String tenant) {
        return tokensOfDay(tenant, now());
    }

    /** The same of the day that a time in milliseconds is in, and later ones. */
    long tokensOfDay(String tenant, long millis) {
        return database.query(row -> row.getLong(1),
                "SELECT coalesce(sum(prompt_tokens + generated_tokens), 0) FROM usage_days WHERE tenant = ? AND day >= ?",
                tenant, millis / DAY_MILLIS).getFirst();
    }

    /**
     * Usage of days {@code from} to {@code to}, both included, by day, tenant, model and guest.
     *
     * @param tenant null for all
     */
    public List<UsageRow> usage(@Nullable String tenant, LocalDate from, LocalDate to) {
        String whose = tenant == null ? "" : "tenant = ? AND ";
        List<Object> values = new ArrayList<>(tenant == null ? List.of() : List.of(tenant));
        values.add(from.toEpochDay());
        values.add(to.toEpochDay());
        return database.query(
                r -> new UsageRow(r.getString(1), LocalDate.ofEpochDay(r.getLong(2)).toString(), r.getString(3), r.getString(4),
                        r.getLong(5), r.getLong(6), r.getLong(7), r.getLong(8), r.getLong(9), r.getLong(10), r.getLong(11)),
                """
                        SELECT tenant, day, model, guest, sum(requests), sum(failed), sum(prompt_tokens), sum(cached_tokens),
                          sum(generated_tokens), sum(guest_cpu_ns), sum(engine_ns)
                        FROM usage_days WHERE %s day >= ? AND day <= ?
                        GROUP BY tenant, day, model, guest ORDER BY day, tenant, model, guest""".formatted(whose),
                values.toArray());
    }
}
