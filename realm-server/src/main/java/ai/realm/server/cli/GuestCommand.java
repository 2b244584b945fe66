package ai.realm.server.cli;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.guest.GuestHostOptions;
import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.guest.GuestReport;
import ai.realm.runtime.guest.GuestScripts;
import ai.realm.server.domain.Checks;
import ai.realm.server.domain.OperatorFile;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code realm guest}: a guest module from its first file to the tenant that it serves. */
@Command(name = "guest", description = "Checks, starts, tries, pushes and rolls back guests.")
@SuppressWarnings("NullAway.Init")
public final class GuestCommand implements Runnable {
    private static final long FOLLOW_MILLIS = 1000;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }

    @Command(name = "check", mixinStandardHelpOptions = true, description = "Says whether a module would be accepted: exit 0, or 1 with the reason. Needs no server.")
    int check(@Parameters(paramLabel = "FILE") Path file, @Option(names = "--json", description = "One JSON object") boolean json)
            throws IOException {
        byte[] wasm = read(file);
        GuestLimits limits = GuestLimits.defaults();
        try (GuestHost host = GuestHost.start(_ -> {
            throw new RealmException(ErrorCode.NOT_PERMITTED, "there is no model here");
        }, GuestHostOptions.defaults())) {
            host.check(wasm, limits);
            // Again, for the time that it takes a server, which has done it before.
            GuestReport report = host.check(wasm, limits);
            out().println(json
                    ? json(Map.of("accepted", true, "digest", report.digest(), "bytes", report.moduleBytes(), "abi_version",
                            report.abiVersion(), "imports", report.imports(), "exports", report.exports(), "memory_pages",
                            report.memoryPages(), "table_elements", report.tableElements(), "sees_tokens", report.seesTokens(),
                            "compile_ms", millis(report)))
                    : describe(report, limits));
            return 0;
        } catch (RealmException e) {
            if (json) {
                out().println(json(Map.of("accepted", false, "reason", String.valueOf(e.getMessage()))));
            }
            spec.commandLine().getErr()
                    .println("refused: " + String.valueOf(e.getMessage()).replaceFirst("^the module was refused: ", ""));
            return 1;
        } finally {
            out().flush();
        }
    }

    private static String json(Map<String, Object> object) {
        return new String(Json.bytes(object), StandardCharsets.UTF_8);
    }

    private static double millis(GuestReport report) {
        return report.compileNanos() / 100_000 / 10.0;
    }

    private static String describe(GuestReport r, GuestLimits l) {
        return """
                accepted: %s
                  size      %d bytes (at most %d)
                  memory    %d pages at the start, %s (at most %d)
                  tables    %d elements (at most %d)
                  functions %d
                  compiled  in %.1f ms (at most %d)
                  ABI       version %d, %s
                  imports   %s
                  exports   %s""".formatted(r.digest(), r.moduleBytes(), l.moduleBytes(), r.memoryPages(),
                r.maxMemoryPages() < 0 ? "no maximum of its own" : r.maxMemoryPages() + " by its own word", l.memoryPages(),
                r.tableElements(), l.tableElements(), r.functions(), millis(r), l.compileTime().toMillis(), r.abiVersion(),
                r.seesTokens() ? "sees tokens before the client does" : "answers with what generate returns",
                String.join("\n            ", r.imports()), String.join("\n            ", r.exports()));
    }

    static byte[] read(Path file) {
        byte[] bytes = OperatorFile.read("the module", file, OperatorFile.MODULE);
        return file.toString().endsWith(GuestScripts.SUFFIX) ? GuestScripts.javascript(bytes) : bytes;
    }

    @Command(name = "new", mixinStandardHelpOptions = true, description = "Makes a directory with a guest to start from, its build.sh and the SDK.")
    int create(@Parameters(paramLabel = "DIR") Path directory,
            @Option(names = "--lang", defaultValue = "c", paramLabel = "LANG", description = "c, rust, zig, go, javascript, assemblyscript or wat (default: c)") String language)
            throws IOException {
        GuestScaffold scaffold = new GuestScaffold(Path.of(System.getProperty("realm.home", "")).resolve("sdk"));
        if (!scaffold.languages().contains(language)) {
            throw new ParameterException(spec.commandLine(),
                    "--lang must be one of " + String.join(", ", scaffold.languages()) + ", not " + language);
        }
        if (Files.exists(directory)) {
            throw new RealmException(ErrorCode.INVALID_REQUEST, directory + " is there already");
        }
        Path source = scaffold.create(language, directory);
        Path guest = directory.resolve("guest.wasm");
        boolean built = Files.exists(directory.resolve("build.sh"));
        out().printf("""
                made %1$s; next:
                  edit %2$s (the reference is docs/guest-abi.md)%3$s
                  ./realm guest check %4$s
                  ./realm guest run %4$s "What is the capital of France?" --setting signature=Ada
                """, directory, source, built ? "\n  " + directory.resolve("build.sh") : "", built ? guest : source);
        out().flush();
        return 0;
    }

    @Command(name = "run", mixinStandardHelpOptions = true, description = "Answers a prompt through a guest, here, without a server; what it logs goes to standard error.")
    int run(@Parameters(paramLabel = "FILE") Path file, @Parameters(paramLabel = "PROMPT") String prompt,
            @Option(names = "--model", paramLabel = "NAME|FILE", description = "The model") @Nullable String model,
            @Option(names = "--setting", paramLabel = "KEY=VALUE", description = "A setting for realm_host_config; may be repeated") @Nullable Map<String, String> settings,
            @Option(names = "--max-tokens", paramLabel = "N", description = "Tokens to generate at most (default: 256)") @Nullable Integer maxTokens,
            @Option(names = "--json", description = "One JSON object at the end") boolean json) {
        List<String> args = new ArrayList<>(List.of("run", "--guest", file.toString()));
        if (model != null) {
            args.addAll(List.of("--model", model));
        }
        if (settings != null) {
            settings.forEach((k, v) -> args.addAll(List.of("--setting", k + "=" + v)));
        }
        if (maxTokens != null) {
            args.addAll(List.of("--max-tokens", maxTokens.toString()));
        }
        if (json) {
            args.add("--json");
        }
        args.addAll(List.of("--", prompt));
        return RealmCommand.commandLine().setOut(out()).setErr(spec.commandLine().getErr()).execute(args.toArray(String[]::new));
    }

    @Command(name = "test", mixinStandardHelpOptions = true, description = "Runs DIR/tests/*.json against DIR/guest.wasm or DIR/guest.js, without a model: exit 0 when all are as expected.")
    int test(@Parameters(paramLabel = "DIR") Path directory,
            @Option(names = "--junit", paramLabel = "FILE", description = "Writes the outcome as JUnit's XML") @Nullable Path junit)
            throws IOException {
        Path wasm = directory.resolve("guest.wasm");
        List<Path> files;
        try (Stream<Path> found = Files.list(directory.resolve("tests"))) {
            files = found.filter(f -> f.toString().endsWith(".json")).sorted().toList();
        }
        if (files.isEmpty()) {
            throw new RealmException(ErrorCode.INVALID_REQUEST, "there are no *.json in " + directory.resolve("tests"));
        }
        Map<String, List<String>> outcomes = new LinkedHashMap<>();
        try (GuestCases cases = new GuestCases(read(Files.exists(wasm) ? wasm : directory.resolve("guest.js")))) {
            for (Path file : files) {
                List<String> faults = cases.faults(Json.mapper().readTree(file.toFile()));
                outcomes.put(String.valueOf(file.getFileName()), faults);
                out().println((faults.isEmpty() ? "ok      " : "FAILED  ") + file.getFileName());
                faults.forEach(f -> out().println("        " + f));
            }
        } finally {
            out().flush();
        }
        if (junit != null) {
            Files.writeString(junit, xml(outcomes));
        }
        return outcomes.values().stream().allMatch(List::isEmpty) ? 0 : 1;
    }

    private static String xml(Map<String, List<String>> outcomes) {
        StringBuilder xml = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"guest\" tests=\"")
                .append(outcomes.size()).append("\" failures=\"")
                .append(outcomes.values().stream().filter(f -> !f.isEmpty()).count()).append("\">\n");
        outcomes.forEach((name, faults) -> {
            xml.append("  <testcase name=\"").append(escaped(name)).append("\">");
            if (!faults.isEmpty()) {
                xml.append("<failure message=\"").append(escaped(String.join("; ", faults))).append("\"/>");
            }
            xml.append("</testcase>\n");
        });
        return xml.append("</testsuite>\n").toString();
    }

    /** For an attribute; characters that XML cannot have are left out. */
    private static String escaped(String text) {
        return text.replaceAll("[^\\x09\\x20-\\uD7FF\\uE000-\\uFFFD]", " ").replace("&", "&amp;").replace("<", "&lt;")
                .replace("\"", "&quot;");
    }

    @Command(name = "push", mixinStandardHelpOptions = true, description = "Makes a module the guest of a tenant of a running server, for its next requests.")
    int push(@Parameters(paramLabel = "TENANT") String tenant, @Parameters(paramLabel = "FILE") Path file,
            @Option(names = "--staged", description = "Only for requests that ask for it, until it gets a share of the others") boolean staged,
            @Mixin AdminClient admin)
            throws IOException, InterruptedException {
        return print(admin.call("POST", AdminClient.tenant(tenant) + "/guests" + (staged ? "?staged=true" : ""), read(file)));
    }

    @Command(name = "list", mixinStandardHelpOptions = true, description = "The versions of a tenant's guest that were pushed.")
    int list(@Parameters(paramLabel = "TENANT") String tenant, @Mixin AdminClient admin)
            throws IOException, InterruptedException {
        return print(admin.call("GET", AdminClient.tenant(tenant) + "/guests", ""));
    }

    @Command(name = "rollback", mixinStandardHelpOptions = true, description = "Makes the version before, or the one named, a tenant's guest again; 0 is the one of the "
            + "configuration.")
    int rollback(@Parameters(paramLabel = "TENANT") String tenant,
            @Option(names = "--to", paramLabel = "N", description = "The version") @Nullable Integer version,
            @Mixin AdminClient admin)
            throws IOException, InterruptedException {
        String body = version == null ? "{}" : "{\"version\":" + version + "}";
        return print(admin.call("POST", AdminClient.tenant(tenant) + "/guests/rollback", body));
    }

    @Command(name = "traffic", mixinStandardHelpOptions = true, description = "Shares a tenant's requests out among versions of its guest, as 3=95 4=5; without any the active one gets all.")
    int traffic(@Parameters(paramLabel = "TENANT") String tenant,
            @Parameters(index = "1..*", arity = "0..*", paramLabel = "VERSION=PERCENT") @Nullable Map<Integer, Integer> shares,
            @Mixin AdminClient admin)
            throws IOException, InterruptedException {
        return print(admin.call("PUT", AdminClient.tenant(tenant) + "/guests/traffic",
                Json.bytes(shares == null ? Map.of() : shares)));
    }

    @Command(name = "logs", mixinStandardHelpOptions = true, description = "What a tenant's guests have logged, oldest first: by the tenant's own key, or any tenant's by the admin's.")
    int logs(
            @Parameters(paramLabel = "TENANT", arity = "0..1", description = "Whose, with the admin's key; else that of the key in REALM_KEY") @Nullable String tenant,
            @Option(names = "--limit", defaultValue = "100", paramLabel = "N", description = "Lines at most (default: 100)") int limit,
            @Option(names = "--follow", description = "Goes on with what comes") boolean follow,
            @Option(names = "--key", defaultValue = "${env:REALM_KEY}", paramLabel = "KEY", description = "The tenant's key (default: $REALM_KEY)") @Nullable String key,
            @Mixin AdminClient admin)
            throws IOException, InterruptedException {
        AdminClient client = tenant == null ? admin.withKey(key) : admin;
        String path = tenant == null ? "/v1/guest/logs" : AdminClient.tenant(tenant) + "/guests/logs";
        long after = 0;
        do {
            List<JsonNode> lines = new ArrayList<>();
            client.call("GET", path + "?limit=" + limit + "&after=" + after, "").path("data").forEach(lines::add);
            for (JsonNode l : lines.reversed()) {
                out().printf("%s %-5s %s %s%n", l.path("at").asText(), l.path("level").asText(), l.path("request_id").asText("-"),
                        l.path("message").asText());
                after = l.path("id").asLong();
            }
            out().flush();
            if (follow) {
                Thread.sleep(FOLLOW_MILLIS);
            }
        } while (follow);
        return 0;
    }

    private int print(JsonNode answer) {
        out().println(answer.toPrettyString());
        out().flush();
        return 0;
    }
}
