package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.PackedMatrix.SHORT;

import ai.realm.core.kernel.KvType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Keys and values: stored with exact rounding, read a run of positions at a time into floats that several queries share. */
final class SimdKv {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private SimdKv() {
    }

    static void store(float[] x, int offset, int n, KvType type, MemorySegment memory, long at) {
        switch (type) {
            case F32 -> MemorySegment.copy(x, offset, memory, FLOAT, at, n);
            case F16 -> {
                for (int i = 0; i < n; i++) {
                    memory.set(SHORT, at + 2L * i, Float.floatToFloat16(x[offset + i]));
                }
            }
            case Q8_0 -> {
                for (int b = 0; b < n / 32; b++) {
                    storeBlock(x, offset + 32 * b, memory, at + 34L * b);
                }
            }
        }
    }

    private static void storeBlock(float[] x, int offset, MemorySegment memory, long at) {
        float max = 0;
        for (int i = 0; i < 32; i++) {
            max = Math.max(max, Math.abs(x[offset + i]));
        }
        float scale = max / 127;
        float inverse = scale == 0 ? 0 : 1 / scale;
        memory.set(SHORT, at, Float.floatToFloat16(scale));
        for (int i = 0; i < 32; i++) {
            memory.set(ValueLayout.JAVA_BYTE, at + 2 + i, (byte) Math.rint(x[offset + i] * inverse));
        }
    }

    /** {@code positions} rows of {@code dim} numbers as floats, one after the other. */
    static void load(KvType type, MemorySegment memory, long at, int positions, int dim, float[] out, int to) {
        switch (type) {
            case F32 -> VectorLoads.floats(memory, at, out, to, positions * dim);
            case F16 -> VectorLoads.halves(memory, at, out, to, positions * dim);
            case Q8_0 -> VectorLoads.bytes(memory, at, out, to, positions * dim);
        }
    }
}
