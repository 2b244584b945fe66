package ai.realm.server.http;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.store.ModelStore;
import ai.realm.server.accounts.Accounts;
import ai.realm.server.accounts.TenantStores;
import ai.realm.server.admin.AdminService;
import ai.realm.server.config.ApiSettings;
import ai.realm.server.config.ManagementSettings;
import ai.realm.server.config.ServerSettings;
import ai.realm.server.http.anthropic.AnthropicRoutes;
import ai.realm.server.http.anthropic.MessagesShape;
import ai.realm.server.http.inference.ApiShape;
import ai.realm.server.http.inference.InferenceHandler;
import ai.realm.server.http.inference.InferenceRunner;
import ai.realm.server.http.inference.RequestFrame;
import ai.realm.server.http.ollama.ChatShape;
import ai.realm.server.http.ollama.EmbedHandler;
import ai.realm.server.http.ollama.GenerateShape;
import ai.realm.server.http.ollama.ModelRoutes;
import ai.realm.server.http.openai.EmbeddingHandler;
import ai.realm.server.http.openai.ModelsHandler;
import ai.realm.server.http.openai.GuestChats;
import ai.realm.server.http.openai.NativeShape;
import ai.realm.server.http.openai.RerankHandler;
import ai.realm.server.http.openai.TextShape;
import ai.realm.server.http.openai.TokenRoutes;
import ai.realm.server.http.openai.TokenizerInfo;
import ai.realm.server.http.openai.batches.BatchRoutes;
import ai.realm.server.http.openai.batches.BatchRunner;
import ai.realm.server.http.openai.batches.FileRoutes;
import ai.realm.server.http.openai.responses.BackgroundRuns;
import ai.realm.server.http.openai.responses.ConversationRoutes;
import ai.realm.server.http.openai.responses.ResponseRoutes;
import ai.realm.server.http.openai.responses.ResponsesShape;
import ai.realm.server.http.page.PageRoutes;
import ai.realm.server.http.schedules.ScheduleRunner;
import ai.realm.server.http.transport.Answers;
import ai.realm.server.http.transport.BodyReader;
import ai.realm.server.http.transport.ClientWatch;
import ai.realm.server.http.transport.Cors;
import ai.realm.server.http.transport.GatewayHeaders;
import ai.realm.server.http.transport.HostCheck;
import ai.realm.server.http.transport.Listener;
import ai.realm.server.metrics.ServerMetrics;
import ai.realm.server.model.ModelRegistry;
import ai.realm.server.model.ModelService;
import ai.realm.server.outbound.OutboundHttp;
import ai.realm.server.tenant.ActiveRequests;
import ai.realm.server.tenant.MeteredSessions;
import ai.realm.server.tenant.TenantGate;
import ai.realm.server.tenant.TenantGuests;
import ai.realm.server.tenant.Tenants;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP side of the server: the API's routes on one listener, and on another, this machine's own unless configured otherwise, what is
 * the operator's.
 */
public final class HttpServer implements AutoCloseable {
    /** Where an operator on this machine finds what the API's port does not serve. */
    public static final String MANAGEMENT = "x-realm-management";

    private static final int MANAGEMENT_CONNECTIONS = 256;
    private static final String V1 = "/v1";
    public static final String VERSION = "0.1.0";
    /** The APIs that ask for text. */
    private static final List<ApiShape> SHAPES = List.of(TextShape.completions(), TextShape.chat(), new MessagesShape(),
            new ChatShape(), new GenerateShape(), NativeShape.completion(), NativeShape.infill());

    /**
     * What the routes work with.
     *
     * @param registry what is known of the models
     * @param stores what tenants keep by the API
     * @param tenants those that there are now
     * @param outbound what sends guests' HTTP requests
     * @param warmUp whether requests are the server's own, which leave no lines in the log and are not counted
     */
    public record Services(ModelStore models, MeteredSessions sessions, GuestHost guestHost, TenantGuests guests, TenantGate gate,
            Readiness readiness, ActiveRequests active, Accounts accounts, ServerMetrics metrics, ModelRegistry registry,
            AdminGate adminGate, Operations operations, AdminService admin, ModelService modelAdmin, TenantStores stores,
            Tenants tenants, OutboundHttp outbound, boolean warmUp) {}

    private final ServerSettings settings;
    private final Services services;
    private final BodyReader bodies;
    private final ClientWatch watch = new ClientWatch();
    private final Answers answers;
    private final BackgroundRuns backgroundRuns;
    private final Listener api;
    private @Nullable Listener management;
    private @Nullable BatchRunner batchRunner;
    private @Nullable ScheduleRunner scheduleRunner;
    private volatile @Nullable String managementUrl;
    private volatile int apiPort;
    private volatile ApiSettings inForce;
    private volatile GatewayHeaders gateway;
    private volatile Cors cors;

