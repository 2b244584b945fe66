package ai.realm.core.sampling.grammar;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Follows a grammar: sets of stacks, made when first reached and kept, so that what recurs (the inside of a string, say) costs a
 * table look-up. A call at the end of a rule pushes nothing. Counts its work, in stacks looked at and stacks made, and stops at a
 * limit, so that what a grammar costs does not depend on who wrote it. It also stops where a slice of work ends, in the middle of a set
 * even, and goes on there when it is asked for the same again. One thread.
 */
final class Automaton {
    private static final int MAX_STACKS = 20_000;
    private static final int MAX_STATES = 5000;
    /** Stacks in the sets that are kept, all together. */
    private static final int MAX_KEPT = 1_000_000;

    /** Characters that are looked ahead for states that each lead to another one. */
    private static final int MOST_AHEAD = 24;

    /** Stacks from when on those that are of no more use are looked for. */
    static final int COMPACT_ABOVE = 50_000;

    private final Grammar grammar;
    private StackTable table = new StackTable();
    private final Map<State, State> states = new HashMap<>();
    private int kept;
    private int compactAbove = COMPACT_ABOVE;
    private long work;
    private long limit = Long.MAX_VALUE;
    private long sliceEnd = Long.MAX_VALUE;

    /** What a set is made for; asked for again, it is gone on with. */
    private enum Making {
        NOTHING,
        START,
        LOCAL,
        CHARACTER,
        TOKEN,
        UNION
    }

    // what the set under construction is for, has seen, has to expand, and consists of
    private Making making = Making.NOTHING;
    private @Nullable State from;
    private int by;
    private int nextStack;
    private int generation;
    private int[] seen = new int[0];
    private int[] todo = new int[16];
    private int todoCount;
    private int[] found = new int[16];
    private int foundCount;
    private boolean complete;
    /** The characters that lead to the same set as the one that it is made for. */
    private final CharGroup group = new CharGroup();

    Automaton(Grammar grammar) {
        this.grammar = grammar;
    }

    /** Steps of work so far. */
    long work() {
        return work;
    }

    /**
     * @param most from when on {@link #work} is too much
     * @param slice from when on it pauses wherever it can go on later
     */
    void limit(long most, long slice) {
        limit = most;
        sliceEnd = slice;
    }

    /** Adds steps of work that a caller does with states. */
    void spend(long steps) {
        work += steps;
        if (work > limit) {
            throw new WorkLimitException();
        }
    }

    /** Called where the work can go on later from what is kept; comes out as an exception when its slice is used up. */
    void pause() {
        if (work >= sliceEnd) {
            throw new PausedException();
        }
    }

    /** A state before any output; not kept, so that what it led to can go. */
    State start() {
        if (begins(Making.START, null, 0)) {
            call(grammar.root, StackTable.BOTTOM);
        }
        expandAll();
        return build();
    }

    /** A state that knows of a stack's top and of the rule it returns to, and is complete where it would return further. */
    State local(int stack, int characters) {
        if (begins(Making.LOCAL, null, stack)) {
            int below = table.below(stack);
            int caller = below == StackTable.BOTTOM
                    ? StackTable.BOTTOM
                    : table.intern(grammar.representative(table.position(below), characters), StackTable.BOTTOM);
            push(table.position(stack), caller);
        }
        expandAll();
        return build();
    }

    /** The same number for stacks that have the same {@link #local} state, as far as so many characters are concerned. */
    long place(int stack, int characters) {
        int below = table.below(stack);
        int caller = below == StackTable.BOTTOM ? -1 : grammar.representative(table.position(below), characters);
        return (long) table.position(stack) << 32 | caller & 0xFFFF_FFFFL;
    }

    @Nullable
    Symbol symbol(int stack) {
        return grammar.program[table.position(stack)];
    }

    State next(State state, int codePoint) {
        State known = state.known(codePoint);
        if (known != null) {
            return known;
        }
        if (begins(Making.CHARACTER, state, codePoint)) {
            group.begin();
        }
        while (more(state)) {
            int stack = state.stacks[nextStack++];
            if (symbol(stack) instanceof Symbol.Char c) {
                boolean matches = c.set().contains(codePoint);
                group.restrict(c.set(), matches);
                if (matches) {
                    push(table.position(stack) + 1, table.below(stack));
                }
            }
        }
        State next = build();
        state.learn(codePoint, group, next);
        return next;
    }

