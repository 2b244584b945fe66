package ai.realm.core.model;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.quant.Dequantizer;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** An encoder made of {@link Layer}s, several texts to a pass. A decoder's layers make one too: each text is seen from its beginning. */
final class EncoderModel implements Encoder {
    private static final int MAX_TEXTS = 64;

    /**
     * What the encoder is made of.
     *
     * @param typeRow embedding of the first kind of text, added to every token; or null
     * @param positions learned position embedding, or null
     * @param embeddingScale factor of the embedding
     * @param embeddingNorm over the summed embeddings, or null
     * @param outputNorm over the rows that leave the last layer, or null
     * @param classifier what judges a text's pooled row, or null where that row is what is wanted
     */
    record Parts(ModelConfig config, TensorView embedding, float embeddingScale, float @Nullable [] typeRow,
            @Nullable TensorView positions, @Nullable Norm embeddingNorm, List<RopeTable> ropes, List<Layer> layers,
            @Nullable Norm outputNorm, Pooling pooling, @Nullable Classifier classifier) {}

    private final Parts parts;
    private final int maxTokens;
    private final int capacity;
    private final Step step;
    private final Step.RowTask embedRows = this::embedRows;
    private final Step.RowTask normalise = this::normalise;
    private final ForwardBatch batch;
    private final EncoderKv kv;
    private final FloatRows x;
    private final FloatRows positionRows;
    private final FloatRows pooled;
    private final long weightBytes;
    private final Arena arena;

    /** @param arena holds the prepared weights; closed with the encoder */
    EncoderModel(Parts parts, int maxTokens, Compute compute, Scratch scratch, int tileTokens, long weightBytes, Arena arena) {
        this.parts = parts;
        this.maxTokens = maxTokens;
        this.capacity = scratch.maxBatch();
        this.step = new Step(compute, capacity, tileTokens);
        this.batch = new ForwardBatch(capacity);
        this.kv = new EncoderKv(parts.layers.stream().map(Layer::mixer).toList(), capacity, MAX_TEXTS, arena);
        this.x = scratch.rows("x", parts.config.embeddingLength());
        this.pooled = scratch.rows("pooled", x.cols());
        this.positionRows = scratch.rows("positionRows", parts.positions == null ? 0 : x.cols());
        this.weightBytes = weightBytes;
        this.arena = arena;
    }

    @Override
    public ModelConfig config() {
        return parts.config;
    }

    @Override
    public boolean ranks() {
        return parts.classifier != null;
    }

    @Override
    public int maxTokens() {
        return maxTokens;
    }

    @Override
    public long weightBytes() {
        return weightBytes;
    }

    @Override
    public float[][] embed(int[][] texts) {
        for (int[] text : texts) {
            check(text);
        }
        float[][] out = new float[texts.length][];
        int at = 0;
        while (at < texts.length) {
            int from = at;
            batch.clear();
            kv.clear();
            while (at < texts.length && at - from < MAX_TEXTS && batch.count() + texts[at].length <= capacity) {
                add(texts[at], at - from);
                at++;
            }
            try {
                pass();
                results(out, from, at - from);
            } finally {
                step.end();
            }
        }
        return out;
    }

    /** What becomes of the texts of the pass. */
    private void results(float[][] out, int first, int count) {
        for (int text = 0; text < count; text++) {
            parts.pooling.pool(step.rowKernels(), x, step.runStart(text), step.runStart(text + 1), pooled.data(),
                    pooled.offset(text));
        }
        float[] scores = parts.classifier == null ? null : parts.classifier.scores(step, pooled, count);
        for (int text = 0; text < count; text++) {
            out[first + text] = scores == null ? direction(text) : new float[]{scores[text]};
        }
    }

    /** A text's pooled row, brought to length 1. */
    private float[] direction(int text) {
        int from = pooled.offset(text);
        float[] out = Arrays.copyOfRange(pooled.data(), from, from + pooled.cols());
        double square = 0;
        for (float v : out) {
            square += (double) v * v;
        }
        if (square > 0) {
            step.rowKernels().scale(out, 0, (float) (1 / Math.sqrt(square)), out.length);
        }
        return out;
    }

    private void check(int[] text) {
        if (text.length == 0) {
            throw new RealmException(ErrorCode.EMPTY_PROMPT, "a text to embed must have at least one token");
        }
        if (text.length > maxTokens) {
            throw new RealmException(ErrorCode.CONTEXT_LENGTH_EXCEEDED,
                    "a text to embed may have " + maxTokens + " tokens, not " + text.length);
        }
        for (int token : text) {
            if (token < 0 || token >= parts.config.vocabSize()) {
                throw new IllegalArgumentException("a token id must be 0.." + (parts.config.vocabSize() - 1) + ", not " + token);
            }
        }
    }

    private void add(int[] text, int index) {
        kv.add(text.length);
        for (int i = 0; i < text.length; i++) {
            batch.add(text[i], i, index, false);
        }
    }

    private void pass() {
        step.begin(batch, kv);
        for (RopeTable rope : parts.ropes) {
            rope.prepare(batch);
        }
        step.forRows(batch.count(), embedRows);
        for (Layer layer : parts.layers) {
            layer.forward(step, x, false);
        }
        if (parts.outputNorm != null) {
            step.forRows(batch.count(), normalise);
        }
    }

    private void normalise(Step s, int from, int to) {
        Norm norm = Objects.requireNonNull(parts.outputNorm);
        for (int row = from; row < to; row++) {
            norm.apply(s.rowKernels(), x.data(), x.offset(row), x.data(), x.offset(row));
        }
    }

    private void embedRows(Step s, int from, int to) {
        for (int row = from; row < to; row++) {
            int at = x.offset(row);
            lookUp(parts.embedding, batch.token(row), x, row);
            if (parts.embeddingScale != 1f) {
                step.rowKernels().scale(x.data(), at, parts.embeddingScale, x.cols());
            }
            if (parts.typeRow != null) {
                step.rowKernels().add(x.data(), at, parts.typeRow, 0, x.cols());
            }
            if (parts.positions != null) {
                lookUp(parts.positions, batch.position(row), positionRows, row);
                step.rowKernels().add(x.data(), at, positionRows.data(), positionRows.offset(row), x.cols());
            }
            if (parts.embeddingNorm != null) {
                parts.embeddingNorm.apply(step.rowKernels(), x.data(), at, x.data(), at);
            }
        }
    }

    private static void lookUp(TensorView table, int index, FloatRows out, int row) {
        Dequantizer.dequantize(table.type(), table.data(), index * table.rowBytes(), out.data(), out.offset(row), out.cols());
    }

    @Override
    public void close() {
        arena.close();
    }
}
