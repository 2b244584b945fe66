package ai.realm.core.model;

import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.Compute;
import java.lang.foreign.Arena;
import java.util.List;

/** The way from a GGUF file to an {@link Encoder}, and the descriptions of the encoders' architectures. */
public final class Encoders {
    private static final List<String> SUPPORTED = List.of("bert", "nomic-bert");

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

    /** A decoder's layers; some models were trained on to see all of a text from each token. */
    private static void decoder(DecoderBuilder d, String architecture) {
        if (!d.keys().flag("attention.causal", true)) {
            d.everyToken();
        }
        Architectures.find(architecture).describe(d);
    }

    private static Layer layer(DecoderBuilder d, int l, Mixer mixer, FeedForward feedForward) {
        return new PostNormLayer(mixer, d.norm(l, "attn_output_norm"), feedForward, d.norm(l, "layer_output_norm"), d.width(),
                d.scratch());
    }
}
