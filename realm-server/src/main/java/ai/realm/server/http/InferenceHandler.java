package ai.realm.server.http;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestModule;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.error.ErrorBody;
import ai.realm.server.http.RequestFrame.Admitted;
import ai.realm.server.model.ModelRegistry;
import ai.realm.server.sse.SseStream;
import ai.realm.server.tenant.TenantGuests;
import io.javalin.http.Context;
import io.javalin.http.Handler;

/**
 * A request for text from its first byte to its last: admitted by the gate (1), read and validated (2), run in the tenant's guest
 * (3 to 9), accounted for and answered (10). The lease and the watch on the client are given back however it ends.
 */
final class InferenceHandler implements Handler {
    /**
     * What the routes for text share.
     *
     * @param registry what is known of the models
     */
    record Parts(RequestFrame.Parts frame, TenantGuests guests, InferenceRunner runner, ModelRegistry registry) {}

    private final Api api;
    private final Parts parts;
    private final RequestFrame frame;

    InferenceHandler(Api api, Parts parts) {
        this.api = api;
        this.parts = parts;
        this.frame = new RequestFrame(api.path, parts.frame, this::serve);
    }

    @Override
    public void handle(Context ctx) {
        frame.handle(ctx);
    }

    private void serve(Admitted a) {
        CompletionRequest read = RequestReader.read(api, a.body());
        String model = RequestValidator.model(read.model(), a.tenant());
        a.log().model(model);
        try (ModelLease lease = parts.frame.models().lease(model, GrantedModels.LOAD_WAIT)) {
            CompletionRequest request = read.withSystem(parts.registry.system(model));
            ValidCompletionRequest valid = RequestValidator.validate(request, a.tenant(), lease, a.log().requestId());
            a.reserve(valid.tokenBound());
            a.usage().expectChoices(valid.n(), valid.params().seed());
            a.log().step(2, "request");
            answer(a, valid);
        }
    }

    private void answer(Admitted a, ValidCompletionRequest request) {
        GuestModule module = parts.guests.of(a.tenant());
        a.log().guest(module.digest());
        AnswerJson json = new AnswerJson(api, request.model());
        int choices = request.choices();
        Answer to = request.stream()
                ? new StreamedAnswer(api, json, new SseStream(a.ctx().res(), a.context()), choices, request.includeUsage())
                : new WholeAnswer(json, choices, whole -> parts.frame.answers().json(a.ctx(), 200, whole));
        Answer answer = new TimedAnswer(to, a.log());
        try (ClientWatch.Watched watched = parts.frame.watch().watch(a.ctx().req(), a.context())) {
            try {
                a.log().finished(parts.runner.run(request, a, module, answer));
                // Kept before the client can know that it is complete, so that nothing answered is ever lost.
                a.account().close();
            } finally {
                watched.close();
                if (watched.mustClose() && !answer.committed()) {
                    a.ctx().header("Connection", "close");
                }
            }
            answer.finish(a.log().usage());
            if (watched.mustClose()) {
                parts.frame.answers().closeAfter(a.ctx());
            }
        } catch (RuntimeException e) {
            if (!answer.committed()) {
                throw e;
            }
            failCommitted(a, answer, ErrorBody.known(e));
        }
    }

    private static void failCommitted(Admitted a, Answer answer, RealmException known) {
        a.log().failed(known);
        a.account().close();
        if (known.code() != ErrorCode.CANCELLED) {
            answer.fail(known);
        }
    }
}
