package ai.realm.core.chat.tools;

import java.util.Map;

/**
 * A call of a tool, as an earlier turn of a chat has it.
 *
 * @param arguments by name, in their order: Map, List, String, Number, Boolean and null
 */
public record ToolCall(String id, String name, Map<String, ?> arguments) {
    /** The arguments as JSON text. */
    public String json() {
        return JsonText.of(arguments);
    }
}
