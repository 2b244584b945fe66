package ai.realm.server.accounts;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.domain.Checks;
import ai.realm.server.domain.Tenant;
import ai.realm.server.domain.TenantJson;
import ai.realm.server.domain.TenantReader;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tenants in the database, which hold over the configuration's once it has had some. A change says which version it is a change
 * of, so that no server writes back what another has taken away. Thread-safe.
 */
public final class TenantStore {
    private static final Logger LOG = LoggerFactory.getLogger(TenantStore.class);
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String SEEDED = "seeded";

    private final Database database;

    /**
     * A tenant as it is kept.
     *
     * @param json with what a newer release has put there
     * @param version goes up by one with each change
     */
    public record Kept(ObjectNode json, long version) {
        /** What this release makes of it. */
        public Tenant tenant() {
            return TenantReader.keptTenant(json);
        }
    }

    private record Row(String id, String json, long version) {
        Kept kept() {
            try {
                if (JSON.readTree(json) instanceof ObjectNode object) {
                    return new Kept(object, version);
                }
            } catch (JsonProcessingException e) {
                throw unreadable("it is not JSON", e);
            }
            throw unreadable("it is not a JSON object", null);
        }

        Tenant tenant() {
            try {
                return kept().tenant();
            } catch (RealmException e) {
                throw e.code() == ErrorCode.INTERNAL ? e : unreadable(String.valueOf(e.getMessage()), e);
            }
        }

        private RealmException unreadable(String why, @Nullable Throwable cause) {
            return new RealmException(ErrorCode.INTERNAL, "tenant " + id + " in the table tenants cannot be used: " + why, cause);
        }
    }

    public TenantStore(Database database) {
        this.database = database;
    }

    /**
     * What a server begins with.
     *
     * @param seen the last change that {@code tenants} show
     */
    public record Opened(List<Tenant> tenants, long seen) {}

    /** The tenants that are kept; a database that never had any is given {@code seeds} first. */
    public Opened open(List<Tenant> seeds) {
        List<Tenant> kept = new ArrayList<>();
        long[] seen = new long[1];
        boolean[] seeded = new boolean[1];
        database.change(() -> {
            seeded[0] = seed(seeds);
            kept.addAll(seeded[0] ? seeds : all());
            seen[0] = new ChangeLog(database).span().newest();
        });
        if (!seeded[0] && !kept.equals(seeds)) {
            LOG.warn("tenants come from the database, which differs from the configuration's; change them with ./realm tenants");
        }
        return new Opened(List.copyOf(kept), seen[0]);
    }

    /** Once in a database's life, even when all tenants are removed: their keys must not come back with the next start. */
    private boolean seed(List<Tenant> seeds) {
        int first = database.update("INSERT INTO marks (name, value) VALUES (?, 'true') ON CONFLICT (name) DO NOTHING", SEEDED);
        if (first == 0) {
            return false;
        }
        for (int i = 0; i < seeds.size(); i++) {
            Tenant t = seeds.get(i);
            database.update("INSERT INTO tenants (id, position, json) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING", t.id(),
                    i + 1,
                    TenantJson.of(t).toString());
        }
        return true;
    }

    private static Row row(ResultSet r) throws SQLException {
        return new Row(r.getString(1), r.getString(2), r.getLong(3));
    }

    /** All in the order in which they were made; one that cannot be read is left out and said. */
    public List<Tenant> all() {
        return database.query(TenantStore::row, "SELECT id, json, version FROM tenants ORDER BY position, id").stream()
                .map(TenantStore::usable).filter(Objects::nonNull).toList();
    }

    /** The same with their versions. */
    public List<Kept> list() {
        return database.query(TenantStore::row, "SELECT id, json, version FROM tenants ORDER BY position, id").stream()
                .map(Row::kept).toList();
    }

    private static @Nullable Tenant usable(Row row) {
        try {
            return row.tenant();
        } catch (RealmException e) {
            LOG.error("a tenant is not served error_code={} cause={}", e.code(), e.getMessage());
            return null;
        }
    }

    /** Null when there is none, or none that can be read. */
    public @Nullable Tenant tenant(String id) {
        List<Row> rows = rows(id);
        return rows.isEmpty() ? null : usable(rows.getFirst());
    }

    /** Null when there is none. */
    public @Nullable Kept find(String id) {
        List<Row> rows = rows(id);
        return rows.isEmpty() ? null : rows.getFirst().kept();
    }

    private List<Row> rows(String id) {
        // What is no name is in no table, and may be what a database does not take as text.
        return Checks.NAME.matcher(id).matches()
                ? database.query(TenantStore::row, "SELECT id, json, version FROM tenants WHERE id = ?", id)
                : List.of();
    }

    /** Makes a tenant; false when there is one of its id. */
    public boolean create(Tenant tenant) {
        int[] made = new int[1];
        database.change(() -> {
            made[0] = database.update("""
                    INSERT INTO tenants (id, position, json) VALUES (?, (SELECT coalesce(max(position), 0) + 1 FROM tenants), ?)
                    ON CONFLICT (id) DO NOTHING""", tenant.id(), TenantJson.of(tenant).toString());
            if (made[0] > 0) {
                // A request that ended late may have stored something for an earlier tenant of this id.
                forgetStored(tenant.id());
            }
        });
        return made[0] > 0;
    }

    /** Puts {@code json} in the place of {@code version}; false when that is not the newest any more. */
    public boolean update(String id, long version, ObjectNode json) {
        int[] changed = new int[1];
        database.change(() -> changed[0] = database.update(
                "UPDATE tenants SET json = ?, version = version + 1 WHERE id = ? AND version = ?", json.toString(), id, version));
        return changed[0] > 0;
    }

    /**
     * Removes a tenant with its guests and what it and they stored; its accounts stay.
     *
     * @return false when {@code version} is not the newest any more, or there is none
     */
    public boolean remove(String id, long version) {
        int[] removed = new int[1];
        database.change(() -> {
            removed[0] = database.update("DELETE FROM tenants WHERE id = ? AND version = ?", id, version);
            if (removed[0] > 0) {
                forgetStored(id);
                database.update("DELETE FROM budgets WHERE tenant = ?", id);
            }
        });
        return removed[0] > 0;
    }

    private void forgetStored(String id) {
        database.update("DELETE FROM guests WHERE tenant = ?", id);
        database.update("DELETE FROM guest_values WHERE tenant = ?", id);
        database.update("DELETE FROM guest_logs WHERE tenant = ?", id);
        database.update("DELETE FROM guest_runs WHERE tenant = ?", id);
        database.update("DELETE FROM batch_results WHERE batch IN (SELECT id FROM batches WHERE tenant = ?)", id);
        database.update("DELETE FROM batches WHERE tenant = ?", id);
        database.update("DELETE FROM file_pieces WHERE file IN (SELECT id FROM files WHERE tenant = ?)", id);
        database.update("DELETE FROM files WHERE tenant = ?", id);
        database.update("DELETE FROM responses WHERE tenant = ?", id);
        database.update("DELETE FROM conversation_items WHERE tenant = ?", id);
        database.update("DELETE FROM conversations WHERE tenant = ?", id);
    }
}
