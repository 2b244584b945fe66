package ai.realm.core.model;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Makes one layer's {@link Attention} from its tensors {@code attn_q}, {@code attn_k}, {@code attn_v} (or {@code attn_qkv}) and
 * {@code attn_output}; what is not set is the plain form: no positions, no window, scale {@code 1/sqrt(head)}.
 */
final class AttentionBuilder {
    private final DecoderBuilder decoder;
    private final int layer;
    private @Nullable RopeTable rope;
    private @Nullable HeadNorm queryNorm;
    private @Nullable HeadNorm keyNorm;
    private Attention.@Nullable Temperature temperature;
    private boolean gated;
    private boolean normsAfterRope;
    private boolean sinks;
    private boolean causal;
    private float alibi;
    private float scale;
    private float softCap;
    private int window;
    private int keyDim;
    private int valueDim;
    private int kvLayer;
    private @Nullable HeadNorm valueNorm;
    private int chunk;
    private boolean around;
    private float clamp;

    AttentionBuilder(DecoderBuilder decoder, int layer) {
        this.decoder = decoder;
        this.layer = layer;
        this.kvLayer = layer;
        this.keyDim = decoder.keyDim();
        this.valueDim = decoder.valueDim();
        this.causal = !decoder.seesEveryToken();
        this.scale = (float) (1 / Math.sqrt(decoder.keyDim()));
    }

    AttentionBuilder rope(@Nullable RopeTable table) {
        rope = table;
        return this;
    }

    AttentionBuilder scale(float factor) {
        scale = factor;
        return this;
    }

    AttentionBuilder softCap(float cap) {
        softCap = cap;
        return this;
    }

    /** A query sees this many positions, itself included; 0 for all. */
    AttentionBuilder window(int positions) {
        window = positions;
        return this;
    }

    /** A token sees half as many positions before it and as many after it, as in an encoder; 0 for all. */
    AttentionBuilder windowAround(int positions) {
        around = true;
        return everyToken().window(positions);
    }

    /** A query sees those positions of its own piece of so many; 0 for all. */
    AttentionBuilder chunk(int positions) {
        chunk = positions;
        return this;
    }

    /** Queries, keys and values are brought to ±limit; 0 for none. */
    AttentionBuilder clamp(float limit) {
        clamp = limit;
        return this;
    }

    /** The tensor {@code attn_sinks}: a learned logit for each head. */
    AttentionBuilder sinks() {
        sinks = true;
        return this;
    }

    /** Scores fall with the distance of query and key, by each head's slope as of this largest exponent; 0 for none. */
    AttentionBuilder alibi(float maxBias) {
        alibi = maxBias;
        return this;
    }

    /** {@code attn_q} holds, for each head, the query and then a gate. */
    AttentionBuilder gated() {
        gated = true;
        return this;
    }

    /** A token sees all of its text and not only what comes before, as in an encoder. */
    AttentionBuilder everyToken() {
        causal = false;
        return this;
    }

    AttentionBuilder temperature(Attention.@Nullable Temperature t) {
        temperature = t;
        return this;
    }

    /** Heads of other sizes than the keys say; to be called before anything that makes norms. */
    AttentionBuilder heads(int key, int value) {
        keyDim = key;
        valueDim = value;
        return this;
    }

    /** Keys and values are those of another layer, and this one has none of its own. */
    AttentionBuilder keysOf(int other) {
        kvLayer = other;
        return this;
    }

    /** Values are normalised head by head, without weights. */
    AttentionBuilder plainValueNorm() {
        valueNorm = HeadNorm.perHead(Norm.plain(valueDim, decoder.epsilon()));
        return this;
    }

    /** {@code attn_q_norm} and {@code attn_k_norm} of head size, shared by the heads. */
    AttentionBuilder headNorms() {
        queryNorm = HeadNorm.perHead(decoder.norm(DecoderBuilder.name(layer, "attn_q_norm"), keyDim));
        keyNorm = kvLayer == layer ? HeadNorm.perHead(decoder.norm(DecoderBuilder.name(layer, "attn_k_norm"), keyDim)) : null;
        return this;
    }