    /** After a token that rules name as a whole. */
    State nextToken(State state, int token) {
        begins(Making.TOKEN, state, token);
        while (more(state)) {
            int stack = state.stacks[nextStack++];
            if (symbol(stack) instanceof Symbol.Token t && t.id() == token != t.negated()) {
                push(table.position(stack) + 1, table.below(stack));
            }
        }
        return build();
    }

    /** Expands what there is to expand; whether there is a further stack of the state to look at. */
    private boolean more(State state) {
        expandAll();
        if (nextStack == state.stacks.length) {
            return false;
        }
        pause();
        spend(1);
        return true;
    }

    /** Whether a state goes on after every text of these characters, however they are put together, and surely so. */
    boolean takesAll(State state, TokenTrie.Characters characters) {
        State at = state;
        for (int n = 0; n < characters.most() && n < MOST_AHEAD; n++) {
            State next = onlyNext(at, characters);
            if (next == null || next == at) {
                spend(n + 1);
                return next != null;
            }
            at = next;
        }
        spend(characters.most());
        return characters.most() <= MOST_AHEAD;
    }

    /** The state that any of these characters leads to; null when they part, or lead nowhere. */
    private @Nullable State onlyNext(State state, TokenTrie.Characters characters) {
        long low = characters.low();
        long high = characters.high();
        boolean beyond = characters.beyond();
        State only = null;
        while (low != 0 || high != 0 || beyond) {
            int c = low != 0
                    ? Long.numberOfTrailingZeros(low)
                    : high != 0 ? 64 + Long.numberOfTrailingZeros(high) : CharClass.BEYOND;
            State next = next(state, c);
            CharGroup known = state.group(c);
            if (next.dead() || known == null || only != null && next != only) {
                return null;
            }
            only = next;
            low &= ~known.low;
            high &= ~known.high;
            beyond &= !known.beyond;
        }
        return only;
    }

    /** The only character that can come next, or -1 where there is a choice, an end, or a token that is named as a whole. */
    int only(State state) {
        int only = -1;
        if (state.complete()) {
            return -1;
        }
        spend(state.stacks.length);
        for (int stack : state.stacks) {
            int own = symbol(stack) instanceof Symbol.Char c ? c.set().only() : -1;
            if (own < 0 || only >= 0 && own != only) {
                return -1;
            }
            only = own;
        }
        return only;
    }

    /** All that either state can go on with. */
    State union(State a, State b) {
        begins(Making.UNION, null, 0);
        for (int stack : a.stacks) {
            push(table.position(stack), table.below(stack));
        }
        for (int stack : b.stacks) {
            push(table.position(stack), table.below(stack));
        }
        expandAll();
        complete = a.complete() || b.complete();
        return build();
    }

    /** Whether there are so many stacks that {@link #compacted} would do something. */
    boolean crowded() {
        return table.size() >= compactAbove;
    }

    /**
     * When there are many stacks, forgets all but those that this state consists of; every other state is void after that.
     *
     * @return the same state, of stacks as they are numbered now
     */
    State compacted(State state) {
        if (!crowded()) {
            return state;
        }
        making = Making.NOTHING;
        StackTable old = table;
        table = new StackTable();
        states.clear();
        kept = state.stacks.length;
        seen = new int[0];
        generation = 0;
        int[] numbers = new int[old.size()];
        Arrays.fill(numbers, StackTable.BOTTOM);
        int[] stacks = new int[state.stacks.length];
        for (int i = 0; i < stacks.length; i++) {
            stacks[i] = move(old, state.stacks[i], numbers);
        }
        Arrays.sort(stacks);
        work += table.size();
        compactAbove = Math.max(COMPACT_ABOVE, 2 * table.size());
        State moved = new State(stacks, state.complete());
        states.put(moved, moved);
        return moved;
    }

