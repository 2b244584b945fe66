package ai.realm.server.http.openai;

import ai.realm.server.http.inference.RequestValidator;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.transport.Answers;
import ai.realm.server.http.transport.Callers;
import ai.realm.server.domain.Tenant;
import ai.realm.server.tenant.TenantGate;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import java.time.Instant;

/** {@code GET /v1/models}: the models granted to the tenant that asks, the default one first. */
public final class ModelsHandler {
    private final TenantGate gate;
    private final Answers answers;
    private final long created = Instant.now().getEpochSecond();

    public ModelsHandler(TenantGate gate, Answers answers) {
        this.gate = gate;
        this.answers = answers;
    }

    public void list(Context ctx) {
        Tenant tenant = gate.authenticate(Callers.of(ctx));
        ObjectNode answer = Json.mapper().createObjectNode().put("object", "list");
        ArrayNode data = answer.putArray("data");
        if (!tenant.defaultModel().isEmpty()) {
            data.add(model(tenant.defaultModel()));
        }
        tenant.models().stream().filter(m -> !m.equals(tenant.defaultModel())).forEach(m -> data.add(model(m)));
        answers.json(ctx, 200, answer);
    }

    public void one(Context ctx) {
        Tenant tenant = gate.authenticate(Callers.of(ctx));
        String name = ctx.pathParam("model");
        if (!tenant.models().contains(name)) {
            throw RequestValidator.modelNotFound(name);
        }
        answers.json(ctx, 200, model(name));
    }

    private ObjectNode model(String name) {
        return Json.mapper().createObjectNode().put("id", name).put("object", "model").put("created", created).put("owned_by",
                "realm");
    }
}
