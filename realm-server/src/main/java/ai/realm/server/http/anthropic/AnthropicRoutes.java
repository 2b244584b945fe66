package ai.realm.server.http.anthropic;

import ai.realm.server.http.inference.InferenceHandler;
import ai.realm.server.http.inference.TokenCountHandler;
import ai.realm.server.http.json.Json;
import io.javalin.http.Handler;
import java.util.Map;

/** What Anthropic's API has beside the messages themselves. */
public final class AnthropicRoutes {
    private AnthropicRoutes() {
    }

    /** Handlers of {@code POST} by their paths. */
    public static Map<String, Handler> posts(InferenceHandler.Parts parts) {
        String count = "/v1/messages/count_tokens";
        return Map.of(count,
                new TokenCountHandler(count, MessagesShape.ERRORS, parts, (fields, _) -> MessagesShape.readToCount(fields),
                        Json.mapper().createObjectNode()));
    }
}
