package ai.realm.core.model;

import ai.realm.core.kernel.Activation;
import ai.realm.core.model.RopeTable.Order;
import org.jspecify.annotations.Nullable;

/** DeepSeek-V2 and V3: latent attention, a few dense layers, then experts chosen in groups with one that all tokens share. */
final class DeepSeekFamily {
    private DeepSeekFamily() {
    }

    static void deepseek2(DecoderBuilder d) {
        ModelKeys keys = d.keys();
        double logMultiplier = keys.numberOr("rope.scaling.yarn_log_multiplier", 0) / 0.1f;
        RopeScaling scaling = scaling(keys, logMultiplier);
        RopeTable rope = d.rope(Order.NORM, keys.positiveOr("rope.freq_base", 10000f), scaling);
        double stretch = Math.log(scaling.factor());
        double sharpening = scaling.magnitude() * (scaling.type() == RopeScaling.Type.YARN ? 1 : 1 + 0.1 * stretch)
                * (1 + 0.1 * logMultiplier * stretch);
        Dims dims = Dims.read(d);
        d.latentHeads(dims.latent + dims.rotated, dims.latent);
        float scale = (float) (sharpening * sharpening / Math.sqrt(dims.plain + dims.rotated));
        int dense = keys.integerOr("leading_dense_block_count", 0, 0, Integer.MAX_VALUE);
        d.layers(l -> d.preNormLayer(l, attention(d, l, dims, rope, scale),
                l < dense ? d.gatedMlp(l, Activation.SILU) : experts(d, l)));
    }

    /** MiniCPM's scales with latent attention, dense. */
    static void miniCpm3(DecoderBuilder d) {
        d.embeddingScale(12);
        d.residualScale((float) (1.4 / Math.sqrt(d.layerCount())));
        d.logitScale(256f / d.width());
        float scale = (float) (1 / Math.sqrt(d.keyDim()));
        RopeTable rope = d.rope(Order.NEOX);
        Dims dims = Dims.read(d);
        d.latentHeads(dims.latent + dims.rotated, dims.latent);
        d.layers(l -> d.preNormLayer(l, attention(d, l, dims, rope, scale), d.gatedMlp(l, Activation.SILU)));
    }

    /** YaRN's own sharpening is left to the scale of the scores where the file gives a multiplier. */
    private static RopeScaling scaling(ModelKeys keys, double logMultiplier) {
        RopeScaling scaling = RopeScaling.read(keys);
        return scaling.type() == RopeScaling.Type.YARN && logMultiplier != 0
                ? scaling.withMagnitude(keys.positiveOr("rope.scaling.attn_factor", 1))
                : scaling;
    }

    /**
     * Sizes of latent attention.
     *
     * @param latent width of the compressed keys and values
     * @param rotated values of a head with positions
     * @param plain values of a head without
     * @param value a head's value
     * @param absorbed whether the file has the expansion for each head apart, keys' transposed
     */
    private record Dims(int latent, int rotated, int plain, int value, boolean absorbed) {
        static Dims read(DecoderBuilder d) {
            ModelKeys keys = d.keys();
            boolean absorbed = keys.has("attention.key_length_mla");
            int headKey = absorbed ? keys.size("attention.key_length_mla") : d.keyDim();
            int headValue = absorbed ? keys.size("attention.value_length_mla") : d.valueDim();
            if (headKey <= d.ropeDims()) {
                throw keys.refuse(absorbed ? "attention.key_length_mla" : "attention.key_length", headKey,
                        "it must exceed rope.dimension_count " + d.ropeDims());
            }
            return new Dims(keys.size("attention.kv_lora_rank"), d.ropeDims(), headKey - d.ropeDims(), headValue, absorbed);
        }
    }

    private static Mixer attention(DecoderBuilder d, int l, Dims dims, RopeTable rope, float scale) {
        boolean lowRank = d.has(l, "attn_q_a.weight");
        int rank = lowRank ? d.keys().size("attention.q_lora_rank") : d.width();
        Linear qDown = lowRank ? d.linear(l, "attn_q_a", d.width(), rank) : null;
        Norm qNorm = lowRank ? d.norm(DecoderBuilder.name(l, "attn_q_a_norm"), rank) : null;
        Linear q = d.linear(l, lowRank ? "attn_q_b" : "attn_q", rank, d.heads() * (dims.plain + dims.rotated));
        Linear kvDown = d.linear(l, "attn_kv_a_mqa", d.width(), dims.latent + dims.rotated);
        Norm kvNorm = d.norm(DecoderBuilder.name(l, "attn_kv_a_norm"), dims.latent);
        Linear.Stack[] expand = expansions(d, l, dims);
        Linear o = d.linear(l, "attn_output", d.heads() * dims.value, d.width());
        KvAttention.Spec spec = new KvAttention.Spec(d.heads(), 1, dims.latent + dims.rotated, dims.latent, scale, 0, 0, 0, true,
                null, null);
        return new LatentAttention(
                new LatentAttention.Parts(qDown, qNorm, q, kvDown, kvNorm, expand[0], expand[1], o, rope, temperature(d.keys())),
                spec,
                l, d.workers(), d.compute().kernels().products(), d.scratch());
    }

    private static Attention.@Nullable Temperature temperature(ModelKeys keys) {
        float scale = keys.numberOr("attention.temperature_scale", 0);
        return scale == 0
                ? null
                : new Attention.Temperature(scale, keys.integer("attention.temperature_length", 1, Integer.MAX_VALUE), 0);
    }

    /** For each head the map of its query to latent width, and the map of latent values to its own. */
    private static Linear.Stack[] expansions(DecoderBuilder d, int l, Dims dims) {
        if (dims.absorbed) {
            return new Linear.Stack[]{d.weights().stack(DecoderBuilder.name(l, "attn_k_b"), dims.plain, dims.latent, d.heads()),
                    d.weights().stack(DecoderBuilder.name(l, "attn_v_b"), dims.latent, dims.value, d.heads())};
        }
        // Files from before the split hold, head after head, the rows that expand keys and then those that expand values.
        return d.weights().keyAndValueExpansions(DecoderBuilder.name(l, "attn_kv_b"), dims.latent, dims.plain, dims.value,
                d.heads());
    }

    private static FeedForward experts(DecoderBuilder d, int l) {
        ModelKeys keys = d.keys();
        ExpertsBuilder experts = d.experts(l).normalise(keys.flag("expert_weights_norm", false)).scaled().groups();
        int gating = keys.integerOr("expert_gating_func", 0, 0, 3);
        experts.gating(Router.Gating.of(gating == 0 ? gatingOfOldFiles(d) : gating));
        return experts.shared(Math.multiplyExact(keys.integerOr("expert_shared_count", 0, 0, 1 << 10), experts.expertLength()))
                .build();
    }

    /** Files without the key are softmax, but for GLM 4.7 Flash, known by its layers and vocabulary. */
    private static int gatingOfOldFiles(DecoderBuilder d) {
        boolean glm = (d.layerCount() == 47 || d.layerCount() == 48) && d.weights().shape("token_embd.weight").dim(1) == 154880;
        return glm ? 2 : 1;
    }
}
