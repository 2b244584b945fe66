package ai.realm.server.http;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.store.ModelStore;
import ai.realm.server.accounts.Accounts;
import ai.realm.server.admin.AdminService;
import ai.realm.server.config.ServerSettings;
import ai.realm.server.error.ErrorBody;
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
import ai.realm.server.http.openai.TextShape;
import ai.realm.server.http.transport.Answers;
import ai.realm.server.http.transport.BodyReader;
import ai.realm.server.http.transport.ClientWatch;
import ai.realm.server.http.transport.ConnectionGuard;
import ai.realm.server.http.transport.Cors;
import ai.realm.server.http.transport.JettyErrors;
import ai.realm.server.http.transport.RequestCleaner;
import ai.realm.server.http.transport.RequestIds;
import ai.realm.server.metrics.ServerMetrics;
import ai.realm.server.model.ModelRegistry;
import ai.realm.server.model.ModelService;
import ai.realm.server.tenant.ActiveRequests;
import ai.realm.server.tenant.MeteredSessions;
import ai.realm.server.tenant.TenantGate;
import ai.realm.server.tenant.TenantGuests;
import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import io.javalin.http.HttpResponseException;
import io.javalin.util.JavalinBindException;
import java.util.List;
import java.util.Map;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP side of the server: routes on Javalin, a virtual thread for each request, every connection bounded in time and size,
 * every error as OpenAI's JSON.
 */
