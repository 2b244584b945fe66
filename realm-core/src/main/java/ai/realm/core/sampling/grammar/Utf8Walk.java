package ai.realm.core.sampling.grammar;

/**
 * A walk of an {@link Automaton} over bytes, of which every point so far is kept, so that it can go on from any of them: entry 0 is
 * where it begins, entry n where it stands after n bytes. A character may be spread over tokens: an entry may lie within one. One
 * thread.
 */
final class Utf8Walk {
    private final Automaton automaton;
    private final State[] states;
    /** The bits of an unfinished character, and how many bytes of it are missing. */
    private final int[] partial;
    private final int[] missing;
    /** The smallest code point that a form of this length may stand for. */
    private final int[] smallest;
    /** Whether some state up to here was complete: what follows may belong to whatever comes after. */
    private final boolean[] left;
    private int reached;

    Utf8Walk(Automaton automaton, int longest, State start) {
        this.automaton = automaton;
        states = new State[longest + 1];
        partial = new int[longest + 1];
        missing = new int[longest + 1];
        smallest = new int[longest + 1];
        left = new boolean[longest + 1];
        restart(start);
    }

    /** Begins anew, between two characters. */
    void restart(State start) {
        states[0] = start;
        missing[0] = 0;
        left[0] = start.complete();
    }

    /** Makes an entry the beginning. */
    void moveTo(int at) {
        states[0] = states[at];
        partial[0] = partial[at];
        missing[0] = missing[at];
        smallest[0] = smallest[at];
        left[0] = states[0].complete();
    }

    /** Puts the same state instead of the first, in another form. */
    void replaceFirst(State same) {
        states[0] = same;
    }

    State state(int at) {
        return states[at];
    }

    /** Whether this entry is between two characters. */
    boolean between(int at) {
        return missing[at] == 0;
    }

    boolean left(int at) {
        return left[at];
    }

    /** Another walk that begins where this one does. */
    Utf8Walk fork() {
        Utf8Walk out = new Utf8Walk(automaton, states.length - 1, states[0]);
        out.partial[0] = partial[0];
        out.missing[0] = missing[0];
        out.smallest[0] = smallest[0];
        return out;
    }

    /** Goes as far as it can over the bytes from an entry on; the entry that it comes to. */
    int go(int from, byte[] bytes) {
        reached = from;
        while (reached < bytes.length && step(reached, bytes[reached])) {
            reached++;
            automaton.spend(1);
        }
        return reached;
    }

    /** The entry that {@link #go} has come to, also when it was stopped. */
    int reached() {
        return reached;
    }

    /** Whether it goes on from an entry over every text of these characters, surely so. */
    boolean takesAll(int at, TokenTrie.Characters characters) {
        return missing[at] == 0 && characters.text() && automaton.takesAll(states[at], characters);
    }

    /** Goes from entry {@code at} to the next by one byte; false at a dead end. */
    boolean step(int at, byte raw) {
        int b = raw & 255;
        if (missing[at] == 0) {
            int length = b < 0x80 ? 0 : b >= 0xC2 && b < 0xE0 ? 1 : b >= 0xE0 && b < 0xF0 ? 2 : b >= 0xF0 && b < 0xF5 ? 3 : -1;
            if (length < 0) {
                return false;
            }
            smallest[at + 1] = length == 3 ? 0x10000 : length == 2 ? 0x800 : 0;
            return length == 0 ? advance(at, b) : pause(at, b & (0x3F >> length), length);
        }
        if ((b & 0xC0) != 0x80) {
            return false;
        }
        int value = partial[at] << 6 | b & 0x3F;
        smallest[at + 1] = smallest[at];
        return missing[at] > 1 ? pause(at, value, missing[at] - 1) : advance(at, value);
    }

    private boolean pause(int at, int value, int stillMissing) {
        states[at + 1] = states[at];
        partial[at + 1] = value;
        missing[at + 1] = stillMissing;
        left[at + 1] = left[at];
        return true;
    }

    private boolean advance(int at, int codePoint) {
        if (CharClass.isSurrogate(codePoint) || codePoint < smallest[at + 1] || codePoint > Character.MAX_CODE_POINT) {
            return false;
        }
        State next = automaton.next(states[at], codePoint);
        states[at + 1] = next;
        partial[at + 1] = 0;
        missing[at + 1] = 0;
        left[at + 1] = left[at] || next.complete();
        return !next.dead();
    }

    /** Whether an unfinished character at this entry can become one that is wanted. */
    boolean canGoOn(int at) {
        if (missing[at] == 0) {
            return true;
        }
        automaton.spend(states[at].stacks.length);
        int shift = 6 * missing[at];
        int first = partial[at] << shift;
        int low = Math.max(first, smallest[at]);
        int high = Math.min(first | (1 << shift) - 1, Character.MAX_CODE_POINT);
        for (int stack : states[at].stacks) {
            if (low <= high && automaton.symbol(stack) instanceof Symbol.Char c && c.set().intersects(low, high)) {
                return true;
            }
        }
        return false;
    }
}
