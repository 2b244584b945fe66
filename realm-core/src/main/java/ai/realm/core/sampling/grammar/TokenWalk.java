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
            int token = at(next);
            int dead = look(token, before < 0 ? 0 : tokens.common(before, token));
            before = token;
            next++;
            if (dead >= 0) {
                skip(token, dead + 1);
            }
        }
    }

    /** Looks at one token from the bytes on that are new in it; the byte that it fails at, or -1. */
    private int look(int token, int from) {
        byte[] bytes = tokens.bytes[token];
        int at = walk.go(from, bytes);
        if (at == bytes.length && walk.canGoOn(at)) {
            mask[tokens.ids[token] >> 6] |= 1L << tokens.ids[token];
        } else if (walk.left(at)) {
            addOpen(token);
        }
        return at < bytes.length ? at : -1;
    }

    /** Passes over the tokens that share these bytes with one that failed at the last of them, for they fail as it did. */
    private void skip(int token, int bytes) {
        boolean left = walk.left(bytes - 1);
        int after = tokens.afterPrefix(token, bytes);
        while (next < end && at(next) < after) {
            if (!left && chosen.length == 0) {
                next = Math.min(after, end);
                before = next - 1;
                return;
            }
            before = at(next);
            if (left) {
                addOpen(before);
            }
            next++;
        }
    }

    private int at(int i) {
        return chosen.length == 0 ? i : chosen[i];
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
