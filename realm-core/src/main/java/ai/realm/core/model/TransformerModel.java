package ai.realm.core.model;

import ai.realm.core.gguf.GgufFile;
import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.LowRankPanel;
import ai.realm.core.kernel.quant.Dequantizer;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A decoder made of {@link Layer}s: token embedding, the layers, final norm and output projection. What differs between
 * architectures lies in its {@link Parts}.
 */
final class TransformerModel implements Model {
    /**
     * What the model is made of.
     *
     * @param embedding rows of the token embedding, read where they lie in the file
     * @param positions learned position embedding, or null
     * @param embeddingScale factor of the embedding
     * @param embeddingNorm over the embedding with its positions, or null
     * @param ends what is done before the first layer and after the last, or null
     * @param ropes the tables that the layers use
     * @param logitScale factor of the logits
     * @param logitSoftCap logits become {@code cap * tanh(logit / cap)}; 0 for none
     */
    record Parts(ModelConfig config, TensorView embedding, @Nullable TensorView positions, float embeddingScale,
            @Nullable Norm embeddingNorm, @Nullable Ends ends, List<RopeTable> ropes, List<Layer> layers, Norm outputNorm,
            Linear output, float logitScale,
            float logitSoftCap) {}

    private final Parts parts;
    private final KvShape kvShape;
    private final Step step;
    private final Step warmUp;
    private final int maxBatch;
    private final FloatRows x;
    private final FloatRows last;
    private final float[][] positionRow;
    private final long weightBytes;
    private final List<AdapterSite> sites;
    private final Set<String> ignored;
    private final Arena arena;
    private final Step.RowTask embed = this::embed;
    private final Step.RowTask normalise = this::normalise;
    private final Step.RowTask finish = this::finish;
    /** Where the pass under way leaves its logits. */
    private @Nullable FloatRows logits;

    /**
     * @param sites where the file's matrices went
     * @param ignored tensors of the file that do not count
     * @param arena holds the prepared weights; closed with the model
     */
    TransformerModel(Parts parts, Compute compute, Scratch scratch, int tileTokens, long weightBytes, List<AdapterSite> sites,
            Set<String> ignored, Arena arena) {
        this.parts = parts;
        this.maxBatch = scratch.maxBatch();
        this.step = new Step(compute, maxBatch, tileTokens);
        this.warmUp = new Step(compute.sample(), maxBatch, tileTokens);
        int width = parts.config.embeddingLength();
        this.x = scratch.rows("x", width);
        this.last = scratch.rows("last", width);
        this.positionRow = new float[parts.positions == null ? 0 : maxBatch][width];
        this.kvShape = shape(parts.layers);
        this.weightBytes = weightBytes;
        this.sites = sites;
        this.ignored = ignored;
        this.arena = arena;
    }

    private static KvShape shape(List<Layer> layers) {
        int[][] dims = new int[4][layers.size()];
        for (int l = 0; l < layers.size(); l++) {
            Mixer mixer = layers.get(l).mixer();
            dims[0][l] = mixer.kvHeads();
            dims[1][l] = mixer.keyDim();
            dims[2][l] = mixer.valueDim();
            dims[3][l] = mixer.stateFloats();
        }
        return new KvShape(dims[0], dims[1], dims[2], dims[3]);
    }

    @Override
    public ModelConfig config() {
        return parts.config;
    }

    @Override
    public KvShape kvShape() {
        return kvShape;
    }

    @Override
    public int maxBatch() {
        return maxBatch;
    }

    @Override
    public long weightBytes() {
        return weightBytes;
    }

    /** How adapters lie in memory: exactly where activations are exact, else as small as activations are. */
    LowRankPanel adapterKind() {
        return step.kernels().activationMode() == ActivationMode.INT8 ? LowRankPanel.BYTES : LowRankPanel.HALVES;
    }

    /** Where the file's matrices went. */
    List<AdapterSite> sites() {
        return sites;
    }

    @Override
    public long adapterBytes(GgufFile file) {
        return new AdapterReader(file, sites, ignored, adapterKind()).bytes(parts.config.architecture());
    }

    @Override
    public Adapter adapter(GgufFile file, long mostBytes) {
        return new AdapterReader(file, sites, ignored, adapterKind()).read(this, parts.config.architecture(), mostBytes);
    }

    @Override
    public void forward(ForwardBatch batch, KvView kv, FloatRows out) {
        pass(step, batch, kv, out, 0, parts.layers.size());
    }

