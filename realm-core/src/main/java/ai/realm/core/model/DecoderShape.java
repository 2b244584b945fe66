package ai.realm.core.model;

import java.util.Arrays;

/**
 * The hyper-parameters that all decoders have, read and checked.
 *
 * @param layers that compute what the model says
 * @param predictLayers after them, which predict further tokens
 * @param width of the residual stream
 * @param heads of each layer with attention; 0 where no layer has any
 * @param kvHeads of each layer
 * @param keyDim values of a head's query and key
 * @param valueDim values of a head's value
 * @param ropeDims values of a head that are turned
 */
record DecoderShape(int layers, int predictLayers, int width, int heads, int[] kvHeads, int keyDim, int valueDim, int ropeDims) {
    /** Values of a head at most. */
    static final int MAX_HEAD = 8192;

    private static final int MAX_LAYERS = 512;
    private static final int MAX_EXPERTS = 1024;
    private static final int MAX_HEADS = 4096;

    static DecoderShape read(ModelKeys keys, Weights weights) {
        int all = keys.integer("block_count", 1, MAX_LAYERS);
        int predict = keys.integerOr("nextn_predict_layers", 0, 0, all - 1);
        int layers = all - predict;
        int width = keys.size("embedding_length");
        // The embedding is read first: it bounds the width by what the file really holds.
        weights.checked("token_embd.weight", width, weights.shape("token_embd.weight").dim(1));
        int heads = sameInEveryLayer(keys, "attention.head_count",
                keys.perLayer("attention.head_count", layers, keys.has("ssm.conv_kernel") ? 0 : 1, MAX_HEADS));
        int divisor = Math.max(1, heads);
        int[] kvHeads = new int[layers];
        Arrays.fill(kvHeads, divisor);
        if (keys.has("attention.head_count_kv")) {
            kvHeads = keys.perLayer("attention.head_count_kv", layers, 0, divisor);
        }
        int keyDim = keys.integerOr("attention.key_length", width / divisor, 1, MAX_HEAD);
        int valueDim = keys.integerOr("attention.value_length", width / divisor, 1, MAX_HEAD);
        int ropeDims = keys.integerOr("rope.dimension_count", keyDim, 0, keyDim);
        DecoderShape shape = new DecoderShape(layers, predict, width, heads, kvHeads, keyDim, valueDim, ropeDims);
        shape.checkHeads(keys);
        checkExperts(keys, layers);
        return shape;
    }

    private static int sameInEveryLayer(ModelKeys keys, String key, int[] values) {
        for (int v : values) {
            if (v != values[0]) {
                throw keys.refuse(key, Arrays.toString(values), "it must be the same for every layer");
            }
        }
        return values[0];
    }

    private void checkHeads(ModelKeys keys) {
        if (Math.min(keyDim, valueDim) < 1 || Math.max(keyDim, valueDim) > MAX_HEAD) {
            throw keys.refuse("attention.head_count", heads,
                    "embedding_length " + width + " divided by it must be 1.." + MAX_HEAD
                            + " where there is no attention.key_length");
        }
        if (ropeDims % 2 != 0) {
            throw keys.refuse("rope.dimension_count", ropeDims, "it must be even");
        }
        for (int kv : kvHeads) {
            if (kv > 0 && Math.max(1, heads) % kv != 0) {
                throw keys.refuse("attention.head_count_kv", kv, "attention.head_count " + heads + " must be a multiple of it");
            }
        }
    }

    /** The counts of experts must fit together whether or not a layer has any. */
    private static void checkExperts(ModelKeys keys, int layers) {
        int experts = keys.integerOr("expert_count", 0, 0, MAX_EXPERTS);
        if (keys.has("expert_used_count")) {
            int[] used = keys.perLayer("expert_used_count", layers, 0, experts);
            if (experts > 0 && Arrays.stream(used).max().orElse(0) == 0) {
                throw keys.refuse("expert_used_count", 0, "of " + experts + " experts at least one must be used");
            }
        } else if (experts > 0) {
            throw keys.refuse("expert_count", experts, "the key " + keys.full("expert_used_count") + " is missing");
        }
        int groups = keys.integerOr("expert_group_count", 0, 0, experts);
        if (groups > 1 && experts % groups != 0) {
            throw keys.refuse("expert_group_count", groups, "expert_count " + experts + " must be a multiple of it");
        }
    }
}
