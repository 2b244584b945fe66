package ai.realm.core.kernel.quant;

import static ai.realm.core.kernel.quant.Bytes.f16;
import static ai.realm.core.kernel.quant.Bytes.i32;
import static ai.realm.core.kernel.quant.Bytes.s8;
import static ai.realm.core.kernel.quant.Bytes.u8;

import java.lang.foreign.MemorySegment;

/**
 * The types with 32 weights and one scale to a QuantBlock. Byte j of the 16 nibble pairs holds weight j in its low and weight
 * j + 16 in its high half; the fifth bits of the 5-bit types stand apart, bit i for weight i.
 */
final class LegacyQuants {
    private static final int HALF = 16;

    private LegacyQuants() {
    }

    /** {@code d:f16, nibbles[16]}: (q - 8) d. */
    static void q4_0(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at);
        for (int j = 0; j < HALF; j++) {
            int q = u8(src, at + 2 + j);
            out[offset + j] = ((q & 15) - 8) * d;
            out[offset + j + HALF] = ((q >> 4) - 8) * d;
        }
    }

    /** {@code d:f16, m:f16, nibbles[16]}: q d + m. */
    static void q4_1(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at);
        float m = f16(src, at + 2);
        for (int j = 0; j < HALF; j++) {
            int q = u8(src, at + 4 + j);
            out[offset + j] = (q & 15) * d + m;
            out[offset + j + HALF] = (q >> 4) * d + m;
        }
    }

    /** {@code d:f16, fifth bits:u32, nibbles[16]}: (q - 16) d. */
    static void q5_0(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at);
        int high = i32(src, at + 2);
        for (int j = 0; j < HALF; j++) {
            int q = u8(src, at + 6 + j);
            out[offset + j] = (fiveBits(q & 15, high, j) - 16) * d;
            out[offset + j + HALF] = (fiveBits(q >> 4, high, j + HALF) - 16) * d;
        }
    }

    /** {@code d:f16, m:f16, fifth bits:u32, nibbles[16]}: q d + m. */
    static void q5_1(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at);
        float m = f16(src, at + 2);
        int high = i32(src, at + 4);
        for (int j = 0; j < HALF; j++) {
            int q = u8(src, at + 8 + j);
            out[offset + j] = fiveBits(q & 15, high, j) * d + m;
            out[offset + j + HALF] = fiveBits(q >> 4, high, j + HALF) * d + m;
        }
    }

    private static int fiveBits(int low, int high, int bit) {
        return low | (high >>> bit & 1) << 4;
    }

    /** {@code d:f16, q:s8[32]}: q d. */
    static void q8_0(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at);
        for (int j = 0; j < 2 * HALF; j++) {
            out[offset + j] = s8(src, at + 2 + j) * d;
        }
    }
}
