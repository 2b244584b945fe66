package ai.realm.server.http;

import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import ai.realm.server.http.transport.Answers;
import ai.realm.server.model.ModelService;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import java.time.Duration;
import java.util.Map;
import java.util.function.Function;

/** The admin API's models: {@code /admin/models}. */
final class ModelAdminHandler {
    private static final int MOST_SECONDS = 600;
    private static final int LOAD_WAIT_SECONDS = 30;

    private final ModelService models;
    private final Answers answers;
    private final Function<Context, ObjectNode> body;

    /** @param body reads a request's JSON */
    ModelAdminHandler(ModelService models, Answers answers, Function<Context, ObjectNode> body) {
        this.models = models;
        this.answers = answers;
        this.body = body;
    }

    void routes(JavalinConfig c) {
        c.routes.get("/admin/models", this::list);
        c.routes.post("/admin/models", ctx -> answers.json(ctx, 201, models.register(body.apply(ctx))));
        c.routes.get("/admin/models/{name}", ctx -> answers.json(ctx, 200, models.get(name(ctx))));
        c.routes.delete("/admin/models/{name}", ctx -> {
            models.remove(name(ctx));
            answers.json(ctx, 200, Map.of("name", name(ctx), "removed", true));
        });
        c.routes.post("/admin/models/{name}/load", ctx -> {
            ObjectNode model = models.load(name(ctx), seconds(ctx, "wait_seconds", LOAD_WAIT_SECONDS));
            answers.json(ctx, model.path("state").asText().equals("ready") ? 200 : 202, model);
        });
        c.routes.post("/admin/models/{name}/unload",
                ctx -> answers.json(ctx, 200, models.unload(name(ctx), seconds(ctx, "drain_seconds", 0))));
    }

    private static String name(Context ctx) {
        return ctx.pathParam("name");
    }

    private Duration seconds(Context ctx, String field, int otherwise) {
        JsonFields fields = JsonFields.of(body.apply(ctx));
        Long given = fields.integer(field, 0, MOST_SECONDS);
        fields.end();
        return Duration.ofSeconds(given == null ? otherwise : given);
    }

    private void list(Context ctx) {
        ObjectNode answer = Json.mapper().createObjectNode().put("object", "list");
        ArrayNode data = answer.putArray("data");
        models.list().forEach(data::add);
        answers.json(ctx, 200, answer);
    }
}
