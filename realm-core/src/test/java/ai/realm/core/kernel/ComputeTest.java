package ai.realm.core.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.Shape;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

class ComputeTest {
    private static final Compute.Options SCALAR = new Compute.Options(3, ActivationMode.F32, "scalar");
    private static final Compute.Options SIMD = new Compute.Options(2, ActivationMode.INT8, "simd");

    private static TensorView matrix(int rows, int cols) {
        float[] w = new float[rows * cols];
        for (int i = 0; i < w.length; i++) {
            w[i] = i % 7 - 3;
        }
        return new TensorView("w", GgmlType.F32, new Shape(cols, rows), MemorySegment.ofArray(w));
    }

    @Test
    void open_unknownKernels_isRefused() {
        assertThatThrownBy(() -> Compute.open(SCALAR.withKernels("gpu"))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("scalar").hasMessageContaining("gpu");
    }

    @Test
    void matmul_severalMatrices_areAllMultiplied() {
        int tokens = 9;
        try (Compute compute = Compute.open(SCALAR); Arena arena = Arena.ofShared()) {
            FloatRows x = new FloatRows(tokens, 33);
            for (int i = 0; i < x.data().length; i++) {
                x.data()[i] = i % 5;
            }
            WeightMatrix[] ws = {compute.prepare(matrix(70, 33), arena), compute.prepare(matrix(6, 33), arena)};
            FloatRows[] outs = {new FloatRows(tokens, 70), new FloatRows(tokens, 7)};
            compute.matmul(ws, x, tokens, outs);
            for (int i = 0; i < 2; i++) {
                for (int t = 0; t < tokens; t++) {
                    for (int r = 0; r < ws[i].rows(); r++) {
                        float want = 0;
                        for (int c = 0; c < 33; c++) {
                            want += ((r * 33 + c) % 7 - 3) * ((t * 33 + c) % 5);
                        }
                        assertThat(outs[i].data()[outs[i].offset(t) + r]).isEqualTo(want);
                    }
                }
            }
        }
    }

    /** Four groups of rows for three threads: the fourth is cut by tokens. */
    @Test
    void matmul_groupsLeftOver_giveTheNumbersOfOneThread() {
        int tokens = 200;
        FloatRows x = new FloatRows(tokens, 512);
        for (int i = 0; i < x.data().length; i++) {
            x.data()[i] = i % 11 - 5;
        }
        assertThat(product(3, x, tokens)).isEqualTo(product(1, x, tokens));
    }

    private static float[] product(int threads, FloatRows x, int tokens) {
        try (Compute compute = Compute.open(SIMD.withThreads(threads)); Arena arena = Arena.ofShared()) {
            FloatRows out = new FloatRows(tokens, 256);
            compute.matmul(compute.prepare(quantized(256, 512, 7), arena), x, tokens, out);
            return out.data();
        }
    }

    private static TensorView quantized(int rows, int cols, int seed) {
        byte[] bytes = new byte[(int) (rows * GgmlType.Q4_0.bytesFor(cols))];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i % 18 == 1 ? 0x38 : i * seed);
        }
        return new TensorView("w", GgmlType.Q4_0, new Shape(cols, rows), MemorySegment.ofArray(bytes));
    }

    /** From the third pass on threads that wait fetch what comes next, which is another matrix in the fifth. */
    @Test
    void matmul_inPassesWhoseOrderIsLearnt_givesTheSameNumbers() {
        FloatRows x = new FloatRows(1, 512);
        for (int i = 0; i < x.data().length; i++) {
            x.data()[i] = i % 11 - 5;
        }
        try (Compute compute = Compute.open(SIMD); Arena arena = Arena.ofShared()) {
            WeightMatrix[] ws = new WeightMatrix[4];
            float[][] want = new float[4][];
            for (int i = 0; i < ws.length; i++) {
                ws[i] = compute.prepare(quantized(1024, 512, 7 + 2 * i), arena);
                want[i] = product(compute, ws[i], x);
            }
            ProductOrder order = new ProductOrder();
            for (int pass = 0; pass < 8; pass++) {
                compute.begin(order);
                for (int i = 0; i < 3; i++) {
                    int which = pass == 4 && i == 1 ? 3 : i;
                    assertThat(product(compute, ws[which], x)).isEqualTo(want[which]);
                }
                compute.end();
            }
        }
    }

    private static float[] product(Compute compute, WeightMatrix w, FloatRows x) {
        FloatRows out = new FloatRows(1, w.rows());
        compute.matmul(w, x, 1, out);
        return out.data();
    }

    @Test
    void fetchAhead_someRows_endsAfterThese() {
        try (Compute compute = Compute.open(SIMD); Arena arena = Arena.ofShared()) {
            WeightMatrix w = compute.prepare(quantized(256, 512, 7), arena);
            int pieces = 0;
            while (w.fetchAhead(64, 192)) {
                pieces++;
            }
            // two groups of 64 rows, 18,432 bytes each, in pieces of 16 KiB
            assertThat(pieces).isEqualTo(3);
        }
    }

    @Test
    void fetchAhead_closedWeights_isOfNoUse() {
        try (Compute compute = Compute.open(SIMD)) {
            WeightMatrix w;
            try (Arena arena = Arena.ofShared()) {
                w = compute.prepare(quantized(64, 512, 7), arena);
            }
            assertThat(w.fetchAhead(0, 64)).isFalse();
            assertThatThrownBy(() -> product(compute, w, new FloatRows(1, 512))).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void matmul_wrongShapes_areRefused() {
        try (Compute compute = Compute.open(SCALAR); Arena arena = Arena.ofShared()) {
            WeightMatrix w = compute.prepare(matrix(4, 32), arena);
            assertThatThrownBy(() -> compute.matmul(w, new FloatRows(1, 31), 1, new FloatRows(1, 4)))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("31");
            assertThatThrownBy(() -> compute.matmul(w, new FloatRows(1, 32), 2, new FloatRows(2, 4)))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> compute.matmul(w, new FloatRows(1, 32), 1, new FloatRows(1, 3)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void forRows_anyCount_coversEachRowOnce() {
        try (Compute compute = Compute.open(SCALAR)) {
            for (int count = 0; count < 40; count++) {
                AtomicIntegerArray seen = new AtomicIntegerArray(40);
                compute.forRows(count, (from, to) -> {
                    for (int i = from; i < to; i++) {
                        seen.incrementAndGet(i);
                    }
                });
                for (int i = 0; i < 40; i++) {
                    assertThat(seen.get(i)).isEqualTo(i < count ? 1 : 0);
                }
            }
        }
    }

    @Test
    void describe_opened_namesKernelsAndThreads() {
        try (Compute compute = Compute.open(SCALAR)) {
            assertThat(compute.describe()).isEqualTo("kernels scalar (forced), 3 threads, activations F32");
        }
    }
}
