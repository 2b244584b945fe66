package ai.realm.server.http;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.store.ModelStore;
import ai.realm.server.accounts.Accounts;
import ai.realm.server.error.ErrorBody;
import ai.realm.server.metrics.ServerMetrics;
import ai.realm.server.tenant.ActiveRequests;
import ai.realm.server.tenant.MeteredSessions;
import ai.realm.server.tenant.Permit;
import ai.realm.server.tenant.RequestUsage;
import ai.realm.server.tenant.Tenant;
import ai.realm.server.tenant.TenantGate;
import io.javalin.http.Context;
import java.util.function.Consumer;

/**
 * What stands around every request that uses a model: the key, the gate (1), the body, the account, the log and the error's
 * answer. The permit and the place among the active requests are given back however it ends.
 */
final class RequestFrame {
    /**
     * What every route that uses a model shares.
     *
     * @param rehearsal whether requests are the server's own
     */
    record Parts(TenantGate gate, ModelStore models, MeteredSessions sessions, BodyReader bodies, ClientWatch watch,
            ActiveRequests active, Answers answers, Accounts accounts, ServerMetrics metrics, boolean rehearsal) {}

    /** One request on its way, admitted, its body read. */
    record Admitted(Context ctx, RequestLog log, Tenant tenant, Permit permit, RequestContext context, RequestUsage usage,
            RequestAccount account, byte[] body) {

        /** Sets aside the most tokens that the request can use, and tells the client what is left. */
        void reserve(long tokens) {
            usage.reserve(tokens);
            permit.rateHeaders().forEach(ctx::header);
        }
    }

    private final String path;
    private final Parts parts;
    private final Consumer<Admitted> work;

    /** @param work answers; what it throws becomes the answer */
    RequestFrame(String path, Parts parts, Consumer<Admitted> work) {
        this.path = path;
        this.parts = parts;
        this.work = work;
    }

    void handle(Context ctx) {
        RequestLog log = new RequestLog(RequestIds.of(ctx), path, parts.rehearsal);
        try {
            admit(ctx, log);
        } catch (RuntimeException | StackOverflowError e) {
            RealmException known = ErrorBody.known(e);
            if (!log.hasFailed()) {
                log.failed(known);
                parts.metrics.refused(known.code().name());
            }
            parts.answers.error(ctx, known);
        } finally {
            log.end();
        }
    }

    private void admit(Context ctx, RequestLog log) {
        Tenant tenant = parts.gate.authenticate(ctx.header("Authorization"));
        log.tenant(tenant.id());
        Permit permit;
        try {
            permit = parts.gate.admit(log.requestId(), tenant, ctx.req().getContentLengthLong()).permit();
        } finally {
            parts.gate.rateHeaders(tenant).forEach(ctx::header);
        }
        log.step(1, "tenant_gate");
        long deadline = System.nanoTime() + tenant.limits().deadline().toNanos();
        RequestContext context = new RequestContext(log.requestId(), tenant.id(), tenant.weight(),
                tenant.limits().contextLimit(), deadline, parts.rehearsal);
        RequestUsage usage = parts.sessions.begin(context, permit);
        try (var _ = parts.active.add(context); permit) {
            RequestAccount account = new RequestAccount(log, usage, permit, parts.accounts, parts.metrics);
            try {
                byte[] body = parts.bodies.read(ctx.req(), tenant.limits().bodyBytes());
                ctx.attribute(Answers.BODY_READ, true);
                work.accept(new Admitted(ctx, log, tenant, permit, context, usage, account, body));
            } catch (RuntimeException | StackOverflowError e) {
                log.failed(ErrorBody.known(e));
                account.close();
                throw e;
            }
        } finally {
            parts.sessions.end(context);
        }
    }
}
