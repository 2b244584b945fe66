package ai.realm.runtime.kvcache;

import org.jspecify.annotations.Nullable;

/**
 * What one sequence holds: its KvBlocks and, where the model has recurrent layers, a slot with its state. Not thread-safe: the
 * engine's.
 */
public final class SequenceMemory {
    private final BlockTable table = new BlockTable();
    private final PrefixChain chain;
    private int slot = StatePool.NONE;
    /** The checkpoint made last while tokens are generated; the next one replaces it. */
    private int rolling = StatePool.NONE;
    private @Nullable BlockHash rollingHash;

    public SequenceMemory(PrefixChain chain) {
        this.chain = chain;
    }

    public BlockTable table() {
        return table;
    }

    /** Where the recurrent state lies; {@link StatePool#NONE} for none. */
    public int slot() {
        return slot;
    }

    /** Bytes held, blocks shared with others counted in full. */
    public long bytes(KvLayout layout) {
        return table.size() * layout.blockBytes() + (slot == StatePool.NONE ? 0 : layout.stateBytes());
    }

    /** Has the blocks for so many positions; the caller has made sure that they are free. */
    public void reserve(int positions, KvBlockPool pool, int blockPositions) {
        table.growTo(Math.ceilDiv(positions, blockPositions), pool);
    }

    /**
     * Takes a slot for the state at {@code position}, from the checkpoint there or at 0 from the beginning.
     *
     * @param tokens the sequence's
     * @param position 0, or the end of a block at which the prefix cache found a checkpoint
     */
    public void restore(StatePool states, int[] tokens, int position, int blockPositions) {
        slot = position == 0 ? states.begin() : states.restore(chain.hash(position / blockPositions - 1, tokens));
    }

    /** Takes a slot with a copy of another sequence's state, if one is free. */
    public boolean fork(SequenceMemory from, StatePool states) {
        if (states.free() == 0) {
            return false;
        }
        slot = states.copy(from.slot);
        return true;
    }

    /**
     * Keeps the state at {@code position}, the end of a block, for others that begin the same and for this one after a preemption.
     *
     * @param replacing whether it takes the place of the one made so before
     */
    public void checkpoint(StatePool states, int[] tokens, int position, int blockPositions, boolean replacing) {
        BlockHash hash = chain.hash(position / blockPositions - 1, tokens);
        int kept = states.checkpoint(hash, slot);
        if (replacing && kept != StatePool.NONE) {
            if (rollingHash != null) {
                states.forget(rolling, rollingHash);
            }
            rolling = kept;
            rollingHash = hash;
        }
    }

    /**
     * Goes back to {@code length} positions: gives back the blocks behind them. A recurrent state cannot: the caller restores it from a
     * checkpoint or computes the sequence anew.
     */
    public void truncate(int length, KvBlockPool pool, int blockPositions) {
        table.truncate(Math.ceilDiv(length, blockPositions), pool);
    }

    /** Gives everything back; checkpoints stay as long as nobody needs their room. */
    public void clear(KvBlockPool pool, @Nullable StatePool states) {
        table.clear(pool);
        if (states != null && slot != StatePool.NONE) {
            states.release(slot);
        }
        slot = StatePool.NONE;
    }
}
