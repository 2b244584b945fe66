package ai.realm.server.http.anthropic;

import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import ai.realm.server.http.inference.Ids;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/** The JSON of one message, whole or as events. Immutable. */
final class MessageJson {
    private final String id = Ids.fresh("msg_");
    private final String model;

    MessageJson(String model) {
        this.model = model;
    }

    static ObjectNode object(String type) {
        return Json.mapper().createObjectNode().put("type", type);
    }

    /** The message without its content. */
    ObjectNode head(Usage usage, @Nullable String stopReason, @Nullable String stopSequence) {
        ObjectNode message = object("message").put("id", id).put("role", "assistant").put("model", model);
        message.putArray("content");
        message.put("stop_reason", stopReason).put("stop_sequence", stopSequence);
        message.set("usage", usage(usage));
        return message;
    }

    /** The block of a call without its arguments. */
    static ObjectNode toolUse(@Nullable String id, String name) {
        ObjectNode block = object("tool_use").put("id", id == null ? Ids.fresh("toolu_") : id).put("name", name);
        block.putObject("input");
        return block;
    }

    /** @param calls whether the message ends with calls of tools */
    static String stopReason(FinishReason reason, @Nullable String stopSequence, boolean calls) {
        if (reason == FinishReason.LENGTH) {
            return "max_tokens";
        }
        if (reason == FinishReason.CONTENT_FILTER) {
            return "refusal";
        }
        return calls || reason == FinishReason.TOOL_CALLS ? "tool_use" : stopSequence != null ? "stop_sequence" : "end_turn";
    }

    /** What Anthropic counts as input is what the cache did not have. */
    static ObjectNode usage(Usage usage) {
        return Json.mapper().createObjectNode().put("input_tokens", usage.promptTokens() - usage.cachedTokens())
                .put("cache_creation_input_tokens", 0).put("cache_read_input_tokens", usage.cachedTokens())
                .put("output_tokens", usage.generatedTokens());
    }
}
