package ai.realm.core.chat.tools;

import org.jspecify.annotations.Nullable;

/**
 * A piece of a parsed answer, in the order of the text. Texts and arguments of the same kind belong together: their concatenation is
 * the same however the text was cut.
 */
public sealed interface AnswerEvent {
    /** More of what the user is shown. */
    record Content(String text) implements AnswerEvent {}

    /** More of what the model thinks before it answers. */
    record Reasoning(String text) implements AnswerEvent {}

    /**
     * A call of a tool begins; the arguments follow.
     *
     * @param index of the call within the answer, from 0
     * @param id what the model calls it, or null
     */
    record CallBegin(int index, String name, @Nullable String id) implements AnswerEvent {}

    /** More of a call's arguments, which are one JSON object. */
    record CallArguments(int index, String text) implements AnswerEvent {}

    /** The call is complete. A call without this event was cut off. */
    record CallEnd(int index) implements AnswerEvent {}
}
