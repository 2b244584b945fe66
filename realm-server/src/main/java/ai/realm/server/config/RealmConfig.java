package ai.realm.server.config;

import ai.realm.server.domain.AdminKey;
import ai.realm.server.domain.AdminRole;
import ai.realm.server.domain.ModelEntry;
import ai.realm.server.domain.Tenant;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The configuration of one server, checked, with every default in its place.
 *
 * @param engine how the models are run
 * @param models by the name that requests use, in order
 * @param admin null when there is no admin API
 */
public record RealmConfig(ServerSettings server, @Nullable AdminSettings admin, EngineSettings engine,
        Map<String, ModelEntry> models,
        List<Tenant> tenants, AccountSettings accounts) {

    /** The same without prices and budgets. */
    public RealmConfig(ServerSettings server, @Nullable AdminSettings admin, EngineSettings engine,
            Map<String, ModelEntry> models, List<Tenant> tenants) {
        this(server, admin, engine, models, tenants, AccountSettings.DEFAULTS);
    }

    /**
     * @param keys of those who may use the admin API
     * @param remote whether the admin API and the metrics are also answered on the API's port, to everybody
     * @param audit how long what they changed is kept
     */
    public record AdminSettings(List<AdminKey> keys, boolean remote, Duration audit) {
        /** The name of a key that was given without one. */
        public static final String FIRST = "admin";
        static final Duration AUDIT = Duration.ofDays(365);

        public AdminSettings {
            keys = List.copyOf(keys);
        }

        /** One key that may do everything. */
        public AdminSettings(String keyHash, boolean remote) {
            this(List.of(new AdminKey(FIRST, keyHash, AdminRole.ADMIN, null)), remote, AUDIT);
        }
    }
}
