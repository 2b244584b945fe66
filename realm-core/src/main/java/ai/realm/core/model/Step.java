package ai.realm.core.model;

import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.Kernels;
import ai.realm.core.kernel.RowKernels;
import ai.realm.core.kernel.ProductOrder;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One forward pass under way: the batch, the KV memory, and the batch cut into runs (tokens of one sequence) and tiles (short
 * pieces of a run, the unit in which attention is shared among threads). Reused from pass to pass.
 */
final class Step {
    private final Compute compute;
    private final int tileTokens;
    private final int[] runs;
    private final int[] tiles;
    private final ProductOrder order = new ProductOrder();
    private @Nullable ForwardBatch batch;
    private @Nullable KvView kv;
    private int runCount;
    private int tileCount;
    /** Whether the rows whose logits are wanted were moved to the front. */
    private boolean outputsOnly;
    private final Adapter[] adapters;
    private int adapterCount;
    private final Compute.RowRange range = this::runTask;
    private @Nullable RowTask task;

    /**
     * Work on the rows {@code from} to {@code to} of a pass. Whoever has such work makes the task once, not for each pass: a lambda
     * that captures something is an object, and there are hundreds of these regions for each token.
     */
    @FunctionalInterface
    interface RowTask {
        void run(Step step, int from, int to);
    }

    /** @param tileTokens tokens in a tile at most */
    Step(Compute compute, int maxBatch, int tileTokens) {
        this.compute = compute;
        this.tileTokens = tileTokens;
        this.runs = new int[maxBatch + 1];
        this.tiles = new int[maxBatch + 1];
        this.adapters = new Adapter[maxBatch];
    }

    void begin(ForwardBatch newBatch, KvView newKv) {
        batch = newBatch;
        kv = newKv;
        runCount = 0;
        tileCount = 0;
        outputsOnly = false;
        adapterCount = 0;
        int n = newBatch.count();
        for (int i = 0; i < n; i++) {
            boolean starts = i == 0 || newBatch.sequence(i) != newBatch.sequence(i - 1);
            if (starts) {
                runs[runCount++] = i;
                note(newBatch.adapter(i));
            }
            if (starts || i - tiles[tileCount - 1] == tileTokens) {
                tiles[tileCount++] = i;
            }
        }
        runs[runCount] = n;
        tiles[tileCount] = n;
        compute.begin(order);
    }

    private void note(Adapter.@Nullable Use use) {
        if (use != null) {
            for (int i = 0; i < adapterCount; i++) {
                if (adapters[i] == use.adapter()) {
                    return;
                }
            }
            adapters[adapterCount++] = use.adapter();
        }
    }

    /** Whether an adapter of this pass changes a map. */
    boolean adapts(int map) {
        for (int i = 0; i < adapterCount; i++) {
            if (adapters[i].delta(map) != null) {
                return true;
            }
        }
        return false;
    }

    /** Which token of the batch a row is of. */
    int token(int row) {
        return outputsOnly ? batch().output(row) : row;
    }

    /** The adapter of the sequence that a row belongs to, or null. */
    Adapter.@Nullable Use adapter(int row) {
        return adapterCount == 0 ? null : batch().adapter(token(row));
    }

    /** Lets go of the caller's objects. */
    void end() {
        compute.end();
        Arrays.fill(adapters, 0, adapterCount, null);
        adapterCount = 0;
        batch = null;
        kv = null;
    }

    /** Splits the rows {@code [0, rows)} over the threads. */
    void forRows(int rows, RowTask newTask) {
        task = newTask;
        try {
            compute.forRows(rows, range);
        } finally {
            task = null;
        }
    }

    private void runTask(int from, int to) {
        Objects.requireNonNull(task).run(this, from, to);
    }

    Compute compute() {
        return compute;
    }

    Kernels kernels() {
        return compute.kernels();
    }

    RowKernels rowKernels() {
        return compute.kernels().rows();
    }

    ForwardBatch batch() {
        return Objects.requireNonNull(batch);
    }

    KvView kv() {
        return Objects.requireNonNull(kv);
    }

    /** Tokens in the batch. */
    int count() {
        return batch().count();
    }

    /** Moves the rows whose logits are wanted to the front. */
    void keepOutputs(FloatRows rows) {
        outputsOnly = true;
        ForwardBatch b = batch();
        for (int i = 0; i < b.outputCount(); i++) {
            if (b.output(i) != i) {
                System.arraycopy(rows.data(), rows.offset(b.output(i)), rows.data(), rows.offset(i), rows.cols());
            }
        }
    }

    /** Runs of consecutive tokens of one sequence. */
    int runs() {
        return runCount;
    }

    /** First token of a run; {@code runStart(runs())} is the end of the batch. */
    int runStart(int run) {
        return runs[run];
    }

    int tiles() {
        return tileCount;
    }

    /** First token of a tile; {@code tileStart(tiles())} is the end of the batch. */
    int tileStart(int tile) {
        return tiles[tile];
    }
}
