package ai.realm.server.admin;

import ai.realm.server.config.ConfigDiff;
import ai.realm.server.config.ConfigFile;
import ai.realm.server.config.RealmConfig;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The configuration, read again while the server runs. What can take effect does so at once; the rest is named and waits for the next
 * start. A file with a mistake changes nothing. Thread-safe.
 */
public final class ConfigReload {
    private static final Logger LOG = LoggerFactory.getLogger(ConfigReload.class);

    private final ConfigFile file;
    private final Consumer<RealmConfig> apply;
    /** What is in force, and what waits for a start; guarded by this. */
    private JsonNode read;
    private final JsonNode started;

    /**
     * @param started what the server was started with
     * @param apply puts the part that can take effect into force
     */
    public ConfigReload(ConfigFile file, JsonNode started, Consumer<RealmConfig> apply) {
        this.file = file;
        this.started = started;
        this.read = started;
        this.apply = apply;
    }

    /**
     * Reads the file again.
     *
     * @return what has changed since it was read last, and what differs from the start and waits for the next
     * @throws ai.realm.core.error.RealmException INVALID_REQUEST when it has a mistake
     */
    public synchronized ObjectNode reload() {
        ConfigFile.Content now = file.read();
        List<ConfigDiff.Change> changes = ConfigDiff.between(read, now.tree());
        apply.accept(now.config());
        read = now.tree();
        changes.forEach(
                c -> LOG.info("configuration changed setting={} from={} to={} takes_effect={}", c.path(), c.from(), c.to(),
                        c.effect().label()));
        LOG.info("configuration read again changes={}", changes.size());
        ObjectNode answer = JsonNodeFactory.instance.objectNode().put("object", "reload").put("file", file.file().toString());
        ArrayNode changed = answer.putArray("changed");
        changes.forEach(c -> changed.addObject().put("setting", c.path()).put("from", c.from()).put("to", c.to())
                .put("takes_effect", c.effect().label()));
        ArrayNode waiting = answer.putArray("needs_restart");
        ConfigDiff.between(started, read).stream().filter(c -> c.effect() == ConfigDiff.Effect.RESTART)
                .forEach(c -> waiting.add(c.path()));
        return answer;
    }
}
