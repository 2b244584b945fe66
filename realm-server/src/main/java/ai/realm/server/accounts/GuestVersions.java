package ai.realm.server.accounts;

import ai.realm.server.config.GuestSettings;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The guests that were pushed, by tenant and version; one version of a tenant is active, or none. Thread-safe. */
public final class GuestVersions {
    /** The newest and the one to roll back to. */
    private static final int NEWEST_KEPT = 2;
    private final Database database;
    private final int versions;
    private final long bytes;

    /**
     * What is known of one version without its bytes.
     *
     * @param share requests of a hundred that it gets; 0 for all when requests are not shared out
     */
    public record Version(int version, String digest, long pushedMillis, boolean active, int bytes, int share) {}

    /** A version that gets so many of a hundred requests. */
    public record Share(int version, int percent) {}

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
        return database.query(r -> new Version(r.getInt(1), r.getString(2), r.getLong(3), r.getInt(4) != 0, r.getInt(5),
                r.getInt(6)),
                "SELECT version, digest, pushed_ms, active, length(wasm), share FROM guests WHERE tenant = ? ORDER BY version",
                tenant);
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
        return push(tenant, digest, wasm, nowMillis, true);
    }

    /** @param activate whether it is made the active one, which gets all requests */
    public int push(String tenant, String digest, byte[] wasm, long nowMillis, boolean activate) {
        int[] version = new int[1];
        database.change(() -> {
            version[0] = database
                    .query(r -> r.getInt(1), "SELECT coalesce(max(version), 0) + 1 FROM guests WHERE tenant = ?", tenant)
                    .getFirst();
            if (activate) {
                database.update("UPDATE guests SET active = 0, share = 0 WHERE tenant = ? AND (active = 1 OR share > 0)", tenant);
            }
            database.update("INSERT INTO guests (tenant, version, digest, pushed_ms, active, wasm) VALUES (?, ?, ?, ?, ?, ?)",
                    tenant,
                    version[0], digest, nowMillis, activate ? 1 : 0, wasm);
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
            boolean stays = v.active() || v.share() > 0 || kept <= NEWEST_KEPT || kept <= versions && sum <= bytes;
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
                database.update("UPDATE guests SET active = CASE WHEN version = ? THEN 1 ELSE 0 END, share = 0 "
                        + "WHERE tenant = ? AND (active = 1 OR share > 0 OR version = ?)", version, tenant, version);
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

    /**
     * Shares a tenant's requests out among versions; none gives all to the active one again.
     *
     * @return false when one of the versions is not there; nothing is changed then
     */
    public boolean share(String tenant, List<Share> shares) {
        boolean[] found = new boolean[1];
        database.change(() -> {
            Set<Integer> there = list(tenant).stream().map(Version::version).collect(Collectors.toSet());
            found[0] = shares.stream().allMatch(s -> there.contains(s.version()));
            if (found[0]) {
                database.update("UPDATE guests SET share = 0 WHERE tenant = ? AND share > 0", tenant);
                shares.forEach(s -> database.update("UPDATE guests SET share = ? WHERE tenant = ? AND version = ?", s.percent(),
                        tenant, s.version()));
            }
        });
        return found[0];
    }

    /** How a tenant's requests are shared out, by version; empty when the active one gets all. */
    public List<Share> shares(String tenant) {
        return database.query(r -> new Share(r.getInt(1), r.getInt(2)),
                "SELECT version, share FROM guests WHERE tenant = ? AND share > 0 ORDER BY version", tenant);
    }

    /** The tenants whose requests are shared out. */
    public Set<String> tenantsWithShares() {
        return Set.copyOf(database.query(r -> r.getString(1), "SELECT DISTINCT tenant FROM guests WHERE share > 0"));
    }
}
