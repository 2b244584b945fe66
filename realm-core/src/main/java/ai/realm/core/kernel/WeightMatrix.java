package ai.realm.core.kernel;

import ai.realm.core.tensor.GgmlType;

/**
 * A weight matrix of {@code rows × cols} in the layout that one {@link ProductKernels} chose for it; made by
 * {@link ProductKernels#prepare}, readable by any thread, valid while the arena it was prepared in is open.
 */
public interface WeightMatrix {
    /** Output features. */
    int rows();

    /** Input features. */
    int cols();

    /** The type in the file. */
    GgmlType type();

    /** Bytes of memory that this layout holds besides the file's map; 0 when it reads the map itself. */
    long ownedBytes();

    /**
     * Brings a little more of what a product of these rows reads first into the caches of the calling thread, which is about to multiply
     * them, and returns whether more of it is of use.
     */
    default boolean fetchAhead(int rowFrom, int rowTo) {
        return false;
    }

    /** Writes the weights of one row as floats (an embedding, say): exact. */
    void dequantizeRow(int row, float[] out, int outOffset);
}
