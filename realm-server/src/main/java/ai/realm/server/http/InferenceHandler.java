package ai.realm.server.http;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestModule;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.store.ModelLease;
import ai.realm.runtime.store.ModelStore;
import ai.realm.server.accounts.Accounts;
import ai.realm.server.error.ErrorBody;
import ai.realm.server.http.InferenceRunner.Outcome;
import ai.realm.server.metrics.ServerMetrics;
import ai.realm.server.sse.SseStream;
import ai.realm.server.tenant.ActiveRequests;
import ai.realm.server.tenant.MeteredSessions;
import ai.realm.server.tenant.Permit;
import ai.realm.server.tenant.RequestUsage;
import ai.realm.server.tenant.Tenant;
import ai.realm.server.tenant.TenantGate;
import ai.realm.server.tenant.TenantGuests;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.util.Map;

/**
 * A request for text from its first byte to its last: admitted by the gate (1), read and validated (2), run in the tenant's guest
 * (3 to 9), accounted for and answered (10). The permit, the lease and the watch on the client are given back however it ends.
 */
final class InferenceHandler implements Handler {
    /**
     * What every inference route shares.
     *
     * @param systems system messages, by model, of chats that begin without one
     */
    record Parts(TenantGate gate, TenantGuests guests, ModelStore models, MeteredSessions sessions, InferenceRunner runner,
            BodyReader bodies, ClientWatch watch, ActiveRequests active, Answers answers, Accounts accounts,
            ServerMetrics metrics, Map<String, String> systems) {}

    private final Api api;
    private final Parts parts;

    InferenceHandler(Api api, Parts parts) {
        this.api = api;
        this.parts = parts;
    }

    /** One request on its way, admitted. */
    private record Admitted(Context ctx, RequestLog log, Tenant tenant, Permit permit, RequestContext context,
            RequestAccount account) {}

    @Override
    public void handle(Context ctx) {
        RequestLog log = new RequestLog(RequestIds.of(ctx), api.path);
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
        RequestContext context = new RequestContext(log.requestId(), tenant.id(), tenant.weight(), deadline);
        RequestUsage usage = parts.sessions.begin(context, permit);
        try (var _ = parts.active.add(context); permit) {
            RequestAccount account = new RequestAccount(log, usage, permit, parts.accounts, parts.metrics);
            Admitted admitted = new Admitted(ctx, log, tenant, permit, context, account);
            try {
                serve(admitted, usage);
            } catch (RuntimeException | StackOverflowError e) {
                log.failed(ErrorBody.known(e));
                account.close(0);
                throw e;
            }
        } finally {
            parts.sessions.end(context);
        }
    }

    private void serve(Admitted a, RequestUsage usage) {
        byte[] body = parts.bodies.read(a.ctx.req(), a.tenant.limits().bodyBytes());
        a.ctx.attribute(Answers.BODY_READ, true);
        CompletionRequest read = RequestReader.read(api, body);
        String model = RequestValidator.model(read, a.tenant);
        a.log.model(model);
        try (ModelLease lease = parts.models.lease(model, GrantedModels.LOAD_WAIT)) {
            CompletionRequest request = read.withSystem(parts.systems.get(model));
            ValidCompletionRequest valid = RequestValidator.validate(request, a.tenant, lease, a.log.requestId());
            usage.reserve(valid.tokenBound());
            a.permit.rateHeaders().forEach(a.ctx::header);
            a.log.step(2, "request");
            answer(a, valid);
        }
    }

    private void answer(Admitted a, ValidCompletionRequest request) {
        GuestModule module = parts.guests.of(a.tenant);
        a.log.guest(module.digest());
        AnswerJson json = new AnswerJson(api, request.model());
        int choices = request.prompts().size();
        Answer to = request.stream()
                ? new StreamedAnswer(api, json, new SseStream(a.ctx.res(), a.context), choices, request.includeUsage())
                : new WholeAnswer(json, choices, whole -> parts.answers.json(a.ctx, 200, whole));
        Answer answer = new TimedAnswer(to, a.log);
        try (ClientWatch.Watched watched = parts.watch.watch(a.ctx.req(), a.context)) {
            try {
                Outcome outcome = parts.runner.run(request, a.tenant, module, a.context, answer);
                a.log.finished(outcome.reason());
                // Kept before the client can know that it is complete, so that nothing answered is ever lost.
                a.account.close(outcome.guestCpuNanos());
            } finally {
                watched.close();
                if (watched.mustClose() && !answer.committed()) {
                    a.ctx.header("Connection", "close");
                }
            }
            answer.finish(a.log.usage());
            if (watched.mustClose()) {
                parts.answers.closeAfter(a.ctx);
            }
        } catch (RuntimeException e) {
            if (!answer.committed()) {
                throw e;
            }
            failCommitted(a, answer, ErrorBody.known(e));
        }
    }

    private static void failCommitted(Admitted a, Answer answer, RealmException known) {
        a.log.failed(known);
        a.account.close(0);
        if (known.code() != ErrorCode.CANCELLED) {
            answer.fail(known);
        }
    }
}
