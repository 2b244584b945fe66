package ai.realm.core.chat.tools;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** How a model family writes calls: read, constrained and written from one description. Immutable. */
abstract class CallSyntax {
    /**
     * A mark that begins calls.
     *
     * @param step of the program to go to
     * @param readAgain whether the program reads the mark itself
     * @param first whether it counts only before any other text of the answer
     */
    record Start(String mark, int step, boolean readAgain, boolean first) {}

    /**
     * Where calls begin; no mark is the beginning of another.
     *
     * @param tools that may be called; null for any
     */
    abstract List<Start> starts(@Nullable List<Tool> tools);

    /** The steps that read what follows a mark. A fresh list: steps have state. */
    abstract List<Op> program();

    /** Texts after which the grammar begins, each with what must follow. */
    abstract List<Trigger> triggers(GrammarWriter g, List<Tool> tools, boolean parallel);

    /** Calls from their first character on, at least one. */
    abstract String calls(GrammarWriter g, List<Tool> tools, boolean parallel);

    /** Calls as an assistant's turn has them. */
    abstract String write(List<ToolCall> calls);

    /** Marks that can be tokens of their own, which must be shown as text. */
    abstract List<String> marks();

    /** More calls after the first, each after {@code between}, unless only one may come. */
    static String more(String between, String call, boolean parallel) {
        return parallel ? " (" + between + " " + call + ")*" : "";
    }
}
