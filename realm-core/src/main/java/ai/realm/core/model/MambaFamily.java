package ai.realm.core.model;

import ai.realm.core.gguf.GgufException;
import ai.realm.core.kernel.Activation;
import ai.realm.core.model.RopeTable.Order;
import org.jspecify.annotations.Nullable;

/** State spaces: alone, in turn with attention, or beside it. Source of what each architecture's files mean: llama.cpp de3ff81. */
final class MambaFamily {
    /** Floats of one layer's state of a sequence. */
    private static final int MAX_STATE = 1 << 26;

    private MambaFamily() {
    }

    /** Nothing but state spaces; with {@code ssm.dt_b_c_rms} (Falcon Mamba) the time step, B and C are normalised, without weights. */
    static void mamba(DecoderBuilder d) {
        boolean normed = d.keys().flag("ssm.dt_b_c_rms", false);
        d.layers(l -> d.singleLayer(l, first(d, l, normed)));
    }

    static void mamba2(DecoderBuilder d) {
        Mamba2.Shape shape = shape(d.keys());
        d.layers(l -> d.singleLayer(l, second(d, l, shape)));
    }

    /** Layers without KV heads are state spaces; attention has no positions; some layers have experts whose weights do not sum to 1. */
    static void jamba(DecoderBuilder d) {
        d.layers(l -> d.preNormLayer(l, d.kvHeads(l) == 0 ? first(d, l, false) : d.attention(l).build(),
                d.hasExperts(l) ? d.experts(l).normalise(false).scaled().build() : d.gatedMlp(l, Activation.SILU)));
    }

    /** Granite's scales; layers without KV heads are state spaces of the second kind. */
    static void graniteHybrid(DecoderBuilder d) {
        ModelKeys keys = d.keys();
        LlamaFamily.graniteScales(d);
        Mamba2.Shape shape = shape(keys);
        RopeTable rope = keys.flag("rope.scaling.finetuned", true) ? d.rope(Order.NORM) : null;
        float scale = LlamaFamily.attentionScale(d);
        d.layers(l -> d.preNormLayer(l,
                d.kvHeads(l) == 0 ? second(d, l, shape) : d.attention(l).rope(rope).scale(scale).build(),
                LlamaFamily.mlpOrExperts(d, l)));
    }

    /** Attention and a state space side by side in every layer. */
    static void falconH1(DecoderBuilder d) {
        Mamba2.Shape shape = shape(d.keys());
        RopeTable rope = d.rope(Order.NEOX);
        d.layers(l -> {
            Mixer both = new SumMixer(d.attention(l).rope(rope).build(), second(d, l, shape), d.width(), d.scratch());
            String ffnNorm = DecoderBuilder.name(l, "ffn_norm");
            Norm norm = d.weights().has(ffnNorm)
                    ? Norm.of(Norm.Kind.RMS, d.weights().values(ffnNorm, d.width()), null, d.epsilon())
                    : d.norm(l, "ffn_norm");
            return d.sequential(new SequentialLayer.Norms(d.norm(l, "attn_norm"), null, norm, null), both,
                    d.gatedMlp(l, Activation.SILU));
        });
    }

    /**
     * Each layer is one of three: a state space, attention without positions, or an MLP with squared ReLU, also one of experts. What a layer is its
     * counts of KV heads and hidden units say.
     */
    static void nemotronH(DecoderBuilder d) {
        ModelKeys keys = d.keys();
        Mamba2.Shape shape = shape(keys);
        int[] hidden = keys.perLayer("feed_forward_length", d.layerCount(), 0, ModelKeys.MAX_WIDTH);
        d.epsilonOr("attention.layer_norm_epsilon");
        d.layers(l -> {
            if (hidden[l] > 0) {
                return d.singleLayer(l,
                        d.hasExperts(l) ? nemotronExperts(d, l) : d.plainMlp(l, Activation.RELU_SQUARED, hidden[l]));
            }
            return d.singleLayer(l, d.kvHeads(l) == 0 ? second(d, l, shape) : d.attention(l).build());
        });
    }

    private static FeedForward nemotronExperts(DecoderBuilder d, int l) {
        ModelKeys keys = d.keys();
        int latent = keys.integerOr("moe_latent_size", 0, 0, ModelKeys.MAX_WIDTH);
        if (latent > 0 || d.has(l, "ffn_latent_down.weight")) {
            throw keys.refuse("moe_latent_size", latent, "experts of another width than the model's are not supported");
        }
        return d.experts(l).gating(Router.Gating.SIGMOID).normalise(keys.flag("expert_weights_norm", false)).scaled()
                .ungated(Activation.RELU_SQUARED).shared(keys.size("expert_shared_feed_forward_length")).build();
    }

