package ai.realm.server.http.inference;

import ai.realm.core.chat.tools.AnswerParser;
import ai.realm.core.chat.tools.ChatFormat;
import ai.realm.core.chat.tools.ParserOptions;
import ai.realm.core.chat.tools.Tool;
import java.util.List;

/**
 * How a chat's answer is read: in which format, and what is looked for in it.
 *
 * @param tools that may be called; empty when calls are not looked for
 */
record AnswerReading(ChatFormat format, List<Tool> tools, boolean reasoningInContent, boolean startsInReasoning,
        String promptTail) {
    /** @param hold whether calls are held back until they are complete, as the text may have left the grammar */
    AnswerParser parser(boolean hold) {
        return format.parser(new ParserOptions(tools, !tools.isEmpty(), hold, reasoningInContent, startsInReasoning, promptTail));
    }
}
