package ai.realm.server.accounts;

import ai.realm.server.config.GuestSettings;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The guests that were pushed, by tenant and version; one version of a tenant is active, or none. Thread-safe. */
public final class GuestVersions {
    /** The newest and the one to roll back to. */
    private static final int NEWEST_KEPT = 2;
    private final Database database;
    private final int versions;
    private final long bytes;

    /** What is known of one version without its bytes. */
    public record Version(int version, String digest, long pushedMillis, boolean active, int bytes) {}

    /** With the bounds that a configuration has when it says nothing. */
    public GuestVersions(Database database) {
        this(database, GuestSettings.defaults().versions(), GuestSettings.defaults().versionsBytes());
    }

    /**
     * @param versions how many of a tenant are kept, the newest; the active one and the one before the newest stay in any case
     * @param bytes how many bytes they may have together
     */
    public GuestVersions(Database database, int versions, long bytes) {
        this.database = database;
        this.versions = versions;
        this.bytes = bytes;
    }

    public List<Version> list(String tenant) {
        return database.query(r -> new Version(r.getInt(1), r.getString(2), r.getLong(3), r.getInt(4) != 0, r.getInt(5)),
                "SELECT version, digest, pushed_ms, active, length(wasm) FROM guests WHERE tenant = ? ORDER BY version", tenant);
    }

    /** The bytes of a tenant's active version, or null. */
    public byte @Nullable [] active(String tenant) {
        List<byte[]> found = database.query(r -> r.getBytes(1), "SELECT wasm FROM guests WHERE tenant = ? AND active = 1",
                tenant);
        return found.isEmpty() ? null : found.getFirst();
    }

    public byte @Nullable [] bytes(String tenant, int version) {
        List<byte[]> found = database.query(r -> r.getBytes(1), "SELECT wasm FROM guests WHERE tenant = ? AND version = ?",
                tenant,
                version);
        return found.isEmpty() ? null : found.getFirst();
    }

    /** Keeps a module as the tenant's next version, and makes it the active one; the oldest go when they are too many. */
    public int push(String tenant, String digest, byte[] wasm, long nowMillis) {
        int[] version = new int[1];
        database.change(() -> {
            version[0] = database
                    .query(r -> r.getInt(1), "SELECT coalesce(max(version), 0) + 1 FROM guests WHERE tenant = ?", tenant)
                    .getFirst();
            database.update("UPDATE guests SET active = 0 WHERE tenant = ? AND active = 1", tenant);
            database.update("INSERT INTO guests (tenant, version, digest, pushed_ms, active, wasm) VALUES (?, ?, ?, ?, 1, ?)",
                    tenant,
                    version[0], digest, nowMillis, wasm);
            forgetOldest(tenant);
        });
        return version[0];
    }

    private void forgetOldest(String tenant) {
        int kept = 0;
        long sum = 0;
        for (Version v : list(tenant).reversed()) {
            kept++;
            sum += v.bytes();
            boolean stays = v.active() || kept <= NEWEST_KEPT || kept <= versions && sum <= bytes;
            if (!stays) {
                database.update("DELETE FROM guests WHERE tenant = ? AND version = ?", tenant, v.version());
            }
        }
    }

    /**
     * Makes a version the active one; 0 makes none active.
     *
     * @return false when there is no such version
     */
    public boolean activate(String tenant, int version) {
        boolean[] found = new boolean[1];
        database.change(() -> {
            found[0] = version == 0 || list(tenant).stream().anyMatch(v -> v.version() == version);
            if (found[0]) {
                database.update("UPDATE guests SET active = CASE WHEN version = ? THEN 1 ELSE 0 END "
                        + "WHERE tenant = ? AND (active = 1 OR version = ?)", version, tenant, version);
            }
        });
        return found[0];
    }

    /** The tenants that have an active version. */
    public Set<String> tenantsWithActive() {
        return Set.copyOf(database.query(r -> r.getString(1), "SELECT DISTINCT tenant FROM guests WHERE active = 1"));
    }

    /** The digest of a tenant's active version, or null. */
    public @Nullable String activeDigest(String tenant) {
        List<String> found = database.query(r -> r.getString(1), "SELECT digest FROM guests WHERE tenant = ? AND active = 1",
                tenant);
        return found.isEmpty() ? null : found.getFirst();
    }
}
