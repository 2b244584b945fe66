package ai.realm.core.sampling;

import java.util.Arrays;

/**
 * Guesses that what followed the last few tokens where they stood before follows them again: in the prompt or in the output so far. Time
 * is constant for each token, memory linear. Source: Saxena, Prompt Lookup Decoding, 2023.
 */
public final class LookupDrafts implements Drafts {
    /** Tokens that must be the same for what follows them to be worth a guess. */
    private static final int SAME = 3;
    private static final int FIRST_GUESSES = 4;
    private static final int MOST_GUESSES = 15;

    private int[] tokens;
    private int length;
    /** By a hash of some tokens, the index after their latest occurrence; 0 for none. A collision costs a wrong guess. */
    private int[] after;
    private int found;
    private final DraftLength amount = new DraftLength(FIRST_GUESSES, MOST_GUESSES);

    /** @param prompt tokens before the output */
    public LookupDrafts(int[] prompt) {
        tokens = Arrays.copyOf(prompt, prompt.length + 64);
        after = new int[Integer.highestOneBit(Math.max(64, prompt.length)) * 2];
        for (int i = 0; i < prompt.length; i++) {
            length = i + 1;
            index();
        }
    }

    /** Notes where the last tokens stand, and where they stood before. */
    private void index() {
        found = 0;
        if (length >= SAME) {
            int slot = slot();
            found = after[slot];
            after[slot] = length;
        }
    }

    private int slot() {
        int hash = 0;
        for (int i = length - SAME; i < length; i++) {
            hash = (hash + tokens[i]) * 0x9E3779B1;
        }
        return (hash ^ hash >>> 15) & after.length - 1;
    }

    @Override
    public void accept(int token) {
        if (length == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * length);
        }
        tokens[length++] = token;
        if (length > after.length) {
            rebuild();
        }
        index();
    }

    private void rebuild() {
        int all = length;
        after = new int[2 * after.length];
        for (length = SAME; length < all; length++) {
            after[slot()] = length;
        }
        length = all;
    }

    @Override
    public void guess(Choice choice) {
        if (found == 0 || !same(found)) {
            return;
        }
        int n = Math.min(amount.next(), length - found);
        for (int i = 0; i < n; i++) {
            choice.guess(tokens[found + i]);
        }
    }

    private boolean same(int end) {
        for (int i = 1; i <= SAME; i++) {
            if (tokens[end - i] != tokens[length - i]) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void verified(int right, int guessed) {
        amount.verified(right, guessed);
    }
}
