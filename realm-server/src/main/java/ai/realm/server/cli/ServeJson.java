package ai.realm.server.cli;

import ai.realm.server.config.RealmConfig;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What {@code realm serve --json} prints when it is ready. */
final class ServeJson {
    private ServeJson() {
    }

    static String of(String url, @Nullable String management, @Nullable String key, RealmConfig config, String curl) {
        ObjectNode node = Json.mapper().createObjectNode().put("url", url);
        if (management != null) {
            node.put("management", management);
        }
        node.set("models", Json.mapper().valueToTree(List.copyOf(config.models().keySet())));
        if (key != null) {
            node.put("key", key);
        }
        return new String(Json.bytes(node.put("curl", curl)), StandardCharsets.UTF_8);
    }
}