    public HttpServer(ServerSettings settings, Services services) {
        this.settings = settings;
        this.inForce = settings.api();
        this.gateway = new GatewayHeaders(inForce.gateway());
        this.cors = new Cors(inForce.corsOrigins());
        this.services = services;
        this.bodies = new BodyReader(settings.connections().body());
        this.answers = new Answers(bodies);
        this.backgroundRuns = new BackgroundRuns(services.stores());
        this.api = new Listener(settings.host(), settings.port(), settings.connections(), settings.api().tls(), answers,
                c -> routes(c, services));
    }

    private void routes(JavalinConfig c, Services s) {
        RequestFrame.Parts frame = new RequestFrame.Parts(s.gate(), s.models(), s.sessions(), watch, s.active(), answers,
                s.accounts(), s.metrics(), s.registry(), s.warmUp(), () -> inForce, s.operations().tracer());
        InferenceHandler.Parts parts = new InferenceHandler.Parts(frame, s.guests(),
                new InferenceRunner(s.models(), s.guestHost(), s.guests(), GuestChats::read, s.outbound()));
        ModelsHandler models = new ModelsHandler(s.gate(), answers, s.registry());
        Map<String, RequestFrame> frames = new HashMap<>();
        c.routes.before(ctx -> gateway.read(ctx));
        closeWhileDraining(c);
        c.routes.before(ctx -> cors.before(ctx));
        for (ApiShape shape : Stream.concat(SHAPES.stream(), Stream.of(new ResponsesShape(s.stores(), backgroundRuns)))
                .toList()) {
            InferenceHandler handler = new InferenceHandler(shape, parts);
            shape.paths().forEach(path -> post(c, path, handler));
            shape.paths().stream().filter(path -> path.startsWith(V1)).forEach(path -> frames.put(path, handler.frame()));
        }
        stored(c, parts, s);
        AnthropicRoutes.errors(c, answers);
        AnthropicRoutes.posts(parts).forEach((path, handler) -> post(c, path, handler));
        c.routes.post("/api/embed", EmbedHandler.embed(frame));
        c.routes.post("/api/embeddings", EmbedHandler.embeddings(frame));
        new ModelRoutes(s.gate(), s.models(), s.registry(), answers).add(c, settings.api().ollamaRoot());
        EmbeddingHandler embeddings = new EmbeddingHandler(frame);
        post(c, EmbeddingHandler.PATH, embeddings);
        frames.put(EmbeddingHandler.PATH, embeddings.frame());
        batches(c, s, frames);
        get(c, "/v1/models", models::list);
        get(c, "/v1/models/{model}", models::one);
        RerankHandler rerank = RerankHandler.rerank(frame);
        post(c, "/v1/rerank", rerank);
        post(c, "/v1/reranking", rerank);
        c.routes.post("/v2/rerank", rerank);
        post(c, "/v1/score", RerankHandler.score(frame));
        TokenRoutes.posts(parts).forEach((path, handler) -> post(c, path, handler));
        c.routes.get("/tokenizer_info", new TokenizerInfo(frame));
        c.routes.get("/props", models::props);
        c.routes.get("/slots", models::slots);
        c.routes.get("/openapi.json", ctx -> answers.json(ctx, 200, ApiDescription.document(VERSION)));
        get(c, "/v1/usage", new UsageHandler(s.gate(), s.accounts(), s.operations().spending(), answers)::own);
        get(c, "/v1/guest/logs", new GuestLogHandler(s.gate(), s.stores().guestLogs(), answers)::own);
        scheduleRunner = new ScheduleRunner(s.stores(), s.tenants(), parts, Clock.systemUTC());
        get(c, "/v1/tenant", new TenantHandler(s.gate(), s.guests(), answers)::own);
        page(c, true, s.adminGate().isOnApiPort());
        if (s.adminGate().isOnApiPort()) {
            operatorRoutes(c, s, ctx -> {
                if (HostCheck.isDirectAndLocal(ctx)) {
                    hosts().check(ctx);
                }
            });
        } else {
            c.routes.before("/admin/*", this::elsewhere);
            c.routes.get("/metrics", this::elsewhere);
        }
        health(c);
        c.routes.get("/version", ctx -> answers.json(ctx, 200, Map.of("version", VERSION)));
    }

