package ai.realm.server.accounts;

import ai.realm.server.config.ConfigLoader;
import ai.realm.server.config.TenantJson;
import ai.realm.server.tenant.Tenant;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The tenants in the database, which holds over the configuration once it has some. Thread-safe. */
public final class TenantStore {
    private static final Logger LOG = LoggerFactory.getLogger(TenantStore.class);
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private TenantStore() {
    }

    /** The tenants that are kept; an empty database is given {@code seeds} first. */
    public static List<Tenant> open(Database database, List<Tenant> seeds) {
        List<Tenant> kept = database.query(row -> read(row.getString(1)), "SELECT json FROM tenants ORDER BY position");
        if (kept.isEmpty()) {
            database.atomically(() -> seeds.forEach(t -> put(database, t)));
            return seeds;
        }
        if (!kept.equals(seeds)) {
            LOG.warn("tenants come from the database, which differs from the configuration's; change them with ./realm tenants");
        }
        return kept;
    }

    private static Tenant read(String json) {
        try {
            JsonNode node = JSON.readTree(json);
            Set<String> granted = new HashSet<>();
            node.path("models").forEach(m -> granted.add(m.asText()));
            return ConfigLoader.tenant(node, granted);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tenant in the database is not JSON", e);
        }
    }

    public static void put(Database database, Tenant tenant) {
        database.update("""
                INSERT INTO tenants (id, position, json) VALUES (?, (SELECT coalesce(max(position), 0) + 1 FROM tenants), ?)
                ON CONFLICT (id) DO UPDATE SET json = excluded.json""", tenant.id(), TenantJson.of(tenant).toString());
    }

    public static void remove(Database database, String id) {
        database.update("DELETE FROM tenants WHERE id = ?", id);
    }
}
