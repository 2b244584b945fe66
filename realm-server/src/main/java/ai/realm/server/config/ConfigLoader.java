package ai.realm.server.config;

import static ai.realm.server.domain.Checks.bad;
import static ai.realm.server.domain.Checks.in;
import static ai.realm.server.domain.Checks.name;
import static ai.realm.server.domain.Checks.or;
import static ai.realm.server.domain.Checks.required;
import static ai.realm.server.domain.Checks.seconds;

import ai.realm.core.kernel.KvType;
import ai.realm.runtime.guest.ModuleLimits;
import ai.realm.runtime.engine.EngineOptions;
import ai.realm.server.domain.AnonymousTenant;
import ai.realm.server.domain.ModelEntry;
import ai.realm.server.domain.ModelReader;
import ai.realm.server.domain.ModelSettings;
import ai.realm.server.domain.OperatorFile;
import ai.realm.server.domain.StrictYaml;
import ai.realm.server.domain.Tenant;
import ai.realm.server.domain.TenantReader;
import ai.realm.server.domain.TenantSettings;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code realm.yaml}: a key that is not known, a value out of range or a name that leads nowhere is an error that says
 * where. Paths are relative to the file's directory.
 */
public final class ConfigLoader {
    private static final Pattern HOST_AND_PORT = Pattern.compile("(\\[[0-9a-fA-F:.]+]|[A-Za-z0-9._-]+):(\\d{1,5})");
    private static final Pattern ORIGIN = Pattern.compile("\\*|null|[a-z][a-z0-9+.-]*://[^/\\s?#@]+");

    private final Path base;

    private final Map<String, ModelEntry> otherwise;

    private final Function<Path, @Nullable ModelEntry> knownFiles;

    private ConfigLoader(Path base, Map<String, ModelEntry> otherwise, Function<Path, @Nullable ModelEntry> knownFiles) {
        this.base = base;
        this.otherwise = otherwise;
        this.knownFiles = knownFiles;
    }

    /**
     * Reads a configuration.
     *
     * @param otherwise the models to serve when the file names none
     * @param knownFiles what the catalogue says of a model's file; null for a file that it does not have
     */
    public static RealmConfig load(Path file, Map<String, ModelEntry> otherwise,
            Function<Path, @Nullable ModelEntry> knownFiles) {
        return load(StrictYaml.tree("realm.yaml", file), file, otherwise, knownFiles);
    }

    /** The same of a file that was read. */
    static RealmConfig load(JsonNode tree, Path file, Map<String, ModelEntry> otherwise,
            Function<Path, @Nullable ModelEntry> knownFiles) {
        RealmYaml yaml = StrictYaml.read(tree, RealmYaml.class, "realm.yaml");
        Path parent = file.toAbsolutePath().getParent();
        return new ConfigLoader(parent == null ? Path.of("/") : parent, otherwise, knownFiles).config(yaml);
    }

    private RealmConfig config(RealmYaml yaml) {
        Map<String, ModelEntry> models = models(yaml.models());
        return new RealmConfig(server(yaml.server()), AdminReader.admin(yaml.admin()), engine(yaml.engine()), models,
                tenants(yaml.tenants(), models), AccountReader.accounts(yaml.accounts()));
    }

    private ServerSettings server(RealmYaml.@Nullable Server s) {
        ServerSettings d = ServerSettings.defaults();
        if (s == null) {
            return d.withData(base.resolve(d.data()));
        }
        return new ServerSettings(or(s.host(), d.host()), in("server.port", or(s.port(), d.port()), 0, 65535),
                base.resolve(or(s.data(), d.data().toString())),
                in("server.concurrent_requests", or(s.concurrentRequests(), d.concurrentRequests()), 1, 100_000),
                seconds("server.drain_seconds", s.drainSeconds(), d.drain(), 0),
                seconds("server.drain_delay_seconds", s.drainDelaySeconds(), d.drainDelay(), 0), connections(s, d.connections()),
                guests(s.guests(), d.guests()), database(s), api(s), management(s),
                TracingReader.tracing(s.tracing()));
    }

    private static ConnectionSettings connections(RealmYaml.Server s, ConnectionSettings d) {
        int most = in("server.connections", or(s.connections(), d.most()), 1, 1_000_000);
        return new ConnectionSettings(most,
                in("server.connections_per_address", or(s.connectionsPerAddress(), ConnectionSettings.perAddress(most)), 1,
                        1_000_000),
                seconds("server.idle_seconds", s.idleSeconds(), d.idle(), 1),
                seconds("server.header_seconds", s.headerSeconds(), d.headers(), 1),
                seconds("server.body_seconds", s.bodySeconds(), d.body(), 1));
    }

