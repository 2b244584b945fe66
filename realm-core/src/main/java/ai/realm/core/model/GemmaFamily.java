package ai.realm.core.model;

import ai.realm.core.kernel.Activation;
import ai.realm.core.model.RopeTable.Order;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Gemma 1 to 3: embeddings scaled by the root of the width, GELU-gated MLPs; from Gemma 2 on norms after the branches too and
 * sliding windows. The files' norm weights already hold the "+1" of the original. Source: llama.cpp de3ff81.
 */
final class GemmaFamily {
    /** Numbers of Gemma 3n: residual streams, numbers of a layer's embedding, rank of the map beside attention. */
    private static final int NANO_STREAMS = 4;
    private static final int NANO_PER_LAYER = 256;
    private static final int NANO_LAUREL = 64;
    /** Layers with keys and values of their own, and layers with sparse MLPs: the first of each. */
    private static final int NANO_OWN_KEYS = 20;
    private static final int NANO_SPARSE_LAYERS = 10;
    /** How many deviations above its mean 95% of a normal distribution ends. */
    private static final double NANO_DEVIATIONS = 1.6448533535003662;

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

    /**
     * Heads of another size, base and rotated width in layers with a window; the last layers may use the keys and values of earlier ones; experts
     * beside the MLP in some forms, embeddings for each layer in others.
     */
    static void gemma4(DecoderBuilder d) {
        ModelKeys keys = d.keys();
        d.embeddingScale((float) Math.sqrt(d.width()));
        d.logitSoftCap(keys.has("final_logit_softcapping") ? keys.numberOr("final_logit_softcapping", 0) : 30);
        boolean[] local = localLayers(d);
        int window = keys.integer("attention.sliding_window", 1, Integer.MAX_VALUE);
        int localDim = keys.integer("attention.key_length_swa", 1, DecoderShape.MAX_HEAD);
        if (keys.integer("attention.value_length_swa", 1, DecoderShape.MAX_HEAD) != localDim || d.keyDim() != d.valueDim()) {
            throw keys.refuse("attention.value_length_swa", keys.integer("attention.value_length_swa", 1, DecoderShape.MAX_HEAD),
                    "heads of keys and values must be of one size");
        }
        d.headsOf(localDim, localDim);
        RopeTable rope = d.rope(Order.NEOX);
        int localTurned = keys.integerOr("rope.dimension_count_swa", Math.min(d.ropeDims(), localDim), 2, localDim);
        if (localTurned % 2 != 0) {
            throw keys.refuse("rope.dimension_count_swa", localTurned, "it must be even");
        }
        RopeTable localRope = d.rope(Order.NEOX, keys.positiveOr("rope.freq_base_swa", 10000),
                RopeScaling.PLAIN.withMagnitude(keys.positiveOr("rope.scaling.attn_factor", 1)), localTurned, null);
        int own = d.layerCount() - keys.integerOr("attention.shared_kv_layers", 0, 0, d.layerCount() - 1);
        PerLayerInputs inputs = perLayerInputs(d, keys.integer("embedding_length_per_layer_input", 0, ModelKeys.MAX_WIDTH));
        d.layers(l -> {
            int dim = local[l] ? localDim : d.keyDim();
            Attention attention = d.attention(l).heads(dim, dim).keysOf(l < own ? l : sharedKeys(d, own, local, l))
                    .rope(local[l] ? localRope : rope).window(local[l] ? window : 0).scale(1).headNorms().plainValueNorm()
                    .build();
            return gemma4Layer(d, l, attention, inputs);
        });
    }

    /**
     * Several residual streams, embeddings for each layer, a low-rank map beside attention. Its files do not say how many streams and layers of each kind
     * there are: these are the numbers of all its models.
     */
    static void gemma3n(DecoderBuilder d) {
        ModelKeys keys = d.keys();
        d.embeddingScale((float) Math.sqrt(d.width()));
        d.logitSoftCap(30);
        SlidingWindow window = SlidingWindow.read(d, 5);
        RopeTable rope = d.rope(Order.NEOX);
        RopeTable local = d.rope(Order.NEOX, keys.positiveOr("rope.freq_base_swa", 10000),
                RopeScaling.PLAIN.withMagnitude(keys.positiveOr("rope.scaling.attn_factor", 1)));
        boolean[] isLocal = new boolean[d.layerCount()];
        for (int l = 0; l < isLocal.length; l++) {
            isLocal[l] = window.at(l) > 0;
        }
        int own = Math.min(d.layerCount(), NANO_OWN_KEYS);
        PerLayerInputs inputs = Objects.requireNonNull(perLayerInputs(d, NANO_PER_LAYER));
        AltUp altUp = new AltUp(inputs, d.weights().linears("altup_proj", d.width(), d.width(), NANO_STREAMS - 1),
                d.weights().linears("altup_unembd_proj", d.width(), d.width(), NANO_STREAMS - 1), d.width(), d.scratch());
        d.ends(altUp);
        d.layers(l -> altUpLayer(d, l,
                d.attention(l).keysOf(l < own ? l : sharedKeys(d, own, isLocal, l)).rope(isLocal[l] ? local : rope)
                        .window(window.at(l)).scale(1).headNorms().plainValueNorm().build(),
                altUp, inputs));
    }

