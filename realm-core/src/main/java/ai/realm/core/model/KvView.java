package ai.realm.core.model;

import ai.realm.core.kernel.KvType;
import java.lang.foreign.MemorySegment;

/**
 * The port through which a forward pass reaches the KV memory of the sequences in its batch. Positions of a sequence live in
 * {@code KvBlock}s of {@link #blockPositions} positions. Within a block, the rows of one layer and head are consecutive
 * positions, each row {@code type.rowBytes(dim)} bytes. Called on the engine thread and its workers, without allocation.
 */
public interface KvView {
    KvType type();

    /** Positions in a block; a power of two. */
    int blockPositions();

    /** All blocks. */
    MemorySegment memory();

    /** The physical block that holds positions {@code index * blockPositions} and on of a sequence of the batch. */
    int block(int sequence, int index);

    /** Byte offset in {@link #memory} of the key of a block's first position. */
    long keys(int block, int layer, int head);

    /** Byte offset in {@link #memory} of the value of a block's first position. */
    long values(int block, int layer, int head);

    /** The recurrent state of all sequences, as 32-bit floats; empty for a model that keeps none. */
    MemorySegment states();

    /**
     * Byte offset in {@link #states} of a sequence's state in a layer, {@link KvShape#stateFloats} numbers that are kept between calls and
     * zero at the sequence's start.
     */
    long state(int sequence, int layer);
}
