package ai.realm.core.sampling;

import java.util.Arrays;

/** Small non-negative numbers by token id, in one open-addressed table: no boxing, size by what is in it. */
final class TokenCounts {
    private static final int EMPTY = -1;

    private int[] tokens = filled(16);
    private int[] values = new int[16];
    private int used;

    int get(int token) {
        int i = find(token);
        return tokens[i] == EMPTY ? 0 : values[i];
    }

    void put(int token, int value) {
        int i = find(token);
        if (tokens[i] == EMPTY) {
            if (value == 0) {
                return;
            }
            tokens[i] = token;
            used++;
        }
        values[i] = value;
        if (used * 2 > tokens.length) {
            rebuild();
        }
    }

    void add(int token, int delta) {
        put(token, get(token) + delta);
    }

    void clear() {
        Arrays.fill(tokens, EMPTY);
        used = 0;
    }

    /** Slots to walk: {@link #tokenAt} of each is a token or -1. */
    int slots() {
        return tokens.length;
    }

    int tokenAt(int slot) {
        return tokens[slot] == EMPTY || values[slot] == 0 ? EMPTY : tokens[slot];
    }

    int valueAt(int slot) {
        return values[slot];
    }

    private int find(int token) {
        int mask = tokens.length - 1;
        int i = token * 0x9E3779B9 >>> 7 & mask;
        while (tokens[i] != EMPTY && tokens[i] != token) {
            i = i + 1 & mask;
        }
        return i;
    }

    /** Drops the entries that fell to zero and doubles the table if that was not enough. */
    private void rebuild() {
        int live = 0;
        for (int i = 0; i < tokens.length; i++) {
            live += tokenAt(i) == EMPTY ? 0 : 1;
        }
        int[] oldTokens = tokens;
        int[] oldValues = values;
        int length = live * 4 > tokens.length ? tokens.length * 2 : tokens.length;
        tokens = filled(length);
        values = new int[length];
        used = 0;
        for (int i = 0; i < oldTokens.length; i++) {
            if (oldTokens[i] != EMPTY && oldValues[i] != 0) {
                int slot = find(oldTokens[i]);
                tokens[slot] = oldTokens[i];
                values[slot] = oldValues[i];
                used++;
            }
        }
    }

    private static int[] filled(int length) {
        int[] a = new int[length];
        Arrays.fill(a, EMPTY);
        return a;
    }
}
