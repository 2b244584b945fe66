package ai.realm.core.model;

import ai.realm.core.kernel.KvType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * KV memory of a fixed number of sequences, one block each that is as long as the longest sequence: the simplest {@link KvView},
 * for running a model without a pool of blocks. Not thread-safe.
 */
public final class ContiguousKv implements KvView {
    private static final int ALIGNMENT = 64;

    private final KvType type;
    private final int blockPositions;
    private final MemorySegment memory;
    private final long blockBytes;
    private final long[] layerStart;
    private final long[] keyHeadBytes;
    private final long[] valueHeadBytes;
    private final int[] heads;
    private final MemorySegment states;
    private final long stateBytes;
    private final long[] stateStart;

    /** @param positions positions that each sequence may have */
    public ContiguousKv(KvShape shape, int sequences, int positions, KvType type, Arena arena) {
        if (sequences < 1 || positions < 1 || positions > 1 << 30) {
            throw new IllegalArgumentException(
                    "sequences must be at least 1 and positions 1..2^30, not " + sequences + " and " + positions);
        }
        this.type = type;
        this.blockPositions = positions == 1 ? 1 : Integer.highestOneBit(positions - 1) << 1;
        int layers = shape.layers();
        heads = shape.heads().clone();
        layerStart = new long[layers];
        keyHeadBytes = new long[layers];
        valueHeadBytes = new long[layers];
        long at = 0;
        for (int i = 0; i < layers; i++) {
            layerStart[i] = at;
            if (heads[i] > 0) {
                keyHeadBytes[i] = aligned((long) blockPositions * type.rowBytes(shape.keyDim()[i]));
                valueHeadBytes[i] = aligned((long) blockPositions * type.rowBytes(shape.valueDim()[i]));
                at = Math.addExact(at, Math.multiplyExact((long) heads[i], keyHeadBytes[i] + valueHeadBytes[i]));
            }
        }
        blockBytes = at;
        memory = arena.allocate(Math.max(ALIGNMENT, Math.multiplyExact(blockBytes, (long) sequences)), ALIGNMENT);
        stateBytes = shape.stateBytes();
        stateStart = new long[layers];
        Arrays.setAll(stateStart, shape::stateOffset);
        states = arena.allocate(Math.multiplyExact(stateBytes, (long) sequences), ALIGNMENT);
    }

    private static long aligned(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** Forgets the recurrent state of every sequence; keys and values are overwritten as positions are filled anew. */
    public void reset() {
        states.fill((byte) 0);
    }

    @Override
    public KvType type() {
        return type;
    }

    @Override
    public int blockPositions() {
        return blockPositions;
    }

    @Override
    public MemorySegment memory() {
        return memory;
    }

    @Override
    public int block(int sequence, int index) {
        if (index != 0) {
            throw new IndexOutOfBoundsException("a sequence has " + blockPositions + " positions, in block 0, not in " + index);
        }
        return sequence;
    }

    @Override
    public long keys(int block, int layer, int head) {
        return block * blockBytes + layerStart[layer] + head * keyHeadBytes[layer];
    }

    @Override
    public long values(int block, int layer, int head) {
        return block * blockBytes + layerStart[layer] + heads[layer] * keyHeadBytes[layer] + head * valueHeadBytes[layer];
    }

    @Override
    public MemorySegment states() {
        return states;
    }

    @Override
    public long state(int sequence, int layer) {
        return sequence * stateBytes + stateStart[layer];
    }
}
