package ai.realm.server.http.inference;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.store.ModelStore;
import ai.realm.server.accounts.Accounts;
import ai.realm.server.config.ApiSettings;
import ai.realm.server.error.ErrorBody;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import ai.realm.server.http.transport.Answers;
import ai.realm.server.http.transport.ClientWatch;
import ai.realm.server.http.transport.ErrorShape;
import ai.realm.server.metrics.ServerMetrics;
import ai.realm.server.model.ModelRegistry;
import ai.realm.server.tenant.ActiveRequests;
import ai.realm.server.tenant.MeteredSessions;
import ai.realm.server.tenant.Permit;
import ai.realm.server.tenant.RequestUsage;
import ai.realm.server.domain.Tenant;
import ai.realm.server.tenant.TenantGate;
import ai.realm.server.tracing.RequestTracer;
import io.javalin.http.Context;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What stands around every request that uses a model: the key, the gate (1), the body, the account, the log and the error's
 * answer. The permit and the place among the active requests are given back however it ends.
 */
public final class RequestFrame {
    /** Names the parameters of a request that were not used. */
    public static final String IGNORED = "x-realm-ignored";
    private static final int MAX_IGNORED_CHARS = 1024;

    /**
     * What every route that uses a model shares.
     *
     * @param registry what is known of the models
     * @param warmUp whether requests are the server's own
     * @param api the settings that are in force
     * @param tracer where traces go
     */
    public record Parts(TenantGate gate, ModelStore models, MeteredSessions sessions, ClientWatch watch, ActiveRequests active,
            Answers answers, Accounts accounts, ServerMetrics metrics, ModelRegistry registry, boolean warmUp,
            Supplier<ApiSettings> api, RequestTracer tracer) {}

    /** One request on its way, admitted, its body read. */
    public record Admitted(Exchange exchange, RequestLog log, Tenant tenant, Permit permit, RequestContext context,
            RequestUsage usage,
            RequestAccount account, JsonFields fields, Parts parts, Held held) {

        /** The body was read: what nobody took of it is named in the answer's header, in the log and in a metric, or refused. */
        public void endOfFields() {
            List<String> ignored = fields.ignored();
            if (ignored.isEmpty()) {
                return;
            }
            if (parts.api.get().refuseUnknown()) {
                fields.end();
            }
            String names = String.join(",", ignored);
            exchange.header(IGNORED, names.length() > MAX_IGNORED_CHARS ? names.substring(0, MAX_IGNORED_CHARS) : names);
            log.ignored(ignored);
            List<String> hints = fields.hints();
            ignored.forEach(name -> parts.metrics.ignored(hints.contains(name) ? name : "unknown"));
        }

        /**
         * The request goes on without its client, on a thread of its own, which gives back what it holds. The caller still answers the
         * client.
         *
         * @param other where it is answered from now on
         */
        public void goOn(Exchange other, Consumer<Admitted> rest) {
            Admitted alone = new Admitted(other, log, tenant, permit, context, usage, account, fields, parts, held);
            held.left = true;
            Thread.ofVirtual().name("background-", 0).start(() -> {
                try {
                    rest.accept(alone);
                } catch (RuntimeException | Error e) {
                    // Of any kind, as nobody else ends what has no client.
                    RealmException known = ErrorBody.known(e);
                    log.failed(known);
                    account.close();
                    other.error(known, ErrorShape.OPENAI);
                } finally {
                    held.close();
                }
            });
        }

        /** Sets aside the most tokens that the request can use, and tells the client what is left. */
        public void reserve(long tokens) {
            usage.reserve(tokens);
            permit.rateHeaders().forEach(exchange::header);
        }
    }

    /** What a request holds until its end: its permit, its place among those that run, its line in the log. */
    private static final class Held implements AutoCloseable {
        private final RequestLog log;
        private Runnable release = () -> {};
        /** Whether another thread closes it. */
        private boolean left;

        private Held(RequestLog log) {
            this.log = log;
        }

        /** Gives back its permit and its place. */
        private void release() {
            Runnable once = release;
            release = () -> {};
            once.run();
        }

        @Override
        public void close() {
            try {
                release();
            } finally {
                log.end();
            }
        }
    }

    private final String path;
    private final Parts parts;
    private final Consumer<Admitted> work;
    private final ErrorShape errors;

    /**
     * @param path what names the route in the log
     * @param errors how errors are written
     * @param work answers; what it throws becomes the answer
     */
    public RequestFrame(String path, ErrorShape errors, Parts parts, Consumer<Admitted> work) {
        this.path = path;
        this.errors = errors;
        this.parts = parts;
        this.work = work;
    }

    /** From the first byte of the request to the last of its answer. */
    public void handle(Context ctx) {
        parts.answers.errorShape(ctx, errors);
        handle(new HttpExchange(ctx, parts));
    }

    /** The same for a request that need not have come over a connection. */
    public void handle(Exchange exchange) {
        RequestLog log = new RequestLog(exchange, path, parts);
        Held held = new Held(log);
        try {
            admit(exchange, log, held);
        } catch (RuntimeException | StackOverflowError e) {
            RealmException known = ErrorBody.known(e);
            if (!held.left && !log.hasFailed()) {
                log.failed(known);
                parts.metrics.refused(known.code().name());
            }
            if (!held.left) {
                // Before the client can know, so that it finds room for its next request.
                held.release();
            }
            exchange.error(known, errors);
        } finally {
            if (!held.left) {
                held.close();
            }
        }
    }

    private void admit(Exchange exchange, RequestLog log, Held held) {
        Tenant tenant = exchange.tenant();
        log.tenant(tenant.id());
        Permit permit;
        try {
            permit = parts.gate.admit(log.requestId(), tenant, exchange.bodyLength()).permit();
        } finally {
            parts.gate.rateHeaders(tenant).forEach(exchange::header);
        }
        log.step(1, "tenant_gate");
        long deadline = System.nanoTime() + tenant.limits().deadline().toNanos();
        RequestContext context = new RequestContext(log.requestId(), tenant.id(), tenant.weight(),
                tenant.limits().contextLimit(), deadline, parts.warmUp);
        log.context(context);
        RequestUsage usage = parts.sessions.begin(context, permit);
        RequestContext.Registration registration = parts.active.add(context);
        held.release = () -> {
            permit.close();
            registration.close();
            parts.sessions.end(context);
        };
        RequestAccount account = new RequestAccount(log, usage, permit, parts.accounts, exchange::keep, parts.metrics);
        try {
            JsonFields fields = JsonFields.of(Json.object(exchange.body(tenant.limits().bodyBytes())));
            work.accept(new Admitted(exchange, log, tenant, permit, context, usage, account, fields, parts, held));
        } catch (RuntimeException | StackOverflowError e) {
            // What goes on without its client has an account to keep, whatever becomes of the client.
            if (!held.left) {
                log.failed(ErrorBody.known(e));
                account.close();
            }
            throw e;
        }
    }
}
