package ai.realm.core.chat.tools;

import ai.realm.core.tokenizer.Vocab;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How a model family writes reasoning, content and calls. Immutable. */
public abstract class ChatFormat {
    private final String name;

    ChatFormat(String name) {
        this.name = name;
    }

    /** The family's, for logs and {@code /props}. */
    public final String name() {
        return name;
    }

    /** A fresh reader of one answer. */
    public abstract AnswerParser parser(ParserOptions options);

    /**
     * GBNF of an answer that calls tools or may do so, or null when there is nothing to hold it to.
     *
     * @param vocab the model's, in which marks may be tokens of their own
     */
    public abstract @Nullable String grammar(CallRules rules, @Nullable Vocab vocab);

    /** The calls of an assistant's earlier turn as this format's models write them, for templates that leave them out. */
    public abstract String write(List<ToolCall> calls);

    /** Spellings that must be seen as text, even where they are tokens that give none. */
    public abstract List<String> marks(boolean calls);

    /** The mark before reasoning, or null when the family has none. */
    public abstract @Nullable String reasoningOpen();

    /** The mark after reasoning, or null when the family has none. */
    public abstract @Nullable String reasoningClose();

    /** What of the prompt's end belongs to the answer: it is read, and constrained, as if the model had written it. */
    public String tail(String prompt) {
        return "";
    }

    /** Whether the prompt ends within reasoning. */
    public final boolean startsInReasoning(String prompt) {
        String open = reasoningOpen();
        return open != null && prompt.stripTrailing().endsWith(open.strip());
    }
}