    @Override
    public void warmUp(ForwardBatch batch, KvView kv, FloatRows out, int layer) {
        int l = Math.floorMod(layer, parts.layers.size());
        pass(warmUp, batch, kv, out, l, l + 1);
    }

    private void pass(Step s, ForwardBatch batch, KvView kv, FloatRows out, int firstLayer, int endLayer) {
        if (batch.count() == 0) {
            return;
        }
        check(batch, out);
        logits = out;
        s.begin(batch, kv);
        try {
            for (RopeTable rope : parts.ropes) {
                rope.prepare(batch);
            }
            s.forRows(batch.count(), embed);
            if (parts.ends != null) {
                parts.ends.enter(s, x);
            }
            for (int l = firstLayer; l < endLayer; l++) {
                parts.layers.get(l).forward(s, x, l == endLayer - 1);
            }
            output(s, batch, out);
        } finally {
            logits = null;
            s.end();
        }
    }

    private void check(ForwardBatch batch, FloatRows logits) {
        if (batch.count() > maxBatch) {
            throw new IllegalArgumentException("a batch has at most " + maxBatch + " tokens, not " + batch.count());
        }
        if (batch.outputCount() > logits.rows() || logits.cols() != parts.config.vocabSize()) {
            throw new IllegalArgumentException(
                    "logits must be " + batch.outputCount() + " x " + parts.config.vocabSize() + ", not "
                            + logits.rows() + " x " + logits.cols());
        }
        for (int i = 0; i < batch.count(); i++) {
            if (batch.token(i) < 0 || batch.token(i) >= parts.config.vocabSize()) {
                throw new IllegalArgumentException(
                        "a token id must be 0.." + (parts.config.vocabSize() - 1) + ", not " + batch.token(i));
            }
            Adapter.Use use = batch.adapter(i);
            if (use != null && !use.adapter().isFor(this)) {
                throw new IllegalArgumentException("an adapter serves the model that has read it, and no other");
            }
            if (parts.positions != null && batch.position(i) >= parts.positions.shape().dim(1)) {
                throw new IllegalArgumentException("the model has " + parts.positions.shape().dim(1) + " positions; position "
                        + batch.position(i) + " is beyond");
            }
        }
    }

    private void embed(Step s, int from, int to) {
        ForwardBatch batch = s.batch();
        for (int row = from; row < to; row++) {
            lookUp(parts.embedding, batch.token(row), x.data(), x.offset(row));
            if (parts.embeddingScale != 1f) {
                s.rowKernels().scale(x.data(), x.offset(row), parts.embeddingScale, x.cols());
            }
            if (parts.positions != null) {
                lookUp(parts.positions, batch.position(row), positionRow[row], 0);
                s.rowKernels().add(x.data(), x.offset(row), positionRow[row], 0, x.cols());
            }
            if (parts.embeddingNorm != null) {
                parts.embeddingNorm.apply(s.rowKernels(), x.data(), x.offset(row), x.data(), x.offset(row));
            }
        }
    }

    private static void lookUp(TensorView table, int row, float[] out, int offset) {
        Dequantizer.dequantize(table.type(), table.data(), row * table.rowBytes(), out, offset, (int) table.shape().dim(0));
    }

    /** The last layer has moved the rows whose logits are wanted to the front. */
    private void output(Step s, ForwardBatch batch, FloatRows out) {
        int count = batch.outputCount();
        if (count == 0) {
            return;
        }
        if (parts.ends != null) {
            parts.ends.leave(s, x, count);
        }
        s.forRows(count, normalise);
        parts.output.apply(s, last, count, out);
        if (parts.logitScale != 1f || parts.logitSoftCap > 0) {
            s.forRows(count, finish);
        }
    }

    private void normalise(Step s, int from, int to) {
        for (int i = from; i < to; i++) {
            parts.outputNorm.apply(s.rowKernels(), x.data(), x.offset(i), last.data(), last.offset(i));
        }
    }

    private void finish(Step s, int from, int to) {
        FloatRows out = Objects.requireNonNull(logits);
        for (int row = from; row < to; row++) {
            int at = out.offset(row);
            if (parts.logitScale != 1f) {
                s.rowKernels().scale(out.data(), at, parts.logitScale, out.cols());
            }
            if (parts.logitSoftCap > 0) {
                s.rowKernels().scale(out.data(), at, 1 / parts.logitSoftCap, out.cols());
                s.rowKernels().activate(Activation.TANH, out.data(), at, out.cols());
                s.rowKernels().scale(out.data(), at, parts.logitSoftCap, out.cols());
            }
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
