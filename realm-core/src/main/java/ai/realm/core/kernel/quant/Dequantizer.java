package ai.realm.core.kernel.quant;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.tensor.GgmlType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The meaning of quantized bytes: turns whole QuantBlocks of any supported type into floats. Source: the ggml block layouts,
 * llama.cpp commit de3ff81. Stateless, any thread.
 */
public final class Dequantizer {
    static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Dequantizer() {
    }

    /**
     * Writes {@code elements} (whole blocks of {@code type}) that begin at byte {@code at} of {@code src}.
     *
     * @throws RealmException MODEL_INVALID for a type without a definition
     */
    public static void dequantize(GgmlType type, MemorySegment src, long at, float[] out, int outOffset, int elements) {
        if (elements % type.blockElements() != 0) {
            throw new IllegalArgumentException(
                    elements + " elements are not whole blocks of " + type.blockElements() + " (" + type + ")");
        }
        switch (type) {
            case F32 -> MemorySegment.copy(src, F32, at, out, outOffset, elements);
            case F16 -> f16(src, at, out, outOffset, elements);
            case BF16 -> bf16(src, at, out, outOffset, elements);
            case Q4_0 -> q4(src, at, out, outOffset, elements, false);
            case Q4_1 -> q4(src, at, out, outOffset, elements, true);
            case Q8_0 -> q80(src, at, out, outOffset, elements);
            default -> throw new RealmException(ErrorCode.MODEL_INVALID, "weights of type " + type + " are not supported");
        }
    }

    static float half(MemorySegment src, long at) {
        return Float.float16ToFloat(src.get(U16, at));
    }

    private static void f16(MemorySegment src, long at, float[] out, int o, int n) {
        for (int i = 0; i < n; i++) {
            out[o + i] = half(src, at + 2L * i);
        }
    }

    private static void bf16(MemorySegment src, long at, float[] out, int o, int n) {
        for (int i = 0; i < n; i++) {
            out[o + i] = Float.intBitsToFloat(src.get(U16, at + 2L * i) << 16);
        }
    }

    private static void q4(MemorySegment src, long at, float[] out, int o, int n, boolean hasMin) {
        int header = hasMin ? 4 : 2;
        for (int b = 0; b < n / 32; b++) {
            long block = at + (long) b * (header + 16);
            float d = half(src, block);
            float min = hasMin ? half(src, block + 2) : 0;
            int zero = hasMin ? 0 : 8;
            for (int i = 0; i < 16; i++) {
                int q = src.get(ValueLayout.JAVA_BYTE, block + header + i);
                out[o + b * 32 + i] = ((q & 15) - zero) * d + min;
                out[o + b * 32 + 16 + i] = ((q >> 4 & 15) - zero) * d + min;
            }
        }
    }

    private static void q80(MemorySegment src, long at, float[] out, int o, int n) {
        for (int b = 0; b < n / 32; b++) {
            long block = at + b * 34L;
            float d = half(src, block);
            for (int i = 0; i < 32; i++) {
                out[o + b * 32 + i] = src.get(ValueLayout.JAVA_BYTE, block + 2 + i) * d;
            }
        }
    }
}
