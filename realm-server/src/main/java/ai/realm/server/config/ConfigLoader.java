package ai.realm.server.config;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.kernel.KvType;
import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.scheduler.EngineOptions;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.server.config.RealmConfig.AdminSettings;
import ai.realm.server.config.RealmConfig.ModelEntry;
import ai.realm.server.model.ModelFiles;
import ai.realm.server.tenant.AnonymousTenant;
import ai.realm.server.tenant.ApiKeys;
import ai.realm.server.tenant.Tenant;
import ai.realm.server.tenant.TenantLimits;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;

/**
 * Reads {@code realm.yaml}: a key that is not known, a value out of range or a name that leads nowhere is an error that says
 * where. Paths are relative to the file's directory.
 */
public final class ConfigLoader {
    /** What a tenant or a model may be called: fit for logs, labels, paths of URLs and file names. */
    public static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:-]{0,63}");

    private static final Pattern HOST_AND_PORT = Pattern.compile("(\\[[0-9a-fA-F:.]+]|[A-Za-z0-9._-]+):(\\d{1,5})");
    private static final Pattern ORIGIN = Pattern.compile("\\*|null|[a-z][a-z0-9+.-]*://[^/\\s?#@]+");

    private static final YAMLMapper YAML = YAMLMapper.builder(YAMLFactory.builder().loaderOptions(loaderOptions()).build())
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION).disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT).build();

    private static final int NAME_LENGTH = 256;

    /** For what this server or a newer one has kept: settings that this release does not know are passed over. */
    private static final YAMLMapper KEPT = YAML.copy();

    static {
        KEPT.disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
    }

    private final Path base;

    private final Map<String, ModelEntry> otherwise;

    private final Function<Path, @Nullable ModelEntry> knownFiles;

    /** Thousands of tenants are more than SnakeYAML reads by default. */
    private static LoaderOptions loaderOptions() {
        LoaderOptions options = new LoaderOptions();
        options.setCodePointLimit(OperatorFile.CONFIGURATION);
        return options;
    }

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
        JsonNode json;
        try {
            json = YAML.readTree(OperatorFile.read("realm.yaml", file, OperatorFile.CONFIGURATION));
        } catch (IOException e) {
            throw bad(file + " is not YAML" + place(e));
        }
        if (json == null || json.isMissingNode() || json.isNull()) {
            throw bad(file + " is empty");
        }
        RealmYaml yaml = parse(json, RealmYaml.class, "realm.yaml");
        Path parent = file.toAbsolutePath().getParent();
        return new ConfigLoader(parent == null ? Path.of("/") : parent, otherwise, knownFiles).config(yaml);
    }

    /**
     * A tenant as {@link TenantJson} has it.
     *
     * @param models the names that may be granted
     */
    public static Tenant tenant(JsonNode json, Set<String> models) {
        RealmYaml.TenantEntry entry = parse(json, RealmYaml.TenantEntry.class, "tenant");
        return new ConfigLoader(Path.of(""), Map.of(), _ -> null).tenant(entry, "tenant", models);
    }

    /** Refuses what is no part of a tenant, or of the wrong type; the whole that it becomes part of is checked as a tenant. */
    public static void requirePartOfTenant(JsonNode patch) {
        parse(patch, RealmYaml.TenantEntry.class, "tenant");
    }

    /** A tenant as it was kept, whatever the models are now. */
    public static Tenant keptTenant(JsonNode json) {
        Set<String> granted = new HashSet<>();
        json.path("models").forEach(m -> granted.add(m.asText()));
        return keptTenant(json, granted);
    }

    /**
     * A tenant as it was kept.
     *
     * @param granted the names that may be granted
     */
    public static Tenant keptTenant(JsonNode json, Set<String> granted) {
        RealmYaml.TenantEntry entry = parse(KEPT, json, RealmYaml.TenantEntry.class, "tenant");
        return new ConfigLoader(Path.of(""), Map.of(), _ -> null).tenant(entry, "tenant", granted);
    }

    /** Where the mistake is, and not what stands there. */
    private static String place(IOException e) {
        if (!(e instanceof JsonProcessingException j) || j.getLocation() == null) {
            return "";
        }
        String what = j.getOriginalMessage().startsWith("Duplicate") ? "a key is given twice (duplicate), " : "";
        return ": " + what + "see line " + j.getLocation().getLineNr() + ", column " + j.getLocation().getColumnNr();
    }

    private static <T> T parse(JsonNode json, Class<T> type, String what) {
        return parse(YAML, json, type, what);
    }

    private static <T> T parse(YAMLMapper mapper, JsonNode json, Class<T> type, String what) {
        try {
            return mapper.treeToValue(json, type);
        } catch (JsonMappingException e) {
            String at = YamlMistake.where(e, what);
            throw new RealmException(ErrorCode.INVALID_REQUEST, at + ": " + YamlMistake.what(e, json), at, e);
        } catch (JsonProcessingException e) {
            throw new RealmException(ErrorCode.INVALID_REQUEST, what + ": " + e.getOriginalMessage(), what, e);
        }
    }

    private RealmConfig config(RealmYaml yaml) {
        Map<String, ModelEntry> models = models(yaml.models());
        return new RealmConfig(server(yaml.server()), admin(yaml.admin()), engine(yaml.engine()), models,
                tenants(yaml.tenants(), models));
    }

    private ServerSettings server(RealmYaml.@Nullable Server s) {
        ServerSettings d = ServerSettings.defaults();
        if (s == null) {
            return d.withData(base.resolve(d.data()));
        }
        return new ServerSettings(or(s.host(), d.host()), in("server.port", or(s.port(), d.port()), 0, 65535),
                base.resolve(or(s.data(), d.data().toString())),
                in("server.concurrent_requests", or(s.concurrentRequests(), d.concurrentRequests()), 1, 100_000),
                seconds("server.drain_seconds", s.drainSeconds(), d.drain(), 0), connections(s, d.connections()),
                guests(s.guests(), d.guests()), database(s), api(s), management(s));
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

    private static ApiSettings api(RealmYaml.Server s) {
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
        return new ApiSettings(refuse, origins, anonymous(s), or(s.ollamaRoot(), false));
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
                in("server.guests.versions_mb", or(g.versionsMegabytes(), d.versionsMegabytes()), 1, 1 << 20));
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
                o.unreadTokens(), o.slowReaderLimit(), or(e.prefixCache(), o.prefixCache()),
                or(e.sharedPrefixes(), o.sharedPrefixes()));
        return new EngineSettings((long) in("engine.memory_mb", or(e.memoryMb(), 0), 0, 1 << 22) << 20, options);
    }

    private static KvType kvType(@Nullable String given, KvType otherwise) {
        return switch (given) {
            case null -> otherwise;
            case "f16" -> KvType.F16;
            case "q8_0" -> KvType.Q8_0;
            default -> throw bad("engine.kv_type must be f16 or q8_0, not " + given);
        };
    }

    private @Nullable AdminSettings admin(RealmYaml.@Nullable Admin a) {
        if (a == null) {
            return null;
        }
        String hash = required("admin.key", a.keyHash());
        ApiKeys.check("admin.key", hash);
        return new AdminSettings(hash, or(a.remote(), false));
    }

    private Map<String, ModelEntry> models(@Nullable Map<String, RealmYaml.Model> given) {
        if (given == null || given.isEmpty()) {
            return otherwise;
        }
        Map<String, ModelEntry> models = new LinkedHashMap<>();
        given.forEach((name, m) -> {
            String at = "models." + name(name, "models");
            Path path = base.resolve(OperatorFile.path(at + ".file", required(at + ".file", m == null ? null : m.file())));
            OperatorFile.requireNoOther(at + ".file", path);
            models.put(name, model(at + ".", path, m, knownFiles.apply(path)));
        });
        return models;
    }

    private static ModelEntry model(String at, Path file, RealmYaml.Model m, @Nullable ModelEntry known) {
        String sha256 = m.sha256();
        if (sha256 != null && !sha256.matches("[0-9a-f]{64}")) {
            throw bad(at + "sha256 must be 64 hexadecimal digits, not " + sha256);
        }
        return new ModelEntry(file, in(at + "context", or(m.context(), 0), 0, 1 << 24),
                sha256 == null && known != null ? known.sha256() : sha256,
                m.system() == null && known != null ? known.system() : m.system(), or(m.preload(), true));
    }

    /**
     * A model that the admin registers: a {@code name}, and the absolute path of its {@code file} or its name in the {@code catalog}.
     */
    public static ModelEntry model(JsonNode json, ModelFiles files) {
        RealmYaml.NewModel m = parse(json, RealmYaml.NewModel.class, "model");
        name(required("name", m.name()), "name");
        String file = m.file();
        String catalog = m.catalog();
        if ((file == null) == (catalog == null)) {
            throw bad("a model is given by file or by catalog, one of them");
        }
        ModelEntry named = catalog == null ? null : files.named(catalog);
        Path path = named != null ? named.file() : OperatorFile.path("file", required("file", file));
        if (!path.isAbsolute() || !Files.isRegularFile(path)) {
            throw RealmException.badParam("file",
                    "file must be the absolute path of a file on the server's machine, not " + path);
        }
        return model("", path, new RealmYaml.Model(null, m.context(), m.sha256(), m.system(), false),
                named != null ? named : files.known(path));
    }

    private List<Tenant> tenants(@Nullable List<RealmYaml.TenantEntry> given, Map<String, ModelEntry> models) {
        List<Tenant> tenants = new ArrayList<>();
        Set<String> ids = new HashSet<>();
        Set<String> hashes = new HashSet<>();
        for (RealmYaml.TenantEntry t : or(given, List.<RealmYaml.TenantEntry>of())) {
            String at = "tenants[" + tenants.size() + "]";
            Tenant tenant = tenant(t, at, models.keySet());
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

    private Tenant tenant(RealmYaml.TenantEntry t, String at, Set<String> models) {
        String id = name(required(at + ".id", t.id()), at + ".id");
        List<String> keys = or(t.keys(), List.<String>of());
        keys.forEach(k -> ApiKeys.check(at + ".keys", k));
        List<String> granted = or(t.models(), List.copyOf(models));
        for (String m : granted) {
            if (!models.contains(m)) {
                throw bad(at + ".models: there is no model " + m + " under models");
            }
        }
        String preferred = t.defaultModel() != null ? t.defaultModel() : granted.isEmpty() ? "" : granted.getFirst();
        if (!preferred.isEmpty() && !granted.contains(preferred)) {
            throw bad(at + ".default_model: " + preferred + " is not among its models " + granted);
        }
        String guest = or(t.guest(), Tenant.DEFAULT_GUEST);
        if (!guest.equals(Tenant.DEFAULT_GUEST)) {
            guest = base.resolve(OperatorFile.path(at + ".guest", guest)).toString();
        }
        double weight = or(t.weight(), 1.0);
        if (!(weight > 0 && weight <= 1000)) {
            throw bad(at + ".weight must be above 0 and at most 1000, not " + weight);
        }
        String shown = or(t.name(), id);
        if (shown.length() > NAME_LENGTH || shown.chars().anyMatch(Character::isISOControl)) {
            throw bad(at + ".name may have " + NAME_LENGTH + " characters and no control characters");
        }
        return new Tenant(id, shown, keys, or(t.suspended(), false), granted, preferred, guest,
                guestConfig(t, at), secrets(t).keySet(), guestLimits(t.guestLimits(), at + ".guest_limits"),
                limits(t.limits(), at + ".limits"), weight, priority(t.priority(), at + ".priority"));
    }

    /** Settings and secrets, which a guest reads alike. */
    private static Map<String, String> guestConfig(RealmYaml.TenantEntry t, String at) {
        Map<String, String> all = new LinkedHashMap<>(given(t.guestConfig()));
        secrets(t).forEach((name, value) -> {
            if (all.put(name, value) != null) {
                throw bad(at + ".guest_secrets: " + name + " is in guest_config too");
            }
        });
        return all;
    }

    private static Map<String, String> secrets(RealmYaml.TenantEntry t) {
        return given(t.guestSecrets());
    }

    /** Without those that are null, which is absent. */
    private static Map<String, String> given(@Nullable Map<String, @Nullable String> map) {
        Map<String, String> given = new LinkedHashMap<>();
        or(map, Map.<String, @Nullable String>of()).forEach((name, value) -> {
            if (value != null) {
                given.put(name, value);
            }
        });
        return given;
    }

    private static Priority priority(@Nullable String given, String at) {
        Priority priority = given == null ? Priority.INTERACTIVE : Priority.of(given);
        if (priority == null) {
            throw bad(at + " must be interactive or batch, not " + given);
        }
        return priority;
    }

    private static TenantLimits limits(RealmYaml.@Nullable LimitsEntry l, String at) {
        TenantLimits d = TenantLimits.defaults();
        if (l == null) {
            return d;
        }
        return new TenantLimits(in(at + ".requests_per_minute", or(l.requestsPerMinute(), d.requestsPerMinute()), 0, 1 << 30),
                in(at + ".tokens_per_minute", or(l.tokensPerMinute(), d.tokensPerMinute())),
                in(at + ".tokens_per_day", or(l.tokensPerDay(), d.tokensPerDay())),
                in(at + ".concurrent_requests", or(l.concurrentRequests(), d.concurrentRequests()), 1, 100_000),
                in(at + ".context_length", or(l.contextLength(), d.contextLength()), 0, 1 << 24),
                in(at + ".max_tokens", or(l.maxTokens(), d.maxTokens()), 1, 1 << 24),
                in(at + ".body_bytes", or(l.bodyBytes(), d.bodyBytes()), 1, 64 << 20),
                seconds(at + ".deadline_seconds", l.deadlineSeconds(), d.deadline(), 1));
    }

    private static GuestLimits guestLimits(RealmYaml.@Nullable GuestLimitsEntry l, String at) {
        GuestLimits d = GuestLimits.defaults();
        if (l == null) {
            return d;
        }
        return new GuestLimits(in(at + ".memory_pages", or(l.memoryPages(), d.memoryPages()), 1, 32_768),
                in(at + ".table_elements", or(l.tableElements(), d.tableElements()), 0, 10_000_000),
                in(at + ".stack_bytes", or(l.stackBytes(), d.stackBytes()), 256 << 10, 64 << 20),
                millis(at + ".deadline_ms", l.deadlineMillis(), d.deadline()),
                millis(at + ".cpu_ms", l.cpuMillis(), d.cpuTime()),
                in(at + ".generations", or(l.generations(), d.generations()), 0, 1 << 20),
                in(at + ".generated_tokens", or(l.generatedTokens(), d.generatedTokens()), 0, 1 << 30),
                in(at + ".output_bytes", or(l.outputBytes(), d.outputBytes()), 1, 1 << 30),
                in(at + ".log_lines", or(l.logLines(), d.logLines()), 0, 1 << 20),
                in(at + ".kv_bytes", or(l.kvBytes(), d.kvBytes())),
                in(at + ".kv_updates", or(l.kvUpdates(), d.kvUpdates()), 0, 1 << 20),
                in(at + ".concurrent_instances", or(l.concurrentInstances(), d.concurrentInstances()), 1, 10_000),
                in(at + ".module_bytes", or(l.moduleBytes(), d.moduleBytes()), 8, 64 << 20),
                millis(at + ".compile_ms", l.compileMillis(), d.compileTime()));
    }

    private static <T> T or(@Nullable T value, T otherwise) {
        return value == null ? otherwise : value;
    }

    private static String required(String at, @Nullable String value) {
        if (value == null || value.isBlank()) {
            throw bad(at + " is required");
        }
        return value;
    }

    private static String name(String name, String at) {
        if (!NAME.matcher(name).matches()) {
            throw bad(
                    at + ": a name is 1 to 64 characters of A-Z a-z 0-9 . _ : - and begins with a letter or digit, not " + name);
        }
        return name;
    }

    private static int in(String at, int value, int min, int max) {
        if (value < min || value > max) {
            throw bad(at + " must be " + min + " to " + max + ", not " + value);
        }
        return value;
    }

    private static long in(String at, long value) {
        if (value < 0) {
            throw bad(at + " must be 0 or more, not " + value);
        }
        return value;
    }

    private static Duration seconds(String at, @Nullable Integer value, Duration otherwise, int min) {
        return value == null ? otherwise : Duration.ofSeconds(in(at, value, min, 86_400));
    }

    private static Duration millis(String at, @Nullable Integer value, Duration otherwise) {
        return value == null ? otherwise : Duration.ofMillis(in(at, value, 1, 86_400_000));
    }

    private static RealmException bad(String message) {
        return new RealmException(ErrorCode.INVALID_REQUEST, message);
    }
}
