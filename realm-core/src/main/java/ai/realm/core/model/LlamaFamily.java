package ai.realm.core.model;

import ai.realm.core.gguf.GgufException;
import ai.realm.core.kernel.Activation;
import ai.realm.core.model.RopeTable.Order;
import org.jspecify.annotations.Nullable;

/**
 * Llama and what differs from it by a line or two: RMSNorm before each branch, rotary positions, a gated MLP with SiLU. Source of
 * what each architecture's files mean: llama.cpp de3ff81.
 */
final class LlamaFamily {
    private LlamaFamily() {
    }

    /** Llama, Mistral and Mixtral; also what differs in names only (InternLM 2, XVERSE, ERNIE 4.5). */
    static void llama(DecoderBuilder d) {
        plain(d, d.rope(Order.NORM), usualScale(d), null);
    }

    private static float usualScale(DecoderBuilder d) {
        return (float) (1 / Math.sqrt(d.keyDim()));
    }

    private static void plain(DecoderBuilder d, @Nullable RopeTable rope, float scale,
            Attention.@Nullable Temperature temperature) {
        d.layers(l -> d.preNormLayer(l, d.attention(l).rope(rope).scale(scale).temperature(temperature).build(),
                mlpOrExperts(d, l)));
    }

    /** YaRN with its parameters in the file, and queries sharpened beyond the original context. */
    static void mistral3(DecoderBuilder d) {
        ModelKeys keys = d.keys();
        RopeScaling scaling = RopeScaling.read(keys, keys.positiveOr("rope.scaling.yarn_beta_fast", 32),
                keys.positiveOr("rope.scaling.yarn_beta_slow", 1), keys.numberOr("rope.scaling.yarn_log_multiplier", 0));
        RopeTable rope = d.rope(Order.NORM, keys.positiveOr("rope.freq_base", 10000f), scaling);
        float sharpening = keys.numberOr("attention.temperature_scale", 0);
        plain(d, rope, usualScale(d),
                sharpening == 0 ? null : new Attention.Temperature(sharpening, scaling.originalContext(), 0));
    }

    /** Embedding, attention, branches and logits have scales of their own; the key rope.scaling.finetuned switches positions off. */
    static void granite(DecoderBuilder d) {
        d.keys().positive("logit_scale");
        graniteScales(d);
        plain(d, d.keys().flag("rope.scaling.finetuned", true) ? d.rope(Order.NORM) : null, attentionScale(d), null);
    }

    /** Scales of logits, branches and embedding, of which 0 is none. */
    static void graniteScales(DecoderBuilder d) {
        ModelKeys keys = d.keys();
        float logits = keys.numberOr("logit_scale", 0);
        d.logitScale(logits == 0 ? 1 : 1 / logits);
        float residual = keys.numberOr("residual_scale", 0);
        d.residualScale(residual == 0 ? 1 : residual);
        float embedding = keys.numberOr("embedding_scale", 0);
        d.embeddingScale(embedding == 0 ? 1 : embedding);
    }

    /** The key {@code attention.scale}, or the usual one. */
    static float attentionScale(DecoderBuilder d) {
        float scale = d.keys().numberOr("attention.scale", 0);
        return scale == 0 ? usualScale(d) : scale;
    }

    /** Every fourth layer has no positions. */
    static void smollm3(DecoderBuilder d) {
        RopeTable rope = d.rope(Order.NORM);
        d.layers(l -> d.preNormLayer(l, d.attention(l).rope((l + 1) % 4 == 0 ? null : rope).build(),
                d.gatedMlp(l, Activation.SILU)));
    }

    /** An MLP without a gate, with squared ReLU. */
    static void arcee(DecoderBuilder d) {
        RopeTable rope = d.rope(Order.NORM);
        d.layers(l -> d.preNormLayer(l, d.attention(l).rope(rope).build(), d.plainMlp(l, Activation.RELU_SQUARED)));
    }

    /** The norm before the MLP goes by the name of one after attention. */
    static void seedOss(DecoderBuilder d) {
        RopeTable rope = d.rope(Order.NEOX);
        d.layers(l -> d.sequential(
                new SequentialLayer.Norms(d.norm(l, "attn_norm"), null, d.norm(l, "post_attention_norm"), null),
                d.attention(l).rope(rope).build(), d.gatedMlp(l, Activation.SILU)));
    }

