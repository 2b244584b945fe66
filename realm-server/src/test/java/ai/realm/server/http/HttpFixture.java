package ai.realm.server.http;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.server.accounts.Accounts;
import ai.realm.server.accounts.AuditTrail;
import ai.realm.server.accounts.ChangeLog;
import ai.realm.server.accounts.Database;
import ai.realm.server.accounts.GuestValues;
import ai.realm.server.accounts.GuestVersions;
import ai.realm.server.accounts.TenantStore;
import ai.realm.server.accounts.TenantStores;
import ai.realm.server.accounts.UsageRow;
import ai.realm.server.admin.AdminService;
import ai.realm.server.admin.SpendWatch;
import ai.realm.server.config.AccountSettings;
import ai.realm.server.admin.ChangeFollower;
import ai.realm.server.config.ApiSettings;
import ai.realm.server.config.RealmConfig.AdminSettings;
import ai.realm.server.config.ServerSettings;
import ai.realm.server.metrics.ServerMetrics;
import ai.realm.server.domain.ModelEntry;
import ai.realm.server.domain.ModelFiles;
import ai.realm.server.model.ModelRegistry;
import ai.realm.server.model.ModelService;
import ai.realm.server.outbound.OutboundHttp;
import ai.realm.server.tenant.ActiveRequests;
import ai.realm.server.domain.ApiKeys;
import ai.realm.server.tenant.MeteredSessions;
import ai.realm.server.tenant.Meters;
import ai.realm.server.domain.Tenant;
import ai.realm.server.tenant.TenantGate;
import ai.realm.server.tenant.TenantGuests;
import ai.realm.server.domain.TenantLimits;
import ai.realm.server.tenant.Tenants;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.JsonNode;
import ai.realm.server.tracing.RequestTracer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A server over HTTP on a free port, with a fake model and a fake guest behind it and a clock that stands still. */
final class HttpFixture implements AutoCloseable {
    static final String KEY = "rk-test-key";
    static final String LIMITED_KEY = "rk-limited-key";
    static final String ADMIN_KEY = "ra-test-key";
    static final String SUSPENDED_KEY = "rk-suspended-key";

    final FakeModels models = new FakeModels();
    final FakeGuests guestHost = new FakeGuests();
    final FakeEmbedder embedder = new FakeEmbedder();
    final Readiness readiness = new Readiness();
    final ActiveRequests active = new ActiveRequests();
    final AtomicLong nanos = new AtomicLong();
    /** What the tracer was told of callers' traces. */
    final List<RequestTracer.Parent> parents = new CopyOnWriteArrayList<>();
    final Database database;
    final TenantGate gate;
    final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    final int port;
    final HttpServer.Services services;
    final HttpServer server;

    HttpFixture() {
        this(ApiSettings.defaults());
    }

    HttpFixture(ApiSettings api) {
        this(ServerSettings.defaults().withApi(api), false);
    }

    /** @param onApiPort whether the admin API and the metrics are on the API's port too */
    HttpFixture(ServerSettings given, boolean onApiPort) {
        this(given, onApiPort, Database.inMemory());
    }

