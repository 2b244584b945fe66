package ai.realm.server.cli.verify;

import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufReader;
import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.KvType;
import ai.realm.core.model.ContiguousKv;
import ai.realm.core.model.ForwardBatch;
import ai.realm.core.model.Model;
import ai.realm.core.model.Models;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;

/** A model opened to run one sequence, with keys and values in F32. */
final class ModelRun implements AutoCloseable {
    private static final int MAX_BATCH = 128;
    /** Sizes of the first batches of a prompt, so that positions cross batches at odd places. */
    private static final int[] ODD_BATCHES = {7, 1, 5};

    private final GgufFile file;
    private final Compute compute;
    private final Model model;
    private final Arena arena = Arena.ofShared();
    private final ContiguousKv kv;
    private final ForwardBatch batch;

    private ModelRun(GgufFile file, Compute compute, Model model, int positions) {
        this.file = file;
        this.compute = compute;
        this.model = model;
        this.batch = new ForwardBatch(model.maxBatch());
        this.kv = new ContiguousKv(model.kvShape(), 1, positions, KvType.F32, arena);
    }

    /**
     * @param positions that the sequence will have at most
     * @param contextLength that the model is asked to be good for; 0 for its own
     */
    static ModelRun open(Path path, CaseKernels kernels, int positions, int contextLength) throws IOException {
        GgufFile file = GgufReader.open(path);
        try {
            Compute compute = kernels.compute().share();
            Model model = Models.load(file, compute, new Models.Options(MAX_BATCH, contextLength));
            return new ModelRun(file, compute, model, positions);
        } catch (RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    /** The logits after each of these positions (in rising order), one row after the other. */
    float[] logits(int[] tokens, int[] positions) {
        int vocab = model.config().vocabSize();
        float[] out = new float[Math.multiplyExact(positions.length, vocab)];
        FloatRows rows = new FloatRows(model.maxBatch(), vocab);
        kv.reset();
        int done = 0;
        for (int from = 0; from < tokens.length; from += model.maxBatch()) {
            batch.clear();
            for (int i = from; i < Math.min(tokens.length, from + model.maxBatch()); i++) {
                batch.add(tokens[i], i, 0, Arrays.binarySearch(positions, i) >= 0);
            }
            model.forward(batch, kv, rows);
            System.arraycopy(rows.data(), 0, out, done * vocab, batch.outputCount() * vocab);
            done += batch.outputCount();
        }
        return out;
    }

    /** The continuation of a prompt by the largest logit; the prompt goes in by batches of odd sizes. */
    int[] greedy(int[] prompt, int count) {
        FloatRows row = new FloatRows(1, model.config().vocabSize());
        kv.reset();
        int from = 0;
        for (int step = 0; from < prompt.length; step++) {
            int size = step < ODD_BATCHES.length ? ODD_BATCHES[step] : model.maxBatch();
            int to = Math.min(prompt.length, from + Math.min(size, model.maxBatch()));
            batch.clear();
            for (int i = from; i < to; i++) {
                batch.add(prompt[i], i, 0, i == prompt.length - 1);
            }
            model.forward(batch, kv, row);
            from = to;
        }
        int[] out = new int[count];
        for (int i = 0; i < count; i++) {
            out[i] = largest(row.data());
            if (i + 1 < count) {
                batch.clear();
                batch.add(out[i], prompt.length + i, 0, true);
                model.forward(batch, kv, row);
            }
        }
        return out;
    }

    private static int largest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    @Override
    public void close() {
        model.close();
        compute.close();
        arena.close();
        file.close();
    }
}
