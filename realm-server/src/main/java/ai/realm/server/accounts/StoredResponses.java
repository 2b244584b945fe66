package ai.realm.server.accounts;

import ai.realm.server.domain.StorageLimits;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
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
    private static final String COLUMNS = "r.id, r.previous, r.created_ms, r.input, r.json, r.lease_ms";

    private final Database database;
    private final Clock clock;

    /**
     * One response.
     *
     * @param previous the one that it went on from, or null
     * @param input the items that came with its request, a JSON array
     * @param json the response as its client got it
     * @param leaseMillis until when the server that makes it has to show that it still does; 0 for one that is complete
     */
    public record Stored(String id, @Nullable String previous, long createdMillis, String input, String json, long leaseMillis) {
        /** One that is complete. */
        public Stored(String id, @Nullable String previous, long createdMillis, String input, String json) {
            this(id, previous, createdMillis, input, json, 0);
        }

        /** The same in another state. */
        public Stored with(String state) {
            return new Stored(id, previous, createdMillis, input, state, 0);
        }
    }

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
        return new Stored(r.getString(1), r.getString(2), r.getLong(3), r.getString(4), r.getString(5), r.getLong(6));
    }

    /** Keeps a response; false when it alone is more than the tenant may store. */
    public boolean put(String tenant, Stored r, StorageLimits limits) {
        return put(tenant, r, limits, null, 0);
    }

    /** Keeps one that is to be made by this server, under a lease. */
    public boolean putRunning(String tenant, Stored r, StorageLimits limits, String owner, Duration lease) {
        return put(tenant, r, limits, owner, database.millis(clock) + lease.toMillis());
    }

    private boolean put(String tenant, Stored r, StorageLimits limits, @Nullable String owner, long lease) {
        long bytes = utf8(r.input) + utf8(r.json);
        if (bytes > limits.responseBytes()) {
            return false;
        }
        long now = clock.millis();
        database.atomically(() -> {
            database.update("DELETE FROM responses WHERE expires_ms <= ?", now);
            database.update(
                    """
                            INSERT INTO responses (id, tenant, created_ms, expires_ms, previous, bytes, input, json, lease_owner, lease_ms)
                            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                    r.id, tenant, r.createdMillis,
                    now + limits.responseLife().toMillis(), r.previous, bytes, r.input, r.json, owner, lease);
            makeRoom(tenant, limits.responseBytes());
        });
        return true;
    }

    /**
     * Another state of a response that this server makes.
     *
     * @param lease null when it is complete
     * @return false when it is not there any more, or not this server's
     */
    public boolean replace(String tenant, String id, String json, StorageLimits limits, String owner, @Nullable Duration lease) {
        boolean[] done = new boolean[1];
        database.atomically(() -> {
            List<Long> inputs = database.query(r -> utf8(r.getString(1)),
                    "SELECT input FROM responses WHERE id = ? AND tenant = ? AND lease_owner = ?", id, tenant, owner);
            if (!inputs.isEmpty()) {
                done[0] = database.update("UPDATE responses SET json = ?, bytes = ?, lease_owner = ?, lease_ms = ? WHERE id = ?",
                        json,
                        inputs.getFirst() + utf8(json), lease == null ? null : owner,
                        lease == null ? 0 : database.millis(clock) + lease.toMillis(), id) > 0;
                makeRoom(tenant, limits.responseBytes());
            }
        });
        return done[0];
    }

    /**
     * Renews the leases of what a server really makes. What it has in the table and does not make any more is abandoned when its lease
     * is over.
     *
     * @param ids of what it makes
     * @return of those the ids that it still has
     */
    public Set<String> renew(String owner, Duration lease, Collection<String> ids) {
        Set<String> held = new HashSet<>();
        if (ids.isEmpty()) {
            return held;
        }
        long until = database.millis(clock) + lease.toMillis();
        for (String id : ids) {
            if (database.update("UPDATE responses SET lease_ms = ? WHERE id = ? AND lease_owner = ?", until, id, owner) > 0) {
                held.add(id);
            }
        }
        return held;
    }

    /** Whether the server that makes it has not shown for too long that it does. */
    public boolean isAbandoned(Stored r) {
        return r.leaseMillis > 0 && r.leaseMillis <= database.millis(clock);
    }

    /** The last state of a response that its tenant wants no more of, whoever makes it; false when it has one already. */
    public boolean cancel(String tenant, String id, String json) {
        return conclude(tenant, id, json, Long.MAX_VALUE);
    }

    /** The last state of an abandoned response; false when it has one already, or a server that makes it. */
    public boolean abandon(String tenant, String id, String json) {
        return conclude(tenant, id, json, database.millis(clock));
    }

    private boolean conclude(String tenant, String id, String json, long leaseUntil) {
        return database.update("UPDATE responses SET json = ?, lease_owner = NULL, lease_ms = 0 "
                + "WHERE id = ? AND tenant = ? AND lease_ms > 0 AND lease_ms <= ?", json, id, tenant, leaseUntil) > 0;
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