    /** So that clients and proxies open their next connection to another server, before this one closes them. */
    private void closeWhileDraining(JavalinConfig c) {
        Handler close = ctx -> {
            if (services.readiness().state() == Readiness.State.DRAINING && !ctx.res().isCommitted()) {
                ctx.header("Connection", "close");
            }
        };
        c.routes.before(close);
        c.routes.after(close);
    }

    /** What tenants keep: responses and conversations. */
    private void stored(JavalinConfig c, InferenceHandler.Parts parts, Services s) {
        ResponseRoutes responses = new ResponseRoutes(s.gate(), s.stores(), answers, backgroundRuns);
        post(c, "/v1/responses/input_tokens", ResponseRoutes.count(parts, s.stores()));
        get(c, "/v1/responses/{id}", responses::get);
        delete(c, "/v1/responses/{id}", responses::delete);
        get(c, "/v1/responses/{id}/input_items", responses::inputItems);
        post(c, "/v1/responses/{id}/cancel", responses::cancel);
        ConversationRoutes conversations = new ConversationRoutes(parts.frame(), s.stores());
        post(c, "/v1/conversations", conversations.create());
        get(c, "/v1/conversations/{id}", conversations::get);
        post(c, "/v1/conversations/{id}", conversations.describe());
        delete(c, "/v1/conversations/{id}", conversations::delete);
        get(c, "/v1/conversations/{id}/items", conversations::list);
        post(c, "/v1/conversations/{id}/items", conversations.add());
        get(c, "/v1/conversations/{id}/items/{item}", conversations::item);
        delete(c, "/v1/conversations/{id}/items/{item}", conversations::deleteItem);
    }

    /** Files, and requests in them. */
    private void batches(JavalinConfig c, Services s, Map<String, RequestFrame> frames) {
        FileRoutes files = new FileRoutes(s.gate(), s.stores(), answers, Clock.systemUTC());
        post(c, "/v1/files", files::create);
        get(c, "/v1/files", files::list);
        get(c, "/v1/files/{id}", files::get);
        get(c, "/v1/files/{id}/content", files::content);
        delete(c, "/v1/files/{id}", files::delete);
        BatchRunner runner = new BatchRunner(s.stores(), s.tenants(), frames, Clock.systemUTC());
        batchRunner = runner;
        BatchRoutes batches = new BatchRoutes(s.gate(), s.stores(), answers, runner, Clock.systemUTC());
        post(c, "/v1/batches", batches::create);
        get(c, "/v1/batches", batches::list);
        get(c, "/v1/batches/{id}", batches::get);
        post(c, "/v1/batches/{id}/cancel", batches::cancel);
    }

    /** Begins to work on batches and timetables: the server is ready. */
    public void startBatches() {
        BatchRunner runner = batchRunner;
        if (runner != null) {
            runner.start();
        }
        ScheduleRunner schedules = scheduleRunner;
        if (schedules != null) {
            schedules.start();
        }
    }

    /** Begins no more requests of batches and no more runs of timetables. */
    public void drain() {
        BatchRunner runner = batchRunner;
        if (runner != null) {
            runner.drain();
        }
        ScheduleRunner schedules = scheduleRunner;
        if (schedules != null) {
            schedules.drain();
        }
    }

    /** Both listeners have them: whoever fills one of them does not hide the server from probes at the other. */
    private void health(JavalinConfig c) {
        for (String path : List.of("/health/live", "/ping")) {
            c.routes.get(path, ctx -> answers.json(ctx, 200, Map.of("status", "live")));
        }
        c.routes.get("/load", ctx -> answers.json(ctx, 200, Map.of("server_load", services.gate().running())));
        c.routes.get("/health/ready", this::ready);
        c.routes.get("/health", this::ready);
    }

    /** The admin API and the metrics. */
    private void operatorRoutes(JavalinConfig c, Services s, Handler first) {
        c.routes.before("/admin/*", first);
        c.routes.get("/metrics", ctx -> {
            first.handle(ctx);
            ServerMetrics.Exposition all = s.metrics().exposition(ctx.header("Accept"));
            ctx.contentType(all.contentType()).result(all.text());
        });
        new AdminHandler(s.adminGate(), s.admin(), s.modelAdmin(),
                new UsageHandler(s.gate(), s.accounts(), s.operations().spending(), answers),
                new GuestLogHandler(s.gate(), s.stores().guestLogs(), answers), answers,
                s.operations())
                .routes(c);
    }

    private HostCheck hosts() {
        ManagementSettings m = settings.management();
        return new HostCheck(m == null ? List.of() : m.names());
    }

    private void managementRoutes(JavalinConfig c) {
        HostCheck hosts = hosts();
        c.routes.before(hosts::check);
        operatorRoutes(c, services, _ -> {});
        page(c, false, true);
        health(c);
    }

