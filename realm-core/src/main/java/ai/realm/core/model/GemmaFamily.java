package ai.realm.core.model;

import ai.realm.core.kernel.Activation;
import ai.realm.core.model.RopeTable.Order;

/**
 * Gemma 1 to 3: embeddings scaled by the root of the width, GELU-gated MLPs; from Gemma 2 on norms after the branches too and
 * sliding windows. The files' norm weights already hold the "+1" of the original. Source: llama.cpp de3ff81.
 */
final class GemmaFamily {
    private GemmaFamily() {
    }

    static void gemma(DecoderBuilder d) {
        d.embeddingScale((float) Math.sqrt(d.width()));
        RopeTable rope = d.rope(Order.NEOX);
        d.layers(l -> d.preNormLayer(l, d.attention(l).rope(rope).build(), d.gatedMlp(l, Activation.GELU_TANH)));
    }

    /** Soft caps on scores and logits; every other layer has a window. */
    static void gemma2(DecoderBuilder d) {
        ModelKeys keys = d.keys();
        d.embeddingScale((float) Math.sqrt(d.width()));
        d.logitSoftCap(keys.positiveOr("final_logit_softcapping", 30));
        float cap = keys.positiveOr("attn_logit_softcapping", 50);
        SlidingWindow window = SlidingWindow.read(d, 2, 4096);
        RopeTable rope = d.rope(Order.NEOX);
        RopeTable local = keys.has("rope.freq_base_swa")
                ? d.rope(Order.NEOX, keys.positive("rope.freq_base_swa"), RopeScaling.read(keys))
                : rope;
        float scale = scale(d, 46);
        d.layers(l -> layer(d, l,
                d.attention(l).rope(window.at(l) > 0 ? local : rope).window(window.at(l)).softCap(cap).scale(scale)
                        .build()));
    }

    /** Normalised queries and keys; five layers of six have a window and positions of their own base, never stretched. */
    static void gemma3(DecoderBuilder d) {
        ModelKeys keys = d.keys();
        d.embeddingScale((float) Math.sqrt(d.width()));
        d.logitSoftCap(keys.numberOr("final_logit_softcapping", 0));
        SlidingWindow window = SlidingWindow.read(d, 6);
        RopeTable rope = d.rope(Order.NEOX);
        RopeTable local = window.exists()
                ? d.rope(Order.NEOX, keys.positiveOr("rope.freq_base_swa", 10000),
                        RopeScaling.PLAIN.withMagnitude(keys.positiveOr("rope.scaling.attn_factor", 1)))
                : rope;
        float scale = scale(d, 62);
        d.layers(l -> layer(d, l,
                d.attention(l).rope(window.at(l) > 0 ? local : rope).window(window.at(l)).headNorms().scale(scale).build()));
    }

    /** The 27B models, known by their number of layers, scale scores by the width of a head in the residual stream. */
    private static float scale(DecoderBuilder d, int layersOf27B) {
        return (float) (1 / Math.sqrt(d.layerCount() == layersOf27B ? (double) d.width() / d.heads() : d.keyDim()));
    }

    private static Layer layer(DecoderBuilder d, int l, Attention attention) {
        return d.sequential(
                new SequentialLayer.Norms(d.norm(l, "attn_norm"), d.norm(l, "post_attention_norm"), d.norm(l, "ffn_norm"),
                        d.norm(l, "post_ffw_norm")),
                attention, d.gatedMlp(l, Activation.GELU_TANH));
    }
}
