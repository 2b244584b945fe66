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
    private @Nullable Map<Integer, State> others;
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
        return others == null ? null : others.get(codePoint);
    }

    void learn(int codePoint, State next) {
        if (codePoint < 128) {
            if (ascii == null) {
                ascii = new @Nullable State[128];
            }
            ascii[codePoint] = next;
        } else {
            if (others == null) {
                others = new HashMap<>();
            }
            if (others.size() < 4096) {
                others.put(codePoint, next);
            }
        }
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
