package ai.realm.core.model;

import ai.realm.core.kernel.Activation;
import ai.realm.core.model.RopeTable.Order;

/** Architectures in which only some layers have attention and the others keep a state. Source: llama.cpp de3ff81. */
final class HybridFamily {
    /** Floats of one layer's state of a sequence. */
    private static final int MAX_STATE = 1 << 26;

    private HybridFamily() {
    }

    /** Layers without KV heads are short convolutions; the final norm goes by another name; the first layers, or all, are dense. */
    static void lfm2(DecoderBuilder d) {
        d.outputNorm("token_embd_norm");
        RopeTable rope = d.rope(Order.NEOX);
        int taps = d.keys().integer("shortconv.l_cache", 2, 1024);
        int window = d.keys().integerOr("attention.sliding_window", 0, 0, Integer.MAX_VALUE);
        d.layers(l -> {
            Mixer mixer = d.kvHeads(l) == 0
                    ? convolution(d, l, taps)
                    : d.attention(l).rope(rope).headNorms().window(window).build();
            return d.preNormLayer(l, mixer, d.hasExperts(l) ? lfm2Experts(d, l) : d.gatedMlp(l, Activation.SILU));
        });
    }

    private static FeedForward lfm2Experts(DecoderBuilder d, int l) {
        int gating = d.keys().integer("expert_gating_func", 1, 3);
        return d.experts(l).gating(Router.Gating.of(gating)).build();
    }

    private static Mixer convolution(DecoderBuilder d, int l, int taps) {
        int n = d.width();
        return new ShortConvolution(d.linear(l, "shortconv.in_proj", n, 3 * n), d.linear(l, "shortconv.out_proj", n, n),
                d.weights().values(DecoderBuilder.name(l, "shortconv.conv.weight"), taps, n), n, l, d.scratch());
    }

    /**
     * Every fourth layer has gated attention, the others the gated delta rule. Positions come in sections, which are all the same
     * for text.
     */
    static void qwen35(DecoderBuilder d) {
        deltaHybrid(d, true);
    }

    /** As Qwen 3.5, but value heads share the key head of their neighbours. */
    static void qwen3next(DecoderBuilder d) {
        deltaHybrid(d, false);
    }

    private static void deltaHybrid(DecoderBuilder d, boolean inTurn) {
        RopeTable rope = d.rope(Order.NEOX);
        boolean[] recurrent = recurrentLayers(d);
        GatedDeltaNet.Shape shape = deltaShape(d.keys(), inTurn);
        int taps = d.keys().integer("ssm.conv_kernel", 2, 1024);
        d.layers(l -> {
            Mixer mixer = recurrent[l] ? deltaNet(d, l, shape, taps) : d.attention(l).rope(rope).headNorms().gated().build();
            return d.sequential(new SequentialLayer.Norms(d.norm(l, "attn_norm"), null, d.norm(l, "post_attention_norm"), null),
                    mixer, d.hasExperts(l) ? qwen35Experts(d, l) : d.gatedMlp(l, Activation.SILU));
        });
    }

    /** Also one expert that all tokens share, gated. */
    private static FeedForward qwen35Experts(DecoderBuilder d, int l) {
        int shared = d.keys().has("expert_shared_feed_forward_length")
                ? d.keys().size("expert_shared_feed_forward_length")
                : d.feedForwardLength(l);
        return d.experts(l).shared(shared).build();
    }

    private static boolean[] recurrentLayers(DecoderBuilder d) {
        boolean[] out = new boolean[d.layerCount()];
        int[] given = d.keys().has("attention.recurrent_layers")
                ? d.keys().perLayer("attention.recurrent_layers", out.length, 0, 1)
                : null;
        int interval = d.keys().integerOr("full_attention_interval", 4, 1, Integer.MAX_VALUE);
        for (int l = 0; l < out.length; l++) {
            out[l] = given != null ? given[l] == 1 : (l + 1) % interval != 0;
        }
        return out;
    }

    private static GatedDeltaNet.Shape deltaShape(ModelKeys keys, boolean inTurn) {
        int keyHeads = keys.integer("ssm.group_count", 1, 1 << 16);
        int valueHeads = keys.integer("ssm.time_step_rank", 1, 1 << 16);
        int dim = keys.integer("ssm.state_size", 1, 1 << 12);
        int inner = keys.size("ssm.inner_size");
        if (valueHeads % keyHeads != 0) {
            throw keys.refuse("ssm.time_step_rank", valueHeads, "it must be a multiple of ssm.group_count " + keyHeads);
        }
        if ((long) dim * valueHeads != inner) {
            throw keys.refuse("ssm.inner_size", inner,
                    "it must be ssm.state_size " + dim + " times ssm.time_step_rank " + valueHeads);
        }
        if ((long) inner * dim > MAX_STATE) {
            throw keys.refuse("ssm.state_size", dim, "times ssm.inner_size " + inner + " it must not exceed " + MAX_STATE);
        }
        return new GatedDeltaNet.Shape(keyHeads, valueHeads, dim, inTurn);
    }

    private static Mixer deltaNet(DecoderBuilder d, int l, GatedDeltaNet.Shape shape, int taps) {
        int n = d.width();
        int channels = 2 * shape.keys() + shape.values();
        Weights w = d.weights();
        boolean both = d.has(l, "ssm_ba.weight");
        GatedDeltaNet.Parts parts = new GatedDeltaNet.Parts(d.linear(l, "attn_qkv", n, channels),
                d.linear(l, "attn_gate", n, shape.values()), both ? null : d.linear(l, "ssm_alpha", n, shape.valueHeads()),
                both ? null : d.linear(l, "ssm_beta", n, shape.valueHeads()),
                both ? d.linear(l, "ssm_ba", n, 2 * shape.valueHeads()) : null,
                w.values(DecoderBuilder.name(l, "ssm_dt.bias"), shape.valueHeads()),
                w.values(DecoderBuilder.name(l, "ssm_a"), shape.valueHeads()),
                w.values(DecoderBuilder.name(l, "ssm_conv1d.weight"), taps, channels),
                d.norm(DecoderBuilder.name(l, "ssm_norm"), shape.dim()), d.linear(l, "ssm_out", shape.values(), n));
        return new GatedDeltaNet(parts, shape, d.epsilon(), l, d.compute().pool().threads(), d.scratch());
    }
}
