package ai.realm.server.accounts;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the tenants' guests have stored, by tenant and key. Thread-safe. */
public final class GuestValues {
    private final Database database;

    /**
     * One key and its value.
     *
     * @param value null, in a change, deletes the key
     * @param endMillis when it is there no more; 0 for never
     */
    public record Entry(byte[] key, byte @Nullable [] value, long endMillis) {
        public Entry(byte[] key, byte @Nullable [] value) {
            this(key, value, 0);
        }
    }

    /**
     * A value that is there.
     *
     * @param endMillis when it is there no more; 0 for never
     */
    public record Value(byte[] bytes, long endMillis) {}

    /** A key and the length of its value. */
    public record Listed(byte[] key, int valueBytes) {}

    public GuestValues(Database database) {
        this.database = database;
    }

    /** All that are there at {@code nowMillis}; what has ended is forgotten. */
    public List<Entry> all(String tenant, long nowMillis) {
        forgetEnded(tenant, nowMillis);
        return database.query(r -> new Entry(r.getBytes(1), r.getBytes(2), r.getLong(3)),
                "SELECT key, value, expires_ms FROM guest_values WHERE tenant = ?", tenant);
    }

    /** Takes out what is there no more. */
    public void forgetEnded(String tenant, long nowMillis) {
        database.update("DELETE FROM guest_values WHERE tenant = ? AND expires_ms > 0 AND expires_ms <= ?", tenant, nowMillis);
    }

    public @Nullable Value get(String tenant, byte[] key, long nowMillis) {
        List<Value> found = database.query(r -> new Value(r.getBytes(1), r.getLong(2)),
                "SELECT value, expires_ms FROM guest_values WHERE tenant = ? AND key = ? AND (expires_ms = 0 OR expires_ms > ?)",
                tenant, key, nowMillis);
        return found.isEmpty() ? null : found.getFirst();
    }

    /** Keys that begin with {@code prefix} and come after {@code after}, in the order of their bytes. */
    public List<Listed> list(String tenant, byte[] prefix, byte[] after, int most, long nowMillis) {
        byte[] end = behind(prefix);
        String sql = "SELECT key, length(value) FROM guest_values WHERE tenant = ? AND key >= ? AND key > ? "
                + "AND (expires_ms = 0 OR expires_ms > ?)" + (end == null ? "" : " AND key < ?") + " ORDER BY key LIMIT ?";
        Object[] values = end == null
                ? new Object[]{tenant, prefix, after, nowMillis, most}
                : new Object[]{tenant, prefix, after, nowMillis, end, most};
        return database.query(r -> new Listed(r.getBytes(1), r.getInt(2)), sql, values);
    }

    /** The first key behind all that begin with {@code prefix}; null when there is none. */
    private static byte @Nullable [] behind(byte[] prefix) {
        int length = prefix.length;
        while (length > 0 && prefix[length - 1] == -1) {
            length--;
        }
        if (length == 0) {
            return null;
        }
        byte[] end = Arrays.copyOf(prefix, length);
        end[length - 1]++;
        return end;
    }

    /**
     * Puts a value in the place of another, in one statement, so that of two servers that try only one does. How long it is there stays.
     *
     * @param expected what must be there, null for nothing
     * @param next null deletes the key
     * @return false when something else is there; nothing is changed then
     */
    public boolean swap(String tenant, byte[] key, byte @Nullable [] expected, byte @Nullable [] next, long nowMillis) {
        if (expected == null) {
            return next == null
                    ? get(tenant, key, nowMillis) == null
                    : database.update("INSERT INTO guest_values (tenant, key, value) VALUES (?, ?, ?) "
                            + "ON CONFLICT (tenant, key) DO UPDATE SET value = excluded.value, expires_ms = 0 "
                            + "WHERE guest_values.expires_ms > 0 AND guest_values.expires_ms <= ?", tenant, key, next,
                            nowMillis) == 1;
        }
        String there = " WHERE tenant = ? AND key = ? AND value = ? AND (expires_ms = 0 OR expires_ms > ?)";
        return next == null
                ? database.update("DELETE FROM guest_values" + there, tenant, key, expected, nowMillis) == 1
                : database.update("UPDATE guest_values SET value = ?" + there, next, tenant, key, expected, nowMillis) == 1;
    }

    /** Keeps all of {@code changes} or none, in one commit. */
    public void change(String tenant, List<Entry> changes) {
        database.atomically(() -> changes.forEach(c -> change(tenant, c)));
    }

    private void change(String tenant, Entry change) {
        if (change.value() == null) {
            database.update("DELETE FROM guest_values WHERE tenant = ? AND key = ?", tenant, change.key());
        } else {
            database.update("INSERT INTO guest_values (tenant, key, value, expires_ms) VALUES (?, ?, ?, ?) "
                    + "ON CONFLICT (tenant, key) DO UPDATE SET value = excluded.value, expires_ms = excluded.expires_ms", tenant,
                    change.key(), change.value(), change.endMillis());
        }
    }
}
