package ai.realm.core.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.kernel.quant.Dequantizer;
import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.Shape;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What every {@link Kernels} must compute: compared with plain sums in double at sizes around every vector width. */
public abstract class KernelsContract {
    private static final int MARGIN = 3;
    private static final WorkerPool POOL = SpinPool.open(2);

    protected abstract Kernels kernels(ActivationMode mode);

    private final Kernels k = kernels(ActivationMode.F32);
    private final Random random = new Random(7);

    static IntStream sizes() {
        return IntStream.concat(IntStream.rangeClosed(1, 33), IntStream.of(255, 256, 257, 4098));
    }

    private float[] numbers(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    /** Nothing outside of the range may be touched. */
    private static void sameOutside(float[] before, float[] after, int from, int n) {
        for (int i = 0; i < before.length; i++) {
            if (i < from || i >= from + n) {
                assertThat(after[i]).as("index %d outside of %d..%d", i, from, from + n).isEqualTo(before[i]);
            }
        }
    }

    private static void close(double got, double want, double tolerance, Object what) {
        assertThat(Math.abs(got - want)).as("%s: %s instead of %s", what, got, want)
                .isLessThanOrEqualTo(tolerance * (1 + Math.abs(want)));
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void elementwise_anySizeAndOffset_equalsDefinition(int n) {
        for (int offset = 0; offset <= MARGIN; offset++) {
            float[] x = numbers(n + 2 * MARGIN);
            float[] y = numbers(n + 2 * MARGIN);
            double dot = 0;
            for (int i = 0; i < n; i++) {
                dot += (double) x[offset + i] * y[1 + i];
            }
            close(k.rows().dot(x, offset, y, 1, n), dot, 2e-6 * Math.sqrt(n), "dot");
            float[] sum = x.clone();
            k.rows().add(sum, offset, y, 1, n);
            float[] scaledSum = x.clone();
            k.rows().addScaled(scaledSum, offset, 0.3f, y, 1, n);
            float[] product = x.clone();
            k.rows().multiply(product, offset, y, 1, n);
            float[] scaled = x.clone();
            k.rows().scale(scaled, offset, -2.5f, n);
            for (int i = 0; i < n; i++) {
                assertThat(sum[offset + i]).isEqualTo(x[offset + i] + y[1 + i]);
                close(scaledSum[offset + i], x[offset + i] + 0.3f * y[1 + i], 1e-6, "addScaled");
                assertThat(product[offset + i]).isEqualTo(x[offset + i] * y[1 + i]);
                assertThat(scaled[offset + i]).isEqualTo(x[offset + i] * -2.5f);
            }
            sameOutside(x, sum, offset, n);
            sameOutside(x, scaledSum, offset, n);
            sameOutside(x, product, offset, n);
            sameOutside(x, scaled, offset, n);
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void addLowRank_anySize_equalsDefinition(int n) {
        for (LowRankPanel kind : LowRankPanel.values()) {
            addLowRank(kind, n, 40);
            addLowRank(kind, 40, n);
        }
    }

    private void addLowRank(LowRankPanel kind, int cols, int rows) {
        float[] x = numbers(cols + MARGIN);
        float[] y = numbers(rows + MARGIN);
        double[] want = new double[rows];
        float size = kind == LowRankPanel.BYTES ? 30 : 1;
        try (Arena arena = Arena.ofConfined()) {
            long up = 64 + kind.bytes(cols);
            MemorySegment panels = arena.allocate(up + kind.bytes(rows), 64);
            for (int r = 0; r < LowRankPanel.ROWS - 1; r++) {
                LowRankPanel.factor(panels, 64, r, (0.5f + r) / size);
                double dot = 0;
                for (int i = 0; i < cols; i++) {
                    kind.number(panels, 64, r, i, (float) random.nextGaussian() * size);
                    dot += (double) kind.number(panels, 64, r, i) * x[1 + i] / cols;
                }
                for (int i = 0; i < rows; i++) {
                    kind.number(panels, up, r, i, (float) random.nextGaussian() * size);
                    want[i] += (0.5 + r) / size * 0.3 * dot * kind.number(panels, up, r, i) / size;
                }
            }
            float[] sum = y.clone();
            k.rows().addLowRank(sum, 2, rows, 0.3f / cols / size, kind, panels, 64, up, x, 1, cols);
            for (int i = 0; i < rows; i++) {
                close(sum[2 + i], y[2 + i] + want[i], 3e-6 * Math.sqrt(cols), "addLowRank");
            }
            sameOutside(y, sum, 2, rows);
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void norms_anySize_equalDefinition(int n) {
        float[] x = numbers(n + MARGIN);
        float[] w = numbers(n);
        float[] bias = numbers(n);
        double squares = 0;
        double sum = 0;
        for (int i = 0; i < n; i++) {
            squares += (double) x[1 + i] * x[1 + i];
            sum += x[1 + i];
        }
        double mean = sum / n;
        double variance = Math.max(0, squares / n - mean * mean);
        float[] rms = new float[n + MARGIN];
        k.rows().rmsNorm(x, 1, w, 1e-5f, rms, 2, n);
        float[] layer = new float[n + MARGIN];
        k.rows().layerNorm(x, 1, w, bias, 1e-5f, layer, 2, n);
        for (int i = 0; i < n; i++) {
            close(rms[2 + i], x[1 + i] / Math.sqrt(squares / n + 1e-5) * w[i], 3e-6, "rms");
            close(layer[2 + i], (x[1 + i] - mean) / Math.sqrt(variance + 1e-5) * w[i] + bias[i], 1e-4, "layer");
        }
        sameOutside(new float[n + MARGIN], rms, 2, n);
        sameOutside(new float[n + MARGIN], layer, 2, n);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void rotate_anySize_turnsEachPair(int pairs) {
        int heads = 3;
        int stride = 2 * pairs + 1;
        float[] cos = numbers(pairs + 2);
        float[] sin = numbers(pairs + 2);
        for (boolean neighbours : new boolean[]{false, true}) {
            float[] x = numbers(2 + heads * stride);
            float[] got = x.clone();
            k.rows().rotate(neighbours, got, 1, stride, heads, cos, sin, 2, pairs);
            float[] want = x.clone();
            for (int h = 0; h < heads; h++) {
                for (int i = 0; i < pairs; i++) {
                    int a = 1 + h * stride + (neighbours ? 2 * i : i);
                    int b = neighbours ? a + 1 : a + pairs;
                    want[a] = x[a] * cos[2 + i] - x[b] * sin[2 + i];
                    want[b] = x[a] * sin[2 + i] + x[b] * cos[2 + i];
                }
            }
            for (int i = 0; i < x.length; i++) {
                close(got[i], want[i], 1e-6, "number " + i);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void softmax_anySize_equalsDefinition(int n) {
        float[] x = numbers(n + 2);
        for (int i = 0; i < x.length; i++) {
            x[i] = x[i] * 10 + 50;
        }
        if (n > 4) {
            x[3] = -1e30f;
        }
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 1; i <= n; i++) {
            max = Math.max(max, x[i]);
        }
        double sum = 0;
        for (int i = 1; i <= n; i++) {
            sum += Math.exp(x[i] - max);
        }
        float[] got = x.clone();
        k.rows().softmax(got, 1, n);
        for (int i = 1; i <= n; i++) {
            double want = Math.exp(x[i] - max) / sum;
            assertThat(Math.abs(got[i] - want)).isLessThanOrEqualTo((1e-6 + 1.2e-7 * (max - x[i])) * want + 1e-37);
        }
        sameOutside(x, got, 1, n);
    }

    @ParameterizedTest
    @EnumSource(Activation.class)
    void activate_wholeRange_equalsDefinition(Activation activation) {
        int n = 4001;
        float[] x = new float[n + 1];
        for (int i = 0; i < n; i++) {
            x[1 + i] = (i - 2000) / 20f;
        }
        float[] up = numbers(n + 2);
        float[] got = x.clone();
        k.rows().activate(activation, got, 1, n);
        float[] gated = x.clone();
        k.rows().gate(activation, gated, 1, up, 2, n);
        for (int i = 1; i <= n; i++) {
            double want = ActivationMath.apply(activation, x[i]);
            close(got[i], want, 1e-6, activation + " at " + x[i]);
            close(gated[i], want * up[i + 1], 2e-6, activation);
        }
        assertThat(got[0]).isZero();
    }

    /** A tensor of random bytes whose scales are small finite numbers. */
    private TensorView tensor(GgmlType type, int rows, int cols) {
        MemorySegment data = MemorySegment.ofArray(new byte[(int) (type.bytesFor(cols) * rows)]);
        byte[] bytes = new byte[(int) data.byteSize()];
        random.nextBytes(bytes);
        MemorySegment.copy(bytes, 0, data, ValueLayout.JAVA_BYTE, 0, bytes.length);
        int[] halves = switch (type) {
            case Q4_1, Q5_1, Q4_K, Q5_K -> new int[]{0, 2};
            case Q6_K -> new int[]{208};
            case Q2_K -> new int[]{80, 82};
            case Q3_K -> new int[]{108};
            default -> new int[]{0};
        };
        for (long block = 0; block < data.byteSize(); block += type.blockBytes()) {
            if (type == GgmlType.MXFP4) {
                data.set(ValueLayout.JAVA_BYTE, block, (byte) (110 + random.nextInt(12)));
                continue;
            }
            if (type == GgmlType.F32) {
                data.set(ValueLayout.JAVA_FLOAT_UNALIGNED, block, (float) random.nextGaussian());
                continue;
            }
            for (int half : halves) {
                short v = Float.floatToFloat16((random.nextFloat() - 0.5f) / 16);
                data.set(ValueLayout.JAVA_SHORT_UNALIGNED, block + half, type == GgmlType.BF16 ? (short) (v | 0x3000) : v);
            }
        }
        return new TensorView("w", type, new Shape(cols, rows), data);
    }

    private static final GgmlType[] TYPES = {GgmlType.F32, GgmlType.F16, GgmlType.BF16, GgmlType.Q4_0, GgmlType.Q4_1,
            GgmlType.Q5_0, GgmlType.Q5_1, GgmlType.Q8_0, GgmlType.Q2_K, GgmlType.Q3_K, GgmlType.Q4_K, GgmlType.Q5_K,
            GgmlType.Q6_K, GgmlType.IQ4_NL, GgmlType.IQ4_XS, GgmlType.MXFP4};

    static GgmlType[] types() {
        return TYPES;
    }

    @ParameterizedTest
    @MethodSource("types")
    void dequantizeRow_everyType_isExact(GgmlType type) {
        int cols = type.blockElements() == 1 ? 67 : type.blockElements() * 3;
        TensorView view = tensor(type, 70, cols);
        try (Arena arena = Arena.ofShared()) {
            WeightMatrix w = k.products().prepare(view, arena, POOL);
            float[] got = new float[cols + 1];
            float[] want = new float[cols + 1];
            for (int r = 0; r < 70; r++) {
                w.dequantizeRow(r, got, 1);
                Dequantizer.dequantize(type, view.data(), r * view.rowBytes(), want, 1, cols);
                assertThat(java.util.Arrays.mismatch(got, want)).as("row %d", r).isEqualTo(-1);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void preparedBytes_everyType_isWhatThePreparedMatrixTakes(GgmlType type) {
        int cols = type.blockElements() == 1 ? 67 : type.blockElements() * 3;
        TensorView view = tensor(type, 70, cols);
        try (Arena arena = Arena.ofShared()) {
            long owned = k.products().prepare(view, arena, POOL).ownedBytes();
            assertThat(k.products().preparedBytes(view)).isEqualTo(owned > 0 ? owned : view.data().byteSize());
        }
    }

    /** Scales of MXFP4 that no half float has: the products must be exact all the same. */
    @Test
    void dequantizeRow_mxfp4OfAnyScale_isExact() {
        TensorView view = tensor(GgmlType.MXFP4, 65, 64);
        for (int e : new int[]{0, 1, 60, 103, 144, 254}) {
            view.data().set(ValueLayout.JAVA_BYTE, 3L * GgmlType.MXFP4.blockBytes(), (byte) e);
            try (Arena arena = Arena.ofShared()) {
                WeightMatrix w = k.products().prepare(view, arena, POOL);
                float[] got = new float[64];
                float[] want = new float[64];
                w.dequantizeRow(1, got, 0);
                Dequantizer.dequantize(GgmlType.MXFP4, view.data(), view.rowBytes(), want, 0, 64);
                assertThat(got).as("scale %d", e).isEqualTo(want);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void matmul_f32_staysWithinOneMillionth(GgmlType type) {
        products(k, type, 1e-10);
    }

    @ParameterizedTest
    @MethodSource("types")
    void matmul_int8_staysWithinTwoThousandths(GgmlType type) {
        products(kernels(ActivationMode.INT8), type, 2e-3 * 0.25);
    }

    @ParameterizedTest
    @EnumSource(names = {"Q4_0", "Q4_1", "Q4_K", "Q5_0", "Q5_1", "Q5_K"})
    void matmul_int8OfFewBits_isTheSameAloneAndAmongOthers(GgmlType type) {
        Kernels kernels = kernels(ActivationMode.INT8);
        int rows = 70;
        int cols = 1280;
        int count = 40;
        float[] x = numbers(count * cols);
        float[] together = new float[count * rows];
        float[] alone = new float[rows];
        try (Arena arena = Arena.ofShared()) {
            WeightMatrix w = kernels.products().prepare(tensor(type, rows, cols), arena, POOL);
            Activations a = kernels.products().activations(count, cols);
            kernels.products().fill(a, w, x, 0, cols, 0, 2);
            kernels.products().fill(a, w, x, 0, cols, 2, count);
            kernels.products().matmul(w, 0, rows, a, 0, 21, together, 0, rows); // the next range begins within a tile
            kernels.products().matmul(w, 0, rows, a, 21, count, together, 0, rows);
            for (int t = 0; t < count; t++) {
                Activations one = kernels.products().activations(1, cols);
                kernels.products().fill(one, w, x, t * cols, cols, 0, 1);
                kernels.products().matmul(w, 0, rows, one, 0, 1, alone, 0, rows);
                assertThat(Arrays.copyOfRange(together, t * rows, (t + 1) * rows)).as("token %d", t).isEqualTo(alone);
            }
        }
    }

    private void products(Kernels kernels, GgmlType type, double most) {
        int unit = type.blockElements() == 1 ? 7 : type.blockElements();
        for (int[] shape : new int[][]{{1, 1, 1}, {63, 2, 3}, {64, 1, 4}, {65, 3, 2}, {130, 5, 5}, {70, 2, 8}, {64, 3, 13},
                {66, 1, 21}}) {
            product(kernels, type, shape[0], shape[1] * unit, shape[2], most);
        }
        product(kernels, type, 64, Math.ceilDiv(2112, unit) * unit, 20, most);
    }

    private void product(Kernels kernels, GgmlType type, int rows, int cols, int count, double most) {
        TensorView view = tensor(type, rows, cols);
        int stride = cols + 5;
        float[] x = numbers(2 + count * stride);
        double error = 0;
        double power = 0;
        float[] out = new float[1 + count * (rows + 2)];
        try (Arena arena = Arena.ofShared()) {
            WeightMatrix w = kernels.products().prepare(view, arena, POOL);
            Activations a = kernels.products().activations(count, cols);
            kernels.products().fill(a, w, x, 2, stride, 0, count / 2);
            kernels.products().fill(a, w, x, 2, stride, count / 2, count);
            int align = kernels.products().rowAlignment(w);
            int middle = Math.min(rows, Math.ceilDiv(rows / 2, align) * align);
            kernels.products().matmul(w, 0, middle, a, 0, count, out, 1, rows + 2);
            kernels.products().matmul(w, middle, rows, a, 0, count / 3, out, 1, rows + 2);
            kernels.products().matmul(w, middle, rows, a, count / 3, count - 1, out, 1, rows + 2);
            kernels.products().matmul(w, middle, rows, a, count - 1, count, out, 1, rows + 2);
        }
        float[] row = new float[cols];
        for (int r = 0; r < rows; r++) {
            Dequantizer.dequantize(type, view.data(), r * view.rowBytes(), row, 0, cols);
            for (int t = 0; t < count; t++) {
                double want = 0;
                for (int c = 0; c < cols; c++) {
                    want += (double) row[c] * x[2 + t * stride + c];
                }
                double got = out[1 + t * (rows + 2) + r];
                error += (got - want) * (got - want);
                power += want * want;
            }
        }
        assertThat(error / power).as("%s %d x %d, %d tokens", type, rows, cols, count).isLessThan(most);
        assertThat(out[0]).isZero();
        for (int t = 0; t < count; t++) {
            assertThat(out[1 + t * (rows + 2) + rows]).isZero();
        }
    }

    @Test
    void storeKv_f16_roundsToNearestEven() {
        float[] x = {0f, -0f, 1f, 1 + 0x1p-11f, 1 + 3 * 0x1p-11f, 65504f, 65519f, 1e9f, 0x1p-24f, 0x1p-25f, 0x1.8p-25f, -0x1p-14f,
                3.14159f, Float.NEGATIVE_INFINITY, 1e-7f, -2.5f};
        MemorySegment memory = Arena.ofAuto().allocate(2L * x.length + 2);
        k.attention().storeKv(x, 0, x.length, KvType.F16, memory, 1);
        for (int i = 0; i < x.length; i++) {
            assertThat(memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, 1 + 2L * i)).isEqualTo(Float.floatToFloat16(x[i]));
        }
    }

    @ParameterizedTest
    @EnumSource(KvType.class)
    void storeKv_anySize_isWithinItsRounding(KvType type) {
        for (int dim : type == KvType.Q8_0 ? new int[]{32, 64, 96, 160} : new int[]{5, 7, 16, 32, 33, 64, 96, 128, 250, 256}) {
            float[] x = numbers(dim + 2);
            x[3] = 0;
            int bytes = type.rowBytes(dim);
            MemorySegment memory = Arena.ofAuto().allocate(bytes + 4);
            k.attention().storeKv(x, 1, dim, type, memory, 2);
            float[] stored = new float[dim];
            Dequantizer.dequantize(stored(type), memory, 2, stored, 0, dim);
            for (int i = 0; i < dim; i++) {
                close(stored[i], x[1 + i], type == KvType.F32 ? 0 : type == KvType.F16 ? 1e-3 : 2e-2, "stored");
            }
            assertThat(memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, 0)).isZero();
            assertThat(memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2 + bytes)).isZero();
        }
    }

    @Test
    void storeKv_q8OfNothing_isZero() {
        MemorySegment memory = Arena.ofAuto().allocate(34);
        memory.fill((byte) 7);
        k.attention().storeKv(new float[32], 0, 32, KvType.Q8_0, memory, 0);
        assertThat(memory.mismatch(MemorySegment.ofArray(new byte[34]))).isEqualTo(-1);
    }

    @ParameterizedTest
    @EnumSource(KvType.class)
    void attend_manyAndFewRows_equalsDefinition(KvType type) {
        for (int rows : new int[]{1, 3, 7, 8, 11, 12, 33, 64}) {
            attend(type, 64, 64, rows, 70, 16, 0, false, 0, true);
            attend(type, 128, 64, rows, 150, 32, 30f, true, 40, false);
            attend(type, 32, 96, rows, 9, 4, 0, true, 0, false);
            attend(type, 128, 32, rows, 150, 32, 30f, false, 40, true);
        }
        if (type != KvType.Q8_0) {
            attend(type, 5, 7, 3, 20, 8, 0, true, 3, false);
            attend(type, 18, 20, 20, 20, 8, 5f, false, 3, true);
        }
    }

    /** Rows of a causal tile whose first token stands at {@code start}, three rows to a token. */
    private void attend(KvType type, int keyDim, int valueDim, int rows, int start, int page, float cap, boolean sinks,
            int window, boolean sloped) {
        int positions = start + rows;
        AttentionTile tile = new AttentionTile(keyDim, valueDim + 1);
        tile.begin(keyDim, valueDim, 0.2f, cap, sinks);
        long pageBytes = (long) page * (type.rowBytes(keyDim) + type.rowBytes(valueDim));
        int pages = Math.ceilDiv(positions, page);
        float[] keys = new float[positions * keyDim];
        float[] values = new float[positions * valueDim];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(3 + pages * pageBytes);
            tile.over(type, memory, page);
            for (int p = 0; p < pages; p++) {
                long at = 3 + (pages - 1 - p) * pageBytes;
                tile.page(p, at, at + (long) page * type.rowBytes(keyDim));
            }
            float[] some = numbers(Math.max(keyDim, valueDim));
            for (int p = 0; p < positions; p++) {
                k.attention().storeKv(numbers(keyDim), 0, keyDim, type, memory, tile.keyAt(p));
                k.attention().storeKv(numbers(valueDim), 0, valueDim, type, memory, tile.valueAt(p));
                Dequantizer.dequantize(stored(type), memory, tile.keyAt(p), keys, p * keyDim, keyDim);
                Dequantizer.dequantize(stored(type), memory, tile.valueAt(p), values, p * valueDim, valueDim);
            }
            for (int r = 0; r < rows; r++) {
                int end = start + r / 3 + 1;
                tile.addRow(window > 0 ? Math.max(0, end - window) : 0, end, some[r % 5]);
            }
            for (int r = 0; r < rows && sloped; r++) {
                tile.slope(r, 0.03f * (1 + r % 3), start + r / 3);
            }
            System.arraycopy(numbers(rows * keyDim), 0, tile.queries(), 0, rows * keyDim);
            k.attention().attend(tile);
        }
        for (int r = 0; r < rows; r++) {
            double[] weights = new double[positions];
            double sum = sinks ? Math.exp(tile.sink(r)) : 0;
            for (int p = tile.low(r); p < tile.high(r); p++) {
                double dot = 0;
                for (int d = 0; d < keyDim; d++) {
                    dot += (double) tile.queries()[r * keyDim + d] * keys[p * keyDim + d] * 0.2f;
                }
                double bias = sloped ? -0.03f * (1 + r % 3) * Math.abs(p - start - r / 3) : 0;
                weights[p] = Math.exp((cap > 0 ? cap * Math.tanh(dot / cap) : dot) + bias);
                sum += weights[p];
            }
            for (int d = 0; d < valueDim; d++) {
                double want = 0;
                for (int p = tile.low(r); p < tile.high(r); p++) {
                    want += weights[p] / sum * values[p * valueDim + d];
                }
                close(tile.out()[r * valueDim + d], want, 5e-6, "row " + r + " of " + rows);
            }
        }
    }

    private static GgmlType stored(KvType type) {
        return switch (type) {
            case F32 -> GgmlType.F32;
            case F16 -> GgmlType.F16;
            case Q8_0 -> GgmlType.Q8_0;
        };
    }
}
