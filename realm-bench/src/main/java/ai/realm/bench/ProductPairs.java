package ai.realm.bench;

import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.WeightMatrix;
import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.Shape;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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

/** A matrix of 1536 x 768 weights times one and 64 tokens, scalar and simd on one thread. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init")
public class ProductPairs {
    private static final int ROWS = 1536;
    private static final int COLS = 768;

    @Param({"scalar", "simd", "machine"})
    private String kernels;

    @Param({"F16", "Q4_0", "Q4_1", "Q4_K", "Q5_0", "Q6_K", "Q8_0"})
    private GgmlType type;

    @Param({"1", "64"})
    private int tokens;

    private Compute compute;
    private Arena arena;
    private WeightMatrix weights;
    private FloatRows x;
    private FloatRows out;

    @Setup(Level.Trial)
    public void open() {
        compute = Compute.open(new Compute.Options(1, ActivationMode.INT8, kernels));
        arena = Arena.ofShared();
        byte[] bytes = new byte[(int) (type.bytesFor(COLS) * ROWS)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i % 23);
        }
        // As of a file: memory outside the heap.
        MemorySegment data = arena.allocate(bytes.length, 64).copyFrom(MemorySegment.ofArray(bytes));
        weights = compute.prepare(new TensorView("w", type, new Shape(COLS, ROWS), data), arena);
        x = new FloatRows(tokens, COLS);
        for (int i = 0; i < x.data().length; i++) {
            x.data()[i] = (i * 31 % 17 - 8) / 8f;
        }
        out = new FloatRows(tokens, ROWS);
    }

    @TearDown(Level.Trial)
    public void close() {
        compute.close();
        arena.close();
    }

    @Benchmark
    public FloatRows matmul() {
        compute.matmul(weights, x, tokens, out);
        return out;
    }
}
