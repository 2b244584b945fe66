package ai.realm.server.http.ollama;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.store.ModelStatus;
import ai.realm.runtime.store.ModelStore;
import ai.realm.server.domain.ModelEntry;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import ai.realm.server.http.transport.Answers;
import ai.realm.server.http.transport.Callers;
import ai.realm.server.model.FileFacts;
import ai.realm.server.model.ModelRegistry;
import ai.realm.server.domain.Tenant;
import ai.realm.server.tenant.TenantGate;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What Ollama's API tells of models, and its ways to change them, which are refused: models belong to the server's operator. */
public final class ModelRoutes {
    /** The version of Ollama whose API this follows; clients compare it. */
    private static final String OLLAMA_VERSION = "0.6.4";
    private static final int MAX_BODY = 1 << 16;
    private static final Instant NEVER = Instant.parse("2099-12-31T00:00:00Z");

    private final TenantGate gate;
    private final ModelStore models;
    private final ModelRegistry registry;
    private final Answers answers;

    public ModelRoutes(TenantGate gate, ModelStore models, ModelRegistry registry, Answers answers) {
        this.gate = gate;
        this.models = models;
        this.registry = registry;
        this.answers = answers;
    }

    /** @param root whether {@code GET /} is answered as Ollama does */
    public void add(JavalinConfig c, boolean root) {
        // Before the routes, so that a path or a method that is not there is told of in the same way.
        c.routes.before("/api/*", ctx -> answers.errorShape(ctx, OllamaError.SHAPE));
        c.routes.get("/api/version", ctx -> answers.json(ctx, 200, Map.of("version", OLLAMA_VERSION)));
        c.routes.get("/api/tags", this::tags);
        c.routes.get("/api/ps", this::ps);
        c.routes.post("/api/show", this::show);
        for (String path : List.of("/api/pull", "/api/push", "/api/create", "/api/copy", "/api/blobs/{digest}")) {
            c.routes.post(path, this::refuse);
        }
        c.routes.delete("/api/delete", this::refuse);
        if (root) {
            c.routes.get("/", ctx -> ctx.contentType("text/plain; charset=utf-8").result("Ollama is running"));
        }
    }

    private void refuse(Context ctx) {
        var _ = gate.authenticate(Callers.of(ctx));
        throw new RealmException(ErrorCode.NOT_PERMITTED,
                "models of this server are its operator's: ./realm pull and ./realm models change them");
    }

    private void tags(Context ctx) {
        Tenant tenant = gate.authenticate(Callers.of(ctx));
        Set<String> names = new LinkedHashSet<>();
        if (!tenant.defaultModel().isEmpty()) {
            names.add(tenant.defaultModel());
        }
        names.addAll(tenant.models());
        ObjectNode answer = Json.mapper().createObjectNode();
        ArrayNode list = answer.putArray("models");
        names.forEach(name -> list.add(model(name)));
        answers.json(ctx, 200, answer);
    }

    private ObjectNode model(String name) {
        FileFacts facts = registry.facts(name);
        FileFacts own = registry.ofFile(name);
        ObjectNode model = Json.mapper().createObjectNode().put("name", name).put("model", name)
                .put("modified_at", own.modified().toString()).put("size", own.bytes()).put("digest", digest(name));
        model.set("details", details(name, facts));
        return model;
    }

    private String digest(String name) {
        ModelEntry entry = registry.get(name);
        String sha256 = entry == null ? null : entry.sha256();
        return sha256 == null ? "" : sha256;
    }

    private ObjectNode details(String name, FileFacts facts) {
        String base = registry.base(name);
        ObjectNode details = Json.mapper().createObjectNode().put("parent_model", base.equals(name) ? "" : base)
                .put("format", "gguf").put("family", facts.architecture());
        details.putArray("families").add(facts.architecture());
        return details.put("parameter_size", facts.parameterSize()).put("quantization_level", facts.quantization());
    }

    private void ps(Context ctx) {
        Tenant tenant = gate.authenticate(Callers.of(ctx));
        ObjectNode answer = Json.mapper().createObjectNode();
        ArrayNode list = answer.putArray("models");
        for (ModelStatus status : models.list()) {
            if (status.state() == ModelStatus.State.READY && tenant.models().contains(status.name())) {
                list.add(model(status.name()).put("expires_at", NEVER.toString()).put("size_vram", 0)
                        .put("context_length", status.contextLength()));
            }
        }
        answers.json(ctx, 200, answer);
    }

    private void show(Context ctx) {
        Tenant tenant = gate.authenticate(Callers.of(ctx));
        JsonFields fields = JsonFields.of(Json.object(answers.body(ctx, MAX_BODY)));
        String given = fields.string("model");
        String older = fields.string("name");
        if (given == null && older == null) {
            throw RealmException.badParam("model", "model is required");
        }
        String name = registry.meant(given != null ? given : older, tenant);
        FileFacts facts = registry.facts(name);
        ObjectNode answer = Json.mapper().createObjectNode().put("modelfile", "FROM " + registry.base(name)).put("parameters", "")
                .put("template", template(facts)).put("license", string(facts, "general.license"))
                .put("modified_at", facts.modified().toString());
        answer.set("details", details(name, facts));
        ObjectNode info = answer.putObject("model_info");
        facts.metadata().forEach((key, value) -> {
            if (!key.startsWith("tokenizer.chat_template")) {
                info.putPOJO(key, value);
            }
        });
        info.put("general.parameter_count", facts.parameters());
        boolean encoder = facts.metadata().keySet().stream().anyMatch(k -> k.endsWith(".pooling_type"));
        ArrayNode capabilities = answer.putArray("capabilities").add(encoder ? "embedding" : "completion");
        if (!encoder && template(facts).contains("tools")) {
            capabilities.add("tools");
        }
        answers.json(ctx, 200, answer);
    }

    private static String template(FileFacts facts) {
        return string(facts, "tokenizer.chat_template");
    }

    private static String string(FileFacts facts, String key) {
        return facts.metadata().get(key) instanceof String s ? s : "";
    }
}
