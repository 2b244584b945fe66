package ai.realm.core.kernel.machine;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.machine.WeightLayout.Scales;
import ai.realm.core.kernel.quant.BlockCodes;
import ai.realm.core.tensor.Shape;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Emitted code against the same sums written as plain loops, bit for bit, with pages that may not be touched around all that it reads and
 * writes. Holds for processors that can run it; on others the provider is not there, and the assembler's test says that the code is the same.
 */
class TileCodeTest {
    private static final boolean RUNS = new MachineKernelsProvider().unavailable().isEmpty();

    private final Random random = new Random(11);

    /** Bytes with a page that may not be touched right behind them, or before. */
    private MemorySegment guarded(long bytes) {
        return random.nextBoolean() ? GuardedMemory.beforeGuard(bytes) : GuardedMemory.behindGuard(bytes);
    }

    private TensorView tensor(WeightLayout layout, int rows, int cols) {
        byte[] bytes = new byte[(int) (layout.type.bytesFor(cols) * rows)];
        random.nextBytes(bytes);
        MemorySegment data = MemorySegment.ofArray(bytes);
        int[] halves = switch (layout) {
            case Q4_1, Q5_1, Q4_K, Q5_K -> new int[]{0, 2};
            case Q6_K -> new int[]{208};
            case Q3_K -> new int[]{108};
            case MXFP4 -> new int[0];
            default -> new int[]{0};
        };
        for (int block = 0; block < bytes.length; block += layout.type.blockBytes()) {
            if (layout == WeightLayout.MXFP4) {
                bytes[block] = (byte) (110 + random.nextInt(12));
            }
            for (int half : halves) {
                data.set(ValueLayout.JAVA_SHORT_UNALIGNED, block + half, Float.floatToFloat16((random.nextFloat() - 0.5f) / 16));
            }
        }
        return new TensorView("w", layout.type, new Shape(cols, rows), data);
    }

    @ParameterizedTest
    @EnumSource(WeightLayout.class)
    void product_everyLayoutAndNumberOfTokens_hasTheBitsOfPlainLoops(WeightLayout layout) throws Exception {
        if (!RUNS) {
            return;
        }
        MachineCode code = new MachineCode(false);
        for (int cols : new int[]{256, 768}) {
            for (int rows : new int[]{32, 5, 19}) {
                for (int tokens = 1; tokens <= TileCode.TOKENS; tokens++) {
                    product(code, layout, rows, cols, tokens);
                }
            }
        }
    }

    @Test
    void product_anyShape_hasTheBitsOfPlainLoops() throws Exception {
        if (!RUNS) {
            return;
        }
        MachineCode code = new MachineCode(false);
        for (int i = 0; i < 200; i++) {
            WeightLayout layout = WeightLayout.values()[random.nextInt(WeightLayout.values().length)];
            int unit = layout.type.blockElements();
            product(code, layout, 1 + random.nextInt(32), unit * (1 + random.nextInt(1200 / unit)),
                    1 + random.nextInt(TileCode.TOKENS));
        }
    }

