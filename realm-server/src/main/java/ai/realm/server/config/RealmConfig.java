package ai.realm.server.config;

import ai.realm.server.domain.ModelEntry;
import ai.realm.server.domain.Tenant;
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
        List<Tenant> tenants) {

    /**
     * @param keyHash of the admin's key
     * @param remote whether the admin API and the metrics are also answered to other machines
     */
    public record AdminSettings(String keyHash, boolean remote) {}
}