    /** Queries and keys normalised head by head after they are rotated. */
    static void hunyuanDense(DecoderBuilder d) {
        RopeTable rope = d.rope(Order.NEOX);
        d.layers(l -> d.preNormLayer(l, d.attention(l).rope(rope).headNorms().normsAfterRope().build(),
                d.gatedMlp(l, Activation.SILU)));
    }

    /** Queries and keys normalised over all heads; experts whose weights do not sum to 1. */
    static void olmoe(DecoderBuilder d) {
        RopeTable rope = d.rope(Order.NEOX);
        d.layers(l -> d.preNormLayer(l, d.attention(l).rope(rope).norms(wholeNorm(d, l, "attn_q_norm", d.heads()),
                wholeNorm(d, l, "attn_k_norm", d.kvHeads(l))).build(), d.experts(l).normalise(false).build()));
    }

    /** Experts whose weights do not sum to 1, and a gated one that all tokens share. */
    static void qwen2moe(DecoderBuilder d) {
        RopeTable rope = d.rope(Order.NEOX);
        d.layers(l -> {
            int shared = d.keys().integerOr("expert_shared_feed_forward_length", d.feedForwardLength(l), 1, ModelKeys.MAX_WIDTH);
            return d.preNormLayer(l, d.attention(l).rope(rope).build(), d.experts(l).normalise(false).shared(shared).build());
        });
    }

    /** As OLMoE; experts chosen as the file says. */
    static void minimaxM2(DecoderBuilder d) {
        RopeTable rope = d.rope(Order.NEOX);
        int gating = d.keys().integerOr("expert_gating_func", 1, 1, 3);
        d.layers(l -> d.preNormLayer(l, d.attention(l).rope(rope).norms(wholeNorm(d, l, "attn_q_norm", d.heads()),
                wholeNorm(d, l, "attn_k_norm", d.kvHeads(l))).build(), d.experts(l).gating(Router.Gating.of(gating)).build()));
    }

    /**
     * Norms after the branches, queries and keys normalised head by head; the large form, known by its 64 layers, has a window and
     * positions in three layers of four.
     */
    static void exaone4(DecoderBuilder d) {
        boolean large = d.layerCount() == 64;
        SlidingWindow window = large ? SlidingWindow.read(d, 4, 4096) : null;
        RopeTable rope = d.rope(Order.NEOX);
        d.layers(l -> {
            int seen = window == null ? 0 : window.at(l);
            return d.sequential(
                    new SequentialLayer.Norms(null, d.norm(l, "post_attention_norm"), null, d.norm(l, "post_ffw_norm")),
                    d.attention(l).rope(large && seen == 0 ? null : rope).headNorms().window(seen).build(),
                    d.gatedMlp(l, Activation.SILU));
        });
    }

    /** The first layers dense, then experts chosen by sigmoid with a bias and one that all tokens share. */
    static void glm4moe(DecoderBuilder d) {
        ModelKeys keys = d.keys();
        RopeTable rope = d.rope(Order.NEOX);
        int gating = keys.integerOr("expert_gating_func", 0, 0, 3);
        int shared = keys.integer("expert_shared_count", 0, 1 << 10);
        d.layers(l -> {
            AttentionBuilder attention = d.attention(l).rope(rope);
            if (d.has(l, "attn_q_norm.weight")) {
                attention.headNorms();
            }
            return d.sequential(
                    new SequentialLayer.Norms(d.norm(l, "attn_norm"), null, d.norm(l, "post_attention_norm"), null),
                    attention.build(), sharedExperts(d, l, Router.Gating.of(gating == 0 ? 2 : gating), shared));
        });
    }

    /** Queries and keys normalised head by head; the first layers dense, then experts and such that all tokens share. */
    static void dots1(DecoderBuilder d) {
        RopeTable rope = d.rope(Order.NEOX);
        Router.Gating gating = Router.Gating.of(d.keys().integer("expert_gating_func", 1, 3));
        int shared = d.keys().integer("expert_shared_count", 0, 1 << 10);
        d.layers(l -> d.preNormLayer(l, d.attention(l).rope(rope).headNorms().build(), sharedExperts(d, l, gating, shared)));
    }

    /** As dots1. */
    static void bailingMoe2(DecoderBuilder d) {
        dots1(d);
    }