    @Test
    void pack_ofMemory_isThatOfPlainLoops() throws Exception {
        if (!RUNS) {
            return;
        }
        MachineCode code = new MachineCode(false);
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open(new Compute.Options(1, ActivationMode.INT8, "scalar"))) {
            for (WeightLayout layout : WeightLayout.values()) {
                for (int cols : new int[]{32, 96, 32 * (PackCode.BLOCKS + 3)}) {
                    if (cols % layout.type.blockElements() == 0) {
                        TensorView array = tensor(layout, 70, cols);
                        MemorySegment memory = guarded(array.data().byteSize()).copyFrom(array.data());
                        TensorView file = new TensorView("w", layout.type, array.shape(), memory);
                        MachineMatrix want = MachineMatrix.pack(array, layout, code.products(layout), false, arena,
                                compute.pool());
                        MachineMatrix got = MachineMatrix.pack(file, layout, code.products(layout), false, arena, compute.pool());
                        long bytes = layout.groupBytes(cols / 32);
                        for (int group = 0; group < 3; group++) {
                            assertThat(MemorySegment.ofAddress(got.address(group)).reinterpret(bytes)
                                    .mismatch(MemorySegment.ofAddress(want.address(group)).reinterpret(bytes)))
                                    .as("%s, %d columns, group %d", layout, cols, group).isEqualTo(-1);
                        }
                    }
                }
            }
        }
    }

    private void product(MachineCode code, WeightLayout layout, int rows, int cols, int tokens) throws Exception {
        int blocks = cols / 32;
        TensorView view = tensor(layout, rows, cols);
        long groupBytes = layout.groupBytes(blocks);
        MemorySegment weights = guarded(groupBytes);
        MemorySegment records = guarded((long) tokens * blocks * ActivationRecord.BYTES);
        int stride = rows + 3;
        MemorySegment out = guarded(4L * ((tokens - 1) * stride + rows));
        float[] x = new float[cols];
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open(new Compute.Options(1, ActivationMode.INT8, "scalar"))) {
            MachineMatrix m = MachineMatrix.pack(view, layout, code.products(layout), false, arena, compute.pool());
            MemorySegment.copy(MemorySegment.ofAddress(m.address(0)).reinterpret(groupBytes), 0, weights, 0, groupBytes);
            for (int t = 0; t < tokens; t++) {
                for (int i = 0; i < cols; i++) {
                    x[i] = (float) random.nextGaussian();
                }
                code.quantize(MemorySegment.ofArray(x), 0, records.address() + (long) t * blocks * ActivationRecord.BYTES,
                        blocks);
            }
            MachineCode.multiply(code.products(layout).product()[tokens - 1], out, 0, weights.address(), records.address(),
                    blocks, rows,
                    4L * stride);
        }
        for (int t = 0; t < tokens; t++) {
            for (int r = 0; r < rows; r++) {
                float got = out.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * (t * stride + r));
                assertThat(got).as("%s, row %d of %d, token %d of %d", layout, r, rows, t, tokens)
                        .isEqualTo(plain(view, layout, r, records, t * blocks, blocks));
            }
            for (int gap = rows; gap < stride && t + 1 < tokens; gap++) {
                assertThat(out.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * (t * stride + gap))).isZero();
            }
        }
    }

    /** One number of the product, as {@link TileCode} defines it. */
    private static float plain(TensorView view, WeightLayout layout, int row, MemorySegment records, int firstRecord,
            int blocks) {
        byte[] bytes = view.data().asSlice(row * view.rowBytes(), view.rowBytes()).toArray(ValueLayout.JAVA_BYTE);
        BlockCodes codes = new BlockCodes(layout.type);
        int zero = layout.scales.hasMin() || layout.codes.areNumbers() ? 0 : layout.codes.zero;
        float out = 0;
        for (int b = 0; b < blocks; b++) {
            codes.read(bytes, b);
            long record = (long) (firstRecord + b) * ActivationRecord.BYTES;
            float scale = records.get(ValueLayout.JAVA_FLOAT_UNALIGNED, record + ActivationRecord.SCALE);
            int[] halves = new int[2];
            for (int k = 0; k < 32; k++) {
                halves[k / 16] += (codes.codes[k] - zero) * records.get(ValueLayout.JAVA_BYTE, record + k);
            }
            float d = Float.float16ToFloat(codes.scale);
            float m = Float.float16ToFloat(codes.min);
            float sum = records.get(ValueLayout.JAVA_FLOAT_UNALIGNED, record + ActivationRecord.SCALED_SUM);
            if (layout.scales == Scales.SUPER_16) {
                out = Math.fma((float) halves[0], codes.subScale * d * scale, out);
                out = Math.fma((float) halves[1], codes.subSecond * d * scale, out);
                continue;
            }
            float small = layout.scales.isSuper() ? codes.subScale * d : d;
            out = Math.fma((float) (halves[0] + halves[1]), small * scale, out);
            if (layout.scales == Scales.HALF_MIN) {
                out = Math.fma(m, sum, out);
            } else if (layout.scales == Scales.SUPER_MIN) {
                out = Math.fma(-(codes.subSecond * m), sum, out);
            }
        }
        return out;
    }

    @Test
    void quantize_anyNumbers_isRoundedAndSummedAsDefined() throws Exception {
        if (!RUNS) {
            return;
        }
        int blocks = 40;
        float[] x = new float[32 * blocks];
        for (int b = 0; b < blocks; b++) {
            float size = (float) Math.pow(10, random.nextInt(60) - 30);
            for (int i = 0; i < 32; i++) {
                x[32 * b + i] = b == 7 ? 0 : (float) random.nextGaussian() * size;
            }
        }
        x[32 * 3 + 5] = Float.NaN;
        x[32 * 4 + 20] = Float.POSITIVE_INFINITY;
        MemorySegment input = guarded(4L * x.length);
        MemorySegment.copy(x, 0, input, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, x.length);
        MemorySegment records = guarded((long) blocks * ActivationRecord.BYTES);
        new MachineCode(false).quantize(input, 0, records.address(), blocks);
        for (int b = 0; b < blocks; b++) {
            long record = (long) b * ActivationRecord.BYTES;
            float scale = records.get(ValueLayout.JAVA_FLOAT_UNALIGNED, record + ActivationRecord.SCALE);
            if (b == 3 || b == 4) {
                assertThat(Float.isFinite(scale)).isFalse();
                continue;
            }
            float most = 0;
            for (int i = 0; i < 32; i++) {
                most = Math.max(most, Math.abs(x[32 * b + i]));
            }
            assertThat(scale).isEqualTo(most / 127);
            float inverse = scale == 0 ? 0 : 1 / scale;
            int[] halves = new int[2];
            for (int i = 0; i < 32; i++) {
                int want = (int) Math.rint(x[32 * b + i] * inverse);
                assertThat(records.get(ValueLayout.JAVA_BYTE, record + i)).as("block %d, column %d", b, i).isEqualTo((byte) want);
                halves[i / 16] += want;
            }
            int sum = halves[0] + halves[1];
            assertThat(records.get(ValueLayout.JAVA_FLOAT_UNALIGNED, record + ActivationRecord.SCALED_SUM))
                    .isEqualTo(scale * sum);
            assertThat(new int[]{word(records, record, ActivationRecord.FIRST_HALF_32),
                    word(records, record, ActivationRecord.SUM_8),
                    word(records, record, ActivationRecord.SUM_16), word(records, record, ActivationRecord.SUM_128),
                    word(records, record, ActivationRecord.SECOND_HALF_32)}).containsExactly(-32 * halves[0], -8 * sum, -16 * sum,
                            -128 * sum, -32 * halves[1]);
        }
    }

    private static int word(MemorySegment records, long record, int at) {
        return records.get(ValueLayout.JAVA_INT_UNALIGNED, record + at);
    }
}