    /** {@code host:port}, or {@code off}. */
    private static @Nullable ManagementSettings management(RealmYaml.Server s) {
        List<String> names = or(s.managementHosts(), List.<String>of()).stream().map(n -> n.toLowerCase(Locale.ROOT)).toList();
        String where = s.management();
        if (where == null) {
            ManagementSettings d = ManagementSettings.defaults();
            return new ManagementSettings(d.host(), d.port(), names);
        }
        if (where.equals("off")) {
            return null;
        }
        Matcher parts = HOST_AND_PORT.matcher(where);
        if (!parts.matches()) {
            throw bad("server.management must be host:port or off, not " + where);
        }
        String host = parts.group(1);
        return new ManagementSettings(host.startsWith("[") ? host.substring(1, host.length() - 1) : host,
                in("server.management's port", Integer.parseInt(parts.group(2)), 0, 65535), names);
    }

    private @Nullable TlsSettings tls(RealmYaml.@Nullable Tls t) {
        if (t == null) {
            return null;
        }
        Path ca = t.clientCa() == null ? null : pem("server.tls.client_ca", t.clientCa());
        boolean required = switch (t.clientCertificates()) {
            case null -> ca != null;
            case "required" -> true;
            case "optional" -> false;
            default -> throw bad("server.tls.client_certificates must be required or optional, not " + t.clientCertificates());
        };
        if (ca == null && t.clientCertificates() != null) {
            throw bad("server.tls.client_certificates needs server.tls.client_ca");
        }
        return new TlsSettings(pem("server.tls.certificate", t.certificate()), pem("server.tls.key", t.key()), ca, required);
    }

    private Path pem(String at, @Nullable String file) {
        return base.resolve(OperatorFile.path(at, required(at, file)));
    }

    private ApiSettings api(RealmYaml.Server s) {
        boolean refuse = switch (s.unknownParameters()) {
            case null -> ApiSettings.defaults().refuseUnknown();
            case "ignore" -> false;
            case "refuse" -> true;
            default -> throw bad("server.unknown_parameters must be ignore or refuse, not " + s.unknownParameters());
        };
        List<String> origins = or(s.cors(), ApiSettings.defaults().corsOrigins()).stream()
                .map(o -> o.toLowerCase(Locale.ROOT)).toList();
        for (String origin : origins) {
            if (!ORIGIN.matcher(origin).matches()) {
                throw bad("server.cors: an origin is * or like https://app.example:8443, without a path, not " + origin);
            }
        }
        return new ApiSettings(refuse, origins, anonymous(s), or(s.ollamaRoot(), false),
                GatewayReader.gateway(s.gateway()),
                seconds("server.slow_request_seconds", s.slowRequestSeconds(), Duration.ZERO, 0),
                or(s.page(), true), tls(s.tls()));
    }

    private static @Nullable AnonymousTenant anonymous(RealmYaml.Server s) {
        boolean remote = or(s.anonymousRemote(), false);
        if (s.anonymousTenant() != null) {
            return new AnonymousTenant(name(s.anonymousTenant(), "server.anonymous_tenant"), remote);
        }
        if (remote) {
            throw bad("server.anonymous_remote needs server.anonymous_tenant");
        }
        return null;
    }

    private static GuestSettings guests(RealmYaml.@Nullable Guests g, GuestSettings d) {
        if (g == null) {
            return d;
        }
        double share = or(g.cpuShare(), d.cpuShare());
        if (!(share > 0 && share <= 1)) {
            throw bad("server.guests.cpu_share must be above 0 and at most 1, not " + share);
        }
        return new GuestSettings(share, in("server.guests.instances", or(g.instances(), d.instances()), 1, 100_000),
                in("server.guests.memory_mb", or(g.memoryMegabytes(), d.memoryMegabytes()), 0, 1 << 20),
                or(g.cache(), true) ? d.cache() : null,
                in("server.guests.versions", or(g.versions(), d.versions()), 1, 10_000),
                in("server.guests.versions_mb", or(g.versionsMegabytes(), d.versionsMegabytes()), 1, 1 << 20),
                in("server.guests.compiled_mb", or(g.compiledMegabytes(), d.compiledMegabytes()), 1, 1 << 20),
                moduleLimits(g.module(), d.modules(), "server.guests.module"));
    }

    private static ModuleLimits moduleLimits(RealmYaml.@Nullable ModuleEntry m, ModuleLimits d, String at) {
        if (m == null) {
            return d;
        }
        return new ModuleLimits(in(at + ".functions", or(m.functions(), d.functions()), 1, 1_000_000),
                in(at + ".types", or(m.types(), d.types()), 1, 1_000_000),
                in(at + ".globals", or(m.globals(), d.globals()), 1, 1_000_000),
                in(at + ".exports", or(m.exports(), d.exports()), 2, 1_000_000),
                in(at + ".segments", or(m.segments(), d.segments()), 0, 1_000_000),
                in(at + ".tables", or(m.tables(), d.tables()), 0, 1_000),
                in(at + ".locals", or(m.locals(), d.locals()), 0, 50_000),
                in(at + ".all_locals", or(m.allLocals(), d.allLocals()), 0, 16 << 20),
                in(at + ".branch_targets", or(m.branchTargets(), d.branchTargets()), 0, 16 << 20),
                in(at + ".nesting", or(m.nesting(), d.nesting()), 1, 10_000),
                in(at + ".frame_values", or(m.frameValues(), d.frameValues()), 1, 1 << 30));
    }