    /** Experts as the file's keys weigh them, where the layer has any. */
    /** The first DeepSeek: experts whose weights do not sum to 1, and shared ones, after dense layers. */
    static void deepseek(DecoderBuilder d) {
        RopeTable rope = d.rope(Order.NORM);
        int shared = d.keys().integer("expert_shared_count", 0, 1 << 10);
        d.layers(l -> {
            Attention attention = d.attention(l).rope(rope).build();
            if (!d.hasExperts(l)) {
                return d.preNormLayer(l, attention, d.gatedMlp(l, Activation.SILU));
            }
            ExpertsBuilder experts = d.experts(l).normalise(false).scaled();
            return d.preNormLayer(l, attention, experts.shared(Math.multiplyExact(shared, experts.expertLength())).build());
        });
    }

    /** The first Ling: as the first DeepSeek, the experts' weights summing to 1 where the file says so. */
    static void bailingMoe(DecoderBuilder d) {
        RopeTable rope = d.rope(Order.NORM);
        int shared = d.keys().integer("expert_shared_count", 0, 1 << 10);
        d.layers(l -> d.preNormLayer(l, d.attention(l).rope(rope).build(),
                sharedExperts(d, l, Router.Gating.SOFTMAX, shared)));
    }

    private static FeedForward sharedExperts(DecoderBuilder d, int l, Router.Gating gating, int shared) {
        if (!d.hasExperts(l)) {
            return d.gatedMlp(l, Activation.SILU);
        }
        ModelKeys keys = d.keys();
        ExpertsBuilder experts = d.experts(l).gating(gating).normalise(keys.flag("expert_weights_norm", false)).scaled();
        int length = keys.integerOr("expert_shared_feed_forward_length", experts.expertLength(), 1, ModelKeys.MAX_WIDTH);
        return experts.shared(Math.multiplyExact(shared, length)).build();
    }

    /** As the dense form, with experts and one that all tokens share. */
    static void hunyuanMoe(DecoderBuilder d) {
        RopeTable rope = d.rope(Order.NEOX);
        d.layers(l -> {
            int shared = d.keys().integerOr("expert_shared_feed_forward_length", d.feedForwardLength(l), 1, ModelKeys.MAX_WIDTH);
            return d.preNormLayer(l, d.attention(l).rope(rope).headNorms().normsAfterRope().build(),
                    d.experts(l).shared(shared).build());
        });
    }

    /** Granite's scales, with values of its own where the file has none. */
    static void miniCpm(DecoderBuilder d) {
        ModelKeys keys = d.keys();
        d.embeddingScale(keys.numberOr("embedding_scale", 12));
        d.residualScale(keys.numberOr("residual_scale", (float) (1.4 / Math.sqrt(d.layerCount()))));
        d.logitScale(1 / keys.positiveOr("logit_scale", 256f / d.width()));
        plain(d, d.rope(Order.NORM), usualScale(d), null);
    }

    /** Biases everywhere, on norms too, and experts. */
    static void phiMoe(DecoderBuilder d) {
        RopeTable rope = d.rope(Order.NEOX);
        d.layers(l -> d.preNormLayer(l, d.attention(l).rope(rope).build(), d.experts(l).build()));
    }

    /** An MLP with xIELU, whose numbers are keys without the architecture's prefix, and queries and keys normalised head by head. */
    static void apertus(DecoderBuilder d) {
        RopeTable rope = d.rope(Order.NEOX);
        float[][] numbers = new float[4][];
        String[] names = {"alpha_n", "alpha_p", "beta", "eps"};
        for (int i = 0; i < names.length; i++) {
            numbers[i] = d.keys().generalNumbers("xielu." + names[i], d.layerCount());
        }
        d.layers(l -> d.preNormLayer(l, d.attention(l).rope(rope).headNorms().build(),
                new XieluMlp(new XieluMlp.Shape(numbers[0][l], numbers[1][l], numbers[2][l], numbers[3][l]),
                        d.linear(l, "ffn_up", d.width(), d.feedForwardLength(l)),
                        d.linear(l, "ffn_down", d.feedForwardLength(l), d.width()), d.scratch())));
    }

