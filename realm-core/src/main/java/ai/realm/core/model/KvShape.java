package ai.realm.core.model;

/**
 * What a model keeps for every position and every sequence, layer by layer: KV heads and row sizes (0 heads for a layer without
 * attention), and the floats of recurrent state of a sequence (0 for none).
 */
public record KvShape(int[] heads, int[] keyDim, int[] valueDim, int[] stateFloats) {
    public int layers() {
        return heads.length;
    }

    /** Whether any layer keeps recurrent state, so that a prefix's KV rows alone do not restore a sequence. */
    public boolean hasState() {
        for (int n : stateFloats) {
            if (n > 0) {
                return true;
            }
        }
        return false;
    }
}
