package ai.realm.server.http.openai;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.domain.ModelEntry;
import ai.realm.server.domain.Tenant;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.transport.Answers;
import ai.realm.server.http.transport.Callers;
import ai.realm.server.model.FileFacts;
import ai.realm.server.model.ModelRegistry;
import ai.realm.server.tenant.TenantGate;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import java.time.Instant;

/**
 * {@code GET /v1/models}: the models granted to the tenant that asks, the default one first, from their files' headers; and
 * {@code GET /props}, what llama.cpp's server tells of its one model.
 */
public final class ModelsHandler {
    private final TenantGate gate;
    private final Answers answers;
    private final ModelRegistry registry;
    private final long started = Instant.now().getEpochSecond();

    public ModelsHandler(TenantGate gate, Answers answers, ModelRegistry registry) {
        this.gate = gate;
        this.answers = answers;
        this.registry = registry;
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
        answers.json(ctx, 200, model(registry.meant(ctx.pathParam("model"), tenant)));
    }

    /** The tenant's default model, and nothing of where its file is. */
    public void props(Context ctx) {
        Tenant tenant = gate.authenticate(Callers.of(ctx));
        String name = registry.meant(ctx.queryParam("model"), tenant);
        FileFacts facts = registry.facts(name);
        ObjectNode answer = Json.mapper().createObjectNode();
        ObjectNode settings = answer.putObject("default_generation_settings").put("n_ctx", context(name, facts));
        settings.putObject("params").put("temperature", 0.8).put("top_k", 40).put("top_p", 0.95).put("min_p", 0.05)
                .put("n_predict", -1).put("seed", -1);
        answer.put("total_slots", Math.max(1, tenant.limits().concurrentRequests())).put("model_alias", name)
                .put("model_path", name + ".gguf")
                .put("chat_template", facts.metadata().get("tokenizer.chat_template") instanceof String s ? s : "");
        answer.putObject("modalities").put("vision", false).put("audio", false);
        answers.json(ctx, 200, answer);
    }

    /** What other tenants do is not told. */
    public void slots(Context ctx) {
        var _ = gate.authenticate(Callers.of(ctx));
        throw new RealmException(ErrorCode.NOT_PERMITTED,
                "slots are not shown: the server is shared; /metrics on the management listener has its load");
    }

    private ObjectNode model(String name) {
        FileFacts facts = registry.facts(name);
        String base = registry.base(name);
        boolean known = facts.bytes() > 0;
        ObjectNode model = Json.mapper().createObjectNode().put("id", name).put("object", "model")
                .put("created", known ? facts.modified().getEpochSecond() : started).put("owned_by", "realm").put("root", base)
                .put("parent", base.equals(name) ? null : base);
        ModelEntry entry = registry.get(name);
        if (entry != null) {
            entry.offer().aliases().forEach(model.putArray("aliases")::add);
        }
        if (known) {
            model.put("max_model_len", context(name, facts));
            model.putObject("meta").put("n_vocab", facts.vocabulary()).put("n_ctx_train", number(facts, "context_length"))
                    .put("n_embd", number(facts, "embedding_length")).put("n_params", facts.parameters())
                    .put("size", facts.bytes()).put("ftype", facts.quantization());
        }
        return model;
    }

    private long context(String name, FileFacts facts) {
        ModelEntry entry = registry.get(registry.base(name));
        long trained = number(facts, "context_length");
        return entry == null || entry.context() == 0 ? trained : entry.context();
    }

    private static long number(FileFacts facts, String key) {
        return facts.metadata().get(facts.architecture() + "." + key) instanceof Number n ? n.longValue() : 0;
    }
}