    /** Makes a stack and those below it anew, the lowest first. */
    private int move(StackTable old, int stack, int[] numbers) {
        todoCount = 0;
        for (int s = stack; s != StackTable.BOTTOM && numbers[s] == StackTable.BOTTOM; s = old.below(s)) {
            if (todoCount == todo.length) {
                todo = Arrays.copyOf(todo, 2 * todoCount);
            }
            todo[todoCount++] = s;
        }
        while (todoCount > 0) {
            int s = todo[--todoCount];
            int below = old.below(s);
            numbers[s] = table.intern(old.position(s), below == StackTable.BOTTOM ? below : numbers[below]);
        }
        return numbers[stack];
    }

    /** Begins a set; false when it is the one under way, which goes on. */
    private boolean begins(Making what, @Nullable State state, int number) {
        // a union has no number of its own; it is small, and made where nothing pauses
        if (making == what && from == state && by == number && what != Making.UNION) {
            return false;
        }
        making = what;
        from = state;
        by = number;
        nextStack = 0;
        generation++;
        foundCount = 0;
        todoCount = 0;
        complete = false;
        return true;
    }

    /** Finds the stacks whose top is a symbol to match, which rules and returns come to. */
    private void expandAll() {
        while (todoCount > 0) {
            pause();
            expand(todo[--todoCount]);
        }
    }

    private void push(int position, int below) {
        int stack = table.intern(position, below);
        if (seen.length < table.capacity()) {
            seen = Arrays.copyOf(seen, table.capacity());
        }
        if (seen[stack] == generation) {
            return;
        }
        seen[stack] = generation;
        spend(1);
        if (todoCount == todo.length) {
            todo = Arrays.copyOf(todo, 2 * todoCount);
        }
        todo[todoCount++] = stack;
    }

    private void expand(int stack) {
        int position = table.position(stack);
        int below = table.below(stack);
        if (position >= grammar.program.length) {
            expandCounted(position, below);
            return;
        }
        Symbol symbol = grammar.program[position];
        if (symbol == null) {
            leave(below);
        } else if (symbol instanceof Symbol.Rule rule) {
            boolean last = grammar.program[position + 1] == null;
            call(rule.id(), last ? below : table.intern(position + 1, below));
        } else {
            if (foundCount == MAX_STACKS) {
                throw new RealmException(ErrorCode.INVALID_REQUEST, "the grammar is too ambiguous: there are more than "
                        + MAX_STACKS + " ways to go on after the same output", "grammar", null);
            }
            if (foundCount == found.length) {
                found = Arrays.copyOf(found, 2 * foundCount);
            }
            found[foundCount++] = stack;
        }
    }

    private void call(int rule, int below) {
        for (int alternative : grammar.alternatives[rule]) {
            push(alternative, below);
        }
    }

    /** Returns to what a rule was called from. */
    private void leave(int below) {
        if (below == StackTable.BOTTOM) {
            complete = true;
        } else {
            push(table.position(below), table.below(below));
        }
    }

    /** Once more what a counted rule repeats, or on, as the count allows. */
    private void expandCounted(int position, int below) {
        int c = grammar.countedAt(position);
        int min = grammar.countedMin[c];
        int max = grammar.countedMax[c];
        int count = position - grammar.countedBase[c];
        if (count >= min) {
            leave(below);
        }
        int next = max < 0 ? Math.min(count + 1, min) : count + 1;
        if (max < 0 || next <= max) {
            call(grammar.countedItem[c], next == max ? below : table.intern(grammar.countedBase[c] + next, below));
        }
    }

    private State build() {
        making = Making.NOTHING;
        from = null;
        int[] stacks = Arrays.copyOf(found, foundCount);
        Arrays.sort(stacks);
        State made = new State(stacks, complete);
        State known = states.get(made);
        if (known != null) {
            return known;
        }
        kept += foundCount;
        if (states.size() >= MAX_STATES || kept > MAX_KEPT) {
            // what is still referred to stays alive; the rest is made again when it is reached again
            states.clear();
            kept = foundCount;
        }
        states.put(made, made);
        return made;
    }
}
