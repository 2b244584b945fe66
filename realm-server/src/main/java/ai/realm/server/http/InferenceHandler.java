package ai.realm.server.http;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestModule;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.store.ModelLease;
import ai.realm.runtime.store.ModelStore;
import ai.realm.server.error.ErrorBody;
import ai.realm.server.http.InferenceRunner.Outcome;
import ai.realm.server.sse.SseStream;
import ai.realm.server.tenant.Tenant;
import ai.realm.server.tenant.TenantContext;
import ai.realm.server.tenant.TenantGate;
import ai.realm.server.tenant.TenantGuests;
import io.javalin.http.Context;
import io.javalin.http.Handler;

/**
 * A request for text from its first byte to its last: admitted by the gate (1), read and validated (2), run in the tenant's guest
 * (3 to 9), answered (10). The permit, the lease and the watch on the client are given back however it ends.
 */
final class InferenceHandler implements Handler {
    /** What every inference route shares. */
    record Parts(TenantGate gate, TenantGuests guests, ModelStore models, InferenceRunner runner, BodyReader bodies,
            ClientWatch watch, ActiveRequests active, Answers answers) {}

    private final Api api;
    private final Parts parts;

    InferenceHandler(Api api, Parts parts) {
        this.api = api;
        this.parts = parts;
    }

    @Override
    public void handle(Context ctx) {
        RequestLog log = new RequestLog(RequestIds.of(ctx), api.path);
        try {
            serve(ctx, log);
        } catch (RuntimeException | StackOverflowError e) {
            RealmException known = ErrorBody.known(e);
            log.failed(known);
            parts.answers.error(ctx, known);
        } finally {
            log.end();
        }
    }

    private void serve(Context ctx, RequestLog log) {
        Tenant tenant = parts.gate.authenticate(ctx.header("Authorization"));
        log.tenant(tenant.id());
        TenantContext admitted = parts.gate.admit(log.requestId(), tenant, ctx.req().getContentLengthLong());
        log.step(1, "tenant_gate");
        long deadline = System.nanoTime() + tenant.limits().deadline().toNanos();
        RequestContext context = new RequestContext(log.requestId(), tenant.id(), tenant.weight(), deadline);
        try (var permit = admitted.permit(); var _ = parts.active.add(context)) {
            permit.rateHeaders().forEach(ctx::header);
            byte[] body = parts.bodies.read(ctx.req(), tenant.limits().bodyBytes());
            ctx.attribute(Answers.BODY_READ, true);
            CompletionRequest read = RequestReader.read(api, body);
            String model = RequestValidator.model(read, tenant);
            log.model(model);
            try (ModelLease lease = parts.models.lease(model, GrantedModels.LOAD_WAIT)) {
                ValidCompletionRequest request = RequestValidator.validate(read, tenant, lease, log.requestId());
                permit.reserve(request.tokenBound());
                permit.rateHeaders().forEach(ctx::header);
                log.step(2, "request");
                answer(ctx, log, admitted, request, context);
            }
        }
    }

    private void answer(Context ctx, RequestLog log, TenantContext admitted, ValidCompletionRequest request,
            RequestContext context) {
        Tenant tenant = admitted.tenant();
        GuestModule module = parts.guests.of(tenant);
        log.guest(module.digest());
        AnswerJson json = new AnswerJson(api, request.model());
        int choices = request.prompts().size();
        Answer answer = request.stream()
                ? new StreamedAnswer(api, json, new SseStream(ctx.res(), context), choices, request.includeUsage())
                : new WholeAnswer(json, choices, whole -> parts.answers.json(ctx, 200, whole));
        Answer timed = new TimedAnswer(answer, log);
        try (ClientWatch.Watched watched = parts.watch.watch(ctx.req(), context)) {
            try {
                Outcome outcome = parts.runner.run(request, tenant, module, context, timed);
                admitted.permit().settle(outcome.usage());
                log.finished(outcome.reason(), outcome.usage());
            } finally {
                watched.close();
                if (watched.mustClose() && !answer.committed()) {
                    ctx.header("Connection", "close");
                }
            }
            timed.finish(log.usage());
            if (watched.mustClose()) {
                parts.answers.closeAfter(ctx);
            }
        } catch (RuntimeException e) {
            if (!answer.committed()) {
                throw e;
            }
            RealmException known = ErrorBody.known(e);
            log.failed(known);
            if (known.code() != ErrorCode.CANCELLED) {
                answer.fail(known);
            }
        }
    }
}
