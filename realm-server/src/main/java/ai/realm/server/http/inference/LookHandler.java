package ai.realm.server.http.inference;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.http.inference.RequestFrame.Admitted;
import ai.realm.server.http.json.JsonFields;
import ai.realm.server.http.transport.ErrorShape;
import io.javalin.http.Context;
import io.javalin.http.Handler;

/** A request that asks what a model makes of a text or a chat, and runs nothing: admitted, metered as a request, answered at once. */
public final class LookHandler implements Handler {
    /** What is asked. */
    @FunctionalInterface
    public interface Look {
        /** The answer, as JSON can hold it. Takes the fields before it looks. */
        Object answer(JsonFields fields, Model model);
    }

    /** The model that the request means. */
    public record Model(ModelLease lease, Admitted admitted, InferenceHandler.Parts parts) {
        /** @throws RealmException NO_TOKENIZER */
        public Tokenizer tokenizer() {
            Tokenizer tokenizer = lease.tokenizer();
            if (tokenizer == null) {
                throw new RealmException(ErrorCode.NO_TOKENIZER, "model " + lease.name() + " has no tokenizer");
            }
            return tokenizer;
        }

        /** The prompts of a request, as they would be run. */
        public PromptTokens prompt(GenerationRequest request) {
            return new PromptTokens(RequestValidator.validate(request, admitted.tenant(), lease,
                    parts.registry().system(lease.name()), admitted.log().requestId()), lease);
        }
    }

    private final InferenceHandler.Parts parts;
    private final Look look;
    private final RequestFrame frame;

    public LookHandler(String path, InferenceHandler.Parts parts, Look look) {
        this.parts = parts;
        this.look = look;
        this.frame = new RequestFrame(path, ErrorShape.OPENAI, parts.frame(), this::serve);
    }

    @Override
    public void handle(Context ctx) {
        frame.handle(ctx);
    }

    private void serve(Admitted a) {
        String model = parts.registry().meant(a.fields().string("model"), a.tenant());
        a.log().model(model);
        Object answer;
        try (ModelLease lease = parts.frame().models().lease(model, GrantedModels.LOAD_WAIT)) {
            answer = look.answer(a.fields(), new Model(lease, a, parts));
        }
        a.endOfFields();
        a.log().finished(FinishReason.STOP);
        a.account().close();
        a.exchange().json(200, answer);
    }
}
