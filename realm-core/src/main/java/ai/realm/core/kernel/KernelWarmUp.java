package ai.realm.core.kernel;

import ai.realm.core.kernel.quant.Dequantizer;
import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.Shape;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Runs a decoder's kernels on matrices and pages of zeros while the model that needs them is still being read, so that the
 * compiler sees them early. A thread of its own goes through every way that a few tokens take, again and again until
 * {@link #close}. It says nothing about whether they are compiled; whoever needs to know measures it with the model itself.
 */
public final class KernelWarmUp implements AutoCloseable {
    /** Gives up by itself after this: what is not compiled then waits for the model. */
    private static final long LIMIT = TimeUnit.SECONDS.toNanos(20);
    private static final int ROWS = 64;
    /** The smallest that takes every type's blocks and has as many of them as loops need to look like loops. */
    private static final int COLS = 512;
    private static final int HEAD = 64;
    private static final int POSITIONS = 16;
    /** Batches that take each way through the products: a tile and one more, one token, a few. */
    private static final int[] COUNTS = {9, 1, 6};
    /** Query rows of attention for many and for few. */
    private static final int[] QUERIES = {27, 3};

    private final Compute compute;
    private final Kernels kernels;
    private final KvType kvType;
    private final Arena arena = Arena.ofShared();
    private final WeightMatrix[] weights;
    private final FloatRows x = new FloatRows(COUNTS[0], COLS);
    private final FloatRows y = new FloatRows(COUNTS[0], COLS);
    private final float[] weight = new float[COLS];
    private final AttentionTile tile = new AttentionTile(HEAD, HEAD);
    private final MemorySegment pages;
    private final ExecutorService thread = Executors
            .newSingleThreadExecutor(Thread.ofPlatform().daemon().name("realm-warm-up").factory());
    private volatile boolean closed;
    private volatile int rounds;

    private KernelWarmUp(Compute compute, Collection<GgmlType> types, KvType kvType) {
        this.compute = compute.sample();
        this.kernels = compute.kernels();
        this.kvType = kvType;
        this.pages = arena.allocate(2L * POSITIONS * kvType.rowBytes(HEAD), 64);
        this.weights = types.stream().filter(Dequantizer::supports).map(this::zeros).toArray(WeightMatrix[]::new);
    }

    /**
     * @param types those of the matrices that will be multiplied; what is no type of weights is left out
     * @param kvType of keys and values
     */
    public static KernelWarmUp start(Compute compute, Collection<GgmlType> types, KvType kvType) {
        KernelWarmUp warmUp = new KernelWarmUp(compute, types, kvType);
        warmUp.thread.execute(warmUp::run);
        return warmUp;
    }

    private WeightMatrix zeros(GgmlType type) {
        MemorySegment data = arena.allocate(ROWS * type.bytesFor(COLS), 64);
        return compute.prepare(new TensorView("warm-up", type, new Shape(COLS, ROWS), data), arena);
    }

    private void run() {
        long begun = System.nanoTime();
        for (int round = 1; !closed && System.nanoTime() - begun < LIMIT; round++) {
            products();
            rows();
            attention();
            rounds = round;
        }
    }

    private void products() {
        for (int count : COUNTS) {
            for (WeightMatrix w : weights) {
                if (closed) {
                    return;
                }
                compute.matmul(w, x, count, y);
            }
        }
    }

    private void rows() {
        kernels.rows().rmsNorm(x.data(), 0, weight, 1e-5f, y.data(), 0, COLS);
        kernels.rows().gate(Activation.SILU, y.data(), 0, x.data(), 0, COLS);
        kernels.rows().add(x.data(), 0, y.data(), 0, COLS);
    }

    private void attention() {
        int row = kvType.rowBytes(HEAD);
        for (int queries : QUERIES) {
            if (closed) {
                return;
            }
            tile.begin(HEAD, HEAD, 1, 0, false);
            tile.over(kvType, pages, POSITIONS);
            tile.page(0, 0, (long) POSITIONS * row);
            for (int q = 0; q < queries; q++) {
                tile.addRow(0, POSITIONS, 0);
            }
            for (int p = 0; p < POSITIONS; p++) {
                kernels.attention().storeKv(x.data(), 0, HEAD, kvType, pages, tile.keyAt(p));
            }
            kernels.attention().attend(tile);
        }
    }

    /** How often it has gone through everything. */
    int rounds() {
        return rounds;
    }

    /** Ends the warm-up and waits for its thread. */
    @Override
    public void close() {
        closed = true;
        thread.close();
        compute.close();
        arena.close();
    }
}
