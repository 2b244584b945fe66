package ai.realm.server.http.inference;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestModule;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.error.ErrorBody;
import ai.realm.server.http.inference.ApiShape.Asked;
import ai.realm.server.http.inference.RequestFrame.Admitted;
import ai.realm.server.model.ModelRegistry;
import ai.realm.server.domain.Tenant;
import ai.realm.server.tenant.TenantGuests;
import com.fasterxml.jackson.databind.JsonNode;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request for text from its first byte to its last, whatever API it came by. The gate admits it (1), its shape reads it and it
 * is validated (2), and it runs in the tenant's guest (3 to 9). Then it is accounted for, and its shape answers (10). The lease
 * and the watch on the client are given back however it ends.
 */
public final class InferenceHandler implements Handler {
    /**
     * What the routes for text share.
     *
     * @param registry what is known of the models
     */
    public record Parts(RequestFrame.Parts frame, TenantGuests guests, InferenceRunner runner) {
        /** What is known of the models. */
        public ModelRegistry registry() {
            return frame.registry();
        }
    }

    /** Which version of its guest a tenant wants to try, and which one answered. */
    private static final String GUEST = "x-realm-guest";

    private final ApiShape shape;
    private final Parts parts;
    private final RequestFrame frame;

    public InferenceHandler(ApiShape shape, Parts parts) {
        this.shape = shape;
        this.parts = parts;
        this.frame = new RequestFrame(shape.paths().getFirst(), shape.errors(), parts.frame, this::serve);
    }

    @Override
    public void handle(Context ctx) {
        frame.handle(ctx);
    }

    /** What takes requests that did not come over a connection. */
    public RequestFrame frame() {
        return frame;
    }

    private void serve(Admitted a) {
        Asked asked = shape.read(a.fields(), a.tenant());
        a.endOfFields();
        // Before the client may go: another exchange does not have its headers.
        Integer version = version(a.exchange());
        Background background = asked.background();
        if (background == null) {
            run(a, asked, version);
            return;
        }
        a.exchange().requireLeave();
        a.goOn(background.exchange(), alone -> run(alone, asked, version));
        background.tell(a.exchange());
    }

    private void run(Admitted a, Asked asked, @Nullable Integer version) {
        String model = parts.registry().meant(asked.request().model(), a.tenant());
        a.log().model(model);
        try (ModelLease lease = parts.frame.models().lease(model, GrantedModels.LOAD_WAIT)) {
            Object at = asked.withoutRun(model);
            if (at != null) {
                a.log().finished(FinishReason.STOP);
                a.account().close();
                a.exchange().json(200, at);
                return;
            }
            ValidRequest valid = RequestValidator.validate(asked.request(), a.tenant(), lease, parts.registry().system(model),
                    a.log().requestId());
            PromptTokens prompt = new PromptTokens(valid, lease);
            prompt.checkLogProbs(asked.request().json());
            a.reserve(prompt.reservation());
            a.usage().expectChoices(valid.n());
            a.usage().expectTokens(valid.expectedTokens());
            a.log().step(2, "request");
            answer(a, asked, valid, prompt, guest(a, asked.request().json(), version));
        }
    }

    private void answer(Admitted a, Asked asked, ValidRequest request, PromptTokens prompt, GuestModule module) {
        a.log().guest(module.digest());
        Client client = new Client(a.exchange(), a.context(), prompt, a.usage());
        Answer answer = new TimedAnswer(reading(asked.answer(request, client), request, a), a.log());
        try (Exchange.Watch watched = a.exchange().watch(a.context())) {
            try {
                a.log().finished(parts.runner.run(request, a, module, answer));
                // Kept before the client can know that it is complete, so that nothing answered is ever lost.
                a.account().close();
            } finally {
                watched.close();
                if (watched.mustClose() && !answer.committed()) {
                    a.exchange().header("Connection", "close");
                }
            }
            answer.finish(a.log().usage());
            if (watched.mustClose()) {
                a.exchange().closeAfter();
            }
        } catch (RuntimeException e) {
            if (!answer.committed()) {
                throw e;
            }
            failCommitted(a, answer, ErrorBody.known(e));
        }
    }

    /** The version of the guest that a request asks for; null for none. */
    private static @Nullable Integer version(Exchange exchange) {
        String wanted = exchange.requestHeader(GUEST);
        if (wanted != null && !wanted.matches("[1-9]\\d{0,8}")) {
            throw RealmException.badParam(GUEST, GUEST + " must be the number of a version of the guest");
        }
        return wanted == null ? null : Integer.valueOf(wanted);
    }

    /** The version that the request asks for, or that its user gets; told in the answer where there is a choice. */
    private GuestModule guest(Admitted a, JsonNode body, @Nullable Integer version) {
        TenantGuests.Chosen chosen = parts.guests.choose(a.tenant(), version, user(body, a.log().requestId()));
        if (chosen.version() > 0) {
            a.exchange().header(GUEST, String.valueOf(chosen.version()));
        }
        return chosen.module();
    }

    /** The end user, by the names that the APIs have for it. */
    private static String user(JsonNode body, String otherwise) {
        for (JsonNode name : List.of(body.path("safety_identifier"), body.path("user"), body.path("metadata").path("user_id"))) {
            if (name.isTextual() && !name.asText().isEmpty()) {
                return name.asText();
            }
        }
        return otherwise;
    }

    /** The server's own guest changes nothing, so that what it lets through has kept to the grammar. */
    private static Answer reading(Answer to, ValidRequest request, Admitted a) {
        AnswerReading reading = request.reading();
        boolean changed = !a.tenant().guest().equals(Tenant.DEFAULT_GUEST);
        return reading == null ? to : new ParsedAnswer(to, reading, request.choices(), changed);
    }

    private static void failCommitted(Admitted a, Answer answer, RealmException known) {
        a.log().failed(known);
        a.account().close();
        if (known.code() != ErrorCode.CANCELLED) {
            answer.fail(known);
        }
    }
}
