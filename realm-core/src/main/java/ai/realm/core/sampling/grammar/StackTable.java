package ai.realm.core.sampling.grammar;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.util.Arrays;

/**
 * The stacks of an {@link Automaton}, each once: where to go on in the program, and the stack to return to after that. A stack is
 * its number, from 0.
 */
final class StackTable {
    /** Returning below it is the end of the output. */
    static final int BOTTOM = -1;

    static final int MAX = 200_000;

    private int[] positions = new int[64];
    private int[] belows = new int[64];
    private int count;
    /** Numbers by hash, open addressing, plus one; twice as many places as there may be stacks before it grows. */
    private int[] slots = new int[128];

    int position(int stack) {
        return positions[stack];
    }

    int below(int stack) {
        return belows[stack];
    }

    /** Stacks so far. */
    int size() {
        return count;
    }

    /** More than any number so far. */
    int capacity() {
        return positions.length;
    }

    /** The number of this stack, which is made when it is new. */
    int intern(int position, int below) {
        int slot = find(position, below);
        if (slots[slot] == 0) {
            if (count == MAX) {
                throw new RealmException(ErrorCode.INVALID_REQUEST,
                        "the grammar is too ambiguous: the output so far can be read in more than " + MAX + " ways", "grammar",
                        null);
            }
            if (count == positions.length) {
                grow();
                slot = find(position, below);
            }
            positions[count] = position;
            belows[count] = below;
            slots[slot] = ++count;
        }
        return slots[slot] - 1;
    }

    private int find(int position, int below) {
        int mask = slots.length - 1;
        int hash = (position * 0x9E3779B9 ^ below) * 0x85EBCA6B;
        int slot = (hash ^ hash >>> 15) & mask;
        while (slots[slot] != 0 && (positions[slots[slot] - 1] != position || belows[slots[slot] - 1] != below)) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    private void grow() {
        positions = Arrays.copyOf(positions, 2 * count);
        belows = Arrays.copyOf(belows, 2 * count);
        slots = new int[4 * count];
        for (int i = 0; i < count; i++) {
            slots[find(positions[i], belows[i])] = i + 1;
        }
    }
}
