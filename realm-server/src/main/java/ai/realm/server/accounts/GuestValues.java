package ai.realm.server.accounts;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the tenants' guests have stored, by tenant and key. Thread-safe. */
public final class GuestValues {
    private final Database database;

    /**
     * One key and its value.
     *
     * @param value null, in a change, deletes the key
     */
    public record Entry(byte[] key, byte @Nullable [] value) {}

    public GuestValues(Database database) {
        this.database = database;
    }

    public List<Entry> all(String tenant) {
        return database.query(r -> new Entry(r.getBytes(1), r.getBytes(2)),
                "SELECT key, value FROM guest_values WHERE tenant = ?", tenant);
    }

    public byte @Nullable [] get(String tenant, byte[] key) {
        List<byte[]> found = database.query(r -> r.getBytes(1), "SELECT value FROM guest_values WHERE tenant = ? AND key = ?",
                tenant, key);
        return found.isEmpty() ? null : found.getFirst();
    }

    /**
     * Puts a value in the place of another, in one statement, so that of two servers that try only one does.
     *
     * @param expected what must be there, null for nothing
     * @param next null deletes the key
     * @return false when something else is there; nothing is changed then
     */
    public boolean swap(String tenant, byte[] key, byte @Nullable [] expected, byte @Nullable [] next) {
        if (expected == null) {
            return next == null
                    ? get(tenant, key) == null
                    : database.update("INSERT INTO guest_values (tenant, key, value) VALUES (?, ?, ?) "
                            + "ON CONFLICT (tenant, key) DO NOTHING", tenant, key, next) == 1;
        }
        return next == null
                ? database.update("DELETE FROM guest_values WHERE tenant = ? AND key = ? AND value = ?", tenant, key,
                        expected) == 1
                : database.update("UPDATE guest_values SET value = ? WHERE tenant = ? AND key = ? AND value = ?", next, tenant,
                        key,
                        expected) == 1;
    }

    /** Keeps all of {@code changes} or none, in one commit. */
    public void change(String tenant, List<Entry> changes) {
        database.atomically(() -> changes.forEach(c -> change(tenant, c)));
    }

    private void change(String tenant, Entry change) {
        if (change.value() == null) {
            database.update("DELETE FROM guest_values WHERE tenant = ? AND key = ?", tenant, change.key());
        } else {
            database.update("INSERT INTO guest_values (tenant, key, value) VALUES (?, ?, ?) "
                    + "ON CONFLICT (tenant, key) DO UPDATE SET value = excluded.value", tenant, change.key(), change.value());
        }
    }
}