    private static Mixer first(DecoderBuilder d, int l, boolean normed) {
        ModelKeys keys = d.keys();
        Weights w = d.weights();
        int inner = keys.size("ssm.inner_size");
        int rank = keys.integer("ssm.time_step_rank", 1, ModelKeys.MAX_WIDTH);
        int size = keys.integer("ssm.state_size", 1, 1 << 12);
        int taps = keys.integer("ssm.conv_kernel", 2, 1024);
        checkState(keys, inner, size);
        Linear[] in = w.fused(DecoderBuilder.name(l, "ssm_in"), d.width(), inner, inner);
        return new Mamba(new Mamba.Parts(in[0], in[1], w.values(DecoderBuilder.name(l, "ssm_conv1d.weight"), taps, inner),
                w.values(DecoderBuilder.name(l, "ssm_conv1d.bias"), inner), d.linear(l, "ssm_x", inner, rank + 2 * size),
                d.linear(l, "ssm_dt", rank, inner), selectionNorms(d, l, normed, rank, size),
                w.values(DecoderBuilder.name(l, "ssm_a"), size, inner), w.values(DecoderBuilder.name(l, "ssm_d"), inner),
                d.linear(l, "ssm_out", inner, d.width())), size, l, d.compute().pool().threads(), d.scratch());
    }

    private static Norm @Nullable [] selectionNorms(DecoderBuilder d, int l, boolean normed, int rank, int size) {
        if (d.has(l, "ssm_dt_norm.weight")) {
            return new Norm[]{d.norm(DecoderBuilder.name(l, "ssm_dt_norm"), rank),
                    d.norm(DecoderBuilder.name(l, "ssm_b_norm"), size),
                    d.norm(DecoderBuilder.name(l, "ssm_c_norm"), size)};
        }
        return normed
                ? new Norm[]{Norm.plain(rank, d.epsilon()), Norm.plain(size, d.epsilon()), Norm.plain(size, d.epsilon())}
                : null;
    }

    private static void checkState(ModelKeys keys, int inner, int size) {
        if ((long) inner * size > MAX_STATE) {
            throw keys.refuse("ssm.state_size", size, "times ssm.inner_size " + inner + " it must not exceed " + MAX_STATE);
        }
    }

    private static Mamba2.Shape shape(ModelKeys keys) {
        int inner = keys.size("ssm.inner_size");
        int heads = keys.integer("ssm.time_step_rank", 1, inner);
        int groups = keys.integer("ssm.group_count", 1, heads);
        int size = keys.integer("ssm.state_size", 1, 1 << 12);
        if (inner % heads != 0) {
            throw keys.refuse("ssm.time_step_rank", heads, "ssm.inner_size " + inner + " must be a multiple of it");
        }
        if (heads % groups != 0) {
            throw keys.refuse("ssm.group_count", groups, "ssm.time_step_rank " + heads + " must be a multiple of it");
        }
        checkState(keys, inner, size);
        if (inner + 2L * groups * size > ModelKeys.MAX_WIDTH) {
            throw new GgufException("key " + keys.full("ssm.group_count") + " is " + groups + "; with ssm.state_size " + size
                    + " there would be more than " + ModelKeys.MAX_WIDTH + " channels", -1);
        }
        return new Mamba2.Shape(inner, heads, groups, size);
    }

    private static Mixer second(DecoderBuilder d, int l, Mamba2.Shape shape) {
        Weights w = d.weights();
        int taps = d.keys().integer("ssm.conv_kernel", 2, 1024);
        Linear[] in = w.fused(DecoderBuilder.name(l, "ssm_in"), d.width(), shape.inner(), shape.channels(), shape.heads());
        return new Mamba2(new Mamba2.Parts(in[0], in[1], in[2],
                w.values(DecoderBuilder.name(l, "ssm_conv1d.weight"), taps, shape.channels()),
                w.optional(DecoderBuilder.name(l, "ssm_conv1d.bias"), shape.channels()),
                w.values(DecoderBuilder.name(l, "ssm_dt.bias"), shape.heads()),
                w.values(DecoderBuilder.name(l, "ssm_a"), 1, shape.heads()),
                w.values(DecoderBuilder.name(l, "ssm_d"), 1, shape.heads()),
                groupNorms(d, l, shape), d.linear(l, "ssm_out", shape.inner(), d.width())), shape, l,
                d.compute().pool().threads(), d.scratch());
    }

    private static Norm @Nullable [] groupNorms(DecoderBuilder d, int l, Mamba2.Shape shape) {
        if (!d.has(l, "ssm_norm.weight")) {
            return null;
        }
        int width = shape.inner() / shape.groups();
        float[] all = d.weights().values(DecoderBuilder.name(l, "ssm_norm.weight"), width, shape.groups());
        Norm[] norms = new Norm[shape.groups()];
        for (int g = 0; g < norms.length; g++) {
            norms[g] = Norm.of(Norm.Kind.RMS, java.util.Arrays.copyOfRange(all, g * width, (g + 1) * width), null, d.epsilon());
        }
        return norms;
    }
}