    HttpFixture(ServerSettings given, boolean onApiPort, Database database) {
        this.database = database;
        TenantLimits roomy = new TenantLimits(0, 0, 0, 64, 0, 1000, 10_000, Duration.ofSeconds(30));
        TenantLimits tight = new TenantLimits(2, 100, 0, 64, 0, 1000, 10_000, Duration.ofSeconds(30));
        TenantStore store = new TenantStore(database);
        TenantStore.Opened opened = store
                .open(List.of(tenant("acme", KEY, false, roomy), tenant("limited", LIMITED_KEY, false, tight),
                        tenant("gone", SUSPENDED_KEY, true, roomy)));
        Tenants tenants = new Tenants(opened.tenants());
        gate = new TenantGate(tenants, 8, Meters.local(nanos::get, Clock.systemUTC(), _ -> 0), given.api().anonymous());
        ServerSettings settings = given.withPort(0);
        TenantGuests guests = new TenantGuests(guestHost, new GuestVersions(database), new GuestValues(database));
        MeteredSessions sessions = new MeteredSessions(guestHost, embedder);
        guestHost.sessions = sessions;
        ModelRegistry registry = new ModelRegistry(Map.of("tiny", offered(List.of("gpt-4o", "org/tiny:1b"), List.of()), "encoder",
                offered(List.of("text-embedding-3-small"), List.of(2, 7))), database);
        ModelService modelAdmin = new ModelService(models, registry, new NoFiles(), tenants);
        ChangeFollower follower = new ChangeFollower(new ChangeLog(database), store, tenants, guests, modelAdmin, active,
                opened.seen());
        tenants.lookFurtherBy(follower::look);
        AdminService admin = new AdminService(store, guests, follower, models);
        services = new HttpServer.Services(models, sessions, guestHost, guests, gate, readiness, active,
                new Accounts(database, Clock.systemUTC()), new ServerMetrics(), registry,
                new AdminGate(new AdminSettings(ApiKeys.hash(ADMIN_KEY), onApiPort)),
                new Operations(new AuditTrail(database, Clock.systemUTC(), Duration.ofDays(1)), null,
                        new SpendWatch(new Accounts(database, Clock.systemUTC()), Clock.systemUTC(), AccountSettings.DEFAULTS,
                                (_, _, _) -> {}),
                        (_, parent) -> {
                            if (parent != null) {
                                parents.add(parent);
                            }
                            return null;
                        }),
                admin,
                modelAdmin, TenantStores.of(database, new Accounts(database, Clock.systemUTC()), Clock.systemUTC()), tenants,
                new OutboundHttp((_, _) -> {}), false);
        server = new HttpServer(settings, services);
        port = server.start();
        readiness.ready();
        server.startBatches();
    }

    record NoFiles() implements ModelFiles {
        @Override
        public ModelEntry named(String name) {
            throw new RealmException(ErrorCode.MODEL_NOT_FOUND, "no model " + name);
        }

        @Override
        public @Nullable ModelEntry known(Path file) {
            return null;
        }
    }

    private static ModelEntry offered(List<String> aliases, List<Integer> dimensions) {
        return new ModelEntry(Path.of("/nowhere/model.gguf"), 0, null, null, false, null, 1f,
                new ModelEntry.Offer(aliases, dimensions));
    }

    static Tenant tenantWithModels(String id, List<String> models) {
        return new Tenant(id, id, List.of(), false, models, models.getFirst(), Tenant.DEFAULT_GUEST, Map.of(),
                GuestLimits.defaults(), TenantLimits.defaults(), 1, Priority.INTERACTIVE);
    }

    private static Tenant tenant(String id, String key, boolean suspended, TenantLimits limits) {
        return new Tenant(id, id, List.of(ApiKeys.hash(key)), suspended, List.of("tiny", "encoder", "judge"), "tiny",
                Tenant.DEFAULT_GUEST,
                Map.of("mood", "calm"), GuestLimits.defaults(), limits, 1, Priority.INTERACTIVE);
    }

    HttpRequest.Builder request(String path) {
        boolean operators = path.startsWith("/admin") || path.startsWith("/metrics");
        return requestAt(operators ? String.valueOf(server.managementUrl()) : "http://127.0.0.1:" + port, path);
    }

    /** A request to one of the two listeners. */
    HttpRequest.Builder requestAt(String url, String path) {
        return HttpRequest.newBuilder(URI.create(url + path)).header("Authorization", "Bearer " + KEY)
                .header("Content-Type", "application/json").timeout(Duration.ofSeconds(20));
    }

    HttpResponse<String> send(HttpRequest request) {
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    HttpResponse<String> post(String path, String body) {
        return send(request(path).POST(HttpRequest.BodyPublishers.ofString(body)).build());
    }

    HttpResponse<String> get(String path) {
        return send(request(path).GET().build());
    }

    /** How many requests the tenants' accounts have. */
    long accounts() {
        LocalDate today = LocalDate.now(ZoneOffset.UTC);
        return new Accounts(database, Clock.systemUTC()).usage(null, today.minusDays(1), today).stream()
                .mapToLong(UsageRow::requests).sum();
    }

    static JsonNode json(String text) {
        try {
            return Json.mapper().readTree(text);
        } catch (IOException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    static JsonNode error(HttpResponse<String> response) {
        return json(response.body()).path("error");
    }

    /** The data of the events of a stream. */
    static List<String> events(String stream) {
        List<String> events = new ArrayList<>();
        for (String event : stream.split("\n\n")) {
            if (event.startsWith("data: ")) {
                events.add(event.substring(6));
            }
        }
        return events;
    }

    @Override
    public void close() {
        server.close();
        client.close();
        database.close();
    }
}
