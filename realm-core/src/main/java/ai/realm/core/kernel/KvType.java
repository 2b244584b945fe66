package ai.realm.core.kernel;

/** How keys and values are held: a row of {@code dim} numbers of one position and head is contiguous. */
public enum KvType {
    F32,
    F16,
    /** QuantBlocks of 32 as GGUF's Q8_0: fp16 scale, 32 bytes; {@code dim} is a multiple of 32. */
    Q8_0;

    /** Bytes of a row of {@code dim} numbers. */
    public int rowBytes(int dim) {
        return switch (this) {
            case F32 -> dim * 4;
            case F16 -> dim * 2;
            case Q8_0 -> {
                if (dim % 32 != 0) {
                    throw new IllegalArgumentException("a Q8_0 row has a multiple of 32 numbers, not " + dim);
                }
                yield dim / 32 * 34;
            }
        };
    }
}
