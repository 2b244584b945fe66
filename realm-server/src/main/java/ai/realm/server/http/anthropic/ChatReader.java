package ai.realm.server.http.anthropic;

import ai.realm.core.error.RealmException;
import ai.realm.server.http.inference.GenerationRequest.Chat;
import ai.realm.server.http.inference.GenerationRequest.Message;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** The conversation of a Messages body: system text, turns made of blocks, tools. */
final class ChatReader {
    private static final int MAX_MESSAGES = 4096;

    private final JsonFields fields;
    private final List<Message> messages = new ArrayList<>();

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
        boolean prefilled = last.role().equals("assistant") && !last.content().isEmpty();
        return prefilled ? new Chat(messages.subList(0, messages.size() - 1), last.content()) : new Chat(messages, "");
    }

    private void message(JsonFields m) {
        String role = JsonFields.text(m.require("role"), m.path("role"));
        if (!List.of("user", "assistant", "system").contains(role)) {
            throw RealmException.badParam(m.path("role"), m.path("role") + " must be user or assistant");
        }
        add(new Message(role, text(m.require("content"), m.path("content"))));
    }

    /** Turns of the same role that follow each other are one. */
    private void add(Message m) {
        if (!messages.isEmpty() && messages.getLast().role().equals(m.role())) {
            Message last = messages.removeLast();
            messages.add(new Message(m.role(), last.content() + "\n" + m.content()));
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
