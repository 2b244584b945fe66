package ai.realm.server.accounts;

import java.util.List;

/**
 * The changes of tenants, models and guests in the order of their commits, by whichever server or hand: the database itself notes
 * them. A server that remembers the last one it has seen finds what is new. Thread-safe.
 */
public final class ChangeLog {
    /** Older ones go: a server that was away for longer reads everything. */
    private static final int KEPT = 10_000;
    private static final int TRIM_EVERY = 1_000;

    private final Database database;

    /** The first and the last change that are kept; 0 and 0 when there are none. */
    public record Span(long oldest, long newest) {}

    /**
     * One row that was made, changed or removed.
     *
     * @param table {@code tenants}, {@code models} or {@code guests}
     * @param name the tenant's id or the model's name
     */
    public record Change(long seq, String table, String name) {}

    public ChangeLog(Database database) {
        this.database = database;
    }

    public Span span() {
        return database.query(r -> new Span(r.getLong(1), r.getLong(2)),
                "SELECT coalesce((SELECT min(seq) FROM changes), 0), coalesce((SELECT max(seq) FROM changes), 0)").getFirst();
    }

    /** Those after {@code seq}. */
    public List<Change> since(long seq) {
        List<Change> found = database.query(r -> new Change(r.getLong(1), r.getString(2), r.getString(3)),
                "SELECT seq, kind, name FROM changes WHERE seq > ? ORDER BY seq", seq);
        if (found.stream().anyMatch(c -> c.seq % TRIM_EVERY == 0)) {
            database.update("DELETE FROM changes WHERE seq < ?", found.getLast().seq - KEPT);
        }
        return found;
    }
}