    /** Experts with ReLU, chosen by the layer's input as it is before its norm; the first layer of four sees all, without positions. */
    static void smallThinker(DecoderBuilder d) {
        ModelKeys keys = d.keys();
        boolean windowed = keys.integerOr("attention.sliding_window", 0, 0, Integer.MAX_VALUE) > 0;
        SlidingWindow window = SlidingWindow.of(d, windowed ? 4096 : 0, 4, true);
        RopeTable rope = d.rope(Order.NEOX);
        RopeTable local = windowed && keys.has("rope.freq_base_swa")
                ? d.rope(Order.NEOX, keys.positive("rope.freq_base_swa"), RopeScaling.read(keys))
                : rope;
        int gating = keys.integerOr("expert_gating_func", 1, 1, 3);
        d.layers(l -> {
            RopeTable turned = windowed && l % 4 == 0 ? null : window.at(l) > 0 ? local : rope;
            return new EntryLayer(d.norm(l, "attn_norm"), d.attention(l).rope(turned).window(window.at(l)).build(),
                    d.norm(l, "ffn_norm"), d.experts(l).gating(Router.Gating.of(gating)).join(ExpertMlp.Gate.RELU).scaled()
                            .routedBy(EntryLayer.entry(d.width(), d.scratch())).build(),
                    null, null, d.width(), d.scratch());
        });
    }

    /**
     * Three layers of four see their own 8192 positions and normalise what they have turned; the fourth sees all, without positions and sharpened. Some
     * layers have experts, of which the weights multiply the input, and one that all tokens share.
     */
    static void llama4(DecoderBuilder d) {
        ModelKeys keys = d.keys();
        boolean plain = keys.has("attention.sliding_window")
                && keys.integer("attention.sliding_window", 0, Integer.MAX_VALUE) == 0;
        if (plain) {
            throw keys.refuse("attention.sliding_window", 0, "Llama 4 without pieces of 8192 positions is not supported");
        }
        SlidingWindow pieces = SlidingWindow.of(d, 8192, 4, false);
        RopeTable rope = d.rope(Order.NORM);
        RopeTable local = keys.has("rope.freq_base_swa")
                ? d.rope(Order.NORM, keys.positive("rope.freq_base_swa"), RopeScaling.read(keys))
                : rope;
        boolean normed = keys.integer("expert_count", 1, 1024) != 128;
        HeadNorm norm = HeadNorm.perHead(Norm.plain(d.keyDim(), d.epsilon()));
        d.layers(l -> {
            AttentionBuilder attention = d.attention(l).chunk(pieces.at(l));
            if ((l + 1) % 4 == 0) {
                attention.temperature(new Attention.Temperature(0.1f, 8192, 1));
            } else {
                attention.rope(pieces.at(l) > 0 ? local : rope).normsAfterRope();
                attention.norms(normed ? norm : null, normed ? norm : null);
            }
            return d.preNormLayer(l, attention.build(), d.hasExperts(l) ? llama4Experts(d, l) : d.gatedMlp(l, Activation.SILU));
        });
    }

    private static FeedForward llama4Experts(DecoderBuilder d, int l) {
        ExpertsBuilder experts = d.experts(l).gating(Router.Gating.SIGMOID).normalise(false).scaled().weighInput();
        return experts.shared(experts.expertLength()).build();
    }

    /** The small form, known by its 32 layers, has rotary positions; the large one, of 40, ALiBi. */
    static void baichuan(DecoderBuilder d) {
        switch (d.layerCount()) {
            case 32 -> llama(d);
            case 40 -> refact(d);
            default -> throw d.keys().refuse("block_count", d.layerCount(),
                    "Baichuan has 32 layers with rotary positions or 40 with ALiBi, and of others nobody knows which");
        }
    }

    /** ALiBi instead of rotary positions. */
    static void refact(DecoderBuilder d) {
        d.layers(l -> d.preNormLayer(l, d.attention(l).alibi(8).build(), d.gatedMlp(l, Activation.SILU)));
    }

    /** After attention a dense MLP as wide as the model, and experts of the layer's input beside both. */
    static void arctic(DecoderBuilder d) {
        RopeTable rope = d.rope(Order.NORM);
        d.layers(l -> new EntryLayer(d.norm(l, "attn_norm"), d.attention(l).rope(rope).build(), d.norm(l, "ffn_norm"),
                d.gatedMlp(l, Activation.SILU, d.width()), d.norm(l, "ffn_norm_exps"), d.experts(l).scaled().build(), d.width(),
                d.scratch()));
    }

    private static HeadNorm wholeNorm(DecoderBuilder d, int layer, String tensor, int heads) {
        return HeadNorm.whole(d.norm(DecoderBuilder.name(layer, tensor), heads * d.keyDim()));
    }

