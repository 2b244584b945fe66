package ai.realm.server.http.anthropic;

import ai.realm.core.chat.tools.ToolCall;
import ai.realm.core.error.RealmException;
import ai.realm.server.http.inference.GenerationRequest.Chat;
import ai.realm.server.http.inference.GenerationRequest.Message;
import ai.realm.server.http.inference.ReasoningUse;
import ai.realm.server.http.inference.ToolList;
import ai.realm.server.http.inference.ToolUse;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The conversation of a Messages body: system text, turns made of blocks, tools. */
final class ChatReader {
    private static final int MAX_MESSAGES = 4096;

    private final JsonFields fields;
    private final List<Message> messages = new ArrayList<>();
    /** Of the tools that were called, by the ids of the calls. */
    private final Map<String, String> names = new HashMap<>();

    ChatReader(JsonFields fields) {
        this.fields = fields;
    }

    Chat read() {
        JsonNode system = fields.take("system");
        if (system != null) {
            String text = text(system, "system");
            if (!text.isEmpty()) {
                messages.add(new Message("system", text));
            }
        }
        JsonNode array = fields.require("messages");
        if (!array.isArray()) {
            throw JsonFields.wrongType("messages", "an array", array);
        }
        if (array.isEmpty() || array.size() > MAX_MESSAGES) {
            throw RealmException.badParam("messages",
                    "messages must hold 1 to " + MAX_MESSAGES + " messages, not " + array.size());
        }
        int i = 0;
        for (JsonNode m : array) {
            message(JsonFields.of(m, "messages[" + i++ + "]"));
        }
        Message last = messages.getLast();
        boolean prefilled = last.role().equals("assistant") && !last.content().isEmpty() && last.toolCalls().isEmpty();
        ToolUse tools = ToolReader.tools(fields);
        ReasoningUse reasoning = ToolReader.thinking(fields.take("thinking"));
        List<Message> turns = prefilled ? messages.subList(0, messages.size() - 1) : messages;
        return new Chat(turns, prefilled ? last.content() : "", tools, reasoning, Map.of());
    }

    private void message(JsonFields m) {
        String role = JsonFields.text(m.require("role"), m.path("role"));
        if (!List.of("user", "assistant", "system").contains(role)) {
            throw RealmException.badParam(m.path("role"), m.path("role") + " must be user or assistant");
        }
        JsonNode content = m.require("content");
        if (!content.isArray()) {
            add(new Message(role, text(content, m.path("content"))));
            return;
        }
        StringBuilder said = new StringBuilder();
        StringBuilder thought = new StringBuilder();
        List<ToolCall> calls = new ArrayList<>();
        int results = messages.size();
        int i = 0;
        for (JsonNode block : content) {
            JsonFields b = JsonFields.of(block, m.path("content") + "[" + i++ + "]");
            switch (JsonFields.text(b.require("type"), b.path("type"))) {
                case "tool_use" -> calls.add(call(b));
                case "tool_result" -> messages.add(result(b));
                case "thinking" -> thought.append(JsonFields.text(b.require("thinking"), b.path("thinking")));
                default -> said.append(block(b));
            }
        }
        boolean nothing = said.isEmpty() && calls.isEmpty() && thought.isEmpty();
        if (!nothing || messages.size() == results) {
            add(new Message(role, said.toString(), thought.isEmpty() ? null : thought.toString(), calls, null, null));
        }
    }

    private ToolCall call(JsonFields b) {
        String id = JsonFields.text(b.require("id"), b.path("id"));
        String name = JsonFields.text(b.require("name"), b.path("name"));
        names.put(id, name);
        return new ToolCall(id, name, ToolList.map(b.take("input")));
    }

    private Message result(JsonFields b) {
        String id = JsonFields.text(b.require("tool_use_id"), b.path("tool_use_id"));
        JsonNode content = b.take("content");
        String text = content == null ? "" : text(content, b.path("content"));
        return new Message("tool", text, null, List.of(), id, names.get(id));
    }

    /** Turns of the same role that follow each other are one. */
    private void add(Message m) {
        Message last = messages.isEmpty() ? null : messages.getLast();
        if (last != null && last.role().equals(m.role()) && last.toolCalls().isEmpty()) {
            messages.removeLast();
            messages.add(new Message(m.role(), last.content() + "\n" + m.content(), m.reasoning(), m.toolCalls(), null, null));
        } else {
            messages.add(m);
        }
    }

    private static String text(JsonNode content, String at) {
        if (!content.isArray()) {
            if (!content.isTextual()) {
                throw JsonFields.wrongType(at, "a string or an array of blocks", content);
            }
            return JsonFields.text(content, at);
        }
        StringBuilder text = new StringBuilder();
        int i = 0;
        for (JsonNode block : content) {
            text.append(block(JsonFields.of(block, at + "[" + i++ + "]")));
        }
        return text.toString();
    }

    private static String block(JsonFields b) {
        String type = JsonFields.text(b.require("type"), b.path("type"));
        return switch (type) {
            case "text" -> JsonFields.text(b.require("text"), b.path("text"));
            case "thinking", "redacted_thinking" -> "";
            case "document" -> document(JsonFields.of(b.require("source"), b.path("source")));
            default -> throw RealmException.badParam(b.path("type"),
                    b.path("type") + " must be text: the model takes no images and no files");
        };
    }

    private static String document(JsonFields source) {
        String type = JsonFields.text(source.require("type"), source.path("type"));
        return switch (type) {
            case "text" -> JsonFields.text(source.require("data"), source.path("data"));
            case "content" -> text(source.require("content"), source.path("content"));
            default -> throw RealmException.badParam(source.path("type"),
                    source.path("type") + " must be text or content: the model takes no files");
        };
    }
}
