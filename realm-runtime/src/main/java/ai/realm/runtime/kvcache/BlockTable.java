package ai.realm.runtime.kvcache;

import java.util.Arrays;

/** The KvBlocks of one sequence in the order of its positions. Not thread-safe: the engine's. */
public final class BlockTable {
    private int[] blocks = new int[8];
    private int size;

    public int size() {
        return size;
    }

    public int block(int index) {
        if (index >= size) {
            throw new IndexOutOfBoundsException("a table of " + size + " blocks has no block " + index);
        }
        return blocks[index];
    }

    /** Adds a block whose reference becomes the table's. */
    public void add(int block) {
        if (size == blocks.length) {
            blocks = Arrays.copyOf(blocks, size * 2);
        }
        blocks[size++] = block;
    }

    /** Adds empty blocks until there are {@code count}; the caller has made sure that they are free. */
    public void growTo(int count, KvBlockPool pool) {
        while (size < count) {
            add(pool.allocate());
        }
    }

    /** Puts another block in the place of one, whose reference is given back. */
    public void replace(int index, int block, KvBlockPool pool) {
        pool.release(blocks[index]);
        blocks[index] = block;
    }

    /** Takes over the first {@code count} blocks of another table, sharing them. */
    public void share(BlockTable from, int count, KvBlockPool pool) {
        for (int i = 0; i < count; i++) {
            pool.retain(from.block(i));
            add(from.block(i));
        }
    }

    /** Gives all references back, the last block first, so that of a kept prefix the end is evicted before the beginning. */
    public void clear(KvBlockPool pool) {
        truncate(0, pool);
    }

    /** Gives back the blocks after the first {@code count}. */
    public void truncate(int count, KvBlockPool pool) {
        while (size > count) {
            pool.release(blocks[--size]);
        }
    }
}
