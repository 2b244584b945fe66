package ai.realm.server.cli;

import ai.realm.server.RealmServer;
import ai.realm.server.config.ConfigFile;
import ai.realm.server.config.RealmConfig;
import ai.realm.server.config.RealmConfig.AdminSettings;
import ai.realm.server.domain.ModelEntry;
import ai.realm.server.config.ServerSettings;
import ai.realm.server.domain.ApiKeys;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import sun.misc.Signal;

/** {@code realm serve}: runs the server until SIGTERM or Ctrl-C, then drains it. */
@Command(name = "serve", description = "Starts the server. Without --config it has one demo tenant, whose key is made afresh at each "
        + "start and shown only here.")
@SuppressWarnings("NullAway.Init")
public final class ServeCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(ServeCommand.class);

    /** Null for one made of {@link #plain} arguments. */
    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--port", paramLabel = "N", description = "Port to listen on, 0 for a free one (default: 8080, or the "
            + "configuration's)")
    private @Nullable Integer port;

    @Option(names = "--host", paramLabel = "ADDRESS", description = "Address to listen on (default: 127.0.0.1, or the configuration's)")
    private @Nullable String host;

    @Option(names = "--model", paramLabel = "NAME|FILE", description = "A model of the catalogue or a GGUF file (default: the embedded "
            + "one); with --config, when that names no models")
    private @Nullable String model;

    @Option(names = "--config", paramLabel = "FILE", description = "Tenants, models and limits; see docs/configuration.md")
    private @Nullable Path configFile;

    @Option(names = "--data", paramLabel = "DIR", description = "Where accounts and pushed guests are kept (default: .realm)")
    private @Nullable Path data;

    @Option(names = "--json", description = "Print one JSON object when ready, instead of text")
    private boolean json;

    /** Plain arguments turned out wrong: only the command line says how. */
    static final class WrongArgumentsException extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /**
     * The command for arguments that are all known, as {@code --name value}, or null. A server starts a third of a second earlier without the library
     * that reads what all options say about themselves; anything unusual, a mistake above all, is left to it.
     *
     * @param args the first is the command's name
     */
    static @Nullable ServeCommand plain(String[] args) {
        ServeCommand command = new ServeCommand();
        Set<String> seen = new HashSet<>();
        for (int i = 1; i < args.length; i++) {
            if (!seen.add(args[i])) {
                return null;
            }
            if (args[i].equals("--json")) {
                command.json = true;
            } else if (i + 1 == args.length || args[i + 1].startsWith("-") || args[i + 1].isEmpty()
                    || !command.set(args[i], args[++i])) {
                return null;
            }
        }
        return command;
    }

    private boolean set(String option, String value) {
        switch (option) {
            case "--port" -> {
                if (!value.matches("[0-9]{1,5}")) {
                    return false;
                }
                port = Integer.valueOf(value);
            }
            case "--host" -> host = value;
            case "--model" -> model = value;
            case "--config" -> configFile = Path.of(value);
            case "--data" -> data = Path.of(value);
            default -> {
                return false;
            }
        }
        return true;
    }

    private RuntimeException wrong(String message) {
        return spec == null ? new WrongArgumentsException() : new ParameterException(spec.commandLine(), message);
    }

    @Override
    public Integer call() throws Exception {
        checkPort();
        ModelChoice choice = ModelChoice.of(model);
        Map<String, ModelEntry> models = Map.of(choice.name(), choice.entry());
        String key = configFile == null ? ApiKeys.generate() : null;
        // Before the file is read: what is changed after that is not missed.
        ReloadSignal hangUp = configFile == null ? null : ReloadSignal.installed();
        ConfigFile file = configFile == null
                ? null
                : new ConfigFile(configFile, models, new CatalogFiles()::known, this::overrides);
        ConfigFile.Content content = file == null ? null : file.read();
        RealmConfig config = content == null ? overrides(DemoConfig.of(models, String.valueOf(key))) : content.config();
        if (configFile != null && model != null && !config.models().equals(models)) {
            throw wrong("--model cannot be used with a configuration that names models");
        }
        return serve(config, key, file == null || content == null ? null : new RealmServer.Written(file, content.tree()), hangUp);
    }

    /** What the command line and the environment say holds over the configuration. */
    private RealmConfig overrides(RealmConfig config) {
        String adminKey = System.getenv("REALM_ADMIN_KEY");
        AdminSettings admin = adminKey == null || adminKey.isBlank() || config.admin() != null
                ? config.admin()
                : new AdminSettings(ApiKeys.hash(adminKey.strip()), false);
        return new RealmConfig(override(config.server()), admin, config.engine(), config.models(), config.tenants(),
                config.accounts());
    }

    private int serve(RealmConfig config, @Nullable String key, RealmServer.@Nullable Written written,
            @Nullable ReloadSignal hangUp)
            throws InterruptedException {
        CountDownLatch stop = new CountDownLatch(1);
        AtomicBoolean ready = new AtomicBoolean();
        for (String name : List.of("TERM", "INT")) {
            Signal.handle(new Signal(name), signal -> {
                if (!ready.get() || stop.getCount() == 0) {
                    // Nothing to wait for yet, or told twice.
                    Runtime.getRuntime().halt(ready.get() ? 128 + signal.getNumber() : 0);
                }
                stop.countDown();
            });
        }
        try (RealmServer server = new RealmServer(config, key == null, new CatalogFiles(), written)) {
            server.start();
            ready.set(true);
            if (hangUp != null) {
                hangUp.ready(() -> reload(server));
            }
            print(server.url(), server.managementUrl(), key, config);
            stop.await();
            server.drain();
        }
        return 0;
    }

    private static void reload(RealmServer server) {
        try {
            server.reload("SIGHUP");
        } catch (RuntimeException e) {
            LOG.error("the configuration was not read again, nothing has changed cause={}", e.getMessage());
        }
    }

    private ServerSettings override(ServerSettings s) {
        ServerSettings result = port == null ? s : s.withPort(port);
        result = host == null ? result : result.withHost(host);
        return data == null ? result : result.withData(data);
    }

    private void checkPort() {
        if (port != null && (port < 0 || port > 65535)) {
            throw wrong("--port must be 0 to 65535, not " + port);
        }
    }

    private void print(String url, @Nullable String management, @Nullable String key, RealmConfig config) {
        PrintWriter out = spec == null ? new PrintWriter(System.out) : spec.commandLine().getOut();
        String name = config.models().keySet().iterator().next();
        String shownKey = key == null ? "$REALM_KEY" : key;
        String quote = key == null ? "\"" : "'";
        String curl = "curl " + url + "/v1/chat/completions -H " + quote + "Authorization: Bearer " + shownKey + quote
                + " -H 'Content-Type: application/json' -d '{\"model\":\"" + name
                + "\",\"messages\":[{\"role\":\"user\",\"content\":\"What is the capital of France?\"}],\"max_tokens\":20,\"temperature\":0}'";
        if (json) {
            out.println(ServeJson.of(url, management, key, config, curl));
        } else {
            out.println("Realm is ready at " + url);
            if (management != null) {
                out.println("Metrics and admin API: " + management);
            }
            if (key != null) {
                out.println("Demo key: " + key);
            }
            out.println(config.server().api().page() ? "Try it, or open the URL in a browser:" : "Try it:");
            out.println();
            out.println("  " + curl);
            out.println();
        }
        out.flush();
    }
}
