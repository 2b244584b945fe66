package ai.realm.server;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.InferenceRuntime;
import ai.realm.runtime.RuntimeOptions;
import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.guest.GuestHostOptions;
import ai.realm.runtime.guest.GuestModule;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.accounts.AccountSpool;
import ai.realm.server.accounts.Accounts;
import ai.realm.server.accounts.AuditTrail;
import ai.realm.server.accounts.BudgetTable;
import ai.realm.server.accounts.ChangeLog;
import ai.realm.server.accounts.Database;
import ai.realm.server.accounts.GuestValues;
import ai.realm.server.accounts.GuestVersions;
import ai.realm.server.accounts.StorageWatch;
import ai.realm.server.accounts.TenantStore;
import ai.realm.server.accounts.TenantStores;
import ai.realm.server.admin.AdminService;
import ai.realm.server.admin.ChangeFollower;
import ai.realm.server.admin.ConfigReload;
import ai.realm.server.admin.SpendWatch;
import ai.realm.server.config.ConfigFile;
import ai.realm.server.config.DatabaseSettings;
import ai.realm.server.config.GuestSettings;
import ai.realm.server.config.RealmConfig;
import ai.realm.server.config.ServerSettings;
import ai.realm.server.config.TracingSettings;
import ai.realm.server.model.ModelFileWatch;
import ai.realm.server.domain.ModelFiles;
import ai.realm.server.model.ModelRegistry;
import ai.realm.server.model.ModelService;
import ai.realm.server.tenant.ActiveRequests;
import ai.realm.server.http.AdminGate;
import ai.realm.server.error.HttpError;
import ai.realm.server.http.HttpServer;
import ai.realm.server.http.Operations;
import ai.realm.server.http.Readiness;
import ai.realm.server.http.RequestWarmUp;
import ai.realm.server.metrics.ServerMetrics;
import ai.realm.server.domain.PriceList;
import ai.realm.server.outbound.OutboundHttp;
import ai.realm.server.outbound.Webhooks;
import ai.realm.server.tenant.MeteredSessions;
import ai.realm.server.tenant.Meters;
import ai.realm.server.tenant.SharedMeters;
import ai.realm.server.domain.Tenant;
import ai.realm.server.tenant.TenantGate;
import ai.realm.server.tenant.TenantGuests;
import ai.realm.server.domain.TenantLimits;
import ai.realm.server.tenant.Tenants;
import ai.realm.server.tracing.OtelTracer;
import ai.realm.server.tracing.RequestTracer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** One server, from its configuration to the end of its drain: models, guests, tenants and HTTP put together. */
public final class RealmServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RealmServer.class);
    private static final Duration LOAD_LIMIT = Duration.ofMinutes(30);
    /** How long a start waits for a database that is not there yet. */
    private static final Duration DATABASE_PATIENCE = Duration.ofSeconds(60);
    private static final int DESCRIBED_TENANTS = 20;
    private static final Duration LAST_ANSWERS = Duration.ofSeconds(3);

    private final RealmConfig config;
    private final Database database;
    /** What lasts only as long as a server without kept tenants. */
    private final Database scratch;
    private final Accounts accounts;
    private final ServerMetrics metrics;
    private final InferenceRuntime runtime;
    private final GuestHost guestHost;
    private final OutboundHttp outbound;
    private final Tenants tenants;
    private final TenantGuests guests;
    private final TenantGate gate;
    /** Null for a server that is alone with its tenants. */
    private final @Nullable SharedMeters sharedMeters;
    private final ChangeFollower follower;
    private final AccountSpool spool;
    private final StorageWatch storage;
    private final AdminGate adminGate;
    private final AuditTrail trail;
    private final SpendWatch spending;
    private final RequestTracer tracer;
    private final @Nullable ConfigReload reload;
    private final Readiness readiness = new Readiness();
    private final ActiveRequests active = new ActiveRequests();
    private final HttpServer.Services services;
    private final HttpServer http;
    private final long begun = System.nanoTime();
    private volatile RealmConfig live;
    private int port;

    /**
     * Starts threads, begins to load the models that are to be there from the start, and opens the database, but does not listen yet.
     *
     * @param keepTenants whether tenants live in the database, which the configuration's seed when it has none; else they are the
     *        configuration's
     * @param files where models that are registered while it runs come from
     */
    public RealmServer(RealmConfig config, boolean keepTenants, ModelFiles files) {
        this(config, keepTenants, files, null);
    }

    /**
     * The same.
     *
     * @param written the file that {@code config} came from, and what it said; null for none, which cannot be read again
     */
    public RealmServer(RealmConfig config, boolean keepTenants, ModelFiles files, @Nullable Written written) {
        this.config = config;
        this.live = config;
        this.metrics = new ServerMetrics();
        // Before all else, as it takes longest.
        this.runtime = InferenceRuntime.start(RuntimeOptions.of(ModelRegistry.sources(config.models()))
                .withThreads(config.engine().threads()).withEngine(config.engine().options())
                .withMemoryBytes(config.engine().memoryBytes()).withListener(metrics));
        preloaded(config).forEach(runtime.models()::load);
        this.database = open(config.server(), runtime);
        this.scratch = Database.inMemory();
        this.spool = AccountSpool.open(config.server().data());
        this.accounts = new Accounts(database, Clock.systemUTC(), spool);
        Database kept = keepTenants ? database : scratch;
        TenantStore store = new TenantStore(kept);
        TenantStore.Opened opened = store.open(config.tenants());
        ModelRegistry registry = new ModelRegistry(config.models(), kept);
        registry.registered().forEach(runtime.models()::register);
        metrics.engines(runtime::snapshots);
        metrics.models(runtime.models()::list);
        TenantStores stores = TenantStores.of(kept, accounts, Clock.systemUTC());
        MeteredSessions sessions = new MeteredSessions(runtime.sessions(), runtime.embedder());
        this.guestHost = GuestHost.start(sessions, guestOptions(config.server()).withListener(metrics)
                .withLines(stores.guestLogs()));
        this.outbound = new OutboundHttp(metrics::guestHttp);
        this.tenants = new Tenants(opened.tenants());
        this.guests = new TenantGuests(guestHost, new GuestVersions(kept, config.server().guests().versions(),
                config.server().guests().versionsBytes()), new GuestValues(kept),
                config.tenants().stream().collect(Collectors.toMap(Tenant::id, t -> t.guestLimits().compileTime())));
        this.sharedMeters = keepTenants && config.server().database() != null
                ? new SharedMeters(new BudgetTable(database, accounts), System::nanoTime)
                : null;
        Meters meters = sharedMeters != null
                ? sharedMeters
                : Meters.local(System::nanoTime, Clock.systemUTC(), accounts::tokensToday);
        this.gate = new TenantGate(tenants, config.server().concurrentRequests(), meters, config.server().api().anonymous());
        if (sharedMeters != null) {
            metrics.counter("realm_limit_exchanges_total", "How often the database was asked for parts of tenants' limits.",
                    sharedMeters::exchanges);
        }
        metrics.gauge("realm_requests_running", "Admitted requests that have not ended.", gate::running);
        metrics.gauge("realm_accounts_waiting", "Accounts of requests that wait for the database.", accounts::waiting);
        metrics.gauge("realm_heap_allocated_bytes", "Heap that all threads have allocated since the start.",
                ((ThreadMXBean) ManagementFactory.getThreadMXBean())::getTotalThreadAllocatedBytes);
        ModelService models = new ModelService(runtime.models(), registry, files, tenants);
        this.follower = new ChangeFollower(new ChangeLog(kept), store, tenants, guests, models, active, opened.seen());
        this.storage = new StorageWatch(database, accounts, config.server().database() == null ? config.server().data() : null,
                List.of(guests::saveWaiting, stores.guestLogs()::flush));
        gate.admitOnlyWhen(storage::requireUsable);
        tenants.lookFurtherBy(() -> {
            storage.requireUsable();
            follower.look();
        });
        readiness.check(List.of(storage::problem, new ModelFileWatch(runtime.models(), registry)::problem));
        AdminService admin = new AdminService(store, guests, follower, runtime.models());
        this.adminGate = new AdminGate(config.admin());
        Webhooks webhooks = new Webhooks(outbound);
        this.spending = new SpendWatch(accounts, Clock.systemUTC(), config.accounts(), (budget, notice, told) -> {
            if (budget.webhook() == null) {
                told.run();
            } else {
                webhooks.send(budget.webhook(), budget.secret(), describe(notice), told);
            }
        });
        gate.admitOnlyWho(spending::require);
        TracingSettings tracing = config.server().tracing();
        this.tracer = tracing == null ? RequestTracer.OFF : new OtelTracer(tracing, HttpServer.VERSION);
        this.trail = new AuditTrail(kept, Clock.systemUTC(),
                config.admin() == null ? Duration.ofDays(1) : config.admin().audit());
        this.reload = written == null ? null : new ConfigReload(written.file(), written.tree(), this::apply);
        this.services = new HttpServer.Services(runtime.models(), sessions, guestHost, guests, gate,
                readiness, active, accounts, metrics, registry, adminGate,
                new Operations(trail, reload == null ? null : reload::reload, spending, tracer), admin,
                models, stores, tenants, outbound, false);
        this.http = new HttpServer(config.server(), services);
    }

    /** What a webhook is told. */
    private static ObjectNode describe(SpendWatch.Notice n) {
        return JsonNodeFactory.instance.objectNode().put("event", n.stopped() ? "budget.stopped" : "budget.warning")
                .put("tenant", n.tenant()).put("month", n.month().toString()).put("percent", n.percent())
                .put("spent", PriceList.shown(n.spent())).put("budget", n.budget()).put("currency", n.currency());
    }

    /** A configuration that was read, and can be again. */
    public record Written(ConfigFile file, JsonNode tree) {}

    /** What takes effect while the server runs. */
    private void apply(RealmConfig now) {
        live = now;
        adminGate.apply(now.admin());
        if (now.admin() != null) {
            trail.keep(now.admin().audit());
        }
        http.apply(now.server().api());
        spending.apply(now.accounts());
    }

    /**
     * Reads the configuration again, as somebody asks who has no key: the operator, by a signal.
     *
     * @throws RealmException INVALID_REQUEST when there is a mistake in it; nothing has changed then
     */
    public void reload(String who) {
        ConfigReload again = reload;
        if (again == null) {
            return;
        }
        long entry = trail.begin(new AuditTrail.Begun(who, "admin", "reload", "", "", ""));
        int outcome = 500;
        try {
            again.reload();
            outcome = 200;
        } catch (RealmException e) {
            outcome = HttpError.of(e).status();
            throw e;
        } finally {
            trail.endAnyway(entry, "", outcome, "{}");
        }
    }

    private static GuestHostOptions guestOptions(ServerSettings server) {
        GuestSettings guests = server.guests();
        GuestHostOptions options = GuestHostOptions.defaults().withCpuShare(guests.cpuShare())
                .withMaxInstances(guests.instances()).withCompiledMegabytes(guests.compiledMegabytes())
                .withModules(guests.modules())
                .withCompiledCache(guests.cache() == null ? null : server.data().resolve(guests.cache()));
        return guests.memoryMegabytes() == 0 ? options : options.withMemoryPages(guests.memoryMegabytes() * 16);
    }

    private static Database open(ServerSettings settings, InferenceRuntime runtime) {
        DatabaseSettings remote = settings.database();
        LOG.info("database {}", remote == null ? settings.data().resolve("realm.db") : remote);
        try {
            return remote == null ? Database.open(settings.data()) : Database.connect(remote, DATABASE_PATIENCE);
        } catch (RuntimeException | Error e) {
            runtime.close();
            throw e;
        }
    }

    private static List<String> preloaded(RealmConfig config) {
        return config.models().entrySet().stream().filter(e -> e.getValue().preload()).map(Map.Entry::getKey).toList();
    }

    /** Listens (alive, not ready yet), compiles the tenants' guests while the models are loaded and warmed, and is ready. */
    public void start() {
        port = http.start();
        storage.start();
        follower.start();
        spending.start();
        if (sharedMeters != null) {
            sharedMeters.start();
        }
        runtime.describe().forEach(line -> LOG.info("{}", line));
        loadGuests();
        List<String> preloaded = preloaded(config);
        try (RequestWarmUp warmUp = RequestWarmUp.begin(config.server(), services, preloaded)) {
            preloaded.forEach(this::awaitLoaded);
            // Loading leaves more garbage than hours of serving do; the heap shrinks to what lives, and no request has to wait for it.
            System.gc();
            warmUp.answer();
        }
        readiness.ready();
        http.startBatches();
        LOG.info("ready url={} management={} tenants={} models={} concurrent_requests={} guests={} ready_ms={}", url(),
                managementUrl(), tenants.all().size(),
                config.models().keySet(),
                config.server().concurrentRequests(), config.server().guests(), (System.nanoTime() - begun) / 1_000_000);
    }

    private void awaitLoaded(String name) {
        try (ModelLease lease = runtime.models().lease(name, LOAD_LIMIT)) {
            LOG.info("model={} architecture={} context={} layers={} embedding={} vocabulary={} file={}", name,
                    lease.config().architecture(), lease.contextLength(), lease.config().layerCount(),
                    lease.config().embeddingLength(), lease.config().vocabSize(),
                    Objects.requireNonNull(config.models().get(name)).file().getFileName());
        }
    }

    /** The first tenants are described, and all of them when more is to be logged: thousands of lines help nobody. */
    private void loadGuests() {
        AtomicInteger described = new AtomicInteger();
        guests.loadAll(tenants.all(), (tenant, module) -> describe(tenant, module,
                described.getAndIncrement() < DESCRIBED_TENANTS ? Level.INFO : Level.DEBUG));
        if (described.get() > DESCRIBED_TENANTS) {
            LOG.info("tenants={}, of which the first {} are described here", described, DESCRIBED_TENANTS);
        }
    }

    private static void describe(Tenant t, GuestModule module, Level level) {
        TenantLimits l = t.limits();
        LOG.atLevel(level).log(
                "tenant={} guest={} guest_digest={} models={} default_model={} weight={} priority={} requests_per_minute={} "
                        + "tokens_per_minute={} tokens_per_day={} concurrent_requests={} context_length={} max_tokens={} body_bytes={} deadline={} guest_limits={}",
                t.id(), t.guest(), module.digest().substring(0, 12), t.models(), t.defaultModel(), t.weight(),
                t.priority().label(),
                l.requestsPerMinute(), l.tokensPerMinute(), l.tokensPerDay(), l.concurrentRequests(), l.contextLength(),
                l.maxTokens(),
                l.bodyBytes(),
                l.deadline(), t.guestLimits());
    }

    /** Where clients find it. */
    public String url() {
        String url = HttpServer.url(config.server().host(), port);
        return config.server().api().tls() == null ? url : url.replaceFirst("http:", "https:");
    }

    /** Where the admin API and the metrics are; null when they have no listener of their own. */
    public @Nullable String managementUrl() {
        return http.managementUrl();
    }

    /** Takes nothing new, lets what runs finish up to the configured limit, ends what is left, and closes everything. */
    public void drain() throws InterruptedException {
        readiness.draining();
        Duration delay = live.server().drainDelay();
        if (!delay.isZero()) {
            LOG.info("not ready any more, still serving for delay_s={}", delay.toSeconds());
            Thread.sleep(delay);
        }
        gate.drain();
        http.drain();
        Duration limit = live.server().drain();
        LOG.info("draining running={} limit_s={}", active.count(), limit.toSeconds());
        if (!active.awaitNone(limit)) {
            LOG.warn("the drain's limit has passed, ending running={}", active.count());
            active.cancelAll(ErrorCode.DRAINING, "the server is shutting down");
            active.awaitNone(LAST_ANSWERS);
        }
        close();
        LOG.info("stopped");
    }

    @Override
    public void close() {
        http.close();
        follower.close();
        spending.close();
        tracer.close();
        storage.close();
        try {
            guestHost.close();
        } catch (RealmException e) {
            LOG.warn("closing the guest host failed: {}", e.getMessage());
        }
        outbound.close();
        runtime.close();
        keepWaiting();
        if (sharedMeters != null) {
            sharedMeters.close();
        }
        database.close();
        scratch.close();
        spool.close();
    }

    /** What waits for the database goes there now if it can; else the next start finds it. */
    private void keepWaiting() {
        try {
            accounts.keepWaiting();
            guests.saveWaiting();
            services.stores().guestLogs().flush();
        } catch (RealmException e) {
            LOG.warn("accounts wait for the next start accounts={} cause={}", accounts.waiting(), e.getMessage());
        }
    }
}
