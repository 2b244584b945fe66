package ai.realm.core.sampling.grammar;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything a grammar may go on with after some output: a set of stacks, each with a symbol to match on top. An {@link Automaton}
 * makes one for each set; equal by what is in it.
 */
final class State {
    /** Numbers of stacks, rising. */
    final int[] stacks;
    private final boolean complete;
    private final int hash;
    private @Nullable State @Nullable [] ascii;
    /** After any character that is not ASCII, where they all lead to the same. */
    private @Nullable State beyond;
    private @Nullable Map<Integer, State> others;
    private CharGroup[] groups = {};
    /** The tokens that may come next, once asked for. */
    long @Nullable [] mask;

    State(int[] stacks, boolean complete) {
        this.stacks = stacks;
        this.complete = complete;
        this.hash = Arrays.hashCode(stacks) * 2 + (complete ? 1 : 0);
    }

    boolean complete() {
        return complete;
    }

    /** Nothing can come, and what came was not complete. */
    boolean dead() {
        return stacks.length == 0 && !complete;
    }

    @Nullable
    State known(int codePoint) {
        if (codePoint < 128) {
            return ascii == null ? null : ascii[codePoint];
        }
        return beyond != null && !CharClass.isSurrogate(codePoint) ? beyond : others == null ? null : others.get(codePoint);
    }

    /** The characters that are known to lead to the same as this one; null where each of them leads elsewhere. */
    @Nullable
    CharGroup group(int codePoint) {
        for (CharGroup g : groups) {
            if (g.contains(codePoint)) {
                return g;
            }
        }
        return null;
    }

    /** @param same the characters that lead to the same, this one among them unless it is not ASCII and stands alone */
    void learn(int codePoint, CharGroup same, State next) {
        if (!same.contains(codePoint)) {
            if (others == null) {
                others = new HashMap<>();
            }
            if (others.size() < 4096) {
                others.put(codePoint, next);
            }
            return;
        }
        if (ascii == null) {
            ascii = new @Nullable State[128];
        }
        for (long left = same.low; left != 0; left &= left - 1) {
            ascii[Long.numberOfTrailingZeros(left)] = next;
        }
        for (long left = same.high; left != 0; left &= left - 1) {
            ascii[64 + Long.numberOfTrailingZeros(left)] = next;
        }
        if (same.beyond) {
            beyond = next;
        }
        groups = Arrays.copyOf(groups, groups.length + 1);
        groups[groups.length - 1] = same.copy();
    }

    @Override
    public boolean equals(@Nullable Object o) {
        return this == o || o instanceof State s && hash == s.hash && complete == s.complete && Arrays.equals(stacks, s.stacks);
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
