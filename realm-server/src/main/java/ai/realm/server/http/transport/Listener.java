package ai.realm.server.http.transport;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.config.ConnectionSettings;
import ai.realm.server.config.TlsSettings;
import ai.realm.server.error.ErrorBody;
import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.javalin.util.JavalinBindException;
import java.util.List;
import java.util.function.Consumer;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.component.LifeCycle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One address that is listened on, with its routes: a virtual thread for each request, connections bounded in number, time and size,
 * every error as JSON. Owns its connections.
 */
public final class Listener implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Listener.class);
    private static final int STOP_MILLIS = 2_000;
    private static final int HEADER_BYTES = 16 << 10;
    private static final int BACKLOG = 1024;

    private final String host;
    private final int port;
    private final ConnectionSettings limits;
    private final ConnectionGuard guard;
    private final Answers answers;
    private final @Nullable Tls tls;
    private final Javalin app;

    /**
     * Does not listen yet.
     *
     * @param port 0 picks a free one
     * @param routes adds what is served
     */
    public Listener(String host, int port, ConnectionSettings limits, Answers answers, Consumer<JavalinConfig> routes) {
        this(host, port, limits, null, answers, routes);
    }

    /**
     * The same with TLS.
     *
     * @param tls null for plain HTTP
     * @throws RealmException INVALID_REQUEST when its files cannot be used
     */
    public Listener(String host, int port, ConnectionSettings limits, @Nullable TlsSettings tls, Answers answers,
            Consumer<JavalinConfig> routes) {
        this.tls = tls == null ? null : new Tls(tls);
        this.host = host;
        this.port = port;
        this.limits = limits;
        this.guard = new ConnectionGuard(limits);
        this.answers = answers;
        this.app = Javalin.create(c -> {
            configure(c);
            c.routes.before(RequestIds::assign);
            routes.accept(c);
            c.routes.exception(HttpResponseException.class, this::refuse);
            c.routes.exception(Exception.class, this::fail);
        });
    }

    private void configure(JavalinConfig c) {
        c.startup.showJavalinBanner = false;
        c.startup.showOldJavalinVersionWarning = false;
        c.startup.startupWatcherEnabled = false;
        c.concurrency.useVirtualThreads = true;
        c.http.prefer405over404 = true;
        c.http.compressionStrategy = CompressionStrategy.NONE;
        c.jetty.host = host;
        c.jetty.port = port;
        Tls secure = tls;
        if (secure != null) {
            c.jetty.addConnector((server, http) -> {
                ServerConnector connector = secure.connector(server, http);
                connector.setHost(host);
                connector.setPort(port);
                return connector;
            });
        }
        c.jetty.modifyHttpConfiguration(this::configure);
        c.jetty.modifyServer(this::configure);
        c.jetty.modifyServletContextHandler(h -> h.setErrorHandler(new JettyErrors()));
    }

    private void configure(HttpConfiguration http) {
        http.setSendServerVersion(false);
        http.setRequestHeaderSize(HEADER_BYTES);
        http.addCustomizer(guard);
        http.addCustomizer(new RequestCleaner());
    }

    private void configure(Server server) {
        server.setStopTimeout(STOP_MILLIS);
        server.setErrorHandler(new JettyErrors());
        // Connectors are there only when the server starts.
        server.addEventListener(new LifeCycle.Listener() {
            @Override
            public void lifeCycleStarting(LifeCycle event) {
                for (var connector : server.getConnectors()) {
                    connector.addBean(guard);
                    if (connector instanceof ServerConnector s) {
                        s.setIdleTimeout(limits.idle().toMillis());
                        s.setAcceptQueueSize(BACKLOG);
                    }
                }
            }
        });
    }

    /** Javalin's own refusals. */
    private void refuse(HttpResponseException e, Context ctx) {
        String allowed = e.getDetails().get("availableMethods");
        if (e.getStatus() == 405 && allowed != null) {
            if (ctx.req().getMethod().equals("OPTIONS")) {
                Cors.options(ctx, allowed + ", OPTIONS");
                return;
            }
            ctx.header("Allow", allowed);
        }
        String what = ctx.req().getMethod() + " " + ctx.path();
        answers.error(ctx, switch (e.getStatus()) {
            case 404 -> noRoute(ctx);
            case 405 -> new RealmException(ErrorCode.METHOD_NOT_ALLOWED, what + " is not offered"
                    + (allowed == null ? "" : "; " + allowed + " is"));
            case 413 -> new RealmException(ErrorCode.BODY_TOO_LARGE, "the body is too large");
            default -> e.getStatus() < 500
                    ? new RealmException(ErrorCode.INVALID_REQUEST, String.valueOf(e.getMessage()))
                    : ErrorBody.known(e);
        });
    }

    /** There is nothing at the request's path, or nothing that it may know of. */
    public static RealmException noRoute(Context ctx) {
        return new RealmException(ErrorCode.NOT_FOUND, "there is no route " + ctx.req().getMethod() + " " + ctx.path());
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
            int listening = app.start().port();
            Tls secure = tls;
            if (secure != null) {
                secure.start();
            }
            return listening;
        } catch (JavalinBindException e) {
            throw new RealmException(ErrorCode.INVALID_REQUEST, "cannot listen on " + host + ":" + port + ": " + reason(e), e);
        }
    }

    /** Method and path of everything that is served. */
    public List<String> routes() {
        return app.unsafe.internalRouter.allHttpHandlers().stream().map(h -> h.endpoint)
                .filter(e -> e.method.isHttpMethod()).map(e -> e.method.name() + " " + e.path).toList();
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
        guard.close();
        Tls secure = tls;
        if (secure != null) {
            secure.close();
        }
    }
}
