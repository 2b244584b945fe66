package ai.realm.core.sampling;

/**
 * Decides what comes of a sequence's rows of logits: tokens, nothing yet, or the end. One for each sequence, called by one thread at a
 * time, though not always the same one, and never while others wait for what it does: neither under a lock nor within a step.
 */
public interface Chooser {
    /**
     * The first position of a prompt whose logits it wants; the last position by default, which the next token is sampled after.
     *
     * @param promptLength tokens of the prompt
     */
    default int firstRow(int promptLength) {
        return promptLength - 1;
    }

    /**
     * Decides by rows that were computed, each once and in their order. At the last known token it must accept a token, put the
     * decision off, or end; earlier rows, of a prompt that is long, may pass without either.
     *
     * @param rows those of positions that were wanted; a row after a guess counts only if the guess was right
     * @param choice empty; what is accepted in it has become the sequence's
     * @param steps of work beyond the usual that may be done now, in a unit that takes some nanoseconds; where more is needed the kind
     *        becomes {@link Choice.Kind#LATER}, and the result must not depend on how often
     * @throws RuntimeException when it can decide nothing; what was accepted before counts, and the sequence ends with this error
     */
    void choose(LogitRows rows, Choice choice, long steps);

    /** Whether somebody outside of the engine decides too, so that the sequence may rest as long as that one likes. */
    default boolean isSteered() {
        return false;
    }

    /** Steps of such work so far, which the sequence's tenant is charged for. */
    default long work() {
        return 0;
    }
}
