package ai.realm.core.kernel.scalar;

import ai.realm.core.kernel.KvType;
import ai.realm.core.kernel.quant.Dequantizer;
import ai.realm.core.tensor.GgmlType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Rows of keys and values as bytes, rounding to nearest even. */
final class ScalarKv {
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private ScalarKv() {
    }

    static void store(float[] x, int offset, int n, KvType type, MemorySegment memory, long at) {
        switch (type) {
            case F32 -> MemorySegment.copy(x, offset, memory, F32, at, n);
            case F16 -> {
                for (int i = 0; i < n; i++) {
                    memory.set(U16, at + 2L * i, Float.floatToFloat16(x[offset + i]));
                }
            }
            case Q8_0 -> {
                for (int b = 0; b < n / 32; b++) {
                    storeBlock(x, offset + b * 32, memory, at + b * 34L);
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
        memory.set(U16, at, Float.floatToFloat16(scale));
        for (int i = 0; i < 32; i++) {
            memory.set(ValueLayout.JAVA_BYTE, at + 2 + i, (byte) Math.rint(x[offset + i] * inverse));
        }
    }

    static void load(KvType type, MemorySegment memory, long at, float[] out, int n) {
        Dequantizer.dequantize(switch (type) {
            case F32 -> GgmlType.F32;
            case F16 -> GgmlType.F16;
            case Q8_0 -> GgmlType.Q8_0;
        }, memory, at, out, 0, n);
    }
}
