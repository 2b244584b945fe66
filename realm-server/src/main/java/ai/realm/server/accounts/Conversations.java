package ai.realm.server.accounts;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.domain.StorageLimits;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Conversations: lists of items that responses go on from and add to, each kept until it was not used for a lifetime. Thread-safe. */
public final class Conversations {
    /** Of one conversation at a time: more than any context holds. */
    public static final long MOST_READ = 8 << 20;

    private static final String LIVING = " WHERE id = ? AND tenant = ? AND expires_ms > ?";

    private final Database database;
    private final Clock clock;

    /** @param metadata a JSON object */
    public record Conversation(String id, long createdMillis, String metadata) {}

    /** One item, as JSON. */
    public record Item(String id, String json) {}

    public Conversations(Database database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    /**
     * Makes one with its first items.
     *
     * @throws RealmException INSUFFICIENT_QUOTA
     */
    public void create(String tenant, Conversation c, List<Item> items, StorageLimits limits) {
        requireRoom(tenant, limits);
        long now = clock.millis();
        database.atomically(() -> {
            database.update("DELETE FROM conversation_items WHERE conversation IN "
                    + "(SELECT id FROM conversations WHERE expires_ms <= ?)", now);
            database.update("DELETE FROM conversations WHERE expires_ms <= ?", now);
            database.update("INSERT INTO conversations (id, tenant, created_ms, expires_ms, metadata) VALUES (?, ?, ?, ?, ?)",
                    c.id, tenant, c.createdMillis, now + limits.responseLife().toMillis(), c.metadata);
            append(tenant, c.id, items, limits);
        });
    }

    /**
     * Refuses when the tenant's conversations have all the room that they may.
     *
     * @throws RealmException INSUFFICIENT_QUOTA
     */
    public void requireRoom(String tenant, StorageLimits limits) {
        // Each takes its own room too, so that empty ones are not free.
        long bytes = database.query(r -> r.getLong(1),
                "SELECT (SELECT coalesce(sum(bytes), 0) FROM conversation_items WHERE tenant = ?) "
                        + "+ 1000 * (SELECT count(*) FROM conversations WHERE tenant = ?)",
                tenant, tenant).getFirst();
        if (bytes >= limits.responseBytes()) {
            throw new RealmException(ErrorCode.INSUFFICIENT_QUOTA, "the tenant's conversations have " + bytes + " bytes of the "
                    + limits.responseBytes() + " that they may have; delete some");
        }
    }

    /** Null when the tenant has none of this id, or not any more. */
    public @Nullable Conversation find(String tenant, String id) {
        List<Conversation> found = database.query(r -> new Conversation(r.getString(1), r.getLong(2), r.getString(3)),
                "SELECT id, created_ms, metadata FROM conversations" + LIVING, id, tenant, clock.millis());
        return found.isEmpty() ? null : found.getFirst();
    }

    /** False when there is none. */
    public boolean describe(String tenant, String id, String metadata) {
        return database.update("UPDATE conversations SET metadata = ?" + LIVING, metadata, id, tenant, clock.millis()) > 0;
    }

    /**
     * Some of its items.
     *
     * @param more whether others come after them
     */
    public record Items(List<Item> items, boolean more) {}

    private record Place(long seq, long bytes) {}

    /**
     * So many of its items, and no more than {@link #MOST_READ} bytes of them but at least one.
     *
     * @param after the id of the item before the first; null to begin at the beginning
     */
    public Items page(String tenant, String id, @Nullable String after, boolean newestFirst, int limit) {
        long from = newestFirst ? Long.MAX_VALUE : Long.MIN_VALUE;
        if (after != null) {
            List<Long> found = database.query(r -> r.getLong(1),
                    "SELECT seq FROM conversation_items WHERE conversation = ? AND tenant = ? AND id = ?", id, tenant, after);
            if (found.isEmpty()) {
                return new Items(List.of(), false);
            }
            from = found.getFirst();
        }
        String order = newestFirst ? " AND seq < ? ORDER BY seq DESC" : " AND seq > ? ORDER BY seq";
        List<Place> places = database.query(r -> new Place(r.getLong(1), r.getLong(2)),
                "SELECT seq, bytes FROM conversation_items WHERE conversation = ? AND tenant = ?" + order + " LIMIT ?", id,
                tenant,
                from, limit + 1);
        int count = 0;
        for (long bytes = 0; count < Math.min(limit, places.size()); count++) {
            bytes += places.get(count).bytes;
            if (count > 0 && bytes > MOST_READ) {
                break;
            }
        }
        List<Item> items = database.query(r -> new Item(r.getString(1), r.getString(2)),
                "SELECT id, json FROM conversation_items WHERE conversation = ? AND tenant = ?" + order + " LIMIT ?", id, tenant,
                from,
                count);
        return new Items(items, places.size() > count);
    }

    /** Null when it has none of this id. */
    public @Nullable Item item(String tenant, String id, String item) {
        List<Item> found = database.query(r -> new Item(r.getString(1), r.getString(2)),
                "SELECT id, json FROM conversation_items WHERE conversation = ? AND tenant = ? AND id = ? ORDER BY seq LIMIT 1",
                id,
                tenant, item);
        return found.isEmpty() ? null : found.getFirst();
    }

    /** Bytes of all its items. */
    public long bytes(String tenant, String id) {
        return database.query(r -> r.getLong(1),
                "SELECT coalesce(sum(bytes), 0) FROM conversation_items WHERE conversation = ? AND tenant = ?", id, tenant)
                .getFirst();
    }

    /** Its items, the oldest first; for one that has no more than {@link #MOST_READ} bytes. */
    public List<Item> items(String tenant, String id) {
        return database.query(r -> new Item(r.getString(1), r.getString(2)),
                "SELECT id, json FROM conversation_items WHERE conversation = ? AND tenant = ? ORDER BY seq", id, tenant);
    }

    /** Adds items; false when there is no such conversation any more. */
    public boolean append(String tenant, String id, List<Item> items, StorageLimits limits) {
        boolean[] there = new boolean[1];
        long now = clock.millis();
        database.atomically(() -> {
            // The row is this transaction's from here on, so that two that add at once get numbers one after the other.
            there[0] = database.update("UPDATE conversations SET expires_ms = ?" + LIVING, now + limits.responseLife().toMillis(),
                    id, tenant, now) > 0;
            if (!there[0]) {
                return;
            }
            long seq = database.query(r -> r.getLong(1),
                    "SELECT coalesce(max(seq), 0) FROM conversation_items WHERE conversation = ?", id).getFirst();
            for (Item item : items) {
                database.update("INSERT INTO conversation_items (conversation, seq, id, tenant, bytes, json) "
                        + "VALUES (?, ?, ?, ?, ?, ?)", id, ++seq, item.id, tenant,
                        (long) item.json.getBytes(StandardCharsets.UTF_8).length, item.json);
            }
        });
        return there[0];
    }

    /** False when there was none. */
    public boolean remove(String tenant, String id) {
        boolean[] removed = new boolean[1];
        database.atomically(() -> {
            removed[0] = database.update("DELETE FROM conversations" + LIVING, id, tenant, clock.millis()) > 0;
            if (removed[0]) {
                database.update("DELETE FROM conversation_items WHERE conversation = ?", id);
            }
        });
        return removed[0];
    }

    /** False when there was none. */
    public boolean removeItem(String tenant, String conversation, String item) {
        return database.update("DELETE FROM conversation_items WHERE conversation = ? AND tenant = ? AND id = ?", conversation,
                tenant, item) > 0;
    }
}