    /** Biases on q, k and v, which are read wherever the file has them. */
    static void qwen2(DecoderBuilder d) {
        RopeTable rope = d.rope(Order.NEOX);
        d.layers(l -> d.preNormLayer(l, d.attention(l).rope(rope).build(), d.gatedMlp(l, Activation.SILU)));
    }

    /** Queries and keys normalised head by head; dense or with experts. */
    static void qwen3(DecoderBuilder d) {
        RopeTable rope = d.rope(Order.NEOX);
        d.layers(l -> d.preNormLayer(l, d.attention(l).rope(rope).headNorms().build(), mlpOrExperts(d, l)));
    }

    /**
     * Norms after the branches instead of before, queries and keys normalised over all heads; with a sliding window three
     * layers of four see it, without stretched positions. Its rope.freq_base_swa is not consulted: all layers turn by one base.
     */
    static void olmo2(DecoderBuilder d) {
        RopeTable rope = d.rope(Order.NEOX);
        SlidingWindow window = SlidingWindow.read(d, 4);
        RopeTable local = window.exists()
                ? d.rope(Order.NEOX, d.keys().positiveOr("rope.freq_base", 10000f), RopeScaling.PLAIN)
                : rope;
        d.layers(l -> {
            HeadNorm q = wholeNorm(d, l, "attn_q_norm", d.heads());
            HeadNorm k = wholeNorm(d, l, "attn_k_norm", d.kvHeads(l));
            Attention attention = d.attention(l).rope(window.at(l) > 0 ? local : rope).window(window.at(l)).norms(q, k).build();
            return d.sequential(
                    new SequentialLayer.Norms(null, d.norm(l, "post_attention_norm"), null, d.norm(l, "post_ffw_norm")),
                    attention,
                    d.gatedMlp(l, Activation.SILU));
        });
    }

    /** Norms before and after each branch; gate and up in one tensor. */
    static void glm4(DecoderBuilder d) {
        if (d.keys().has("rope.dimension_sections")) {
            throw d.keys().refuse("rope.dimension_sections", "present", "GLM-4 with positions in sections is not supported");
        }
        RopeTable rope = d.rope(Order.NORM);
        d.layers(l -> d.sequential(
                new SequentialLayer.Norms(d.norm(l, "attn_norm"), d.norm(l, "post_attention_norm"), d.norm(l, "ffn_norm"),
                        d.norm(l, "post_ffw_norm")),
                d.attention(l).rope(rope).build(), d.gatedMlp(l, Activation.SILU)));
    }

    /** Attention sinks and a window in every other layer; experts with biases, chosen by logit. */
    static void gptOss(DecoderBuilder d) {
        boolean gptoss = d.keys().architecture().equals("gptoss");
        if (gptoss && d.has(0, "ffn_gate_up_exps.weight")) {
            throw new GgufException(
                    "tensor blk.0.ffn_gate_up_exps.weight has gate and up row by row in turn, which is not supported", -1);
        }
        // Such files stretch positions by YaRN without saying so.
        RopeScaling scaling = RopeScaling.read(d.keys(), gptoss ? RopeScaling.Type.YARN : RopeScaling.Type.LINEAR);
        RopeTable rope = d.rope(Order.NEOX, d.keys().positiveOr("rope.freq_base", 10000f), scaling);
        SlidingWindow window = SlidingWindow.read(d, 2);
        RopeTable local = d.keys().has("rope.freq_base_swa")
                ? d.rope(Order.NEOX, d.keys().positive("rope.freq_base_swa"), scaling)
                : rope;
        d.layers(l -> {
            Attention attention = d.attention(l).rope(window.at(l) > 0 ? local : rope).window(window.at(l)).sinks().build();
            ExpertMlp experts = d.experts(l).gating(Router.Gating.SOFTMAX_OF_CHOSEN).normalise(false).join(ExpertMlp.Gate.CLAMPED)
                    .build();
            return d.sequential(new SequentialLayer.Norms(d.norm(l, "attn_norm"), null, d.norm(l, "post_attention_norm"), null),
                    attention, experts);
        });
    }

    /** Experts, and one that all tokens share, where the layer has any; else a gated MLP. */
    static FeedForward mlpOrExperts(DecoderBuilder d, int layer) {
        if (!d.hasExperts(layer)) {
            return d.gatedMlp(layer, Activation.SILU);
        }
        return d.experts(layer).shared(d.keys().integerOr("expert_shared_feed_forward_length", 0, 0, ModelKeys.MAX_WIDTH))
                .build();
    }
}
