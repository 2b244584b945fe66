package ai.realm.core.model;

import ai.realm.core.kernel.Activation;
import ai.realm.core.model.RopeTable.Order;

/**
 * The architectures with LayerNorm, and Phi-3, which follows Phi-2 in all but its norms. Source: llama.cpp de3ff81.
 */
final class LayerNormFamily {
    private LayerNormFamily() {
    }

    /** Learned positions instead of rotary ones. */
    static void gpt2(DecoderBuilder d) {
        d.layerNorms();
        d.learnedPositions();
        d.layers(l -> d.preNormLayer(l, d.attention(l).build(), d.plainMlp(l, Activation.GELU_TANH)));
    }

    /** ALiBi, and a norm over the embedding. */
    static void bloom(DecoderBuilder d) {
        d.layerNorms();
        d.normEmbedding();
        d.layers(l -> d.preNormLayer(l, d.attention(l).alibi(8).build(), d.plainMlp(l, Activation.GELU_TANH)));
    }

    /** ALiBi or learned positions; some files keep queries, keys and values within limits. */
    static void mpt(DecoderBuilder d) {
        d.layerNorms();
        float alibi = notNegative(d.keys(), "attention.max_alibi_bias");
        float clamp = notNegative(d.keys(), "attention.clamp_kqv");
        if (d.weights().has("position_embd.weight")) {
            d.learnedPositions();
        }
        d.layers(l -> d.preNormLayer(l, d.attention(l).alibi(alibi).clamp(clamp).build(), d.plainMlp(l, Activation.GELU_TANH)));
    }

    /** ALiBi, scores scaled by the head's size instead of its root, and a gated MLP. */
    static void jais(DecoderBuilder d) {
        d.layerNorms();
        float alibi = notNegative(d.keys(), "attention.max_alibi_bias");
        d.layers(l -> d.preNormLayer(l, d.attention(l).alibi(alibi).scale(1f / d.keyDim()).build(),
                d.gatedMlp(l, Activation.SILU)));
    }

    private static float notNegative(ModelKeys keys, String key) {
        float value = keys.numberOr(key, 0);
        if (value < 0) {
            throw keys.refuse(key, value, "it must not be negative");
        }
        return value;
    }

    static void starcoder2(DecoderBuilder d) {
        d.layerNorms();
        RopeTable rope = d.rope(Order.NEOX);
        d.layers(l -> d.preNormLayer(l, d.attention(l).rope(rope).build(), d.plainMlp(l, Activation.GELU_TANH)));
    }

    /** Both branches from one norm, or in the 40B form the attention from a second one. */
    static void falcon(DecoderBuilder d) {
        d.layerNorms();
        RopeTable rope = d.rope(Order.NEOX);
        d.layers(l -> new ParallelLayer(d.norm(l, "attn_norm"), d.optionalNorm(l, "attn_norm_2"),
                d.attention(l).rope(rope).build(),
                d.plainMlp(l, Activation.GELU_TANH), d.width(), d.scratch()));
    }

    static void phi2(DecoderBuilder d) {
        d.layerNorms();
        RopeTable rope = d.rope(Order.NEOX);
        d.layers(l -> new ParallelLayer(d.norm(l, "attn_norm"), null, d.attention(l).rope(rope).build(),
                d.plainMlp(l, Activation.GELU_TANH), d.width(), d.scratch()));
    }

    /** Both branches side by side, each with a norm of its own, or one after the other, as the file says. */
    static void gptNeoX(DecoderBuilder d) {
        d.layerNorms();
        RopeTable rope = d.rope(Order.NEOX);
        boolean parallel = d.keys().flag("use_parallel_residual", true);
        d.layers(l -> {
            Attention attention = d.attention(l).rope(rope).build();
            FeedForward mlp = d.plainMlp(l, Activation.GELU_TANH);
            return parallel
                    ? new ParallelLayer(d.norm(l, "ffn_norm"), d.norm(l, "attn_norm"), attention, mlp, d.width(), d.scratch())
                    : d.preNormLayer(l, attention, mlp);
        });
    }

    /** As Llama with LayerNorm. */
    static void orion(DecoderBuilder d) {
        d.layerNorms();
        RopeTable rope = d.rope(Order.NEOX);
        d.layers(l -> d.preNormLayer(l, d.attention(l).rope(rope).build(), d.gatedMlp(l, Activation.SILU)));
    }