    /** The page, on both listeners: each can do what its listener serves. */
    private void page(JavalinConfig c, boolean onApi, boolean operator) {
        if (settings.api().page()) {
            boolean admin = operator && services.adminGate().isOffered();
            new PageRoutes(answers, () -> new PageRoutes.About(onApi, admin, VERSION, onApi ? 0 : apiPort)).add(c,
                    !onApi || !settings.api().ollamaRoot());
        }
    }

    /** Tells the operator on this machine, and nobody else, where the admin API and the metrics are. */
    private void elsewhere(Context ctx) {
        String url = managementUrl;
        if (url == null || !HostCheck.isDirectAndLocal(ctx) || !services.adminGate().hasKey(ctx)) {
            throw Listener.noRoute(ctx);
        }
        ctx.header(MANAGEMENT, url);
        throw new RealmException(ErrorCode.NOT_FOUND, "the admin API and the metrics are at " + url + ", not here");
    }

    /** Clients of OpenAI's API are often given its URL without the version. */
    private static void post(JavalinConfig c, String path, Handler handler) {
        c.routes.post(path, handler);
        if (path.startsWith(V1)) {
            c.routes.post(path.substring(V1.length()), handler);
        }
    }

    private static void get(JavalinConfig c, String path, Handler handler) {
        c.routes.get(path, handler);
        if (path.startsWith(V1)) {
            c.routes.get(path.substring(V1.length()), handler);
        }
    }

    private static void delete(JavalinConfig c, String path, Handler handler) {
        c.routes.delete(path, handler);
        c.routes.delete(path.substring(V1.length()), handler);
    }

    private void ready(Context ctx) {
        switch (services.readiness().state()) {
            case READY -> {
                String problem = services.readiness().problem();
                if (problem == null) {
                    answers.json(ctx, 200, Map.of("status", "ready"));
                } else {
                    answers.error(ctx, new RealmException(ErrorCode.STORAGE_UNAVAILABLE, problem));
                }
            }
            case LOADING -> answers.error(ctx, new RealmException(ErrorCode.MODEL_LOADING, "the models are being loaded"));
            case DRAINING -> answers.error(ctx, new RealmException(ErrorCode.DRAINING, "the server is shutting down"));
        }
    }

    /**
     * Listens, for the operator too.
     *
     * @return the port of the API
     * @throws RealmException when it is taken
     */
    public int start() {
        int port;
        try {
            port = api.start();
        } catch (RealmException e) {
            throw new RealmException(e.code(), e.getMessage() + "; choose another with --port, or 0 for a free one", e);
        }
        apiPort = port;
        ManagementSettings m = settings.management();
        if (m != null) {
            startManagement(m, m.portBeside(settings.port()));
        }
        return port;
    }

    private void startManagement(ManagementSettings m, int port) {
        Listener listener = new Listener(m.host(), port, settings.connections().withMost(MANAGEMENT_CONNECTIONS), answers,
                this::managementRoutes);
        try {
            managementUrl = url(m.host(), listener.start());
            management = listener;
        } catch (RealmException e) {
            listener.close();
            if (m.port() != ManagementSettings.BESIDE || port == 0) {
                throw new RealmException(e.code(), e.getMessage() + "; choose another with server.management", e);
            }
            startManagement(m, 0);
        }
    }

    /** Other settings, from the next request on; but for what says which routes there are. */
    public void apply(ApiSettings now) {
        inForce = now;
        gateway = new GatewayHeaders(now.gateway());
        cors = new Cors(now.corsOrigins());
        services.gate().anonymous(now.anonymous());
    }

    /** Method and path of everything on the API's port. */
    List<String> routes() {
        return api.routes();
    }

    /** Where the admin API and the metrics are; null when they have no listener of their own. */
    public @Nullable String managementUrl() {
        return managementUrl;
    }

    /** The URL by which this machine finds what listens there. */
    public static String url(String host, int port) {
        String shown = host.equals("0.0.0.0") || host.equals("::") ? "127.0.0.1" : host.contains(":") ? "[" + host + "]" : host;
        return "http://" + shown + ":" + port;
    }

    @Override
    public void close() {
        BatchRunner runner = batchRunner;
        if (runner != null) {
            runner.close();
        }
        backgroundRuns.close();
        ScheduleRunner schedules = scheduleRunner;
        if (schedules != null) {
            schedules.close();
        }
        api.close();
        Listener m = management;
        if (m != null) {
            m.close();
        }
        watch.close();
        bodies.close();
    }
}
