package ai.realm.core.sampling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Chooser} decided: tokens that come, and how it goes on. Reused: cleared by whoever asks, filled by the chooser. One
 * thread at a time.
 */
public final class Choice {
    /** How it goes on after the tokens of the choice. */
    public enum Kind {
        /** With the next step. */
        GO_ON,
        /** The chooser has work to do: it is called again with the row after its tokens alone, beside the steps of others. */
        LATER,
        /** Somebody outside decides; until then the sequence keeps its place and its memory. */
        WAIT,
        /** Not at all: the sequence ends as it should. */
        END
    }

    private Kind kind = Kind.GO_ON;
    private int[] tokens = new int[8];
    private @Nullable TokenLogProbs[] logProbs = new TokenLogProbs[8];
    private int count;
    private int[] guesses = new int[8];
    private int guessCount;
    private final List<TokenLogProbs> scores = new ArrayList<>();

    public void clear() {
        kind = Kind.GO_ON;
        Arrays.fill(logProbs, 0, count, null);
        count = 0;
        guessCount = 0;
        scores.clear();
    }

    /**
     * Adds a token to the output.
     *
     * @param details its log-probabilities, or null when none are wanted
     */
    public void accept(int token, @Nullable TokenLogProbs details) {
        if (count == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * count);
            logProbs = Arrays.copyOf(logProbs, 2 * count);
        }
        tokens[count] = token;
        logProbs[count++] = details;
    }

    /** Tells what the model makes of a token that was known already; in the order of positions. */
    public void score(TokenLogProbs known) {
        scores.add(known);
    }

    /** Guesses a token to come after those that were accepted and guessed so far; the next rows say whether it is right. */
    public void guess(int token) {
        if (guessCount == guesses.length) {
            guesses = Arrays.copyOf(guesses, 2 * guessCount);
        }
        guesses[guessCount++] = token;
    }

    public void goOn(Kind how) {
        kind = how;
    }

    public Kind kind() {
        return kind;
    }

    /** Tokens that were accepted. */
    public int count() {
        return count;
    }

    public int token(int i) {
        return tokens[i];
    }

    public @Nullable TokenLogProbs logProbs(int i) {
        return logProbs[i];
    }

    public int guessCount() {
        return guessCount;
    }

    public int guessed(int i) {
        return guesses[i];
    }

    /** Valid until it is cleared. */
    public List<TokenLogProbs> scores() {
        return scores;
    }
}
