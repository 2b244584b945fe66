package ai.realm.core.chat.tools;

/**
 * A step of reading a call's text: takes characters until it is done or cannot go on. One for each parser, used again and again
 * after {@link #reset}.
 */
interface Op {
    int MORE = -1;
    int FAIL = -2;
    int NEXT = -3;

    /** Begins anew. */
    void reset();

    /**
     * Takes a character. {@link #MORE} to go on, {@link #FAIL}, {@link #NEXT} for the step after this one, or the number of the step
     * to go to.
     */
    int feed(char c, CallSink sink);

    /** After NEXT or a number: characters that were taken but belong to what follows, in their order. */
    default CharSequence leftOver() {
        return "";
    }

    /** Whether the text may end while this step waits: all it has is a part of a mark that only closes. */
    default boolean mayEnd() {
        return false;
    }

    /** The text has ended while this step waits. True if it was complete by that. */
    default boolean finish(CallSink sink) {
        return false;
    }
}
