package ai.realm.core.kernel.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Activations;
import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.ProductKernels;
import ai.realm.core.kernel.WeightMatrix;
import ai.realm.core.kernel.machine.FloatTileCode.Plain;
import ai.realm.core.kernel.quant.Dequantizer;
import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.Shape;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Products with floats against sums in double, with pages that may not be touched around all that the code reads and writes. */
class FloatTileCodeTest {
    private static final boolean RUNS = new MachineKernelsProvider().unavailable().isEmpty();

    private final Random random = new Random(17);

    private MemorySegment guarded(long bytes) {
        return random.nextBoolean() ? GuardedMemory.beforeGuard(bytes) : GuardedMemory.behindGuard(bytes);
    }

    private float[] numbers(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    /** Writes a number as a type has it, and returns it as that type does. */
    private static float put(Plain type, MemorySegment to, long i, float x) {
        switch (type) {
            case F32 -> to.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, x);
            case F16 -> to.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i, Float.floatToFloat16(x));
            case BF16 -> to.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i, (short) (Float.floatToRawIntBits(x) >>> 16));
        }
        return switch (type) {
            case F32 -> x;
            case F16 -> Float.float16ToFloat(Float.floatToFloat16(x));
            case BF16 -> Float.intBitsToFloat(Float.floatToRawIntBits(x) & 0xffff0000);
        };
    }

    @Test
    void product_anyShape_isTheSumAndTouchesNothingElse() throws Exception {
        if (!RUNS) {
            return;
        }
        MachineCode code = new MachineCode(false);
        for (int i = 0; i < 300; i++) {
            Plain type = Plain.values()[i % Plain.values().length];
            int cols = 1 + random.nextInt(random.nextBoolean() ? 40 : 700);
            int rows = random.nextBoolean() ? FloatTileCode.ROWS : 1;
            product(code, type, rows, cols, 1 + random.nextInt(FloatTileCode.TOKENS));
        }
    }

    private void product(MachineCode code, Plain type, int rows, int cols, int tokens) {
        MemorySegment weights = guarded((long) rows * cols * type.bytes);
        float[] w = numbers(rows * cols);
        for (int i = 0; i < w.length; i++) {
            w[i] = put(type, weights, i, w[i]);
        }
        float[] x = numbers(tokens * cols);
        MemorySegment input = guarded(4L * x.length).copyFrom(MemorySegment.ofArray(x));
        int stride = rows + 3;
        MemorySegment out = guarded(4L * ((tokens - 1) * stride + rows));
        MachineCode.multiply(code.products(type)[tokens - 1], out, 0, input, 0, weights, 0,
                rows == 1 ? 0 : (long) cols * type.bytes, 4L * cols | 4L * stride << 32,
                cols / 16 | ((1L << cols % 16) - 1) << 32 | ((1L << rows) - 1) << 48);
        for (int t = 0; t < tokens; t++) {
            for (int r = 0; r < rows; r++) {
                double want = 0;
                double size = 0;
                for (int c = 0; c < cols; c++) {
                    double part = (double) w[r * cols + c] * x[t * cols + c];
                    want += part;
                    size += Math.abs(part);
                }
                assertThat((double) out.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * (t * stride + r)))
                        .as("%s, row %d of %d, token %d of %d, %d columns", type, r, rows, t, tokens, cols)
                        .isCloseTo(want, org.assertj.core.data.Offset.offset(1e-6 * size + 1e-12));
            }
            for (int gap = rows; gap < stride && t + 1 < tokens; gap++) {
                assertThat(out.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * (t * stride + gap))).isZero();
            }
        }
    }

    private static TensorView random(Random random, GgmlType type, int rows, int cols, Arena arena) {
        byte[] bytes = new byte[Math.toIntExact(type.bytesFor(cols) * rows)];
        random.nextBytes(bytes);
        MemorySegment data = arena.allocate(bytes.length, 64).copyFrom(MemorySegment.ofArray(bytes));
        return new TensorView("w", type, new Shape(cols, rows), data);
    }

    /** Whatever bits a file has, a row is the same alone and among others; and it is what the definition says where that is a number. */
    @Test
    void matmul_everyTypeInFloats_isThatOfTheDefinitionAndTheSameAloneAndAmongOthers() {
        if (!RUNS) {
            return;
        }
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open(new Compute.Options(1, ActivationMode.INT8, "machine"))) {
            ProductKernels kernels = compute.kernels().products();
            for (GgmlType type : GgmlType.values()) {
                if (Dequantizer.supports(type) && WeightLayout.of(type) == null) {
                    everyRow(kernels, random(random, type, 21, 2 * Math.max(256, type.blockElements()), arena), compute, arena);
                }
            }
        }
    }

    private void everyRow(ProductKernels kernels, TensorView view, Compute compute, Arena arena) {
        int rows = 21;
        int tokens = 14;
        WeightMatrix w = kernels.prepare(view, arena, compute.pool());
        float[] x = numbers(tokens * w.cols());
        Activations a = kernels.activations(tokens, w.cols());
        kernels.fill(a, w, x, 0, w.cols(), 0, tokens);
        float[] together = new float[tokens * rows];
        kernels.matmul(w, 0, rows, a, 0, tokens, together, 0, rows);
        float[] row = new float[w.cols()];
        for (int r = 0; r < rows; r++) {
            w.dequantizeRow(r, row, 0);
            for (int t = 0; t < tokens; t++) {
                float[] alone = new float[tokens * rows];
                int unit = r / kernels.rowAlignment(w) * kernels.rowAlignment(w);
                kernels.matmul(w, unit, r + 1, a, t, t + 1, alone, 0, rows);
                float got = together[t * rows + r];
                assertThat(Float.floatToIntBits(alone[t * rows + r])).isEqualTo(Float.floatToIntBits(got));
                double want = 0;
                double size = 0;
                for (int c = 0; c < row.length; c++) {
                    want += (double) row[c] * x[t * row.length + c];
                    size += Math.abs((double) row[c] * x[t * row.length + c]);
                }
                if (size < Float.MAX_VALUE) {
                    assertThat((double) got).as("%s row %d token %d", view.type(), r, t).isCloseTo(want,
                            org.assertj.core.data.Offset.offset(1e-6 * size + 1e-30));
                }
            }
        }
    }

    @Test
    void matmul_whatDoesNotFit_isRefusedBeforeAnyCodeRuns() {
        if (!RUNS) {
            return;
        }
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open(new Compute.Options(1, ActivationMode.INT8, "machine"))) {
            ProductKernels kernels = compute.kernels().products();
            WeightMatrix w = kernels.prepare(random(random, GgmlType.F16, 8, 64, arena), arena, compute.pool());
            Activations a = kernels.activations(2, 64);
            float[] x = numbers(128);
            assertThatThrownBy(() -> kernels.matmul(w, 0, 8, a, 0, 2, new float[16], 0, 8))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> kernels.fill(a, w, new float[127], 0, 64, 0, 2))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            kernels.fill(a, w, x, 0, 64, 0, 2);
            assertThatThrownBy(() -> kernels.matmul(w, 0, 8, a, 0, 2, new float[15], 0, 8))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> kernels.matmul(w, 0, 9, a, 0, 2, new float[32], 0, 16))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> kernels.matmul(w, 0, 8, a, 0, 3, new float[32], 0, 8))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> kernels.matmul(w, 0, 8, a, 0, 2, new float[16], 0, -8))
                    .isInstanceOf(RuntimeException.class);
            assertThatThrownBy(() -> kernels.matmul(w, 0, 8, kernels.activations(2, 32), 0, 2, new float[16], 0, 8))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
