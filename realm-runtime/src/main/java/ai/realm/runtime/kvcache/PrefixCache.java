package ai.realm.runtime.kvcache;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Full KvBlocks by the hash of everything they depend on, so that a prompt that begins as an earlier one did is not computed
 * again. A block stays while anyone refers to it, and after that until the pool needs it, least recently used first. Not
 * thread-safe: the engine's.
 */
public final class PrefixCache {
    private final KvBlockPool pool;
    private final int blockPositions;
    private final @Nullable StatePool states;
    private final Map<BlockHash, Integer> blocks = new HashMap<>();
    private final @Nullable BlockHash[] hashes;
    private long queries;
    private long hits;

    public PrefixCache(KvBlockPool pool, int blockPositions) {
        this(pool, blockPositions, null);
    }

    /** @param states where a model with recurrent layers has its checkpoints, without which its blocks are of no use; or null */
    public PrefixCache(KvBlockPool pool, int blockPositions, @Nullable StatePool states) {
        this.pool = pool;
        this.states = states;
        this.blockPositions = blockPositions;
        this.hashes = new BlockHash[pool.blocks()];
        pool.onEvict(this::evicted);
    }

    private void evicted(int block) {
        BlockHash hash = hashes[block];
        if (hash != null) {
            blocks.remove(hash);
            hashes[block] = null;
        }
    }

    /**
     * Puts the known blocks of a sequence's beginning into its empty table.
     *
     * @param length tokens of the sequence; the last one is always left to compute, since its logits are wanted
     * @return positions that are there
     */
    public int acquire(PrefixChain chain, int[] tokens, int length, BlockTable table) {
        int found = known(chain, tokens, length);
        for (int i = 0; i < found; i++) {
            int block = Objects.requireNonNull(blocks.get(chain.hash(i, tokens)));
            pool.retain(block);
            table.add(block);
        }
        return found * blockPositions;
    }

    /** Blocks of a sequence's beginning that are known, up to the last checkpoint where the model needs one. */
    private int known(PrefixChain chain, int[] tokens, int length) {
        int limit = (length - 1) / blockPositions;
        int found = 0;
        while (found < limit && blocks.containsKey(chain.hash(found, tokens))) {
            found++;
        }
        while (states != null && found > 0 && !states.has(chain.hash(found - 1, tokens))) {
            found--;
        }
        return found;
    }

    /** Blocks of a sequence's beginning that others hold now, so that having them too costs no free block. */
    public int inUse(PrefixChain chain, int[] tokens, int length) {
        int n = 0;
        int known = known(chain, tokens, length);
        for (int i = 0; i < known; i++) {
            n += pool.references(Objects.requireNonNull(blocks.get(chain.hash(i, tokens)))) > 0 ? 1 : 0;
        }
        return n;
    }

    /** Counts a lookup of a sequence that is admitted for the first time. */
    public void count(int promptTokens, int cachedTokens) {
        queries += promptTokens;
        hits += cachedTokens;
    }

    /** Makes the blocks known that became full between {@code from} and {@code to} computed positions. */
    public void publish(PrefixChain chain, int[] tokens, BlockTable table, int from, int to) {
        for (int i = from / blockPositions; i < to / blockPositions; i++) {
            BlockHash hash = chain.hash(i, tokens);
            int block = table.block(i);
            if (hashes[block] == null && blocks.putIfAbsent(hash, block) == null) {
                hashes[block] = hash;
                pool.keep(block);
            }
        }
    }

    /** A block that nobody else refers to is written over in part: nobody finds it any more. */
    public void forget(int block) {
        if (hashes[block] != null && pool.references(block) == 1) {
            evicted(block);
            pool.drop(block);
        }
    }

    /** Blocks known. */
    public int size() {
        return blocks.size();
    }

    /** Prompt tokens looked up. */
    public long queries() {
        return queries;
    }

    /** Prompt tokens found. */
    public long hits() {
        return hits;
    }
}
