package ai.realm.server.accounts;

import ai.realm.server.domain.StorageLimits;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Responses that their tenants may read and go on from, each for a lifetime. When a tenant has more than it may, its oldest go.
 * Thread-safe.
 */
public final class StoredResponses {
    /** More than any context holds: earlier responses beyond it are not read. */
    private static final long MOST_CHAIN_BYTES = 8 << 20;
    private static final int MOST_CHAIN = 1000;
    private static final int MOST = 10_000;
    private static final String COLUMNS = "r.id, r.previous, r.created_ms, r.input, r.json";

    private final Database database;
    private final Clock clock;

    /**
     * One response.
     *
     * @param previous the one that it went on from, or null
     * @param input the items that came with its request, a JSON array
     * @param json the response as its client got it
     */
    public record Stored(String id, @Nullable String previous, long createdMillis, String input, String json) {}

    /**
     * A response and those that it goes on from.
     *
     * @param all the oldest first
     * @param whole false when an earlier one is not there any more, or all together are too many to be read
     */
    public record Chain(List<Stored> all, boolean whole) {}

    private record Link(String id, @Nullable String previous, long bytes) {}

    public StoredResponses(Database database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    private static Stored row(ResultSet r) throws SQLException {
        return new Stored(r.getString(1), r.getString(2), r.getLong(3), r.getString(4), r.getString(5));
    }

    /** Keeps a response; false when it alone is more than the tenant may store. */
    public boolean put(String tenant, Stored r, StorageLimits limits) {
        long bytes = utf8(r.input) + utf8(r.json);
        if (bytes > limits.responseBytes()) {
            return false;
        }
        long now = clock.millis();
        database.atomically(() -> {
            database.update("DELETE FROM responses WHERE expires_ms <= ?", now);
            database.update("""
                    INSERT INTO responses (id, tenant, created_ms, expires_ms, previous, bytes, input, json)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)""", r.id, tenant, r.createdMillis, now + limits.responseLife().toMillis(),
                    r.previous, bytes, r.input, r.json);
            makeRoom(tenant, limits.responseBytes());
        });
        return true;
    }

    private static long utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private void makeRoom(String tenant, long most) {
        boolean tooMuch = database.query(r -> r.getLong(1) > most || r.getLong(2) > MOST,
                "SELECT coalesce(sum(bytes), 0), count(*) FROM responses WHERE tenant = ?", tenant).getFirst();
        if (tooMuch) {
            database.update("""
                    DELETE FROM responses WHERE id IN (SELECT id FROM (
                      SELECT id, sum(bytes) OVER newest AS total, row_number() OVER newest AS place FROM responses
                      WHERE tenant = ? WINDOW newest AS (ORDER BY created_ms DESC, id DESC)) AS added
                      WHERE total > ? OR place > ?)""", tenant, most, MOST);
        }
    }

    /** Null when the tenant has none of this id, or not any more. */
    public @Nullable Stored find(String tenant, String id) {
        List<Stored> found = database.query(StoredResponses::row, "SELECT " + COLUMNS
                + " FROM responses r WHERE r.id = ? AND r.tenant = ? AND r.expires_ms > ?", id, tenant, clock.millis());
        return found.isEmpty() ? null : found.getFirst();
    }

    /** What a response goes on from, itself last; empty when the tenant has none of this id. */
    public Chain chain(String tenant, String id) {
        long now = clock.millis();
        List<Link> links = database.query(r -> new Link(r.getString(1), r.getString(2), r.getLong(3)), """
                WITH RECURSIVE chain (id, previous, bytes, depth) AS (
                  SELECT id, previous, bytes, 1 FROM responses WHERE id = ? AND tenant = ? AND expires_ms > ?
                  UNION ALL
                  SELECT r.id, r.previous, r.bytes, c.depth + 1 FROM responses r JOIN chain c ON r.id = c.previous
                  WHERE r.tenant = ? AND r.expires_ms > ? AND c.depth < ?)
                SELECT id, previous, bytes FROM chain ORDER BY depth""", id, tenant, now, tenant, now, MOST_CHAIN);
        List<Stored> all = new ArrayList<>();
        long bytes = 0;
        for (Link link : links) {
            bytes += link.bytes;
            Stored stored = bytes > MOST_CHAIN_BYTES ? null : find(tenant, link.id);
            if (stored == null) {
                return new Chain(all.reversed(), false);
            }
            all.add(stored);
        }
        return new Chain(all.reversed(), links.isEmpty() || links.getLast().previous == null);
    }

    /** False when there was none. */
    public boolean remove(String tenant, String id) {
        return database.update("DELETE FROM responses WHERE id = ? AND tenant = ? AND expires_ms > ?", id, tenant,
                clock.millis()) > 0;
    }
}
