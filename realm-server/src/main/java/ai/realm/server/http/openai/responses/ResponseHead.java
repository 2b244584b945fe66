package ai.realm.server.http.openai.responses;

import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import ai.realm.server.http.openai.Metadata;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/** What a response says of the request that it answers. */
final class ResponseHead {
    private ResponseHead() {
    }

    /** The fields of a response that repeat the request's; the rest are added when it is made. */
    static ObjectNode of(JsonFields fields, boolean background, @Nullable String previous, @Nullable String conversation) {
        ObjectNode body = fields.node();
        ObjectNode head = Json.mapper().createObjectNode();
        copy(body, head, "instructions", null);
        copy(body, head, "max_output_tokens", null);
        copy(body, head, "max_tool_calls", null);
        head.put("background", background);
        copy(body, head, "parallel_tool_calls", Json.mapper().getNodeFactory().booleanNode(true));
        head.put("previous_response_id", previous);
        if (conversation != null) {
            head.putObject("conversation").put("id", conversation);
        }
        copy(body, head, "prompt_cache_key", null);
        JsonNode reasoning = body.path("reasoning");
        head.putObject("reasoning").put("effort", reasoning.path("effort").textValue())
                .put("summary", reasoning.path("summary").textValue());
        copy(body, head, "safety_identifier", null);
        head.put("service_tier", "default");
        copy(body, head, "temperature", Json.mapper().getNodeFactory().numberNode(1.0));
        ObjectNode text = Json.mapper().createObjectNode();
        JsonNode format = body.path("text").get("format");
        text.set("format", format == null || format.isNull() ? text.objectNode().put("type", "text") : format);
        text.put("verbosity", body.path("text").path("verbosity").asText("medium"));
        head.set("text", text);
        copy(body, head, "tool_choice", Json.mapper().getNodeFactory().textNode("auto"));
        copy(body, head, "tools", Json.mapper().createArrayNode());
        copy(body, head, "top_logprobs", Json.mapper().getNodeFactory().numberNode(0));
        copy(body, head, "top_p", Json.mapper().getNodeFactory().numberNode(1.0));
        head.put("truncation", body.path("truncation").asText("disabled"));
        copy(body, head, "user", null);
        head.set("metadata", Metadata.read(fields));
        return head;
    }

    private static void copy(ObjectNode from, ObjectNode to, String name, @Nullable JsonNode otherwise) {
        JsonNode value = from.get(name);
        to.set(name, value == null || value.isNull() ? otherwise : value);
    }
}
