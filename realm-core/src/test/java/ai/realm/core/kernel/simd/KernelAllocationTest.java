package ai.realm.core.kernel.simd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Activations;
import ai.realm.core.kernel.AttentionKernels;
import ai.realm.core.kernel.AttentionTile;
import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.Kernels;
import ai.realm.core.kernel.KvType;
import ai.realm.core.kernel.LowRankPanel;
import ai.realm.core.kernel.ProductKernels;
import ai.realm.core.kernel.RowKernels;
import ai.realm.core.kernel.WeightMatrix;
import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.Shape;
import ai.realm.core.tensor.TensorView;
import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * A compiled kernel allocates nothing. A vector that the compiler boxes allocates in every call for ever, at the least 32 bytes;
 * so the calls go on until a run of them has left nothing, or for longer than a compiler with a full queue takes.
 */
class KernelAllocationTest {
    /** What says something about a kernel, or makes what it works on. */
    private static final Set<String> NO_KERNELS = Set.of("prepare", "preparedBytes", "activations",
            "sameForm",
            "rowAlignment");
    /** One of each layout and of each way through the products. */
    private static final List<GgmlType> TYPES = List.of(GgmlType.Q4_0, GgmlType.Q4_1, GgmlType.Q4_K, GgmlType.Q5_0, GgmlType.Q5_K,
            GgmlType.Q8_0, GgmlType.Q6_K, GgmlType.F16, GgmlType.F32, GgmlType.BF16, GgmlType.Q2_K);
    private static final int[] TOKENS = {1, 6, 17};
    private static final int ROWS = 64;
    private static final int N = 256;
    private static final int DIM = 64;
    private static final int POSITIONS = 16;
    private static final int CALLS = 500;
    private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(30);
    /** Of {@link #CALLS} calls together: what the JVM itself may leave on a thread, less than one vector in each. */
    private static final long LIMIT = 8L * CALLS;

    private record Case(String method, String variant, Runnable call) {}

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final Compute compute = Compute.open(new Compute.Options(1, ActivationMode.INT8, "simd"));
    private final Kernels k = compute.kernels();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment pages = arena.allocate(2L * POSITIONS * 4 * DIM, 64);
    private final MemorySegment panels = arena.allocate(2 * LowRankPanel.HALVES.bytes(N), 64);
    private final float[] x = new float[32 * N];
    private final float[] y = new float[32 * N];
    private final float[] weight = new float[N];

    @AfterEach
    void close() {
        compute.close();
        arena.close();
    }

    @TestFactory
    Stream<DynamicTest> call_thatIsCompiled_allocatesNothing() {
        return cases().map(c -> dynamicTest(c.method + " " + c.variant, () -> assertThat(leastBytes(c.call)).isLessThan(LIMIT)));
    }

    @Test
    void cases_coverEveryKernel() {
        Set<String> kernels = Stream.of(ProductKernels.class, AttentionKernels.class, RowKernels.class)
                .flatMap(c -> Arrays.stream(c.getMethods())).map(Method::getName).filter(m -> !NO_KERNELS.contains(m))
                .collect(Collectors.toSet());
        assertThat(cases().map(Case::method).collect(Collectors.toSet())).isEqualTo(kernels);
    }

    private long leastBytes(Runnable call) {
        long least = Long.MAX_VALUE;
        long start = System.nanoTime();
        while (least >= LIMIT && System.nanoTime() - start < MOST_NANOS) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < CALLS; i++) {
                call.run();
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        return least;
    }

    private Stream<Case> cases() {
        return Stream.of(rows(), Arrays.stream(Activation.values()).flatMap(this::activations),
                Arrays.stream(KvType.values()).flatMap(this::attention), TYPES.stream().flatMap(this::products))
                .flatMap(s -> s);
    }

    private void lowRank(LowRankPanel kind) {
        k.rows().addLowRank(x, 0, N, 0.5f, kind, panels, 0, kind.bytes(N), y, 1, N);
    }

    private Stream<Case> rows() {
        return Stream.of(new Case("dot", "", () -> x[0] = k.rows().dot(x, 1, y, 1, N)),
                new Case("add", "", () -> k.rows().add(x, 0, weight, 0, N)),
                new Case("addScaled", "", () -> k.rows().addScaled(x, 0, 0.5f, weight, 0, N)),
                new Case("addLowRank", "halves", () -> lowRank(LowRankPanel.HALVES)),
                new Case("addLowRank", "bytes", () -> lowRank(LowRankPanel.BYTES)),
                new Case("multiply", "", () -> k.rows().multiply(x, 0, weight, 0, N)),
                new Case("scale", "", () -> k.rows().scale(x, 0, 0.5f, N)),
                new Case("rmsNorm", "", () -> k.rows().rmsNorm(x, 0, weight, 1e-5f, y, 0, N)),
                new Case("layerNorm", "", () -> k.rows().layerNorm(x, 0, weight, weight, 1e-5f, y, 0, N)),
                new Case("softmax", "", () -> k.rows().softmax(y, 0, N)),
                new Case("rotate", "halves", () -> k.rows().rotate(false, x, 0, DIM, 4, weight, weight, 0, DIM / 2)),
                new Case("rotate", "neighbours", () -> k.rows().rotate(true, x, 0, DIM, 4, weight, weight, 0, DIM / 2)));
    }

    private Stream<Case> activations(Activation a) {
        return Stream.of(new Case("activate", a.name(), () -> k.rows().activate(a, y, 0, N)),
                new Case("gate", a.name(), () -> k.rows().gate(a, y, 0, weight, 0, N)));
    }

    private Stream<Case> attention(KvType type) {
        int row = type.rowBytes(DIM);
        return Stream.concat(
                Stream.of(new Case("storeKv", type.name(), () -> k.attention().storeKv(x, 0, DIM, type, pages, 0))),
                Stream.of(1, 3, 4, 27).map(rows -> {
                    AttentionTile tile = new AttentionTile(DIM, DIM);
                    tile.begin(DIM, DIM, 1, 0, false);
                    tile.over(type, pages, POSITIONS);
                    tile.page(0, 0, (long) POSITIONS * row);
                    for (int r = 0; r < rows; r++) {
                        tile.addRow(0, POSITIONS, 0);
                    }
                    return new Case("attend", type + " " + rows + " rows", () -> k.attention().attend(tile));
                }));
    }

    private Stream<Case> products(GgmlType type) {
        WeightMatrix w = compute.prepare(
                new TensorView("w", type, new Shape(N, ROWS), arena.allocate(ROWS * type.bytesFor(N), 64)), arena);
        return Arrays.stream(TOKENS).boxed().flatMap(tokens -> {
            Activations a = k.products().activations(tokens, N);
            k.products().fill(a, w, x, 0, N, 0, tokens);
            String variant = type + " " + tokens + " tokens";
            return Stream.of(new Case("fill", variant, () -> k.products().fill(a, w, x, 0, N, 0, tokens)),
                    new Case("matmul", variant, () -> k.products().matmul(w, 0, ROWS, a, 0, tokens, y, 0, ROWS)));
        });
    }
}
