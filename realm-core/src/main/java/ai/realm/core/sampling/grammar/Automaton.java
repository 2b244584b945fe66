package ai.realm.core.sampling.grammar;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.grammar.State.Stack;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Follows a grammar: sets of stacks, made when first reached and kept, so that what recurs (the inside of a string, say) costs a
 * table look-up. A call at the end of a rule pushes nothing. One thread.
 */
final class Automaton {
    private static final int MAX_STACKS = 2000;
    private static final int MAX_STATES = 5000;
    private static final int MAX_INTERNED = 200_000;
    private static final int MAX_WORK = 3_000_000;

    private record StackKey(int position, int below) {}

    private final Grammar grammar;
    private final Map<StackKey, Stack> stacks = new HashMap<>();
    private final Map<List<Integer>, State> states = new HashMap<>();
    private int work;

    Automaton(Grammar grammar) {
        this.grammar = grammar;
    }

    /** A state before any output; not kept, so that what it led to can go. */
    State start() {
        Builder b = new Builder();
        for (int position : grammar.alternatives[grammar.root]) {
            b.add(position, null);
        }
        return b.build();
    }

    /** Begins a unit of work that may take so many steps, and no more: one token, one mask. */
    void startWork() {
        work = 0;
    }

    @Nullable
    Symbol symbol(Stack stack) {
        return grammar.program[stack.position];
    }

    State next(State state, int codePoint) {
        State known = state.known(codePoint);
        if (known != null) {
            return known;
        }
        State next = advance(state, s -> s instanceof Symbol.Char c && c.set().contains(codePoint));
        state.learn(codePoint, next);
        return next;
    }

    /** After a token that rules name as a whole. */
    State nextToken(State state, int token) {
        return advance(state, s -> s instanceof Symbol.Token t && t.id() == token != t.negated());
    }

    /** All that either state can go on with. */
    State union(State a, State b) {
        Builder builder = new Builder();
        for (State s : List.of(a, b)) {
            for (Stack stack : s.stacks) {
                builder.add(stack.position, stack.below);
            }
            builder.complete |= s.complete();
        }
        return builder.build();
    }

    private State advance(State state, Predicate<Symbol> matches) {
        Builder b = new Builder();
        for (Stack stack : state.stacks) {
            Symbol symbol = grammar.program[stack.position];
            if (symbol != null && matches.test(symbol)) {
                b.add(stack.position + 1, stack.below);
            }
        }
        return b.build();
    }

    private Stack stack(int position, @Nullable Stack below) {
        if (stacks.size() > MAX_INTERNED) {
            throw tooAmbiguous();
        }
        return stacks.computeIfAbsent(new StackKey(position, below == null ? -1 : below.id),
                k -> new Stack(stacks.size(), position, below));
    }

    private static RealmException tooAmbiguous() {
        return new RealmException(ErrorCode.INVALID_REQUEST,
                "the grammar is too ambiguous: there are too many ways to read the same output", "grammar", null);
    }

    /** Collects stacks whose top is a symbol to match, expanding rules and returns. */
    private final class Builder {
        private final Set<Stack> seen = new HashSet<>();
        private final Deque<Stack> todo = new ArrayDeque<>();
        private final List<Stack> found = new ArrayList<>();
        boolean complete;

        void add(int position, @Nullable Stack below) {
            push(position, below);
            while (!todo.isEmpty()) {
                expand(todo.pop());
            }
        }

        private void push(int position, @Nullable Stack below) {
            Stack s = stack(position, below);
            if (seen.add(s)) {
                if (seen.size() > MAX_STACKS * 4 || ++work > MAX_WORK) {
                    throw tooAmbiguous();
                }
                todo.push(s);
            }
        }

        private void expand(Stack s) {
            if (s.position >= grammar.program.length) {
                expandCounted(s);
                return;
            }
            Symbol symbol = grammar.program[s.position];
            if (symbol == null) {
                leave(s);
            } else if (symbol instanceof Symbol.Rule rule) {
                boolean last = grammar.program[s.position + 1] == null;
                Stack below = last ? s.below : stack(s.position + 1, s.below);
                for (int position : grammar.alternatives[rule.id()]) {
                    push(position, below);
                }
            } else {
                found.add(s);
                if (found.size() > MAX_STACKS) {
                    throw tooAmbiguous();
                }
            }
        }

        /** Returns to what the rule was called from. */
        private void leave(Stack s) {
            if (s.below == null) {
                complete = true;
            } else {
                push(s.below.position, s.below.below);
            }
        }

        /** Once more what a counted rule repeats, or on, as the count allows. */
        private void expandCounted(Stack s) {
            int c = grammar.countedAt(s.position);
            int min = grammar.countedMin[c];
            int max = grammar.countedMax[c];
            int count = s.position - grammar.countedBase[c];
            if (count >= min) {
                leave(s);
            }
            int next = max < 0 ? Math.min(count + 1, min) : count + 1;
            if (max < 0 || next <= max) {
                Stack below = next == max ? s.below : stack(grammar.countedBase[c] + next, s.below);
                for (int position : grammar.alternatives[grammar.countedItem[c]]) {
                    push(position, below);
                }
            }
        }

        State build() {
            Stack[] all = found.toArray(new Stack[0]);
            Arrays.sort(all, (x, y) -> Integer.compare(x.id, y.id));
            List<Integer> key = new ArrayList<>(all.length + 1);
            for (Stack s : all) {
                key.add(s.id);
            }
            key.add(complete ? -1 : -2);
            State known = states.get(key);
            if (known != null) {
                return known;
            }
            if (states.size() >= MAX_STATES) {
                // what is still referred to stays alive; the rest is made again when it is reached again
                states.clear();
            }
            State made = new State(all, complete);
            states.put(key, made);
            return made;
        }
    }
}
