package ai.realm.server.config;

import ai.realm.server.domain.ModelEntry;
import ai.realm.server.domain.StrictYaml;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A configuration that can be read again.
 *
 * @param otherwise the models to serve when the file names none
 * @param knownFiles what the catalogue says of a model's file; null for a file that it does not have
 * @param overrides what the command line and the environment put in its place
 */
public record ConfigFile(Path file, Map<String, ModelEntry> otherwise, Function<Path, @Nullable ModelEntry> knownFiles,
        UnaryOperator<RealmConfig> overrides) {

    /**
     * What it said at one moment.
     *
     * @param tree as it is written
     */
    public record Content(RealmConfig config, JsonNode tree) {}

    /** @throws ai.realm.core.error.RealmException INVALID_REQUEST, which says where the mistake is */
    public Content read() {
        JsonNode tree = StrictYaml.tree("realm.yaml", file);
        return new Content(overrides.apply(ConfigLoader.load(tree, file, otherwise, knownFiles)), tree);
    }
}
