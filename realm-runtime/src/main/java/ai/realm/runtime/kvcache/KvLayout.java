package ai.realm.runtime.kvcache;

import ai.realm.core.kernel.KvType;
import ai.realm.core.model.KvShape;
import java.util.Arrays;

/**
 * Where the rows of a KvBlock lie, and where a layer's part of a recurrent state does. For each layer and head come the keys of
 * all its positions, then the values of all its positions; every run of rows is aligned to a cache line. Immutable.
 */
public final class KvLayout {
    private static final int ALIGNMENT = 64;

    private final KvShape shape;
    private final KvType type;
    private final int blockPositions;
    private final long[] keyBase;
    private final long[] valueBase;
    private final long[] keyStride;
    private final long[] valueStride;
    private final long blockBytes;
    private final long[] stateBase;
    private final long stateBytes;

    public KvLayout(KvShape shape, KvType type, int blockPositions) {
        this.shape = shape;
        this.type = type;
        this.blockPositions = blockPositions;
        int layers = shape.layers();
        keyBase = new long[layers];
        valueBase = new long[layers];
        keyStride = new long[layers];
        valueStride = new long[layers];
        long at = 0;
        for (int l = 0; l < layers; l++) {
            int heads = shape.heads()[l];
            if (heads > 0) {
                keyStride[l] = aligned((long) type.rowBytes(shape.keyDim()[l]) * blockPositions);
                valueStride[l] = aligned((long) type.rowBytes(shape.valueDim()[l]) * blockPositions);
            }
            keyBase[l] = at;
            at += keyStride[l] * heads;
            valueBase[l] = at;
            at += valueStride[l] * heads;
        }
        // A model with recurrent layers only still counts positions in blocks, of one line each.
        blockBytes = Math.max(at, ALIGNMENT);
        stateBase = new long[layers];
        Arrays.setAll(stateBase, shape::stateOffset);
        stateBytes = shape.stateBytes();
    }

    private static long aligned(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    public KvType type() {
        return type;
    }

    public int blockPositions() {
        return blockPositions;
    }

    public long blockBytes() {
        return blockBytes;
    }

    /** Bytes of one sequence's recurrent state; 0 for a model that keeps none. */
    public long stateBytes() {
        return stateBytes;
    }

    long state(int slot, int layer) {
        return slot * stateBytes + stateBase[layer];
    }

    /** Blocks that hold this many positions. */
    public int blocksFor(int positions) {
        return Math.ceilDiv(positions, blockPositions);
    }

    long keys(int block, int layer, int head) {
        return block * blockBytes + keyBase[layer] + head * keyStride[layer];
    }

    long values(int block, int layer, int head) {
        return block * blockBytes + valueBase[layer] + head * valueStride[layer];
    }
}
