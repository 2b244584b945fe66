package ai.realm.server.http.anthropic;

import ai.realm.server.http.inference.InferenceHandler;
import ai.realm.server.http.inference.TokenCountHandler;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.transport.Answers;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Handler;
import java.util.List;
import java.util.Map;

/** What Anthropic's API has beside the messages themselves. */
public final class AnthropicRoutes {
    private AnthropicRoutes() {
    }

    /** From here on what is refused under the API's paths is told of in its way: methods and paths that are not there, too. */
    public static void errors(JavalinConfig c, Answers answers) {
        for (String root : List.of("/v1/messages", "/messages")) {
            c.routes.before(root, ctx -> answers.errorShape(ctx, MessagesShape.ERRORS));
            c.routes.before(root + "/*", ctx -> answers.errorShape(ctx, MessagesShape.ERRORS));
        }
    }

    /** Handlers of {@code POST} by their paths. */
    public static Map<String, Handler> posts(InferenceHandler.Parts parts) {
        String count = "/v1/messages/count_tokens";
        return Map.of(count,
                new TokenCountHandler(count, MessagesShape.ERRORS, parts, (fields, _) -> MessagesShape.readToCount(fields),
                        Json.mapper().createObjectNode()));
    }
}
