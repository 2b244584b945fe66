package ai.realm.server.cli;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.guest.GuestHostOptions;
import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.guest.GuestReport;
import ai.realm.server.http.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
        try (GuestHost host = GuestHost.start(_ -> {
            throw new RealmException(ErrorCode.NOT_PERMITTED, "there is no model here");
        }, GuestHostOptions.defaults())) {
            GuestReport r = host.check(wasm, GuestLimits.defaults());
            if (json) {
                out().println(new String(Json.bytes(Map.of("accepted", true, "digest", r.digest(), "bytes", r.moduleBytes(),
                        "abi_version", r.abiVersion(), "imports", r.imports(), "exports", r.exports(), "memory_pages",
                        r.memoryPages(), "sees_tokens", r.seesTokens())), StandardCharsets.UTF_8));
            } else {
                out().printf("accepted: %s%n%d bytes, ABI version %d, %d pages of memory, %d functions, imports %s, exports %s%n",
                        r.digest(), r.moduleBytes(), r.abiVersion(), r.memoryPages(), r.functions(), r.imports(), r.exports());
            }
            return 0;
        } catch (RealmException e) {
            if (json) {
                out().println(new String(Json.bytes(Map.of("accepted", false, "reason", String.valueOf(e.getMessage()))),
                        StandardCharsets.UTF_8));
            }
            spec.commandLine().getErr().println("refused: " + e.getMessage());
            return 1;
        } finally {
            out().flush();
        }
    }

    private static byte[] read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new RealmException(ErrorCode.NOT_FOUND, "there is no file " + file);
        }
        return Files.readAllBytes(file);
    }

    @Command(name = "new", mixinStandardHelpOptions = true, description = "Copies an example of the SDK into a new directory.")
    int create(@Parameters(paramLabel = "DIR") Path directory,
            @Option(names = "--lang", defaultValue = "c", paramLabel = "LANG", description = "c, rust, assemblyscript or wat (default: c)") String language)
            throws IOException {
        Path sdk = Path.of(System.getProperty("realm.home", "")).resolve("sdk");
        List<String> known = new ArrayList<>();
        try (Stream<Path> entries = Files.list(sdk)) {
            entries.filter(Files::isDirectory).forEach(d -> known.add(d.getFileName().toString()));
        }
        if (!known.contains(language)) {
            throw new ParameterException(spec.commandLine(), "--lang must be one of " + known + ", not " + language);
        }
        if (Files.exists(directory)) {
            throw new RealmException(ErrorCode.INVALID_REQUEST, directory + " is there already");
        }
        Path from = sdk.resolve(language);
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Path to = directory.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(to);
                } else {
                    Files.copy(file, to);
                }
            }
        }
        out().println("made " + directory + " from the SDK's " + language + "; docs/guest-abi.md says how to go on");
        out().flush();
        return 0;
    }

    @Command(name = "run", mixinStandardHelpOptions = true, description = "Answers a prompt through a guest, here, without a server.")
    int run(@Parameters(paramLabel = "FILE") Path file, @Parameters(paramLabel = "PROMPT") String prompt,
            @Option(names = "--model", paramLabel = "NAME|FILE", description = "The model") @Nullable String model) {
        List<String> args = new ArrayList<>(List.of("run", "--guest", file.toString()));
        if (model != null) {
            args.addAll(List.of("--model", model));
        }
        args.addAll(List.of("--", prompt));
        return RealmCommand.commandLine().setOut(out()).execute(args.toArray(String[]::new));
    }

    @Command(name = "push", mixinStandardHelpOptions = true, description = "Makes a module the guest of a tenant of a running server, for its next requests.")
    int push(@Parameters(paramLabel = "TENANT") String tenant, @Parameters(paramLabel = "FILE") Path file,
            @Mixin AdminClient admin)
            throws IOException, InterruptedException {
        return print(admin.call("POST", AdminClient.tenant(tenant) + "/guests", read(file)));
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

    private int print(JsonNode answer) {
        out().println(answer.toPrettyString());
        out().flush();
        return 0;
    }
}
