package ai.realm.core.chat.tools;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How an answer is read.
 *
 * @param tools those that may be called; null for any
 * @param calls whether calls are looked for
 * @param hold whether a call is held back until it is complete; without, its arguments come as they are written, which suits text
 *        that keeps to the grammar
 * @param reasoningInContent leave reasoning and its marks in the content
 * @param startsInReasoning whether the prompt opened the reasoning already
 * @param promptTail the end of the prompt that is the beginning of what is to be read; most formats have none
 */
public record ParserOptions(@Nullable List<Tool> tools, boolean calls, boolean hold, boolean reasoningInContent,
        boolean startsInReasoning, String promptTail) {

    @Nullable
    Map<String, Tool> toolsByName() {
        if (tools == null) {
            return null;
        }
        Map<String, Tool> byName = new LinkedHashMap<>();
        tools.forEach(t -> byName.put(t.name(), t));
        return byName;
    }
}
