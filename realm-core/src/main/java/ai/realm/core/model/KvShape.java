package ai.realm.core.model;

/**
 * What a model keeps for every position and every sequence, layer by layer: KV heads and row sizes (0 heads for a layer without
 * attention), and the floats of recurrent state of a sequence (0 for none).
 */
public record KvShape(int[] heads, int[] keyDim, int[] valueDim, int[] stateFloats) {
    private static final int STATE_ALIGNMENT = 64;

    public int layers() {
        return heads.length;
    }

    /** Whether any layer keeps recurrent state, so that a prefix's KV rows alone do not restore a sequence. */
    public boolean hasState() {
        return stateBytes() > 0;
    }

    /** Bytes of a sequence's recurrent state: every layer's floats, each layer's from a cache line on. */
    public long stateBytes() {
        return stateOffset(layers());
    }

    /** Where a layer's recurrent state begins in a sequence's, in bytes. */
    public long stateOffset(int layer) {
        long at = 0;
        for (int l = 0; l < layer; l++) {
            at += ((long) stateFloats[l] * Float.BYTES + STATE_ALIGNMENT - 1) / STATE_ALIGNMENT * STATE_ALIGNMENT;
        }
        return at;
    }
}