    /** An MLP without a gate, with squared ReLU; the files' norm weights already hold the "+1" of the original. */
    static void nemotron(DecoderBuilder d) {
        d.layerNorms();
        RopeTable rope = d.rope(Order.NEOX);
        d.layers(l -> d.preNormLayer(l, d.attention(l).rope(rope).build(), d.plainMlp(l, Activation.RELU_SQUARED)));
    }

    /** Queries, keys and values within limits, and experts. */
    static void dbrx(DecoderBuilder d) {
        d.layerNorms();
        RopeTable rope = d.rope(Order.NEOX);
        float clamp = d.keys().positive("attention.clamp_kqv");
        d.layers(l -> d.sequential(new SequentialLayer.Norms(d.norm(l, "attn_norm"), null, d.norm(l, "attn_output_norm"), null),
                d.attention(l).rope(rope).clamp(clamp).build(), d.experts(l).scaled().build()));
    }

    /** Both branches from one norm, logits scaled; the large form normalises queries and keys head by head. */
    static void commandR(DecoderBuilder d) {
        d.layerNorms();
        scaleLogits(d);
        RopeTable rope = d.rope(Order.NORM);
        d.layers(l -> parallel(d, l, d.attention(l).rope(rope)
                .norms(headNorms(d, l, "attn_q_norm", d.heads()), headNorms(d, l, "attn_k_norm", d.kvHeads(l))).build()));
    }

    /** As Command R; three layers of four have a window and positions, the fourth neither. */
    static void cohere2(DecoderBuilder d) {
        d.layerNorms();
        scaleLogits(d);
        SlidingWindow window = SlidingWindow.read(d, 4);
        RopeTable rope = d.rope(Order.NORM,
                d.keys().positiveOr("rope.freq_base_swa", d.keys().positiveOr("rope.freq_base", 10000f)),
                RopeScaling.read(d.keys()));
        d.layers(l -> parallel(d, l, d.attention(l).rope(window.at(l) > 0 ? rope : null).window(window.at(l)).build()));
    }

    private static void scaleLogits(DecoderBuilder d) {
        float scale = d.keys().numberOr("logit_scale", 0);
        d.logitScale(scale == 0 ? 1 : scale);
    }

    private static Layer parallel(DecoderBuilder d, int l, Attention attention) {
        return new ParallelLayer(d.norm(l, "attn_norm"), null, attention, d.gatedMlp(l, Activation.SILU), d.width(), d.scratch());
    }

    /** Fused tensors and RMSNorm; the window that its files name was never in force. */
    static void phi3(DecoderBuilder d) {
        RopeTable rope = d.rope(Order.NEOX);
        d.layers(l -> d.preNormLayer(l, d.attention(l).rope(rope).build(), d.gatedMlp(l, Activation.SILU)));
    }

    /** The form is told by its tensors: norms of each head of q and k, and no ffn_norm when both branches share one norm. */
    static void stablelm(DecoderBuilder d) {
        d.layerNorms();
        RopeTable rope = d.rope(Order.NEOX);
        d.layers(l -> {
            Attention attention = d.attention(l).rope(rope)
                    .norms(headNorms(d, l, "attn_q_norm", d.heads()), headNorms(d, l, "attn_k_norm", d.kvHeads(l))).build();
            FeedForward mlp = d.gatedMlp(l, Activation.SILU);
            return d.has(l, "ffn_norm.weight")
                    ? d.preNormLayer(l, attention, mlp)
                    : new ParallelLayer(d.norm(l, "attn_norm"), null, attention, mlp, d.width(), d.scratch());
        });
    }

    private static @org.jspecify.annotations.Nullable HeadNorm headNorms(DecoderBuilder d, int layer, String tensor, int heads) {
        if (!d.has(layer, tensor + ".weight")) {
            return null;
        }
        float[] all = d.weights().values(DecoderBuilder.name(layer, tensor + ".weight"), d.keyDim(), heads);
        Norm[] norms = new Norm[heads];
        for (int h = 0; h < heads; h++) {
            norms[h] = Norm.of(Norm.Kind.LAYER, java.util.Arrays.copyOfRange(all, h * d.keyDim(), (h + 1) * d.keyDim()), null,
                    d.epsilon());
        }
        return HeadNorm.perHead(norms);
    }
}
