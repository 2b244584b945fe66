package ai.realm.server.cli;

import ai.realm.server.domain.OperatorFile;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code realm tenants}: tenants of a running server, changed at once. */
@Command(name = "tenants", description = "Creates, shows, changes, suspends and removes the tenants of a running server.")
@SuppressWarnings("NullAway.Init")
public final class TenantsCommand implements Runnable {
    private static final List<String> USAGE_COLUMNS = List.of("date", "tenant", "model", "guest", "requests", "failed_requests",
            "prompt_tokens", "cached_tokens", "completion_tokens", "guest_cpu_seconds", "engine_seconds", "cost");

    @Spec
    private CommandSpec spec;

    @Mixin
    private AdminClient admin;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    @Command(name = "list", mixinStandardHelpOptions = true, description = "All tenants.")
    int list(@Option(names = "--json", description = "The server's JSON") boolean json) throws IOException, InterruptedException {
        JsonNode answer = admin.call("GET", "/admin/tenants", "");
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(answer);
            return 0;
        }
        out.printf("%-20s %-10s %-6s %-5s %s%n", "TENANT", "STATE", "WEIGHT", "KEYS", "MODELS");
        for (JsonNode t : answer.path("data")) {
            out.printf("%-20s %-10s %-6s %-5d %s%n", t.path("id").asText(),
                    t.path("suspended").asBoolean() ? "suspended" : "active",
                    t.path("weight").asText(), t.path("keys").size(), t.path("models"));
        }
        out.flush();
        return 0;
    }

    @Command(name = "show", mixinStandardHelpOptions = true, description = "One tenant, as JSON.")
    int show(@Parameters(paramLabel = "TENANT") String id) throws IOException, InterruptedException {
        return print(admin.call("GET", AdminClient.tenant(id), ""));
    }

    @Command(name = "create", mixinStandardHelpOptions = true, description = "Makes a tenant and prints it with its key, which is shown only now.")
    int create(@Parameters(paramLabel = "TENANT") String id, @Mixin Fields fields) throws IOException, InterruptedException {
        return print(admin.call("POST", "/admin/tenants", fields.json().put("id", id).toString()));
    }

    @Command(name = "set", mixinStandardHelpOptions = true, description = "Changes a tenant.")
    int set(@Parameters(paramLabel = "TENANT") String id, @Mixin Fields fields) throws IOException, InterruptedException {
        return print(admin.call("PATCH", AdminClient.tenant(id), fields.json().toString()));
    }

    @Command(name = "suspend", mixinStandardHelpOptions = true, description = "Refuses a tenant's requests and ends those that run, at once.")
    int suspend(@Parameters(paramLabel = "TENANT") String id) throws IOException, InterruptedException {
        return print(admin.call("PATCH", AdminClient.tenant(id), "{\"suspended\":true}"));
    }

    @Command(name = "resume", mixinStandardHelpOptions = true, description = "Serves a suspended tenant again.")
    int resume(@Parameters(paramLabel = "TENANT") String id) throws IOException, InterruptedException {
        return print(admin.call("PATCH", AdminClient.tenant(id), "{\"suspended\":false}"));
    }

    @Command(name = "remove", mixinStandardHelpOptions = true, description = "Removes a tenant; its accounts stay.")
    int remove(@Parameters(paramLabel = "TENANT") String id) throws IOException, InterruptedException {
        return print(admin.call("DELETE", AdminClient.tenant(id), ""));
    }

    @Command(name = "rotate-key", mixinStandardHelpOptions = true, description = "Gives a tenant a new key, shown only now, and lets the others end after an overlap.")
    int rotateKey(@Parameters(paramLabel = "TENANT") String id, @Mixin KeyFields fields,
            @Option(names = "--overlap-hours", defaultValue = "24", paramLabel = "N", description = "How long the other keys are still good (default: ${DEFAULT-VALUE})") int overlap)
            throws IOException, InterruptedException {
        return print(admin.call("POST", AdminClient.tenant(id) + "/keys",
                fields.json().put("overlap_seconds", overlap * 3600L).toString()));
    }

    @Command(name = "add-key", mixinStandardHelpOptions = true, description = "Gives a tenant one more key, shown only now; the others stay.")
    int addKey(@Parameters(paramLabel = "TENANT") String id, @Mixin KeyFields fields) throws IOException, InterruptedException {
        return print(admin.call("POST", AdminClient.tenant(id) + "/keys", fields.json().toString()));
    }

    @Command(name = "set-key", mixinStandardHelpOptions = true, description = "Gives a key, named by the beginning of its hash, another name or end.")
    int setKey(@Parameters(paramLabel = "TENANT") String id, @Parameters(paramLabel = "HASH") String hash,
            @Mixin KeyFields fields) throws IOException, InterruptedException {
        return print(admin.call("PATCH", AdminClient.tenant(id) + "/keys/" + hash, fields.json().toString()));
    }

    @Command(name = "keys", mixinStandardHelpOptions = true, description = "A tenant's keys: beginnings of their hashes, names, ages and ends.")
    int keys(@Parameters(paramLabel = "TENANT") String id) throws IOException, InterruptedException {
        JsonNode answer = admin.call("GET", AdminClient.tenant(id), "");
        PrintWriter out = spec.commandLine().getOut();
        out.printf("%-16s %-20s %-10s %s%n", "KEY", "NAME", "AGE", "ENDS");
        for (JsonNode k : answer.path("key_details")) {
            String created = k.path("created_at").asText("");
            out.printf("%-16s %-20s %-10s %s%n", k.path("hash").asText(), k.path("name").asText("-"),
                    created.isEmpty() ? "-" : Duration.between(Instant.parse(created), Instant.now()).toDays() + " days",
                    k.path("expired").asBoolean() ? "has ended" : k.path("expires_at").asText("-"));
        }
        out.flush();
        return 0;
    }

    @Command(name = "remove-key", mixinStandardHelpOptions = true, description = "Takes a key away, named by the beginning of its hash as show prints it.")
    int removeKey(@Parameters(paramLabel = "TENANT") String id, @Parameters(paramLabel = "HASH") String hash)
            throws IOException, InterruptedException {
        return print(admin.call("DELETE", AdminClient.tenant(id) + "/keys/" + hash, ""));
    }

    @Command(name = "usage", mixinStandardHelpOptions = true, description = "What tenants have used by day, model and guest, as JSON or CSV.")
    int usage(@Parameters(paramLabel = "TENANT", arity = "0..1") @Nullable String id,
            @Option(names = "--from", paramLabel = "DAY", description = "First day (UTC), as 2026-01-31 (default: 30 days before the last)") @Nullable String from,
            @Option(names = "--to", paramLabel = "DAY", description = "Last day (default: today)") @Nullable String to,
            @Option(names = "--csv", description = "One line for each day, tenant, model and guest") boolean csv)
            throws IOException, InterruptedException {
        Map<String, @Nullable String> query = new LinkedHashMap<>();
        query.put("tenant", id);
        query.put("from", from);
        query.put("to", to);
        String path = "/admin/usage?" + query.entrySet().stream().filter(e -> e.getValue() != null)
                .map(e -> e.getKey() + "=" + URLEncoder.encode(e.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        JsonNode answer = admin.call("GET", path, "");
        if (!csv) {
            return print(answer);
        }
        PrintWriter out = spec.commandLine().getOut();
        out.println(String.join(",", USAGE_COLUMNS));
        // Names, digests and numbers: nothing that CSV would have to quote.
        answer.path("data").forEach(row -> out
                .println(USAGE_COLUMNS.stream().map(c -> row.path(c).asText()).collect(Collectors.joining(","))));
        out.flush();
        return 0;
    }

    private int print(JsonNode answer) {
        spec.commandLine().getOut().println(answer.toPrettyString());
        spec.commandLine().getOut().flush();
        return 0;
    }

    /** What can be said of a key. */
    static final class KeyFields {
        @Option(names = "--name", paramLabel = "TEXT", description = "What people call it")
        private @Nullable String name;

        @Option(names = "--expires", paramLabel = "DAY", description = "The day (UTC) or time from which on it is refused")
        private @Nullable String expires;

        ObjectNode json() {
            ObjectNode json = Json.mapper().createObjectNode();
            if (name != null) {
                json.put("name", name);
            }
            return expires == null ? json : json.put("expires_at", expires);
        }
    }

    /** What can be set of a tenant. */
    static final class Fields {
        @Option(names = "--name", description = "What people call it")
        private @Nullable String name;

        @Option(names = "--models", split = ",", paramLabel = "NAME", description = "Models granted, the first is the default")
        private @Nullable List<String> models;

        @Option(names = "--weight", description = "Share of the engine against others' weights")
        private @Nullable Double weight;

        @Option(names = "--rpm", description = "Requests a minute, 0 for no limit")
        private @Nullable Integer requests;

        @Option(names = "--tpm", description = "Tokens a minute, 0 for no limit")
        private @Nullable Long tokens;

        @Option(names = "--tpd", description = "Tokens a day, 0 for no limit")
        private @Nullable Long tokensDay;

        @Option(names = "--concurrent", description = "Requests at the same time")
        private @Nullable Integer concurrent;

        @Option(names = "--max-tokens", description = "The most that max_tokens may be")
        private @Nullable Integer maxTokens;

        @Option(names = "--file", paramLabel = "JSON", description = "Anything else: a JSON object with the names of realm.yaml")
        private @Nullable Path file;

        ObjectNode json() {
            ObjectNode json = file == null
                    ? Json.mapper().createObjectNode()
                    : Json.object(OperatorFile.read("--file", file, 1 << 20));
            if (name != null) {
                json.put("name", name);
            }
            if (models != null) {
                json.set("models", Json.mapper().valueToTree(models));
                json.put("default_model", models.getFirst());
            }
            if (weight != null) {
                json.put("weight", weight);
            }
            ObjectNode limits = json.withObjectProperty("limits");
            put(limits, "requests_per_minute", requests);
            put(limits, "tokens_per_minute", tokens);
            put(limits, "tokens_per_day", tokensDay);
            put(limits, "concurrent_requests", concurrent);
            put(limits, "max_tokens", maxTokens);
            return json;
        }

        private static void put(ObjectNode to, String name, @Nullable Number value) {
            if (value != null) {
                to.put(name, value.longValue());
            }
        }
    }
}
