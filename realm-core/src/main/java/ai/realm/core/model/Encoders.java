package ai.realm.core.model;

import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.Compute;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The way from a GGUF file to an {@link Encoder}, and the descriptions of the encoders' architectures. */
public final class Encoders {
    private static final List<String> SUPPORTED = List.of("bert", "gemma-embedding", "jina-bert-v2", "jina-bert-v3",
            "modern-bert",
            "neo-bert",
            "nomic-bert", "nomic-bert-moe");

    private Encoders() {
    }

    /** The architectures of encoders, in alphabetical order. */
    public static List<String> supported() {
        return SUPPORTED;
    }

    /**
     * Whether a file is loaded as an encoder: by its architecture, or as a decoder whose {@code pooling_type} says that it makes
     * vectors or scores of texts.
     */
    public static boolean takes(GgufFile file) {
        String architecture = file.architecture();
        return SUPPORTED.contains(architecture)
                || Architectures.names().contains(architecture) && file.integerOr(architecture + ".pooling_type", 0) != 0;
    }

    /**
     * Loads an encoder, or a decoder as one. The file must stay open as long as the encoder; the encoder closes what it made itself.
     *
     * @param maxTokens tokens of one pass at most; a text is at most as long, and at most as the model was trained for
     * @throws GgufException when the file cannot be run, naming the key or tensor, its value and what is supported
     */
    public static Encoder load(GgufFile file, Compute compute, int maxTokens) {
        FileKind.requireModel(file);
        String architecture = file.architecture();
        if (!takes(file)) {
            throw new GgufException("key general.architecture is \"" + architecture + "\"; encoders supported are "
                    + String.join(", ", SUPPORTED) + ", and decoders with the key pooling_type", -1);
        }
        FileKind.requireTensors(file);
        ModelKeys keys = new ModelKeys(file);
        int trained = keys.integer("context_length", 1, Integer.MAX_VALUE);
        Arena arena = Arena.ofShared();
        try {
            DecoderBuilder builder = new DecoderBuilder(keys, new Weights(file, compute, arena), compute, maxTokens, trained);
            switch (architecture) {
                case "bert" -> bert(builder);
                case "nomic-bert" -> nomicBert(builder);
                case "nomic-bert-moe" -> nomicBertMoe(builder);
                case "jina-bert-v2" -> jinaBertV2(builder);
                case "jina-bert-v3" -> jinaBertV3(builder);
                case "modern-bert" -> modernBert(builder);
                case "neo-bert" -> neoBert(builder);
                case "gemma-embedding" -> gemmaEmbedding(builder);
                default -> decoder(builder, architecture);
            }
            return builder.buildEncoder(arena, Math.min(trained, maxTokens), SUPPORTED.contains(architecture));
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    /** Learned positions and a plain MLP with GELU, in the tanh form as llama.cpp has it. */
    private static void bert(DecoderBuilder d) {
        d.layerNorms();
        d.learnedPositions();
        d.layers(l -> layer(d, l, d.attention(l).everyToken().build(), d.plainMlp(l, Activation.GELU_TANH)));
    }

    /** Rotary positions and a gated MLP. */
    private static void nomicBert(DecoderBuilder d) {
        d.layerNorms();
        RopeTable rope = d.rope(RopeTable.Order.NEOX);
        d.layers(l -> layer(d, l, d.attention(l).everyToken().rope(rope).build(), d.gatedMlp(l, Activation.SILU)));
    }

    /** ALiBi; the MLP has a gate, in a tensor of its own or fused, or none; the form for code has norms of queries and keys and a third sum. */
    private static void jinaBertV2(DecoderBuilder d) {
        d.layerNorms();
        d.layers(l -> {
            Attention attention = d.attention(l).everyToken().alibi(8)
                    .norms(wholeNorm(d, l, "attn_q_norm", d.heads()), wholeNorm(d, l, "attn_k_norm", d.kvHeads(l))).build();
            boolean gated = d.has(l, "ffn_gate.weight") || d.weights().shape(DecoderBuilder.name(l, "ffn_up.weight"))
                    .dim(1) != d.feedForwardLength(l);
            return layer(d, l, attention, gated ? d.gatedMlp(l, Activation.GELU_TANH) : d.plainMlp(l, Activation.GELU_TANH));
        });
    }

    private static @Nullable HeadNorm wholeNorm(DecoderBuilder d, int l, String tensor, int heads) {
        return d.has(l, tensor + ".weight")
                ? HeadNorm.whole(d.norm(DecoderBuilder.name(l, tensor), heads * d.keyDim()))
                : null;
    }

    /** As BERT with rotary positions. */
    private static void jinaBertV3(DecoderBuilder d) {
        d.layerNorms();
        RopeTable rope = d.rope(RopeTable.Order.NEOX);
        d.layers(l -> layer(d, l, d.attention(l).everyToken().rope(rope).build(), d.plainMlp(l, Activation.GELU_TANH)));
    }

    /** As Jina BERT v3; every so many layers have experts without gates, whose weights do not sum to 1. */
    private static void nomicBertMoe(DecoderBuilder d) {
        d.layerNorms();
        RopeTable rope = d.rope(RopeTable.Order.NEOX);
        int every = d.keys().integerOr("moe_every_n_layers", 0, 0, Integer.MAX_VALUE);
        d.layers(l -> layer(d, l, d.attention(l).everyToken().rope(rope).build(), every > 0 && l % every == 1
                ? d.experts(l).normalise(false).scaled().ungated(Activation.GELU_TANH).build()
                : d.plainMlp(l, Activation.GELU_TANH)));
    }

    /** Norms before the branches, of which the first is none; two layers of three see what is around a token. */
    private static void modernBert(DecoderBuilder d) {
        d.layerNorms();
        d.encoderNorms(true, true);
        ModelKeys keys = d.keys();
        SlidingWindow window = SlidingWindow.of(d, keys.integerOr("attention.sliding_window", 0, 0, Integer.MAX_VALUE), 3, true);
        RopeTable rope = d.rope(RopeTable.Order.NEOX);
        RopeTable local = window.exists() ? localRope(d) : rope;
        Activation activation = switch (keys.word("hidden_activation", "gelu", Set.of("gelu", "silu"))) {
            case "silu" -> Activation.SILU;
            default -> Activation.GELU_TANH;
        };
        d.layers(l -> d.sequential(
                new SequentialLayer.Norms(d.optionalNorm(l, "attn_norm"), null, d.norm(l, "ffn_norm"), null),
                d.attention(l).windowAround(window.at(l)).rope(window.at(l) > 0 ? local : rope).build(),
                d.gatedMlp(l, activation)));
    }

    private static RopeTable localRope(DecoderBuilder d) {
        return d.rope(RopeTable.Order.NEOX, d.keys().positiveOr("rope.freq_base_swa", 10000f),
                RopeScaling.PLAIN.withMagnitude(d.keys().positiveOr("rope.scaling.attn_factor", 1)));
    }

    /** As Llama, each token seeing all; the final norm goes by another name. */
    private static void neoBert(DecoderBuilder d) {
        d.encoderNorms(false, true);
        d.outputNorm("enc.output_norm");
        RopeTable rope = d.rope(RopeTable.Order.NORM);
        d.layers(l -> d.preNormLayer(l, d.attention(l).everyToken().rope(rope).build(), d.gatedMlp(l, Activation.SILU)));
    }

    /** As Gemma 3, five layers of six seeing what is around a token. */
    private static void gemmaEmbedding(DecoderBuilder d) {
        d.encoderNorms(false, true);
        d.embeddingScale((float) Math.sqrt(d.width()));
        SlidingWindow window = SlidingWindow.of(d, d.keys().integer("attention.sliding_window", 0, Integer.MAX_VALUE), 6, false);
        RopeTable rope = d.rope(RopeTable.Order.NEOX);
        RopeTable local = localRope(d);
        d.layers(l -> d.sequential(
                new SequentialLayer.Norms(d.norm(l, "attn_norm"), d.norm(l, "post_attention_norm"), d.norm(l, "ffn_norm"),
                        d.norm(l, "post_ffw_norm")),
                d.attention(l).windowAround(window.at(l)).rope(window.at(l) > 0 ? local : rope).headNorms().build(),
                d.gatedMlp(l, Activation.GELU_TANH)));
    }

    /** A decoder's layers; some models were trained on to see all of a text from each token. */
    private static void decoder(DecoderBuilder d, String architecture) {
        if (!d.keys().flag("attention.causal", true)) {
            d.everyToken();
        }
        Architectures.find(architecture).describe(d);
    }

    private static Layer layer(DecoderBuilder d, int l, Mixer mixer, FeedForward feedForward) {
        return new PostNormLayer(mixer, d.norm(l, "attn_output_norm"), d.optionalNorm(l, "attn_norm_2"), feedForward,
                d.norm(l, "layer_output_norm"), d.width(),
                d.scratch());
    }
}
