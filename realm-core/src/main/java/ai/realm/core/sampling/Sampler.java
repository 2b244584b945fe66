package ai.realm.core.sampling;

import org.jspecify.annotations.Nullable;

/**
 * Chooses the next token of one sequence from its logits and remembers what was chosen. Seeded and deterministic: the same seed,
 * prompt and logits give the same tokens. Not thread-safe; one for each sequence.
 */
public interface Sampler {
    /**
     * The next token by the row {@code logits[offset … offset + vocabSize)}. NaN and infinities count as impossible. Does not
     * record the token: call {@link #accept} with the one that is used.
     *
     * @throws ai.realm.core.error.RealmException INTERNAL when no token is possible; only this sequence is affected
     */
    int sample(float[] logits, int offset, int vocabSize);

    /** What {@link #sample(float[], int, int, long)} gives when there is more to do than it may. */
    int LATER = -1;

    /**
     * As {@link #sample(float[], int, int)}, but stops when more work than so many steps is needed for it now: then it gives
     * {@link #LATER}, and goes on when it is called again with the same row. Any thread may do that, one at a time. The token does not
     * depend on the steps.
     */
    default int sample(float[] logits, int offset, int vocabSize, long steps) {
        return sample(logits, offset, vocabSize);
    }

    /** Forgets a choice that was put off: the next begins anew. */
    default void restart() {
    }

    /** Records a token of the output: penalty history and grammar advance by it. */
    void accept(int token);

    /** The seed in use: the one asked for, or the one drawn when none was. */
    long seed();

    /** Log-probabilities of the last {@link #sample}, or null when the parameters ask for none. */
    default @Nullable TokenLogProbs lastLogProbs() {
        return null;
    }

    /** Guesses of text that it has no choice in; null for none ever. To be used by whoever calls this. */
    default @Nullable Drafts forced() {
        return null;
    }

    /** Steps of work beyond what every sampler does, so far: what a grammar has taken. */
    default long work() {
        return 0;
    }

    /** Whether the output so far satisfies the grammar as a whole; true when there is no grammar. */
    default boolean isComplete() {
        return true;
    }
}
