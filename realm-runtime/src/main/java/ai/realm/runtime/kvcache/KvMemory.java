package ai.realm.runtime.kvcache;

import java.lang.foreign.MemorySegment;

/**
 * The bytes of all KvBlocks of one model: a single off-heap segment of a size fixed at the start. The engine thread and the
 * threads of its forward pass use it; closing it frees it.
 */
public final class KvMemory implements AutoCloseable {
    private final KvLayout layout;
    private final int blocks;
    private final LazyMemory memory;

    public KvMemory(KvLayout layout, int blocks) {
        if (blocks < 1) {
            throw new IllegalArgumentException("KV memory holds at least 1 block, not " + blocks);
        }
        this.layout = layout;
        this.blocks = blocks;
        this.memory = LazyMemory.allocate(Math.multiplyExact(layout.blockBytes(), blocks));
    }

    public KvLayout layout() {
        return layout;
    }

    public int blocks() {
        return blocks;
    }

    public long bytes() {
        return layout.blockBytes() * blocks;
    }

    MemorySegment segment() {
        return memory.segment();
    }

    /** Copies a whole block: a shared one that is about to be written. */
    public void copy(int from, int to) {
        long n = layout.blockBytes();
        MemorySegment.copy(segment(), from * n, segment(), to * n, n);
    }

    @Override
    public void close() {
        memory.close();
    }
}
