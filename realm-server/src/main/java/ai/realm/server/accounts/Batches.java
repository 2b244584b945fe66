package ai.realm.server.accounts;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.accounts.StoredFiles.StoredFile;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Batches of requests and their results. One server at a time works on a batch: it has a lease, renews it, and whatever it writes is
 * written only while it still has it, so that a server that was away too long changes nothing. Thread-safe.
 *
 * <p>Leases are told by the database's clock, so that the servers' clocks may differ.
 */
public final class Batches {
    /** Of which every tenant keeps so many that have ended. */
    private static final int KEPT = 1000;
    private static final int MOST_UNFINISHED = 100;
    /** Rows that are looked at together, and characters that are read together: more only when one row alone has more. */
    private static final int PAGE = 200;
    private static final long PAGE_CHARACTERS = 256 << 10;
    private static final String COLUMNS = """
            id, tenant, created_ms, expires_ms, endpoint, input_file, completion_window, metadata, status, total, completed, failed,
            output_file, error_file, errors, in_progress_ms, finalizing_ms, cancelling_ms, ended_ms""";
    private static final String HELD = " WHERE id = ? AND lease_owner = ? AND unfinished = 1";

    private final Database database;
    private final StoredFiles files;
    private final Accounts accounts;
    private final Clock clock;

    /** Its requests, all and those that ended well or with an error. */
    public record Counts(int total, int completed, int failed) {}

    /** When it came to each state, in milliseconds; 0 where it did not. */
    public record Times(long created, long expires, long inProgress, long finalizing, long cancelling, long ended) {}

    /**
     * One batch.
     *
     * @param errors why it failed as a whole, as JSON, or null
     */
    public record Batch(String id, String tenant, String endpoint, String inputFile, String window, String metadata,
            String status, Counts counts, Times times, @Nullable String outputFile, @Nullable String errorFile,
            @Nullable String errors) {}

    /**
     * The result of one request of a batch.
     *
     * @param line of the request in the input, from 0
     * @param good whether it belongs to the output and not to the errors
     * @param json one line of the output or of the errors
     * @param account what it used, or null when it was not run
     */
    public record Result(int line, boolean good, String json, @Nullable RequestRecord account) {}

    public Batches(Database database, StoredFiles files, Accounts accounts, Clock clock) {
        this.database = database;
        this.files = files;
        this.accounts = accounts;
        this.clock = clock;
    }

    private static Batch row(ResultSet r) throws SQLException {
        return new Batch(r.getString(1), r.getString(2), r.getString(5), r.getString(6), r.getString(7), r.getString(8),
                r.getString(9), new Counts(r.getInt(10), r.getInt(11), r.getInt(12)),
                new Times(r.getLong(3), r.getLong(4), r.getLong(16), r.getLong(17), r.getLong(18), r.getLong(19)),
                r.getString(13), r.getString(14), r.getString(15));
    }

    /**
     * Keeps a new batch, to be claimed by a server.
     *
     * @throws RealmException INSUFFICIENT_QUOTA when the tenant has too many that are unfinished
     */
    public void create(Batch b) {
        database.atomically(() -> {
            long open = database.query(r -> r.getLong(1),
                    "SELECT count(*) FROM batches WHERE tenant = ? AND unfinished = 1", b.tenant).getFirst();
            if (open >= MOST_UNFINISHED) {
                throw new RealmException(ErrorCode.INSUFFICIENT_QUOTA,
                        "a tenant may have " + MOST_UNFINISHED + " batches that have not ended, and has them");
            }
            database.update("""
                    DELETE FROM batches WHERE tenant = ? AND unfinished = 0 AND id NOT IN (
                      SELECT id FROM batches WHERE tenant = ? ORDER BY created_ms DESC LIMIT ?)""", b.tenant, b.tenant, KEPT);
            database.update(
                    """
                            INSERT INTO batches (id, tenant, created_ms, expires_ms, endpoint, input_file, completion_window, metadata, status)
                            VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'validating')""",
                    b.id, b.tenant, b.times.created, b.times.expires,
                    b.endpoint, b.inputFile, b.window, b.metadata);
        });
    }

