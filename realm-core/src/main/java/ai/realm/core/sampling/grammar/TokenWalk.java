package ai.realm.core.sampling.grammar;

import java.util.Arrays;

/**
 * Finds out which of a vocabulary's tokens a walk can go over, in the order of their bytes, everything below a dead end in one. Can
 * be stopped by the automaton's limit of work at any token and goes on there when it is run again. One thread.
 */
final class TokenWalk {
    private final TokenIndex tokens;
    private final Utf8Walk walk;
    /** Indices of the tokens to look at, rising, or null for all from {@code next} to {@code end}. */
    private final int[] chosen;
    private final long[] mask;
    private final int end;
    private int next;
    private int before = -1;
    /** Tokens that share more bytes than this with the one before fail as it did. */
    private int deadFrom = Integer.MAX_VALUE;
    private boolean deadLeft;
    private int[] open = new int[16];
    private int openCount;

    private TokenWalk(TokenIndex tokens, Utf8Walk walk, long[] mask, int[] chosen, int from, int end) {
        this.tokens = tokens;
        this.walk = walk;
        this.mask = mask;
        this.chosen = chosen;
        this.next = from;
        this.end = end;
    }

    /** Over the tokens from one index to another. */
    static TokenWalk all(TokenIndex tokens, Utf8Walk walk, long[] mask, int from, int end) {
        return new TokenWalk(tokens, walk, mask, new int[0], from, end);
    }

    /** Over some tokens, by their rising indices. */
    static TokenWalk some(TokenIndex tokens, Utf8Walk walk, long[] mask, int[] chosen) {
        return new TokenWalk(tokens, walk, mask, chosen, 0, chosen.length);
    }

    /** Goes to the end, or as far as the automaton's limit allows, which comes out as an exception. */
    void run() {
        while (next < end) {
            int token = chosen.length == 0 ? next : chosen[next];
            look(token, before < 0 ? 0 : common(token));
            before = token;
            next++;
        }
    }

    /** Bytes that a token has in common with the one that was looked at before it. */
    private int common(int token) {
        int least = tokens.common[token];
        for (int t = before + 1; t < token && least > 0; t++) {
            least = Math.min(least, tokens.common[t]);
        }
        return least;
    }

    private void look(int token, int from) {
        if (from >= deadFrom) {
            if (deadLeft) {
                addOpen(token);
            }
            return;
        }
        byte[] bytes = tokens.bytes[token];
        int at = walk.go(from, bytes);
        deadFrom = Integer.MAX_VALUE;
        if (at < bytes.length) {
            deadFrom = at + 1;
            deadLeft = walk.left(at);
            if (deadLeft) {
                addOpen(token);
            }
        } else if (walk.canGoOn(at)) {
            mask[tokens.ids[token] >> 6] |= 1L << tokens.ids[token];
        } else if (walk.left(at)) {
            addOpen(token);
        }
    }

    private void addOpen(int token) {
        if (openCount == open.length) {
            open = Arrays.copyOf(open, 2 * openCount);
        }
        open[openCount++] = token;
    }

    /** Indices of the tokens that fail where the walk had been complete before: what comes after may take them. */
    int[] open() {
        return Arrays.copyOf(open, openCount);
    }
}
