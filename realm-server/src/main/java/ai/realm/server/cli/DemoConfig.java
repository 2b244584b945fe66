package ai.realm.server.cli;

import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.server.config.EngineSettings;
import ai.realm.server.config.RealmConfig;
import ai.realm.server.domain.ModelEntry;
import ai.realm.server.config.ServerSettings;
import ai.realm.server.domain.ApiKeys;
import ai.realm.server.domain.Tenant;
import ai.realm.server.domain.TenantLimits;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The configuration of a server that was given none: one tenant with the default guest, and everything else by default. */
final class DemoConfig {
    private DemoConfig() {
    }

    /** @param key the tenant's */
    static RealmConfig of(Map<String, ModelEntry> models, String key) {
        String name = models.keySet().iterator().next();
        Tenant tenant = new Tenant("demo", "Demo", List.of(ApiKeys.hash(key)), false, List.of(name), name, Tenant.DEFAULT_GUEST,
                Map.of(), GuestLimits.defaults(), TenantLimits.defaults(), 1, Priority.INTERACTIVE);
        Path home = Path.of(System.getProperty("realm.home", ""));
        ServerSettings settings = ServerSettings.defaults();
        return new RealmConfig(settings.withData(home.resolve(settings.data())), null, EngineSettings.defaults(), models,
                List.of(tenant));
    }
}
