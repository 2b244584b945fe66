package ai.realm.server.http.inference;

import ai.realm.core.chat.tools.Tool;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The tools of a chat and what the answer may or must do with them.
 *
 * @param tools that the model is told of
 * @param callable the names of those that it may call; none when it may call none
 * @param strict the names of those whose schemas must be held, so that one that cannot be held is refused
 * @param required whether the answer must be a call
 * @param parallel whether it may be several calls
 */
public record ToolUse(List<Tool> tools, Set<String> callable, Set<String> strict, boolean required, boolean parallel) {
    public static final ToolUse NONE = new ToolUse(List.of(), Set.of(), Set.of(), false, true);

    public ToolUse {
        tools = List.copyOf(tools);
        callable = Set.copyOf(callable);
        strict = Set.copyOf(strict);
    }

    /**
     * Whether an answer may have several calls. A model that is forced to call goes on calling as long as it may, small ones without
     * an end, so that it makes one call unless the client asks for more.
     *
     * @param asked what the client said, or null
     */
    public static boolean parallel(@Nullable Boolean asked, boolean required) {
        return required ? Boolean.TRUE.equals(asked) : !Boolean.FALSE.equals(asked);
    }

    /** Whether the answer may hold calls. */
    boolean mayCall() {
        return !callable.isEmpty();
    }
}
