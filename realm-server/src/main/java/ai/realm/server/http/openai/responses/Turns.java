package ai.realm.server.http.openai.responses;

import ai.realm.core.chat.tools.ToolCall;
import ai.realm.server.http.inference.GenerationRequest.Message;
import ai.realm.server.http.inference.ToolList;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Items made into the turns of a chat: what an assistant thought, said and called one after the other is one turn. */
final class Turns {
    private final List<Message> messages = new ArrayList<>();
    /** Of the tools that were called, by the ids of the calls. */
    private final Map<String, String> names = new HashMap<>();
    private final StringBuilder said = new StringBuilder();
    private @Nullable String thought;
    private List<ToolCall> calls = new ArrayList<>();
    private boolean open;

    /** Instructions, and system messages at the beginning, are one system message, as most templates take no second one. */
    void system(String text) {
        if (messages.size() == 1 && messages.getFirst().role().equals("system")) {
            messages.set(0, new Message("system", messages.getFirst().content() + "\n\n" + text));
        } else {
            messages.add(new Message("system", text));
        }
    }

    /** Adds items that {@link InputItems} has read, or that a response had. */
    void add(JsonNode items) {
        items.forEach(this::item);
    }

    private void item(JsonNode item) {
        switch (item.path("type").asText()) {
            case "message" -> message(item);
            case "reasoning" -> {
                if (!said.isEmpty() || !calls.isEmpty()) {
                    close();
                }
                open = true;
                thought = (thought == null ? "" : thought)
                        + texts(item.path(item.path("content").isEmpty() ? "summary" : "content"));
            }
            case "function_call" -> {
                open = true;
                String id = item.path("call_id").asText();
                names.put(id, item.path("name").asText());
                calls.add(new ToolCall(id, item.path("name").asText(), ToolList.arguments(item.get("arguments"))));
            }
            default -> {
                close();
                String id = item.path("call_id").asText();
                messages.add(new Message("tool", item.path("output").asText(), null, List.of(), id, names.get(id)));
            }
        }
    }

    private void message(JsonNode item) {
        String role = item.path("role").asText();
        String text = texts(item.path("content"));
        if (!role.equals("assistant")) {
            close();
            if (role.equals("user")) {
                messages.add(new Message("user", text));
            } else {
                system(text);
            }
            return;
        }
        if (!said.isEmpty() || !calls.isEmpty()) {
            close();
        }
        open = true;
        said.append(text);
    }

    private static String texts(JsonNode parts) {
        StringBuilder text = new StringBuilder();
        parts.forEach(p -> text.append(p.path("text").asText()));
        return text.toString();
    }

    private void close() {
        if (open) {
            messages.add(new Message("assistant", said.toString(), thought, calls, null, null));
            said.setLength(0);
            thought = null;
            calls = new ArrayList<>();
            open = false;
        }
    }

    /** All turns. */
    List<Message> messages() {
        close();
        return messages;
    }
}