    /** User and password may come from the environment, so that the file need not hold them. */
    private static @Nullable DatabaseSettings database(RealmYaml.Server s) {
        if (s.database() == null) {
            return null;
        }
        String user = s.databaseUser() != null ? s.databaseUser() : System.getenv("REALM_DATABASE_USER");
        String password = s.databasePassword() != null ? s.databasePassword() : System.getenv("REALM_DATABASE_PASSWORD");
        return new DatabaseSettings(s.database(), user, password,
                in("server.database_connections", or(s.databaseConnections(), 8), 1, 1000));
    }

    private static EngineSettings engine(RealmYaml.@Nullable Engine e) {
        EngineSettings d = EngineSettings.defaults();
        if (e == null) {
            return d;
        }
        EngineOptions o = d.options();
        int running = in("engine.running", or(e.running(), o.maxRunning()), 1, 4096);
        int block = in("engine.kv_block", or(e.kvBlock(), o.blockPositions()), 8, 1024);
        if (Integer.bitCount(block) != 1) {
            throw bad("engine.kv_block must be a power of two, not " + block);
        }
        EngineOptions options = new EngineOptions(kvType(e.kvType(), o.kvType()),
                (long) in("engine.kv_mb", or(e.kvMb(), 0), 0, 1 << 22) << 20, block, running,
                in("engine.waiting", or(e.waiting(), o.maxWaiting()), 1, 1_000_000),
                in("engine.step_tokens", or(e.stepTokens(), Math.max(o.tokenBudget(), running)), running, 1 << 16),
                Duration.ofMillis(in("engine.gap_ms", or(e.gapMillis(), (int) o.gap().toMillis()), 0, 60_000)),
                o.unreadTokens(), o.slowReaderLimit(), or(e.prefixCache(), o.prefixCache()),
                or(e.sharedPrefixes(), o.sharedPrefixes()), or(e.drafts(), o.drafts()));
        return new EngineSettings((long) in("engine.memory_mb", or(e.memoryMb(), 0), 0, 1 << 22) << 20,
                in("engine.threads", or(e.threads(), d.threads()), 0, 1024), options);
    }

    private static KvType kvType(@Nullable String given, KvType otherwise) {
        return switch (given) {
            case null -> otherwise;
            case "f16" -> KvType.F16;
            case "q8_0" -> KvType.Q8_0;
            default -> throw bad("engine.kv_type must be f16 or q8_0, not " + given);
        };
    }

    private Map<String, ModelEntry> models(@Nullable Map<String, ModelSettings> given) {
        if (given == null || given.isEmpty()) {
            return otherwise;
        }
        Map<String, ModelEntry> models = new LinkedHashMap<>();
        Map<String, ModelEntry> adapters = new LinkedHashMap<>();
        given.forEach((name, m) -> {
            String at = "models." + name(name, "models");
            Path path = base.resolve(OperatorFile.path(at + ".file", required(at + ".file", m == null ? null : m.file())));
            OperatorFile.requireNoOther(at + ".file", path);
            models.put(name, ModelReader.model(at + ".", path, m, knownFiles.apply(path)));
            or(m.adapters(), Map.<String, ModelSettings.@Nullable Adapter>of()).forEach((own, a) -> adapters
                    .put(name(name + ":" + own, at + ".adapters"), adapter(at + ".adapters." + own, name, a)));
        });
        adapters.forEach((name, entry) -> {
            if (models.put(name, entry) != null) {
                throw bad("models." + name + " is the name of an adapter too");
            }
        });
        ModelReader.checkAliases(models);
        return models;
    }

    private ModelEntry adapter(String at, String model, ModelSettings.@Nullable Adapter a) {
        Path path = base.resolve(OperatorFile.path(at + ".file", required(at + ".file", a == null ? null : a.file())));
        OperatorFile.requireNoOther(at + ".file", path);
        return ModelReader.adapter(at + ".", path, model, a == null ? null : a.sha256(), a == null ? null : a.scale());
    }

    private List<Tenant> tenants(@Nullable List<TenantSettings> given, Map<String, ModelEntry> models) {
        List<Tenant> tenants = new ArrayList<>();
        Set<String> ids = new HashSet<>();
        // An adapter may be one tenant's own.
        Set<String> usual = new LinkedHashSet<>();
        models.forEach((name, model) -> {
            if (model.adapterOf() == null) {
                usual.add(name);
            }
        });
        Set<String> hashes = new HashSet<>();
        for (TenantSettings t : or(given, List.<TenantSettings>of())) {
            String at = "tenants[" + tenants.size() + "]";
            Tenant tenant = TenantReader.tenant(t, at, models.keySet(), usual, base);
            if (!ids.add(tenant.id())) {
                throw bad(at + ".id: " + tenant.id() + " is given twice");
            }
            for (String hash : tenant.keyHashes()) {
                if (!hashes.add(hash)) {
                    throw bad(at + ".keys: the same key belongs to two tenants or is given twice");
                }
            }
            tenants.add(tenant);
        }
        return tenants;
    }
}
