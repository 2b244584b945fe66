package ai.realm.runtime.kvcache;

import java.util.Arrays;
import java.util.function.IntConsumer;

/**
 * Which KvBlocks are in use: a count of references for each, and two lists of those that have none. Empty ones are given out
 * first; then those whose contents the prefix cache still knows, the one unused for the longest time first. Numbers only, no
 * memory. Not thread-safe: the engine's.
 */
public final class KvBlockPool {
    private static final int NONE = -1;

    private final int[] references;
    private final boolean[] kept;
    private final int[] empty;
    private int emptyCount;
    /** A ring of kept blocks without references, oldest after the sentinel at index {@code blocks}. */
    private final int[] next;
    private final int[] previous;
    private int keptFree;
    private IntConsumer onEvict = block -> {};

    public KvBlockPool(int blocks) {
        references = new int[blocks];
        kept = new boolean[blocks];
        empty = new int[blocks];
        next = new int[blocks + 1];
        previous = new int[blocks + 1];
        Arrays.fill(next, NONE);
        Arrays.fill(previous, NONE);
        next[blocks] = blocks;
        previous[blocks] = blocks;
        for (int i = 0; i < blocks; i++) {
            empty[i] = blocks - 1 - i;
        }
        emptyCount = blocks;
    }

    /** Called with a kept block before it is given out again. */
    void onEvict(IntConsumer listener) {
        onEvict = listener;
    }

    public int blocks() {
        return references.length;
    }

    /** Blocks that can be allocated now, those that the prefix cache would lose included. */
    public int free() {
        return emptyCount + keptFree;
    }

    public int used() {
        return blocks() - free();
    }

    /** Blocks without references whose contents are kept. */
    public int keptFree() {
        return keptFree;
    }

    public int references(int block) {
        return references[block];
    }

    /** A block with one reference; only when {@link #free} is not 0. */
    public int allocate() {
        int block;
        if (emptyCount > 0) {
            block = empty[--emptyCount];
        } else if (keptFree > 0) {
            block = next[blocks()];
            unlink(block);
            kept[block] = false;
            onEvict.accept(block);
        } else {
            throw new IllegalStateException("all " + blocks() + " KV blocks are in use");
        }
        references[block] = 1;
        return block;
    }

    /** One more reference, also to a kept block that has none. */
    public void retain(int block) {
        if (references[block]++ == 0) {
            if (!kept[block]) {
                references[block] = 0;
                throw new IllegalStateException("KV block " + block + " is empty");
            }
            unlink(block);
        }
    }

    /** One reference less; at none the block is empty, or kept as the most recently used. */
    public void release(int block) {
        if (references[block] <= 0) {
            throw new IllegalStateException("KV block " + block + " has no references");
        }
        if (--references[block] == 0) {
            if (kept[block]) {
                link(block);
            } else {
                empty[emptyCount++] = block;
            }
        }
    }

    /** The contents of a block are worth nothing any more. */
    void drop(int block) {
        if (kept[block]) {
            kept[block] = false;
            if (references[block] == 0) {
                unlink(block);
                empty[emptyCount++] = block;
            }
        }
    }

    /** The contents of a block with references are worth keeping when the last of them goes. */
    void keep(int block) {
        kept[block] = true;
    }

    private void link(int block) {
        int end = blocks();
        int last = previous[end];
        next[last] = block;
        previous[block] = last;
        next[block] = end;
        previous[end] = block;
        keptFree++;
    }

    private void unlink(int block) {
        next[previous[block]] = next[block];
        previous[next[block]] = previous[block];
        next[block] = NONE;
        previous[block] = NONE;
        keptFree--;
    }

    /** Throws unless every block is free and counted once: what must hold when no sequence is left. */
    public void assertAllBlocksFree() {
        for (int block = 0; block < blocks(); block++) {
            if (references[block] != 0) {
                throw new IllegalStateException("KV block " + block + " still has " + references[block] + " references");
            }
        }
        if (free() != blocks()) {
            throw new IllegalStateException(free() + " of " + blocks() + " KV blocks are free although none is referenced");
        }
    }
}
