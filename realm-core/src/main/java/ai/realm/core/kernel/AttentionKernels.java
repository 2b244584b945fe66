package ai.realm.core.kernel;

import java.lang.foreign.MemorySegment;

/** Keys and values, and attention over them. Allocates nothing once a thread has its scratch memory. */
public interface AttentionKernels {
    /** Writes {@code n} numbers as one row of keys or values at byte {@code at}. */
    void storeKv(float[] x, int xOffset, int n, KvType type, MemorySegment memory, long at);

    /**
     * Computes every row of an attention tile: {@code out = softmax(cap(scale * q · K) + bias) · V} over the positions it sees, with a bias
     * where the tile {@linkplain AttentionTile#hasSlopes has slopes}.
     */
    void attend(AttentionTile tile);
}
