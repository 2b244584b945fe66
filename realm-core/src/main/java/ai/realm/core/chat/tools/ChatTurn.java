package ai.realm.core.chat.tools;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One turn of a chat.
 *
 * @param content null where an assistant only called tools
 * @param reasoning what an assistant thought, or null
 * @param toolCalls of an assistant
 * @param toolCallId which call a tool's turn answers, or null
 * @param name of the tool that answers, or null
 */
public record ChatTurn(String role, @Nullable String content, @Nullable String reasoning, List<ToolCall> toolCalls,
        @Nullable String toolCallId, @Nullable String name) {
    static final String SYSTEM = "system";
    static final String USER = "user";
    static final String ASSISTANT = "assistant";
    static final String TOOL = "tool";

    public static ChatTurn of(String role, String content) {
        return new ChatTurn(role, content, null, List.of(), null, null);
    }
}
