package ai.realm.server.cli;

import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The commands below {@code realm models} that change the models of a running server, by the admin API. */
@SuppressWarnings("NullAway.Init")
abstract class ModelControl implements Callable<Integer> {
    static final String MODELS = "/admin/models";

    @Spec
    CommandSpec spec;

    @Mixin
    AdminClient admin;

    static String path(String name) {
        return MODELS + "/" + URLEncoder.encode(name, StandardCharsets.UTF_8);
    }

    int print(JsonNode answer) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(answer.toPrettyString());
        out.flush();
        return 0;
    }

    /** {@code realm models list}. */
    @Command(name = "list", description = "The models of a running server and what state they are in.")
    static final class ListModels extends ModelControl {
        private static final double MIB = 1 << 20;

        @Option(names = "--json", description = "The server's JSON")
        private boolean json;

        @Override
        public Integer call() throws IOException, InterruptedException {
            JsonNode answer = admin.call("GET", MODELS, "");
            if (json) {
                return print(answer);
            }
            PrintWriter out = spec.commandLine().getOut();
            out.printf("%-28s %-10s %10s %7s %8s %s%n", "MODEL", "STATE", "MEMORY", "IN USE", "CONTEXT", "FILE");
            for (JsonNode m : answer.path("data")) {
                out.printf(Locale.ROOT, "%-28s %-10s %6.0f MiB %7d %8d %s%n", m.path("name").asText(), m.path("state").asText(),
                        m.path("bytes").asLong() / MIB, m.path("leases").asInt(), m.path("context").asInt(),
                        m.path("error").isNull() ? m.path("file").asText() : m.path("error").asText());
            }
            out.flush();
            return 0;
        }
    }

    /** {@code realm models add}. */
    @Command(name = "add", description = "Makes a file, or a model of the catalogue, a model of a running server. It is kept, and loaded when it is first wanted; "
            + "tenants get it with ./realm tenants set TENANT --models.")
    static final class Add extends ModelControl {
        @Parameters(index = "0", paramLabel = "NAME", description = "What requests call it")
        private String name;

        @Parameters(index = "1", paramLabel = "FILE|CATALOG-NAME", description = "A GGUF file on the server's machine, or a name of its catalogue")
        private String source;

        @Option(names = "--context", description = "Positions of a sequence, 0 for the model's own")
        private int context;

        @Option(names = "--sha256", description = "The file's SHA-256, verified before each load")
        private @Nullable String sha256;

        @Option(names = "--system", description = "System message of chats that begin without one")
        private @Nullable String system;

        @Override
        public Integer call() throws IOException, InterruptedException {
            ObjectNode json = Json.mapper().createObjectNode().put("name", name).put("context", context);
            boolean file = source.contains("/") || source.endsWith(".gguf") || Files.exists(Path.of(source));
            json.put(file ? "file" : "catalog", file ? Path.of(source).toAbsolutePath().normalize().toString() : source);
            if (sha256 != null) {
                json.put("sha256", sha256);
            }
            if (system != null) {
                json.put("system", system);
            }
            return print(admin.call("POST", MODELS, json.toString()));
        }
    }

    /** {@code realm models load}. */
    @Command(name = "load", description = "Loads a model of a running server and waits until it is ready; idle ones make room for it.")
    static final class Load extends ModelControl {
        private static final int TRIES = 60;

        @Parameters(paramLabel = "NAME")
        private String name;

        @Override
        public Integer call() throws IOException, InterruptedException {
            JsonNode model = Json.mapper().createObjectNode();
            // Each call waits a while at the server, below the client's own patience.
            for (int i = 0; i < TRIES && !model.path("state").asText().equals("ready"); i++) {
                model = admin.call("POST", path(name) + "/load", "{\"wait_seconds\":30}");
            }
            print(model);
            return model.path("state").asText().equals("ready") ? 0 : 1;
        }
    }

    /** {@code realm models unload}. */
    @Command(name = "unload", description = "Frees a model of a running server. Requests that use it may finish for a while, then they end with an error. The next "
            + "request for it loads it again.")
    static final class Unload extends ModelControl {
        /** Below the client's own patience. */
        private static final int MOST_SECONDS = 50;

        @Parameters(paramLabel = "NAME")
        private String name;

        @Option(names = "--drain", paramLabel = "SECONDS", defaultValue = "0", description = "How long requests may finish, up to 50 (default: 0)")
        private int drain;

        @Override
        public Integer call() throws IOException, InterruptedException {
            if (drain < 0 || drain > MOST_SECONDS) {
                throw new ParameterException(spec.commandLine(),
                        "--drain must be 0 to " + MOST_SECONDS + " seconds, not " + drain);
            }
            return print(admin.call("POST", path(name) + "/unload", "{\"drain_seconds\":" + drain + "}"));
        }
    }

    /** {@code realm models remove}. */
    @Command(name = "remove", description = "Unloads a model that was added to a running server and forgets it; the file stays.")
    static final class Remove extends ModelControl {
        @Parameters(paramLabel = "NAME")
        private String name;

        @Override
        public Integer call() throws IOException, InterruptedException {
            return print(admin.call("DELETE", path(name), ""));
        }
    }
}