    /** Null when the tenant has none of this id. */
    public @Nullable Batch find(String tenant, String id) {
        List<Batch> found = database.query(Batches::row, "SELECT " + COLUMNS + " FROM batches WHERE id = ? AND tenant = ?", id,
                tenant);
        return found.isEmpty() ? null : found.getFirst();
    }

    /** All of a tenant, the oldest first. */
    public List<Batch> all(String tenant) {
        return database.query(Batches::row, "SELECT " + COLUMNS + " FROM batches WHERE tenant = ? ORDER BY created_ms, id",
                tenant);
    }

    /** Asks whoever works on it to stop; what has ended already stays as it is. */
    public void cancel(String tenant, String id) {
        database.update("UPDATE batches SET status = 'cancelling', cancelling_ms = ? WHERE id = ? AND tenant = ? "
                + "AND status IN ('validating', 'in_progress')", clock.millis(), id, tenant);
    }

    /**
     * Of each tenant the oldest batch that no server works on, but for tenants of which {@code owner} has a lease already: nobody's
     * queue hides another's. The oldest first.
     */
    public List<Batch> waiting(String owner) {
        long now = database.millis(clock);
        return database.query(Batches::row, "SELECT " + COLUMNS + """
                 FROM (
                  SELECT batches.*, row_number() OVER (PARTITION BY tenant ORDER BY created_ms, id) AS place FROM batches
                  WHERE unfinished = 1 AND lease_ms <= ?) AS waiting
                WHERE place = 1 AND tenant NOT IN (
                  SELECT tenant FROM batches WHERE unfinished = 1 AND lease_owner = ? AND lease_ms > ?)
                ORDER BY created_ms, id LIMIT 100""", now, owner, now);
    }

    /** Takes a waiting batch; false when another server was faster. */
    public boolean claim(String id, String owner, Duration lease) {
        long now = database.millis(clock);
        return database.update(
                "UPDATE batches SET lease_owner = ?, lease_ms = ? WHERE id = ? AND unfinished = 1 AND lease_ms <= ?",
                owner, now + lease.toMillis(), id, now) > 0;
    }

    /**
     * Renews the leases of what a server really works on, and tells the states of those that it still has. What it has in the table
     * and does not work on any more is anybody's when its lease is over.
     *
     * @param ids of what it works on
     */
    public Map<String, String> renew(String owner, Duration lease, Collection<String> ids) {
        Map<String, String> states = new HashMap<>();
        if (ids.isEmpty()) {
            return states;
        }
        long until = database.millis(clock) + lease.toMillis();
        for (String id : ids) {
            if (database.update("UPDATE batches SET lease_ms = ?" + HELD, until, id, owner) > 0) {
                database.query(r -> states.put(id, r.getString(1)), "SELECT status FROM batches WHERE id = ?", id);
            }
        }
        return states;
    }

    /** Keeps the account of a request that was begun, is without a result and will be asked again. */
    public void attempted(String id, int line, RequestRecord account) {
        // One line's attempts come one after the other, also on several servers.
        accounts.record(id + "/" + line + "/" + account.begunMillis(), account);
    }

    /** Gives a batch to whoever wants it. */
    public void release(String id, String owner) {
        database.update("UPDATE batches SET lease_owner = NULL, lease_ms = 0" + HELD, id, owner);
    }

    /** The batch was read and has so many requests; one that is to be cancelled stays so. */
    public void begin(String id, String owner, int total) {
        database.update("UPDATE batches SET total = ?" + HELD, total, id, owner);
        database.update("UPDATE batches SET status = 'in_progress', in_progress_ms = ?" + HELD + " AND status = 'validating'",
                clock.millis(), id, owner);
    }

    /** The lines that have their results. */
    public Set<Integer> done(String id) {
        return new HashSet<>(database.query(r -> r.getInt(1), "SELECT line FROM batch_results WHERE batch = ?", id));
    }

