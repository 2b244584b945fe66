package ai.realm.bench;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Activations;
import ai.realm.core.kernel.AttentionTile;
import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.KvType;
import ai.realm.core.kernel.WeightMatrix;
import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.Shape;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** The row-wise kernels and attention, each scalar, simd and machine on one thread; matrix products are in {@link ProductPairs}. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init")
public class KernelPairs {
    private static final int N = 1536;
    private static final int DIM = 64;
    private static final int POSITIONS = 256;

    @Param({"scalar", "simd", "machine"})
    private String kernels;

    private Compute compute;
    private Arena arena;
    private MemorySegment pages;
    private MemorySegment row;
    private WeightMatrix weights;
    private Activations activations;
    private final FloatRows x = new FloatRows(2, N);
    private final float[] out = new float[N];
    private final AttentionTile tile = new AttentionTile(DIM, DIM);

    @Setup(Level.Trial)
    public void open() {
        compute = Compute.open(new Compute.Options(1, ActivationMode.INT8, kernels));
        arena = Arena.ofShared();
        Random random = new Random(1);
        for (int i = 0; i < x.data().length; i++) {
            x.data()[i] = (float) random.nextGaussian();
        }
        pages = arena.allocate(2L * POSITIONS * DIM * Short.BYTES);
        row = arena.allocate((long) N * Short.BYTES);
        weights = compute.prepare(new TensorView("w", GgmlType.Q4_0, new Shape(N, 1), arena.allocate(GgmlType.Q4_0.bytesFor(N))),
                arena);
        activations = compute.kernels().products().activations(1, N);
        tile.begin(DIM, DIM, 0.125f, 0, false);
        tile.over(KvType.F16, pages, POSITIONS);
        tile.page(0, 0, (long) POSITIONS * DIM * Short.BYTES);
        for (int p = 0; p < POSITIONS; p++) {
            compute.kernels().attention().storeKv(x.data(), p, DIM, KvType.F16, pages, tile.keyAt(p));
            compute.kernels().attention().storeKv(x.data(), 2 * p, DIM, KvType.F16, pages, tile.valueAt(p));
        }
        for (int r = 0; r < AttentionTile.MAX_ROWS; r++) {
            tile.addRow(0, POSITIONS, 0);
        }
        System.arraycopy(x.data(), 0, tile.queries(), 0, DIM * 40);
    }

    @TearDown(Level.Trial)
    public void close() {
        compute.close();
        arena.close();
    }

    @Benchmark
    public Activations fill() {
        compute.kernels().products().fill(activations, weights, x.data(), 0, N, 0, 1);
        return activations;
    }

    @Benchmark
    public float dot() {
        return compute.kernels().rows().dot(x.data(), 0, x.data(), N, N);
    }

    @Benchmark
    public float[] add() {
        System.arraycopy(x.data(), 0, out, 0, N);
        compute.kernels().rows().add(out, 0, x.data(), N, N);
        return out;
    }

    @Benchmark
    public float[] addScaled() {
        System.arraycopy(x.data(), 0, out, 0, N);
        compute.kernels().rows().addScaled(out, 0, 0.5f, x.data(), N, N);
        return out;
    }

    @Benchmark
    public float[] multiply() {
        System.arraycopy(x.data(), 0, out, 0, N);
        compute.kernels().rows().multiply(out, 0, x.data(), N, N);
        return out;
    }

    @Benchmark
    public float[] scale() {
        System.arraycopy(x.data(), 0, out, 0, N);
        compute.kernels().rows().scale(out, 0, 0.5f, N);
        return out;
    }

    @Benchmark
    public float[] rmsNorm() {
        compute.kernels().rows().rmsNorm(x.data(), 0, x.data(), 1e-5f, out, 0, N);
        return out;
    }

    @Benchmark
    public float[] layerNorm() {
        compute.kernels().rows().layerNorm(x.data(), 0, x.data(), x.data(), 1e-5f, out, 0, N);
        return out;
    }

    @Benchmark
    public float[] softmax() {
        System.arraycopy(x.data(), 0, out, 0, N);
        compute.kernels().rows().softmax(out, 0, N);
        return out;
    }

    @Benchmark
    public float[] activate() {
        System.arraycopy(x.data(), 0, out, 0, N);
        compute.kernels().rows().activate(Activation.GELU_TANH, out, 0, N);
        return out;
    }

    @Benchmark
    public float[] gate() {
        System.arraycopy(x.data(), 0, out, 0, N);
        compute.kernels().rows().gate(Activation.SILU, out, 0, x.data(), N, N);
        return out;
    }

    @Benchmark
    public MemorySegment storeKv() {
        compute.kernels().attention().storeKv(x.data(), 0, N, KvType.F16, row, 0);
        return row;
    }

    @Benchmark
    public float[] rotate() {
        compute.kernels().rows().rotate(false, out, 0, DIM, N / DIM, x.data(), x.data(), N, DIM / 2);
        return out;
    }

    @Benchmark
    public float[] attend() {
        compute.kernels().attention().attend(tile);
        return tile.out();
    }
}
