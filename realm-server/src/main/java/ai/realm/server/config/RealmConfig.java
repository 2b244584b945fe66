package ai.realm.server.config;

import ai.realm.server.tenant.Tenant;
import java.nio.file.Path;
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
     * A model to serve.
     *
     * @param context positions that a sequence may have, 0 for the model's own
     * @param sha256 of the file in hexadecimal, verified before it is loaded; null when not known
     * @param system the system message of chats that begin without one; null leaves that to the model's template
     * @param preload whether it is loaded when the server starts, and not when it is first wanted
     */
    public record ModelEntry(Path file, int context, @Nullable String sha256, @Nullable String system, boolean preload) {}

    /**
     * @param keyHash of the admin's key
     * @param remote whether the admin API and the metrics are also answered to other machines
     */
    public record AdminSettings(String keyHash, boolean remote) {}
}