    /**
     * Keeps results, each with its account, all or none.
     *
     * @return false when the lease is lost: nothing is kept then
     */
    public boolean keep(String id, String owner, List<Result> results) {
        boolean[] held = new boolean[1];
        database.atomically(() -> {
            long good = results.stream().filter(Result::good).count();
            long bytes = results.stream().mapToLong(r -> r.json.getBytes(StandardCharsets.UTF_8).length).sum();
            held[0] = database.update(
                    "UPDATE batches SET completed = completed + ?, failed = failed + ?, bytes = bytes + ?" + HELD,
                    good, results.size() - good, bytes, id, owner) > 0;
            if (!held[0]) {
                return;
            }
            for (Result r : results) {
                database.update("INSERT INTO batch_results (batch, line, good, json) VALUES (?, ?, ?, ?)", id, r.line,
                        r.good ? 1 : 0, r.json);
                if (r.account != null) {
                    accounts.recordOnce(id + "/" + r.line, r.account);
                }
            }
        });
        return held[0];
    }

    /** Its results become files: the batch has ended in this state. False when the lease is lost. */
    public boolean finish(Batch b, String owner, String status) {
        database.update("UPDATE batches SET finalizing_ms = ?, status = CASE WHEN status = 'in_progress' THEN 'finalizing' "
                + "ELSE status END" + HELD, clock.millis(), b.id, owner);
        StoredFile output = write(b, true);
        StoredFile errors = write(b, false);
        boolean[] held = new boolean[1];
        database.atomically(() -> {
            held[0] = database.update(
                    "UPDATE batches SET status = ?, unfinished = 0, ended_ms = ?, output_file = ?, error_file = ?, lease_owner = NULL"
                            + HELD,
                    status, clock.millis(), output.bytes() > 0 ? output.id() : null, errors.bytes() > 0 ? errors.id() : null,
                    b.id, owner) > 0;
            if (held[0]) {
                for (StoredFile f : List.of(output, errors)) {
                    if (f.bytes() > 0) {
                        files.add(b.tenant, f);
                    }
                }
                database.update("DELETE FROM batch_results WHERE batch = ?", b.id);
            }
        });
        return held[0];
    }

    /** Writes anew what a server that was killed may have begun: the file has the same id each time. */
    private StoredFile write(Batch b, boolean good) {
        String id = "file-" + b.id.substring(b.id.indexOf('_') + 1) + (good ? "0" : "1");
        long bytes = 0;
        int piece = 0;
        int last = -1;
        files.forgetPieces(id);
        for (int to = pageEnd(b.id, good, last); to > last; to = pageEnd(b.id, good, last)) {
            ByteArrayOutputStream page = new ByteArrayOutputStream();
            database.query(r -> {
                page.writeBytes(r.getString(1).getBytes(StandardCharsets.UTF_8));
                page.write('\n');
                return true;
            }, "SELECT json FROM batch_results WHERE batch = ? AND good = ? AND line > ? AND line <= ? ORDER BY line", b.id,
                    good ? 1 : 0, last, to);
            last = to;
            bytes += page.size();
            piece = files.write(id, piece, page.toByteArray());
        }
        return new StoredFile(id, clock.millis(), 0, b.id + (good ? "_output.jsonl" : "_error.jsonl"), "batch_output", bytes);
    }

    /** The last line of the page after {@code last}, or {@code last} itself when there are no more. */
    private int pageEnd(String batch, boolean good, int last) {
        int end = last;
        long characters = 0;
        for (long[] row : database.query(r -> new long[]{r.getInt(1), r.getLong(2)},
                "SELECT line, length(json) FROM batch_results WHERE batch = ? AND good = ? AND line > ? ORDER BY line LIMIT "
                        + PAGE,
                batch, good ? 1 : 0, last)) {
            characters += row[1];
            if (end > last && characters > PAGE_CHARACTERS) {
                break;
            }
            end = (int) row[0];
        }
        return end;
    }

    /** The batch cannot be run. */
    public void fail(String id, String owner, String errors) {
        database.update(
                "UPDATE batches SET status = 'failed', unfinished = 0, ended_ms = ?, errors = ?, lease_owner = NULL" + HELD,
                clock.millis(), errors, id, owner);
    }
}
