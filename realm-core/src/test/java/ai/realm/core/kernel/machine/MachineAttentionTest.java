package ai.realm.core.kernel.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.AttentionKernels;
import ai.realm.core.kernel.AttentionTile;
import ai.realm.core.kernel.Kernels;
import ai.realm.core.kernel.KvType;
import ai.realm.core.kernel.scalar.ScalarKernelsProvider;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Attention by emitted code against the scalar definition at random shapes, with pages that may not be touched around keys and values. */
class MachineAttentionTest {
    private static final MachineKernelsProvider PROVIDER = new MachineKernelsProvider();
    private static final boolean RUNS = PROVIDER.unavailable().isEmpty();
    private static final int ROUNDS = 300;

    private final Random random = new Random(3);
    private final AttentionKernels definition = new ScalarKernelsProvider().create(ActivationMode.F32, () -> {
        throw new IllegalStateException("scalar kernels leave nothing to others");
    }).attention();

    private static AttentionKernels machine() {
        return PROVIDER.create(ActivationMode.INT8, MachineAttentionTest::nothing).attention();
    }

    private static Kernels nothing() {
        throw new IllegalStateException("these shapes are not left to others");
    }

    /** A tile over pages in any order, whose rows see some positions, sometimes none. */
    private AttentionTile tile(KvType type) {
        int unit = type == KvType.Q8_0 ? 32 : 16;
        int keyDim = unit * (1 + random.nextInt(8));
        int valueDim = unit * (1 + random.nextInt(8));
        int page = 1 << random.nextInt(7);
        int positions = 1 + random.nextInt(random.nextBoolean() ? 40 : 600);
        int pages = Math.ceilDiv(positions, page);
        long keyPage = (long) page * type.rowBytes(keyDim);
        long pageBytes = keyPage + (long) page * type.rowBytes(valueDim);
        long bytes = pages * pageBytes;
        MemorySegment memory = random.nextBoolean() ? GuardedMemory.beforeGuard(bytes) : GuardedMemory.behindGuard(bytes);
        AttentionTile tile = new AttentionTile(keyDim, valueDim);
        tile.begin(keyDim, valueDim, 0.1f + random.nextFloat(), random.nextInt(3) == 0 ? 20 : 0, random.nextInt(3) == 0);
        tile.over(type, memory, page);
        int turned = random.nextInt(pages);
        for (int p = 0; p < pages; p++) {
            long at = (p + turned) % pages * pageBytes;
            tile.page(p, at, at + keyPage);
        }
        for (int p = 0; p < pages * page; p++) {
            // What lies behind the last position is none of a row's business, whatever it is.
            definition.storeKv(p < positions ? numbers(keyDim) : nonsense(keyDim), 0, keyDim, type, memory, tile.keyAt(p));
            definition.storeKv(p < positions ? numbers(valueDim) : nonsense(valueDim), 0, valueDim, type, memory,
                    tile.valueAt(p));
        }
        int rows = 1 + random.nextInt(AttentionTile.MAX_ROWS);
        for (int r = 0; r < rows; r++) {
            int from = random.nextBoolean() ? 0 : random.nextInt(positions);
            tile.addRow(from, random.nextInt(9) == 0 ? from : from + random.nextInt(positions - from + 1),
                    (float) random.nextGaussian());
        }
        float slope = random.nextInt(3) == 0 ? random.nextFloat() : 0;
        for (int r = 0; r < rows && slope > 0; r++) {
            tile.slope(r, slope / (1 + r % 3), random.nextInt(positions));
        }
        System.arraycopy(numbers(rows * keyDim), 0, tile.queries(), 0, rows * keyDim);
        return tile;
    }

    private float[] numbers(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian() / 2;
        }
        return x;
    }

    private static float[] nonsense(int n) {
        float[] x = new float[n];
        Arrays.fill(x, Float.NaN);
        return x;
    }

    @Test
    void attend_anyShape_equalsDefinition() {
        if (!RUNS) {
            return;
        }
        AttentionKernels machine = machine();
        for (int i = 0; i < ROUNDS; i++) {
            AttentionTile tile = tile(KvType.values()[i % 3]);
            Arrays.fill(tile.out(), 7);
            machine.attend(tile);
            float[] got = tile.out().clone();
            definition.attend(tile);
            int n = tile.rows() * tile.valueDim();
            for (int k = 0; k < n; k++) {
                float want = tile.out()[k];
                assertThat(Math.abs(got[k] - want))
                        .as("round %d, %s, row %d of %d: %s instead of %s", i, tile.type(), k / tile.valueDim(), tile.rows(),
                                got[k],
                                want)
                        .isLessThanOrEqualTo(1e-5f * (1 + Math.abs(want)));
            }
            for (int k = n; k < got.length; k++) {
                assertThat(got[k]).as("behind the rows").isEqualTo(7);
            }
        }
    }

    @Test
    void attend_pageThatIsNotInTheMemory_isRefused() {
        if (!RUNS) {
            return;
        }
        for (int rows : new int[]{1, 30}) {
            AttentionTile tile = new AttentionTile(64, 64);
            tile.begin(64, 64, 1, 0, false);
            try (Arena arena = Arena.ofConfined()) {
                tile.over(KvType.F16, arena.allocate(16 * 128), 16);
                tile.page(0, 0, 128);
                for (int r = 0; r < rows; r++) {
                    tile.addRow(0, 16, 0);
                }
                AttentionKernels machine = machine();
                assertThatThrownBy(() -> machine.attend(tile)).isInstanceOf(IndexOutOfBoundsException.class);
                assertThatThrownBy(() -> machine.storeKv(new float[64], 1, 64, KvType.F16, tile.memory(), 0))
                        .isInstanceOf(IndexOutOfBoundsException.class);
                assertThatThrownBy(() -> machine.storeKv(new float[64], 0, 64, KvType.F16, tile.memory(), 16 * 128 - 127))
                        .isInstanceOf(IndexOutOfBoundsException.class);
            }
        }
    }

    @Test
    void attend_closedMemory_isRefused() {
        if (!RUNS) {
            return;
        }
        AttentionTile tile = new AttentionTile(64, 64);
        tile.begin(64, 64, 1, 0, false);
        try (Arena arena = Arena.ofConfined()) {
            tile.over(KvType.F16, arena.allocate(32 * 128), 16);
        }
        tile.page(0, 0, 16 * 128);
        tile.addRow(0, 16, 0);
        AttentionKernels machine = machine();
        assertThatThrownBy(() -> machine.attend(tile)).isInstanceOf(IllegalStateException.class);
    }
}
