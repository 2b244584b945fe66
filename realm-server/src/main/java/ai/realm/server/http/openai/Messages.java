package ai.realm.server.http.openai;

import ai.realm.core.chat.tools.ToolCall;
import ai.realm.core.error.RealmException;
import ai.realm.server.http.inference.GenerationRequest.Message;
import ai.realm.server.http.inference.ToolList;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The turns of a chat. A turn is read as tolerantly as clients write it, the answer that they got the turn before included: what does
 * not change the prompt is left aside, and only what cannot be shown to the model is refused.
 */
final class Messages {
    private static final int MAX_MESSAGES = 4096;
    private static final Set<String> ROLES = Set.of("system", "developer", "user", "assistant", "tool", "function");
    /** Parts that hold text under {@code text}: chat's own, and those that clients of the Responses API carry over. */
    private static final Set<String> TEXT_PARTS = Set.of("text", "input_text", "output_text");
    /** Parts of earlier answers that templates do not show. */
    private static final Set<String> SILENT_PARTS = Set.of("thinking", "redacted_thinking", "reasoning");

    private Messages() {
    }

    static List<Message> read(JsonNode array) {
        if (!array.isArray()) {
            throw JsonFields.wrongType("messages", "an array", array);
        }
        if (array.isEmpty() || array.size() > MAX_MESSAGES) {
            throw RealmException.badParam("messages",
                    "messages must hold 1 to " + MAX_MESSAGES + " messages, not " + array.size());
        }
        List<Message> messages = new ArrayList<>();
        for (JsonNode m : array) {
            messages.add(message(JsonFields.of(m, "messages[" + messages.size() + "]")));
        }
        return messages;
    }

    private static Message message(JsonFields m) {
        String role = JsonFields.text(m.require("role"), m.path("role"));
        if (!ROLES.contains(role)) {
            throw RealmException.badParam(m.path("role"),
                    m.path("role") + " must be system, developer, user, assistant or tool; other roles are not supported");
        }
        return switch (role) {
            case "assistant" -> assistant(m);
            case "tool", "function" -> new Message("tool", content(m.take("content"), m), null, List.of(),
                    m.string(role.equals("tool") ? "tool_call_id" : "name"), m.string("name"));
            default -> {
                m.refuse("audio", _ -> false, "; leave it out");
                yield new Message(role.equals("developer") ? "system" : role, content(m.require("content"), m));
            }
        };
    }

    private static Message assistant(JsonFields m) {
        m.refuse("audio", _ -> m.take("content") != null, "; leave it out");
        String reasoning = m.take("reasoning_content") instanceof JsonNode r && r.isTextual()
                ? JsonFields.text(r, m.path("reasoning_content"))
                : null;
        return new Message("assistant", content(m.take("content"), m), reasoning, calls(m), null, null);
    }

    private static List<ToolCall> calls(JsonFields m) {
        List<ToolCall> calls = new ArrayList<>();
        JsonNode legacy = m.take("function_call");
        if (legacy != null) {
            calls.add(call(JsonFields.of(legacy, m.path("function_call")), null));
        }
        JsonNode given = m.take("tool_calls");
        if (given != null && !given.isArray()) {
            throw JsonFields.wrongType(m.path("tool_calls"), "an array", given);
        }
        if (given != null) {
            for (JsonNode one : given) {
                JsonFields f = JsonFields.of(one, m.path("tool_calls") + "[" + calls.size() + "]");
                calls.add(call(JsonFields.of(f.require("function"), f.path("function")), f.string("id")));
            }
        }
        return calls;
    }

    private static ToolCall call(JsonFields function, @Nullable String id) {
        String name = JsonFields.text(function.require("name"), function.path("name"));
        return new ToolCall(id == null ? name : id, name, ToolList.arguments(function.take("arguments")));
    }

    /** Null is an answer of which only the refusal, or nothing, is left. */
    private static String content(@Nullable JsonNode content, JsonFields m) {
        String at = m.path("content");
        if (content == null) {
            String refusal = m.string("refusal");
            return refusal == null ? "" : refusal;
        }
        if (!content.isArray()) {
            if (!content.isTextual()) {
                throw JsonFields.wrongType(at, "a string or an array of text parts", content);
            }
            return JsonFields.text(content, at);
        }
        StringBuilder text = new StringBuilder();
        int i = 0;
        for (JsonNode part : content) {
            text.append(part(part, at + "[" + i++ + "]"));
        }
        return text.toString();
    }

    private static String part(JsonNode part, String at) {
        if (part.isTextual()) {
            return JsonFields.text(part, at);
        }
        JsonFields p = JsonFields.of(part, at);
        String type = JsonFields.text(p.require("type"), p.path("type"));
        if (TEXT_PARTS.contains(type)) {
            return JsonFields.text(p.require("text"), p.path("text"));
        }
        if (type.equals("refusal")) {
            return JsonFields.text(p.require("refusal"), p.path("refusal"));
        }
        if (SILENT_PARTS.contains(type)) {
            return "";
        }
        throw RealmException.badParam(p.path("type"), p.path("type")
                + " must be text: the model takes no images, no audio and no files");
    }
}
