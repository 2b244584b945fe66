package ai.realm.core.sampling.grammar;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Everything a grammar may go on with after some output: a set of stacks, each with a symbol to match on top. Made once a set. */
final class State {
    final Stack[] stacks;
    private final boolean complete;
    private final @Nullable State[] ascii = new @Nullable State[128];
    private final Map<Integer, State> others = new HashMap<>();
    /** The tokens that may come next, once asked for. */
    long @Nullable [] mask;

    State(Stack[] stacks, boolean complete) {
        this.stacks = stacks;
        this.complete = complete;
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
        return codePoint < 128 ? ascii[codePoint] : others.get(codePoint);
    }

    void learn(int codePoint, State next) {
        if (codePoint < 128) {
            ascii[codePoint] = next;
        } else if (others.size() < 4096) {
            others.put(codePoint, next);
        }
    }

    /** Where to go on in the program, and what to return to after that; shared between states. */
    static final class Stack {
        final int id;
        final int position;
        final @Nullable Stack below;

        Stack(int id, int position, @Nullable Stack below) {
            this.id = id;
            this.position = position;
            this.below = below;
        }
    }
}
