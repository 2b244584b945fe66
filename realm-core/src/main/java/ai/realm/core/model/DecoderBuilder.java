package ai.realm.core.model;

import ai.realm.core.gguf.GgufException;
import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.AttentionTile;
import ai.realm.core.kernel.Compute;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What an architecture's description is written with: the hyper-parameters that all decoders have, read and checked, and the
 * shared blocks made from a layer's tensors under their usual names. An architecture sets what is peculiar to it, gives the
 * layers, and {@link #build}s.
 */
final class DecoderBuilder {
    private static final int TILE_ROWS = AttentionTile.MAX_ROWS;

    private final ModelKeys keys;
    private final Weights weights;
    private final Scratch scratch;
    private final Compute compute;
    private final int contextLength;

    private final DecoderShape shape;
    private int[] kvHeads;
    private int keyDim;
    private int valueDim;
    private int tileTokens = TILE_ROWS;
    private AttentionTile @Nullable [] workers;

    private final List<RopeTable> ropes = new ArrayList<>();
    private final List<Layer> layers = new ArrayList<>();
    private Norm.Kind normKind = Norm.Kind.RMS;
    private @Nullable TensorView positions;
    private @Nullable Norm embeddingNorm;
    private @Nullable Ends ends;
    private int mostKeyDim;
    private int mostValueDim;
    private String epsilonKey = "attention.layer_norm_rms_epsilon";
    private String outputNormName = "output_norm";
    private float embeddingScale = 1f;
    private float residualScale = 1f;
    private float logitScale = 1f;
    private float logitSoftCap;
    private boolean everyToken;
    private boolean embeddingNormed = true;
    private boolean outputNormed;

    /** @param contextLength positions that will be used at most; longrope depends on it */
    DecoderBuilder(ModelKeys keys, Weights weights, Compute compute, int maxBatch, int contextLength) {
        this.keys = keys;
        this.weights = weights;
        this.compute = compute;
        this.contextLength = contextLength;
        this.scratch = new Scratch(maxBatch);
        this.shape = DecoderShape.read(keys, weights);
        this.kvHeads = shape.kvHeads();
        this.keyDim = shape.keyDim();
        this.valueDim = shape.valueDim();
    }

    /** All heads share one key and one value of these sizes, whatever the keys say; to be called before any layer is made. */
    void latentHeads(int key, int value) {
        if (key > DecoderShape.MAX_HEAD) {
            throw keys.refuse("attention.kv_lora_rank", value,
                    "with the rotated part it must not exceed " + DecoderShape.MAX_HEAD);
        }
        kvHeads = new int[layerCount()];
        Arrays.fill(kvHeads, 1);
        keyDim = key;
        valueDim = value;
    }

    ModelKeys keys() {
        return keys;
    }

    Weights weights() {
        return weights;
    }

    Scratch scratch() {
        return scratch;
    }

    Compute compute() {
        return compute;
    }

    int layerCount() {
        return shape.layers();
    }

    int width() {
        return shape.width();
    }

    /** Query heads of each layer with attention. */
    int heads() {
        if (shape.heads() == 0) {
            throw keys.refuse("attention.head_count", 0, "attention needs at least 1");
        }
        return shape.heads();
    }

    int kvHeads(int layer) {
        return kvHeads[layer];
    }

    int keyDim() {
        return keyDim;
    }

    int valueDim() {
        return valueDim;
    }

    int ropeDims() {
        return shape.ropeDims();
    }

    /** The threads' scratch for attention, made at the first call. */
    AttentionTile[] workers() {
        if (workers == null) {
            int group = 1;
            for (int kv : kvHeads) {
                group = kv > 0 ? Math.max(group, Math.max(1, shape.heads()) / kv) : group;
            }
            tileTokens = Math.max(4, TILE_ROWS / group);
            workers = KvAttention.workers(compute.pool().threads(), Math.max(keyDim, mostKeyDim),
                    Math.max(valueDim, mostValueDim));
        }
        return workers;
    }

    /** Every token sees all of its text. */
    void everyToken() {
        everyToken = true;
    }

    boolean seesEveryToken() {
        return everyToken;
    }

    /** LayerNorm instead of RMSNorm everywhere. */
    void layerNorms() {
        normKind = Norm.Kind.LAYER;
    }

    /** Positions are learned rows added to the embedding. */
    void learnedPositions() {
        positions = weights.table("position_embd.weight", width(), keys.size("context_length"));
    }

    /** The embedding's rows are normalised, positions added. */
    void normEmbedding() {
        embeddingNorm = norm("token_embd_norm", width());
    }

    /** What is done before the first layer and after the last. */
    void ends(Ends both) {
        ends = both;
    }

    /** A tensor that the file may have and that does not count. */
    void ignore(String tensor) {
        weights.ignore(tensor);
    }

    /** Some layers have heads of these sizes; to be called before any layer is made. */
    void headsOf(int key, int value) {
        mostKeyDim = Math.max(mostKeyDim, key);
        mostValueDim = Math.max(mostValueDim, value);
    }

    void outputNorm(String name) {
        outputNormName = name;
    }

    /** Which norms an encoder has besides its layers': over the embedding, and over what leaves the last layer. */
    void encoderNorms(boolean embedding, boolean output) {
        embeddingNormed = embedding;
        outputNormed = output;
    }

    void embeddingScale(float scale) {
        embeddingScale = scale;
    }

    void residualScale(float scale) {
        residualScale = scale;
    }

    void logitScale(float scale) {
        logitScale = scale;
    }

    void logitSoftCap(float cap) {
        logitSoftCap = cap;
    }

    /** The name of a layer's tensor without its suffix. */
    static String name(int layer, String tensor) {
        return "blk." + layer + "." + tensor;
    }

    boolean has(int layer, String tensor) {
        return weights.has(name(layer, tensor));
    }

    /** Rotary positions as the file's keys say. */
    RopeTable rope(RopeTable.Order order) {
        return rope(order, keys.positiveOr("rope.freq_base", 10000f), RopeScaling.read(keys));
    }

    /** Rotary positions with another base or scaling than the keys'. */
    RopeTable rope(RopeTable.Order order, double base, RopeScaling scaling) {
        if (ropeDims() == 0) {
            throw keys.refuse("rope.dimension_count", 0, "this architecture needs it to be at least 2");
        }
        return rope(order, base, scaling, ropeDims(), ropeDivisors(scaling));
    }

    /** Rotary positions of so many values of a head, with no divisors but the given ones. */
    RopeTable rope(RopeTable.Order order, double base, RopeScaling scaling, int dims, float @Nullable [] divisors) {
        RopeTable table = new RopeTable(order, scaling.frequencies(dims, base, divisors), scaling.magnitude(),
                scratch.maxBatch());
        ropes.add(table);
        return table;
    }

    private float @Nullable [] ropeDivisors(RopeScaling scaling) {
        if (scaling == RopeScaling.PLAIN) {
            return null;
        }
        if (scaling.type() != RopeScaling.Type.LONGROPE && weights.has("rope_freqs.weight")) {
            return weights.values("rope_freqs.weight", ropeDims() / 2);
        }
        return weights.optional(
                contextLength > scaling.originalContext() ? "rope_factors_long.weight" : "rope_factors_short.weight",
                ropeDims() / 2);
    }

    Norm norm(String name, int n) {
        return Norm.of(normKind, weights.values(name + ".weight", n), weights.optional(name + ".bias", n), epsilon());
    }

    /** A layer's norm that not every form of the architecture has. */
    @Nullable
    Norm optionalNorm(int layer, String tensor) {
        return has(layer, tensor + ".weight") ? norm(layer, tensor) : null;
    }

    /** A layer's norm of full width. */
    Norm norm(int layer, String tensor) {
        return norm(name(layer, tensor), width());
    }

    float epsilon() {
        String key = normKind == Norm.Kind.RMS ? epsilonKey : "attention.layer_norm_epsilon";
        float eps = keys.number(key);
        if (eps < 0) {
            throw keys.refuse(key, eps, "it must not be negative");
        }
        return eps;
    }

    /** RMSNorm's epsilon is under another key where the usual one is absent. */
    void epsilonOr(String key) {
        epsilonKey = keys.has(epsilonKey) ? epsilonKey : key;
    }

    Linear linear(int layer, String tensor, int in, int out) {
        return weights.linear(name(layer, tensor), in, out);
    }

    AttentionBuilder attention(int layer) {
        return new AttentionBuilder(this, layer);
    }

    int feedForwardLength(int layer) {
        return keys.perLayer("feed_forward_length", layerCount(), 1, ModelKeys.MAX_WIDTH)[layer];
    }

    /** {@code down(act(gate(x)) * up(x))}; gate and up may be one tensor. */
    DenseMlp gatedMlp(int layer, Activation activation) {
        return gatedMlp(layer, activation, feedForwardLength(layer));
    }

    /** The same with so many hidden units. */
    DenseMlp gatedMlp(int layer, Activation activation, int n) {
        Linear down = linear(layer, "ffn_down", n, width());
        if (has(layer, "ffn_gate.weight")) {
            return new DenseMlp(activation, linear(layer, "ffn_gate", width(), n), linear(layer, "ffn_up", width(), n), down,
                    scratch);
        }
        Linear[] fused = weights.fused(name(layer, "ffn_up"), width(), n, n);
        return new DenseMlp(activation, fused[0], fused[1], down, scratch);
    }

    /** {@code down(act(up(x)))}. */
    DenseMlp plainMlp(int layer, Activation activation) {
        return plainMlp(layer, activation, feedForwardLength(layer));
    }

    /** The same with so many hidden units. */
    DenseMlp plainMlp(int layer, Activation activation, int n) {
        return new DenseMlp(activation, null, linear(layer, "ffn_up", width(), n), linear(layer, "ffn_down", n, width()),
                scratch);
    }

    ExpertsBuilder experts(int layer) {
        return new ExpertsBuilder(this, layer);
    }

    /** Whether a layer has experts instead of one MLP. */
    boolean hasExperts(int layer) {
        return has(layer, "ffn_gate_inp.weight");
    }

    /** A layer of the usual form with norms before its branches under the usual names. */
    SequentialLayer preNormLayer(int layer, Mixer mixer, FeedForward feedForward) {
        return sequential(new SequentialLayer.Norms(norm(layer, "attn_norm"), null, norm(layer, "ffn_norm"), null), mixer,
                feedForward);
    }

    /** A layer of one branch, with its norm under the usual name of the first. */
    Layer singleLayer(int layer, Mixer mixer) {
        return SingleLayer.of(norm(layer, "attn_norm"), mixer, width(), scratch);
    }

    /** The same with a feed-forward part. */
    Layer singleLayer(int layer, FeedForward feedForward) {
        return SingleLayer.of(norm(layer, "attn_norm"), feedForward, width(), scratch);
    }

    SequentialLayer sequential(SequentialLayer.Norms norms, Mixer mixer, FeedForward feedForward) {
        return new SequentialLayer(norms, mixer, feedForward, residualScale, width(), scratch);
    }

    /** Makes every layer. */
    DecoderBuilder layers(IntFunction<Layer> maker) {
        for (int l = 0; l < layerCount(); l++) {
            layers.add(maker.apply(l));
        }
        return this;
    }

    TransformerModel build(Arena arena) {
        int vocabulary = Math.toIntExact(weights.shape("token_embd.weight").dim(1));
        checkVocabulary(vocabulary);
        boolean tied = !weights.has("output.weight");
        TensorView embedding = weights.table("token_embd.weight", width(), vocabulary);
        Linear output = weights.linear("output", tied ? "token_embd.weight" : "output.weight", width(), vocabulary);
        Norm norm = norm(outputNormName, width());
        weights.requireAllRead(this::mayStayUnread);
        return new TransformerModel(
                new TransformerModel.Parts(config(vocabulary), embedding, positions, embeddingScale, embeddingNorm, ends, ropes,
                        layers,
                        norm,
                        output, logitScale, logitSoftCap),
                compute, scratch, tileTokens, weights.bytes(), weights.sites(), weights.ignored(), arena);
    }

    /**
     * @param maxTokens tokens of a text at most
     * @param encoder whether the file is of an encoder's architecture and not of a decoder's
     */
    EncoderModel buildEncoder(Arena arena, int maxTokens, boolean encoder) {
        int vocabulary = Math.toIntExact(weights.shape("token_embd.weight").dim(1));
        checkVocabulary(vocabulary);
        checkMixers();
        TensorView embedding = weights.table("token_embd.weight", width(), vocabulary);
        float[] types = encoder && weights.has("token_types.weight")
                ? weights.values("token_types.weight", width(), weights.shape("token_types.weight").dim(1))
                : null;
        if (encoder && embeddingNormed) {
            normEmbedding();
        }
        Norm outputNorm = encoder && !outputNormed ? null : norm(outputNormName, width());
        Classifier classifier = Pooling.ranks(keys) ? Classifier.read(this) : null;
        weights.requireAllRead(name -> mayStayUnread(name) || classifier == null && name.startsWith("cls.")
                || !encoder && name.startsWith("output."));
        return new EncoderModel(
                new EncoderModel.Parts(config(vocabulary), embedding, embeddingScale,
                        types == null ? null : Arrays.copyOf(types, width()), positions, embeddingNorm, ropes, layers, outputNorm,
                        Pooling.read(keys, encoder ? Classifier.row(keys) : Pooling.LAST), classifier),
                maxTokens, compute, scratch, tileTokens, weights.bytes(), arena);
    }

    /** The layers of an encoder keep nothing from one token to the next but keys and values. */
    private void checkMixers() {
        if (ends != null) {
            throw keys.refuse("pooling_type", keys.integerOr("pooling_type", 1, 0, Integer.MAX_VALUE),
                    "a model with embeddings for each layer makes no vectors of texts");
        }
        for (Layer layer : layers) {
            if (layer.mixer().stateFloats() > 0) {
                throw keys.refuse("pooling_type", keys.integer("pooling_type", 0, Integer.MAX_VALUE),
                        "a model with recurrent layers makes no vectors of texts");
            }
            if (layer.mixer() instanceof Attention attention && attention.usesOthersKeys()) {
                throw keys.refuse("pooling_type", keys.integerOr("pooling_type", 1, 0, Integer.MAX_VALUE),
                        "a model whose layers use the keys of others makes no vectors of texts");
            }
            if (everyToken && !(layer.mixer() instanceof Attention)) {
                throw keys.refuse("attention.causal", false, "the tokens of this architecture see only what comes before them");
            }
        }
    }

    /**
     * Tensors that do not count for what is computed here: scales of activations for hardware that multiplies four-bit ones, the tables
     * of positions that are not stretched, and the layers that predict further tokens.
     */
    private boolean mayStayUnread(String tensor) {
        if (tensor.endsWith(".input_scale") || tensor.contains("rope_f") || tensor.contains("rot_embd")) {
            return true;
        }
        for (int l = layerCount(); l < layerCount() + shape.predictLayers(); l++) {
            if (tensor.startsWith(name(l, ""))) {
                return true;
            }
        }
        return false;
    }

    private ModelConfig config(int vocabulary) {
        return new ModelConfig(keys.architecture(), modelName(), vocabulary, keys.integer("context_length", 1, Integer.MAX_VALUE),
                width(), layerCount(), shape.heads());
    }

    private void checkVocabulary(int rows) {
        if (keys.has("vocab_size") && !keys.file().has("tokenizer.ggml.tokens") && keys.size("vocab_size") != rows) {
            throw keys.refuse("vocab_size", keys.size("vocab_size"), "tensor token_embd.weight has " + rows + " rows");
        }
        keys.file().findArray("tokenizer.ggml.tokens").ifPresent(tokens -> {
            if (tokens.size() != rows) {
                throw new GgufException("tensor token_embd.weight must have a row for each of the " + tokens.size()
                        + " tokens of tokenizer.ggml.tokens, not " + rows, -1);
            }
        });
    }

    private String modelName() {
        String name = keys.file().stringOr("general.name", null);
        return name == null || name.isBlank() ? keys.architecture() : name;
    }
}