    /** Queries and keys are rotated first and normalised then. */
    AttentionBuilder normsAfterRope() {
        normsAfterRope = true;
        return this;
    }

    AttentionBuilder norms(@Nullable HeadNorm query, @Nullable HeadNorm key) {
        queryNorm = query;
        keyNorm = key;
        return this;
    }

    Attention build() {
        int heads = decoder.heads();
        int kvHeads = decoder.kvHeads(kvLayer);
        if (kvHeads == 0) {
            throw decoder.keys().refuse("attention.head_count_kv", 0,
                    "layer " + layer + " of this architecture needs at least 1");
        }
        if (!causal && window > 0 && !around) {
            throw decoder.keys().refuse("attention.causal", false,
                    "a window is supported only where tokens see what comes before them");
        }
        @Nullable
        Linear[] qkv = projections(decoder.width(), heads * keyDim * (gated ? 2 : 1), kvHeads * keyDim, kvHeads * valueDim);
        Linear o = decoder.linear(layer, "attn_output", heads * valueDim, decoder.width());
        float[] sinkLogits = sinks ? decoder.weights().values(DecoderBuilder.name(layer, "attn_sinks.weight"), heads) : null;
        KvAttention.Spec spec = new KvAttention.Spec(heads, kvHeads, keyDim, valueDim, scale, softCap, window, chunk, causal,
                sinkLogits, alibi > 0 ? slopes(alibi, heads) : null);
        return new Attention(
                new Attention.Parts(Objects.requireNonNull(qkv[0]), qkv[1], qkv[2], o, clamp, queryNorm, keyNorm, valueNorm,
                        normsAfterRope, gated, rope, temperature),
                spec, kvLayer, decoder.workers(), decoder.scratch());
    }

    /** A geometric sequence over the heads up to a power of two; those beyond lie between its first ones. */
    static float[] slopes(float maxBias, int heads) {
        int power = Integer.highestOneBit(heads);
        float[] out = new float[heads];
        for (int h = 0; h < heads; h++) {
            double step = h < power ? h + 1 : h - power + 0.5;
            out[h] = (float) Math.pow(2, -maxBias / power * step);
        }
        return out;
    }

    /** Queries, keys and values; the last two are null where they are another layer's, values alone where they are the keys. */
    private @Nullable Linear[] projections(int width, int q, int k, int v) {
        if (decoder.has(layer, "attn_qkv.weight")) {
            Linear[] all = fused(width, q, k, v);
            return kvLayer == layer ? all : new Linear[]{all[0], null, null};
        }
        Linear query = decoder.linear(layer, "attn_q", width, q);
        if (kvLayer != layer) {
            for (String tensor : new String[]{"attn_k.weight", "attn_v.weight", "attn_k_norm.weight"}) {
                decoder.ignore(DecoderBuilder.name(layer, tensor));
            }
            return new Linear[]{query, null, null};
        }
        Linear values = valueNorm != null && k == v && !decoder.has(layer, "attn_v.weight")
                ? null
                : decoder.linear(layer, "attn_v", width, v);
        return new Linear[]{query, decoder.linear(layer, "attn_k", width, k), values};
    }

    /** Fused weights may come with separate biases. */
    private Linear[] fused(int width, int q, int k, int v) {
        Linear[] parts = decoder.weights().fused(DecoderBuilder.name(layer, "attn_qkv"), width, q, k, v);
        String[] names = {"attn_q", "attn_k", "attn_v"};
        for (int i = 0; i < parts.length; i++) {
            if (!parts[i].hasBias()) {
                float[] bias = decoder.weights().optional(DecoderBuilder.name(layer, names[i] + ".bias"), parts[i].rows());
                parts[i] = parts[i].withBias(bias);
            }
        }
        return parts;
    }
}