public final class HttpServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpServer.class);
    private static final int STOP_MILLIS = 2_000;
    private static final String V1 = "/v1";
    private static final String VERSION = "0.1.0";
    /** The APIs that ask for text. */
    private static final List<ApiShape> SHAPES = List.of(TextShape.completions(), TextShape.chat(), new MessagesShape(),
            new ChatShape(), new GenerateShape());

    /**
     * What the routes work with.
     *
     * @param registry what is known of the models
     * @param rehearsal whether requests are the server's own, which leave no lines in the log and are not counted
     */
    public record Services(ModelStore models, MeteredSessions sessions, GuestHost guestHost, TenantGuests guests, TenantGate gate,
            Readiness readiness, ActiveRequests active, Accounts accounts, ServerMetrics metrics, ModelRegistry registry,
            AdminGate adminGate, AdminService admin, ModelService modelAdmin, boolean rehearsal) {}

    private final ServerSettings settings;
    private final Readiness readiness;
    private final BodyReader bodies;
    private final ClientWatch watch = new ClientWatch();
    private final ConnectionGuard guard;
    private final Answers answers;
    private final Javalin app;

    public HttpServer(ServerSettings settings, Services services) {
        this.settings = settings;
        this.readiness = services.readiness();
        this.bodies = new BodyReader(settings.body());
        this.guard = new ConnectionGuard(settings.headers());
        this.answers = new Answers(bodies);
        this.app = Javalin.create(c -> configure(c, services));
    }

    private void configure(JavalinConfig c, Services services) {
        c.startup.showJavalinBanner = false;
        c.startup.showOldJavalinVersionWarning = false;
        c.startup.startupWatcherEnabled = false;
        c.concurrency.useVirtualThreads = true;
        c.http.prefer405over404 = true;
        c.http.compressionStrategy = CompressionStrategy.NONE;
        c.jetty.host = settings.host();
        c.jetty.port = settings.port();
        c.jetty.modifyHttpConfiguration(HttpServer::configure);
        c.jetty.modifyServer(this::configure);
        c.jetty.modifyServletContextHandler(h -> h.setErrorHandler(new JettyErrors()));
        routes(c, services);
    }

    private static void configure(HttpConfiguration http) {
        http.setSendServerVersion(false);
        http.addCustomizer(new RequestCleaner());
        http.setRequestHeaderSize(16 << 10);
    }

    private void configure(Server server) {
        server.setStopTimeout(STOP_MILLIS);
        server.setErrorHandler(new JettyErrors());
        server.addBean(new NetworkConnectionLimit(settings.connections(), server));
        // Connectors are there only when the server starts.
        server.addEventListener(new org.eclipse.jetty.util.component.LifeCycle.Listener() {
            @Override
            public void lifeCycleStarting(org.eclipse.jetty.util.component.LifeCycle event) {
                for (var connector : server.getConnectors()) {
                    connector.addBean(guard);
                    if (connector instanceof ServerConnector s) {
                        s.setIdleTimeout(settings.idle().toMillis());
                        s.setAcceptQueueSize(1024);
                    }
                }
            }
        });
    }

    private void routes(JavalinConfig c, Services s) {
        RequestFrame.Parts frame = new RequestFrame.Parts(s.gate(), s.models(), s.sessions(), watch, s.active(), answers,
                s.accounts(), s.metrics(), settings.api().refuseUnknown(), s.rehearsal());
        InferenceHandler.Parts parts = new InferenceHandler.Parts(frame, s.guests(),
                new InferenceRunner(s.models(), s.guestHost(), s.guests()), s.registry());
        ModelsHandler models = new ModelsHandler(s.gate(), answers);
        c.routes.before(RequestIds::assign);
        c.routes.before(new Cors(settings.api().corsOrigins())::before);
        for (ApiShape shape : SHAPES) {
            InferenceHandler handler = new InferenceHandler(shape, parts);
            shape.paths().forEach(path -> post(c, path, handler));
        }
        AnthropicRoutes.posts(parts).forEach((path, handler) -> post(c, path, handler));
        c.routes.post("/api/embed", EmbedHandler.embed(frame));
        c.routes.post("/api/embeddings", EmbedHandler.embeddings(frame));
        new ModelRoutes(s.gate(), s.models(), s.registry(), answers).add(c, settings.api().ollamaRoot());
        post(c, "/v1/embeddings", new EmbeddingHandler(frame));
        get(c, "/v1/models", models::list);
        get(c, "/v1/models/{model}", models::one);
        get(c, "/v1/usage", new UsageHandler(s.gate(), s.accounts(), answers)::own);
        c.routes.get("/metrics", ctx -> {
            s.adminGate().checkLocal(ctx);
            ctx.contentType("text/plain; version=0.0.4; charset=utf-8").result(s.metrics().text());
        });
        new AdminHandler(s.adminGate(), s.admin(), s.modelAdmin(), new UsageHandler(s.gate(), s.accounts(), answers), answers)
                .routes(c);
        for (String path : List.of("/health/live", "/ping")) {
            c.routes.get(path, ctx -> answers.json(ctx, 200, Map.of("status", "live")));
        }
        c.routes.get("/health/ready", this::ready);
        c.routes.get("/health", this::ready);
        c.routes.get("/version", ctx -> answers.json(ctx, 200, Map.of("version", VERSION)));
        c.routes.exception(HttpResponseException.class, this::refuse);
        c.routes.exception(Exception.class, this::fail);
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

    private void ready(Context ctx) {
        switch (readiness.state()) {
            case READY -> {
                String problem = readiness.problem();
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

    /** Javalin's own refusals. */
    private void refuse(HttpResponseException e, Context ctx) {
        String allowed = e.getDetails().get("availableMethods");
        if (e.getStatus() == 405 && allowed != null && ctx.req().getMethod().equals("OPTIONS")) {
            Cors.options(ctx, allowed + ", OPTIONS");
            return;
        }
        if (e.getStatus() == 405 && allowed != null) {
            ctx.header("Allow", allowed);
        }
        String what = ctx.req().getMethod() + " " + ctx.path();
        answers.error(ctx, switch (e.getStatus()) {
            case 404 -> new RealmException(ErrorCode.NOT_FOUND, "there is no route " + what);
            case 405 -> new RealmException(ErrorCode.METHOD_NOT_ALLOWED, what + " is not offered"
                    + (allowed == null ? "" : "; " + allowed + " is"));
            case 413 -> new RealmException(ErrorCode.BODY_TOO_LARGE, "the body is too large");
            default -> e.getStatus() < 500
                    ? new RealmException(ErrorCode.INVALID_REQUEST, String.valueOf(e.getMessage()))
                    : ErrorBody.known(e);
        });
    }

    private void fail(Exception e, Context ctx) {
        RealmException known = ErrorBody.known(e);
        if (known.code() == ErrorCode.INTERNAL) {
            LOG.error("request failed request_id={} path={} error_code=INTERNAL", RequestIds.of(ctx), ctx.path(), e);
        } else {
            LOG.warn("request failed request_id={} path={} error_code={} cause={}", RequestIds.of(ctx), ctx.path(), known.code(),
                    known.getMessage());
        }
        answers.error(ctx, known);
    }

    /**
     * Listens.
     *
     * @return the port
     * @throws RealmException when it is taken
     */
    public int start() {
        try {
            return app.start().port();
        } catch (JavalinBindException e) {
            throw new RealmException(ErrorCode.INVALID_REQUEST,
                    "cannot listen on " + settings.host() + ":" + settings.port() + ": "
                            + reason(e) + "; choose another with --port, or 0 for a free one",
                    e);
        }
    }

    private static String reason(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String message = root.getMessage();
        return message == null ? root.toString() : message;
    }

    @Override
    public void close() {
        try {
            app.stop();
        } catch (RuntimeException e) {
            // Jetty throws when connections were still open at its limit; they are closed all the same.
            LOG.debug("connections were cut at the end of the drain: {}", e.toString());
        }
        watch.close();
        guard.close();
        bodies.close();
    }
}
