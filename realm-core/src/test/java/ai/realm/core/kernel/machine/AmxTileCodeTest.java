package ai.realm.core.kernel.machine;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Activations;
import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.ProductKernels;
import ai.realm.core.kernel.WeightMatrix;
import ai.realm.core.kernel.machine.AmxTileCode.Call;
import ai.realm.core.tensor.Shape;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Products by AMX against those of {@link TileCode}, which are held to plain loops: bit for bit, with pages that may not be touched around all that
 * is read and written. Holds for processors that have tiles.
 */
class AmxTileCodeTest {
    private static final boolean RUNS = runs();

    private final Random random = new Random(23);

    private static boolean runs() {
        try {
            return new MachineKernelsProvider().unavailable().isEmpty() && Cpu.detect().amx();
        } catch (CodeMemory.RefusedException e) {
            return false;
        }
    }

    private MemorySegment guarded(long bytes) {
        return random.nextBoolean() ? GuardedMemory.beforeGuard(bytes) : GuardedMemory.behindGuard(bytes);
    }

    private TensorView tensor(WeightLayout layout, int rows, int cols) {
        byte[] bytes = new byte[(int) (layout.type.bytesFor(cols) * rows)];
        random.nextBytes(bytes);
        if (layout == WeightLayout.MXFP4) {
            for (int block = 0; block < bytes.length; block += layout.type.blockBytes()) {
                bytes[block] = (byte) (110 + random.nextInt(12));
            }
        }
        return new TensorView("w", layout.type, new Shape(cols, rows), MemorySegment.ofArray(bytes));
    }

    @ParameterizedTest
    @EnumSource(WeightLayout.class)
    void product_anyShapeOfEachLayout_hasTheBitsOfThatWithoutTiles(WeightLayout layout) throws Exception {
        if (!RUNS) {
            return;
        }
        MachineCode code = new MachineCode(true);
        for (int i = 0; i < 12; i++) {
            int unit = layout.type.blockElements();
            product(code, layout, i < 2 ? 32 : 1 + random.nextInt(32), unit * (1 + random.nextInt(1100 / unit)),
                    1 + random.nextInt(3), i % 3 == 0);
        }
    }

    private void product(MachineCode code, WeightLayout layout, int rows, int cols, int chunks, boolean add) {
        int blocks = cols / 32;
        int tokens = chunks * AmxTileCode.TOKENS;
        long rowBytes = (long) blocks * ActivationRecord.BYTES;
        MemorySegment weights = guarded(layout.groupBytes(blocks));
        MemorySegment records = guarded(tokens * rowBytes);
        MemorySegment panel = guarded((long) blocks * PanelCode.BLOCK_BYTES);
        MemorySegment call = guarded(Call.BYTES);
        int stride = rows + 3;
        MemorySegment out = guarded(4L * ((tokens - 1) * stride + rows));
        MemorySegment want = Arena.ofAuto().allocate(out.byteSize(), 64);
        float[] x = new float[cols];
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open(new Compute.Options(1, ActivationMode.INT8, "scalar"))) {
            MachineMatrix m = MachineMatrix.pack(tensor(layout, rows, cols), layout, code.products(layout), false, arena,
                    compute.pool());
            weights.copyFrom(MemorySegment.ofAddress(m.address(0)).reinterpret(weights.byteSize()));
            for (int t = 0; t < tokens; t++) {
                for (int i = 0; i < cols; i++) {
                    x[i] = (float) random.nextGaussian();
                }
                code.quantize(MemorySegment.ofArray(x), 0, records.address() + t * rowBytes, blocks);
            }
        }
        MachineCode.Products products = code.products(layout);
        for (int i = 0; i < out.byteSize() / 4; i++) {
            float before = add ? random.nextFloat() : 0;
            out.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, before);
            want.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, before);
        }
        for (int t = 0; t < tokens; t++) {
            MachineCode.multiply((add ? products.productAdd() : products.product())[0], want, 4L * t * stride, weights.address(),
                    records.address() + t * rowBytes, blocks, rows, 4L * stride);
        }
        MachineCode.Tiles tiles = Objects.requireNonNull(products.tiles());
        AmxTileCode.configure(layout, call);
        Call.PANEL.set(call, panel.address());
        Call.WEIGHTS.set(call, weights.address());
        Call.RECORDS.set(call, records.address());
        Call.RECORD_STRIDE.set(call, rowBytes);
        Call.BLOCKS.set(call, blocks);
        Call.CHUNKS.set(call, chunks);
        Call.OUT_STRIDE.set(call, 4L * stride);
        Call.ROWS.set(call, (1L << rows) - 1);
        MachineCode.outside(tiles.unpack(), panel.address(), weights.address(), blocks, 0, 0, 0);
        MachineCode.fromRow(add ? tiles.productAdd() : tiles.product(), out, 0, call.address(), 0, 0, 0);
        assertThat(out.mismatch(want)).as("%s, %d rows, %d columns, %d chunks, add %s", layout, rows, cols, chunks, add)
                .isEqualTo(-1);
    }

    /** Through the facade: any number of tokens, whole groups and the last, and rounded numbers with what the rounding left. */
    @Test
    void matmul_anyNumberOfTokens_isTheSameAsEachTokenAlone() {
        if (!RUNS) {
            return;
        }
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open(new Compute.Options(1, ActivationMode.INT8, "machine"))) {
            ProductKernels kernels = compute.kernels().products();
            for (WeightLayout layout : WeightLayout.values()) {
                TensorView view = tensor(layout, 75, 512);
                for (String name : new String[]{"w", "output.weight"}) {
                    WeightMatrix w = kernels.prepare(new TensorView(name, view.type(), view.shape(), view.data()),
                            arena, compute.pool());
                    int tokens = 40 + random.nextInt(40);
                    float[] x = new float[tokens * 512];
                    for (int i = 0; i < x.length; i++) {
                        x[i] = (float) random.nextGaussian();
                    }
                    Activations a = kernels.activations(tokens, 512);
                    kernels.fill(a, w, x, 0, 512, 0, tokens);
                    float[] together = new float[tokens * 75];
                    kernels.matmul(w, 0, 75, a, 0, tokens, together, 0, 75);
                    float[] alone = new float[tokens * 75];
                    for (int t = 0; t < tokens; t++) {
                        kernels.matmul(w, 0, 75, a, t, t + 1, alone, 0, 75);
                    }
                    assertThat(MemorySegment.ofArray(together).mismatch(MemorySegment.ofArray(alone)))
                            .as("%s, %s, %d tokens", layout, name, tokens).isEqualTo(-1);
                }
            }
        }
    }
}
