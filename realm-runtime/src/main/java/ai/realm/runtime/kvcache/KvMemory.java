package ai.realm.runtime.kvcache;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of what one model's sequences hold: all KvBlocks, and for a model with recurrent layers slots for whole states. Off the
 * heap, of a size fixed at the start. The engine thread and the threads of its forward pass use it; closing it frees it.
 */
public final class KvMemory implements AutoCloseable {
    private final KvLayout layout;
    private final int blocks;
    private final int slots;
    private final LazyMemory memory;
    private final @Nullable LazyMemory states;

    /** Memory for a model without recurrent layers. */
    public KvMemory(KvLayout layout, int blocks) {
        this(layout, blocks, 0);
    }

    /** @param slots recurrent states; 0 for a model that keeps none */
    public KvMemory(KvLayout layout, int blocks, int slots) {
        if (blocks < 1) {
            throw new IllegalArgumentException("KV memory holds at least 1 block, not " + blocks);
        }
        if (slots < 0 || slots > 0 != layout.stateBytes() > 0) {
            throw new IllegalArgumentException("a model whose sequences have " + layout.stateBytes()
                    + " bytes of recurrent state does not run with " + slots + " slots for it");
        }
        this.layout = layout;
        this.blocks = blocks;
        this.slots = slots;
        this.memory = LazyMemory.allocate(Math.multiplyExact(layout.blockBytes(), blocks));
        this.states = slots == 0 ? null : LazyMemory.allocate(Math.multiplyExact(layout.stateBytes(), slots));
    }

    public KvLayout layout() {
        return layout;
    }

    public int blocks() {
        return blocks;
    }

    /** Recurrent states that there is room for. */
    public int slots() {
        return slots;
    }

    /** Sequences that may run at the same time: a quarter of the slots is left to checkpoints. */
    public int mostSequences() {
        return slots == 0 ? Integer.MAX_VALUE : slots - slots / 4;
    }

    public long bytes() {
        return layout.blockBytes() * blocks + layout.stateBytes() * slots;
    }

    MemorySegment segment() {
        return memory.segment();
    }

    MemorySegment states() {
        return states == null ? MemorySegment.NULL : states.segment();
    }

    /** Copies a whole block: a shared one that is about to be written. */
    public void copy(int from, int to) {
        long n = layout.blockBytes();
        MemorySegment.copy(segment(), from * n, segment(), to * n, n);
    }

    /** Carries out a state's move. */
    public void move(StatePool.Move move) {
        long n = layout.stateBytes();
        if (move.from() == StatePool.NONE) {
            states().asSlice(move.to() * n, n).fill((byte) 0);
        } else {
            MemorySegment.copy(states(), move.from() * n, states(), move.to() * n, n);
        }
    }

    @Override
    public void close() {
        memory.close();
        if (states != null) {
            states.close();
        }
    }
}