    private static Layer altUpLayer(DecoderBuilder d, int l, Attention attention, AltUp altUp, PerLayerInputs inputs) {
        int width = d.width();
        int hidden = d.feedForwardLength(l);
        FeedForward mlp = l >= NANO_SPARSE_LAYERS
                ? d.gatedMlp(l, Activation.GELU_TANH)
                : new SparseMlp(d.linear(l, "ffn_gate", width, hidden), d.linear(l, "ffn_up", width, hidden),
                        d.linear(l, "ffn_down", hidden, width), NANO_DEVIATIONS, d.scratch());
        AltUp.Routing routing = new AltUp.Routing(new AltUp.Coefficients(d.norm(l, "altup_router_norm"),
                d.linear(l, "altup_router", width, NANO_STREAMS),
                d.linear(l, "altup_predict_coef", NANO_STREAMS, NANO_STREAMS * NANO_STREAMS),
                d.linear(l, "altup_correct_coef", NANO_STREAMS, NANO_STREAMS)), width, d.scratch());
        AltUpLayer.Laurel laurel = new AltUpLayer.Laurel(d.linear(l, "laurel_l", width, NANO_LAUREL),
                d.linear(l, "laurel_r", NANO_LAUREL, width), d.norm(l, "laurel_post_norm"));
        return new AltUpLayer(
                new AltUpLayer.Norms(d.norm(l, "attn_norm"), d.norm(l, "post_attention_norm"), d.norm(l, "ffn_norm"),
                        d.norm(l, "post_ffw_norm")),
                attention, laurel, mlp, altUp, routing,
                d.weights().values(DecoderBuilder.name(l, "altup_correct_scale.weight"), width),
                Objects.requireNonNull(perLayerBranch(d, l, inputs)), width, d.scratch());
    }

    private static boolean[] localLayers(DecoderBuilder d) {
        int[] pattern = d.keys().perLayer("attention.sliding_window_pattern", d.layerCount(), 0, 1);
        boolean[] local = new boolean[pattern.length];
        for (int l = 0; l < local.length; l++) {
            local[l] = pattern[l] == 1;
        }
        return local;
    }

    /** The layer with keys and values of its own that another uses: the last but one for those with a window, else the last. */
    private static int sharedKeys(DecoderBuilder d, int own, boolean[] local, int layer) {
        int source = own - (local[layer] ? 2 : 1);
        if (source < 0 || local[source] != local[layer]) {
            throw d.keys().refuse("attention.shared_kv_layers", d.layerCount() - own,
                    "layer " + layer + " would use the keys and values of layer " + source + ", which is of another kind");
        }
        return source;
    }

    private static @Nullable PerLayerInputs perLayerInputs(DecoderBuilder d, int each) {
        if (each == 0) {
            return null;
        }
        int all = Math.multiplyExact(each, d.layerCount());
        Weights w = d.weights();
        PerLayerInputs inputs = new PerLayerInputs(
                w.table("per_layer_token_embd.weight", all, w.shape("token_embd.weight").dim(1)),
                w.linear("per_layer_model_proj", d.width(), all), d.norm("per_layer_proj_norm", each), each, d.width(),
                d.scratch());
        d.ends(inputs);
        return inputs;
    }

    private static PerLayerInputs.@Nullable Branch perLayerBranch(DecoderBuilder d, int l, @Nullable PerLayerInputs inputs) {
        return inputs == null
                ? null
                : new PerLayerInputs.Branch(inputs, d.linear(l, "inp_gate", d.width(), inputs.each()),
                        d.linear(l, "proj", inputs.each(), d.width()), d.norm(l, "post_norm"), l, d.scratch());
    }

    private static Layer gemma4Layer(DecoderBuilder d, int l, Attention attention, @Nullable PerLayerInputs inputs) {
        Gemma4Layer.Experts experts = null;
        if (d.hasExperts(l)) {
            float[] scale = d.weights().values(DecoderBuilder.name(l, "ffn_gate_inp.scale"), d.width());
            for (int i = 0; i < scale.length; i++) {
                scale[i] = (float) (scale[i] / Math.sqrt(d.width()));
            }
            experts = new Gemma4Layer.Experts(
                    d.experts(l).join(ExpertMlp.Gate.GELU).routedBy(Gemma4Layer.routed(d.width(), d.scratch()))
                            .scaleOfInputs().build(),
                    Norm.of(Norm.Kind.RMS, scale, null, d.epsilon()), d.norm(l, "pre_ffw_norm_2"), d.norm(l, "post_ffw_norm_1"),
                    d.norm(l, "post_ffw_norm_2"));
        }
        float[] outputScale = d.weights().optional(DecoderBuilder.name(l, "layer_output_scale.weight"), 1);
        return new Gemma4Layer(
                new Gemma4Layer.Norms(d.norm(l, "attn_norm"), d.norm(l, "post_attention_norm"), d.norm(l, "ffn_norm"),
                        d.norm(l, "post_ffw_norm")),
                attention, d.gatedMlp(l, Activation.GELU_TANH), experts, perLayerBranch(d, l, inputs),
                outputScale == null ? 1 : outputScale[0], d.width(), d.scratch());
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
