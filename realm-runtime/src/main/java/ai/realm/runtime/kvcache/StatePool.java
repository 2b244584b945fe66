package ai.realm.runtime.kvcache;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Which slots for recurrent states are in use: one for each running sequence, and checkpoints, states as they were at the end of a
 * KvBlock, by that block's hash. A recurrent layer cannot go back, so a sequence that begins as an earlier one did, or was preempted,
 * starts from a checkpoint; of those the one unused for the longest time makes room when a slot is wanted. Numbers only: what must be
 * copied is told by {@link #takeMoves}. Not thread-safe: the engine's.
 */
public final class StatePool {
    /** No slot. */
    public static final int NONE = -1;

    private final KvBlockPool slots;
    private final Map<BlockHash, Integer> checkpoints = new HashMap<>();
    private final @Nullable BlockHash[] hashes;
    private final List<Move> moves = new ArrayList<>();

    /** A state's copy into another slot, or with {@link #NONE} as its source a state's beginning, zeros. */
    public record Move(int from, int to) {}

    public StatePool(int slots) {
        this.slots = new KvBlockPool(slots);
        this.hashes = new BlockHash[slots];
        this.slots.onEvict(this::evicted);
    }

    private void evicted(int slot) {
        BlockHash hash = hashes[slot];
        if (hash != null) {
            checkpoints.remove(hash);
            hashes[slot] = null;
        }
    }

    /** Slots that can be taken now, those of checkpoints included. */
    public int free() {
        return slots.free();
    }

    /** Slots that sequences hold. */
    public int used() {
        return slots.used();
    }

    /** Checkpoints known. */
    public int checkpoints() {
        return checkpoints.size();
    }

    boolean has(BlockHash hash) {
        return checkpoints.containsKey(hash);
    }

    /** A slot with the state of a sequence's beginning; only when one is free. */
    int begin() {
        int slot = slots.allocate();
        moves.add(new Move(NONE, slot));
        return slot;
    }

    /** A slot with the state at a checkpoint, which stays if there is another slot for it. */
    int restore(BlockHash hash) {
        int checkpoint = Objects.requireNonNull(checkpoints.get(hash));
        slots.retain(checkpoint);
        if (slots.free() == 0) {
            forget(checkpoint);
            return checkpoint;
        }
        int slot = copy(checkpoint);
        slots.release(checkpoint);
        return slot;
    }

    /** A slot with a copy of another's state; only when one is free. */
    int copy(int from) {
        int slot = slots.allocate();
        moves.add(new Move(from, slot));
        return slot;
    }

    void release(int slot) {
        slots.release(slot);
    }

    /**
     * Keeps a sequence's state as it is now; the checkpoint's slot, or {@link #NONE} when all are in use by sequences or this state is kept
     * already.
     */
    int checkpoint(BlockHash hash, int slot) {
        if (slots.free() == 0 || checkpoints.containsKey(hash)) {
            return NONE;
        }
        int kept = copy(slot);
        checkpoints.put(hash, kept);
        hashes[kept] = hash;
        slots.keep(kept);
        slots.release(kept);
        return kept;
    }

    /** Forgets a checkpoint that is still what it was made as. */
    void forget(int slot, BlockHash hash) {
        if (hash.equals(hashes[slot])) {
            forget(slot);
        }
    }

    private void forget(int slot) {
        evicted(slot);
        slots.drop(slot);
    }

    /** What must be copied, in this order, before states are computed further; forgets it. */
    public List<Move> takeMoves() {
        List<Move> out = List.copyOf(moves);
        moves.clear();
        return out;
    }

    /** Throws unless every slot is free and counted once: what must hold when no sequence is left. */
    public void assertAllSlotsFree() {
        slots.assertAllBlocksFree();
    }
}
