package ai.realm.server.cli;

import ai.realm.core.error.RealmException;
import ai.realm.server.config.ConfigLoader;
import ai.realm.server.config.RealmConfig;
import ai.realm.server.domain.Checks;
import ai.realm.server.domain.ModelEntry;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code realm config}: what can be said of a configuration without starting a server. */
@Command(name = "config", description = "Checks a configuration, or lets a running server read its own again.")
@SuppressWarnings("NullAway.Init")
public final class ConfigCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    @Command(name = "check", mixinStandardHelpOptions = true, description = "Reads a realm.yaml as serve does and says what is wrong with it, or what it holds. "
            + "It opens no database, loads no model and listens nowhere.")
    int check(@Parameters(paramLabel = "FILE", defaultValue = "realm.yaml", description = "default: ${DEFAULT-VALUE}") Path file,
            @Option(names = "--json", description = "One JSON object") boolean json) {
        ObjectNode answer = Json.mapper().createObjectNode().put("file", file.toString());
        try {
            describe(ConfigLoader.load(file, Map.of(), _ -> null), answer);
        } catch (RealmException e) {
            answer.put("valid", false).put("problem", e.getMessage());
        }
        boolean valid = answer.path("valid").asBoolean();
        if (json) {
            spec.commandLine().getOut().println(answer);
        } else if (valid) {
            spec.commandLine().getOut().printf("%s is valid: %d tenants, models %s%n", file, answer.path("tenants").asInt(),
                    answer.path("models"));
        } else {
            spec.commandLine().getErr().println("realm: " + answer.path("problem").asText());
        }
        spec.commandLine().getOut().flush();
        return valid ? 0 : 1;
    }

    @Command(name = "reload", mixinStandardHelpOptions = true, description = "Lets a running server read its realm.yaml again, and says what has changed and what "
            + "waits for the next start.")
    int reload(@Mixin AdminClient admin, @Option(names = "--json", description = "The server's JSON") boolean json)
            throws IOException, InterruptedException {
        JsonNode answer = admin.call("POST", "/admin/reload", "");
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(answer);
        } else {
            answer.path("changed").forEach(c -> out.printf("%-9s %s: %s -> %s%n", c.path("takes_effect").asText(),
                    c.path("setting").asText(), c.path("from").asText("(none)"), c.path("to").asText("(none)")));
            out.printf("%d settings have changed, %d wait for the next start%n", answer.path("changed").size(),
                    answer.path("needs_restart").size());
        }
        out.flush();
        return 0;
    }

    private static void describe(RealmConfig config, ObjectNode answer) {
        answer.put("tenants", config.tenants().size());
        config.models().keySet().forEach(answer.putArray("models")::add);
        // What serve would find out only when it loads the model; one that is loaded later may be fetched later.
        List<String> missing = config.models().entrySet().stream().filter(e -> isMissing(e.getValue())).map(Map.Entry::getKey)
                .toList();
        answer.put("valid", missing.isEmpty());
        if (!missing.isEmpty()) {
            answer.put("problem", "models that are loaded at the start have no file: " + String.join(", ", missing));
        }
    }

    private static boolean isMissing(ModelEntry model) {
        return model.preload() && !Files.isRegularFile(model.file());
    }
}
