package ai.realm.server.accounts;

import ai.realm.core.error.RealmException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who changed what, when and by which key. A change is written down before it is made, and again with how it went: a server that is
 * killed between leaves the first. Entries are kept for a time and up to a number. Thread-safe.
 */
public final class AuditTrail {
    private static final Logger LOG = LoggerFactory.getLogger(AuditTrail.class);
    /** Entries at most, whoever writes them. */
    static final long MOST = 100_000;
    private static final int CLEANED_EACH = 64;
    private static final String COLUMNS = "id, at_ms, key_name, role, action, target, outcome, request_id, address, details";

    private final Database database;
    private final Clock clock;
    private final AtomicLong written = new AtomicLong();
    private volatile Duration kept;

    /** What is known before a change. */
    public record Begun(String keyName, String role, String action, String target, String requestId, String address) {}

    /**
     * One change.
     *
     * @param outcome the HTTP status of its answer, 0 while it is not known
     * @param details JSON
     */
    public record Entry(long id, Instant at, String keyName, String role, String action, String target, int outcome,
            String requestId, String address, String details) {}

    /** @param kept how long entries are kept */
    public AuditTrail(Database database, Clock clock, Duration kept) {
        this.database = database;
        this.clock = clock;
        this.kept = kept;
    }

    /** From the next entry on. */
    public void keep(Duration time) {
        kept = time;
    }

    /**
     * Writes down that a change is about to be made.
     *
     * @return the entry's id
     * @throws RealmException STORAGE_UNAVAILABLE; then it must not be made
     */
    public long begin(Begun b) {
        if (written.getAndIncrement() % CLEANED_EACH == 0) {
            clean();
        }
        return database.query(r -> r.getLong(1), """
                INSERT INTO audit (at_ms, key_name, role, action, target, outcome, request_id, address, details)
                VALUES (?, ?, ?, ?, ?, 0, ?, ?, '{}') RETURNING id""", clock.millis(), text(b.keyName), b.role, text(b.action),
                text(b.target), text(b.requestId), b.address).getFirst();
    }

    /** How it went. */
    public void end(long id, String target, int outcome, String details) {
        database.update("UPDATE audit SET target = ?, outcome = ?, details = ? WHERE id = ?", text(target), outcome,
                text(details), id);
    }

    /** The same of what has happened already: that it cannot be written down is said in the log. */
    public void endAnyway(long id, String target, int outcome, String details) {
        try {
            end(id, target, outcome, details);
        } catch (RealmException e) {
            LOG.warn("how a change went is not in the audit trail entry={} outcome={} cause={}", id, outcome, e.getMessage());
        }
    }

    /** What no database takes as text is left out. */
    private static String text(String value) {
        return value.replace("\0", "");
    }

    private void clean() {
        database.update("DELETE FROM audit WHERE at_ms < ? OR id <= (SELECT max(id) FROM audit) - ?",
                clock.millis() - kept.toMillis(), MOST);
    }

    /**
     * The newest first.
     *
     * @param before an id; null for the newest of all
     * @param target null for all
     */
    public List<Entry> list(int limit, @Nullable Long before, @Nullable String target) {
        List<Object> values = new ArrayList<>();
        values.add(before == null ? Long.MAX_VALUE : before);
        String where = "id < ?";
        if (target != null) {
            where += " AND target = ?";
            values.add(text(target));
        }
        values.add(limit);
        return database.query(AuditTrail::row, "SELECT " + COLUMNS + " FROM audit WHERE " + where + " ORDER BY id DESC LIMIT ?",
                values.toArray());
    }

    private static Entry row(ResultSet r) throws SQLException {
        return new Entry(r.getLong(1), Instant.ofEpochMilli(r.getLong(2)), r.getString(3), r.getString(4), r.getString(5),
                r.getString(6), r.getInt(7), r.getString(8), r.getString(9), r.getString(10));
    }
}
