package ai.realm.core.model;

import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.kernel.Compute;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.util.List;

/** The way from a GGUF file to a {@link Model}: finds the architecture's description and has it built. */
public final class Models {
    private Models() {
    }

    /**
     * How a model will be used.
     *
     * @param maxBatch tokens of one forward pass at most
     * @param contextLength positions of a sequence at most; 0 for what the model was trained for
     */
    public record Options(int maxBatch, int contextLength) {
        public Options {
            if (maxBatch < 1 || maxBatch > 1 << 20) {
                throw new IllegalArgumentException("maxBatch must be 1.." + (1 << 20) + ", not " + maxBatch);
            }
            if (contextLength < 0) {
                throw new IllegalArgumentException("contextLength must not be negative: " + contextLength);
            }
        }
    }

    /**
     * Refuses a file that is something else than a model, by the name of what it is: a projector, an adapter, an importance matrix, a
     * control vector, a vocabulary alone.
     */
    public static void requireModel(GgufFile file) {
        FileKind.requireModel(file);
    }

    /** The architectures that {@link #load} takes, in alphabetical order. */
    public static List<String> supported() {
        return Architectures.names();
    }

    /**
     * About the bytes that a model's weights will take in memory, told by the types and shapes of its tensors: some types are
     * packed into twice their size in the file.
     */
    public static long estimateBytes(GgufFile file, Compute compute) {
        boolean tied = !file.tensors().containsKey("output.weight") && Architectures.names().contains(file.architecture());
        long bytes = 0;
        for (TensorView t : file.tensors().values()) {
            boolean table = t.name().endsWith("token_embd.weight");
            boolean multiplied = table ? tied && t.name().startsWith("token") : t.shape().rank() > 1;
            bytes += multiplied ? compute.preparedBytes(t) : 0;
            bytes += table || !multiplied ? t.data().byteSize() : 0;
        }
        return bytes;
    }

    /**
     * Loads a decoder. The file must stay open as long as the model; the model closes what it made itself.
     *
     * @throws GgufException when the file cannot be run, naming the key or tensor, its value and what is supported
     */
    public static Model load(GgufFile file, Compute compute, Options options) {
        return load(file, compute, options, Weights::new);
    }

    /**
     * What a decoder will keep for each position and sequence, told by its keys and the shapes of its tensors without reading them.
     *
     * @param contextLength positions of a sequence at most; 0 for what the model was trained for
     * @throws GgufException as {@link #load}
     */
    public static KvShape kvShape(GgufFile file, Compute compute, int contextLength) {
        try (Model model = load(file, compute, new Options(1, contextLength), UnreadWeights::new)) {
            return model.kvShape();
        }
    }

    /** How the tensors of a file become weights. */
    @FunctionalInterface
    private interface WeightsOf {
        Weights of(GgufFile file, Compute compute, Arena arena);
    }

    private static Model load(GgufFile file, Compute compute, Options options, WeightsOf weights) {
        FileKind.requireModel(file);
        Architectures.Description description = Architectures.find(file.architecture());
        FileKind.requireTensors(file);
        ModelKeys keys = new ModelKeys(file);
        int trained = keys.integer("context_length", 1, Integer.MAX_VALUE);
        if (!keys.flag("attention.causal", true)) {
            throw keys.refuse("attention.causal", false, "only models whose tokens see what comes before them generate text");
        }
        Arena arena = Arena.ofShared();
        try {
            DecoderBuilder builder = new DecoderBuilder(keys, weights.of(file, compute, arena), compute, options.maxBatch(),
                    options.contextLength() == 0 ? trained : options.contextLength());
            description.describe(builder);
            return builder.build(arena);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }
}
