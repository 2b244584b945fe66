package ai.realm.server.http.inference;

import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.http.inference.RequestFrame.Admitted;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import ai.realm.server.http.transport.ErrorShape;
import ai.realm.server.domain.Tenant;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.util.function.BiFunction;

/** How many tokens the prompt of a request would have: admitted, read and checked as if it were to be answered, but not run. */
public final class TokenCountHandler implements Handler {
    private final InferenceHandler.Parts parts;
    private final BiFunction<JsonFields, Tenant, GenerationRequest> reader;
    private final ObjectNode answer;
    private final RequestFrame frame;

    /**
     * @param reader of the body
     * @param answer what stands beside {@code input_tokens}
     */
    public TokenCountHandler(String path, ErrorShape errors, InferenceHandler.Parts parts,
            BiFunction<JsonFields, Tenant, GenerationRequest> reader, ObjectNode answer) {
        this.parts = parts;
        this.reader = reader;
        this.answer = answer;
        this.frame = new RequestFrame(path, errors, parts.frame(), this::serve);
    }

    @Override
    public void handle(Context ctx) {
        frame.handle(ctx);
    }

    private void serve(Admitted a) {
        GenerationRequest request = reader.apply(a.fields(), a.tenant());
        a.endOfFields();
        String model = parts.registry().meant(request.model(), a.tenant());
        a.log().model(model);
        ObjectNode counted = Json.mapper().createObjectNode();
        counted.setAll(answer);
        try (ModelLease lease = parts.frame().models().lease(model, GrantedModels.LOAD_WAIT)) {
            ValidRequest valid = RequestValidator.validate(request, a.tenant(), lease, parts.registry().system(model),
                    a.log().requestId());
            counted.put("input_tokens", new PromptTokens(valid, lease).count());
        }
        a.log().finished(FinishReason.STOP);
        a.account().close();
        a.exchange().json(200, counted);
    }
}
