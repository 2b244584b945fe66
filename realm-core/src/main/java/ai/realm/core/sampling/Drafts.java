package ai.realm.core.sampling;

/**
 * Guesses what an output goes on with, so that one step can compute several tokens of it. A wrong guess costs time and changes nothing.
 * One thread at a time.
 */
public interface Drafts {
    /** Records a token of the output. */
    void accept(int token);

    /** Adds guesses of what comes next to a choice; none of them may be a token that ends the output. */
    void guess(Choice choice);

    /** How many of the guesses that were computed last were right. */
    default void verified(int right, int guessed) {
    }
}
