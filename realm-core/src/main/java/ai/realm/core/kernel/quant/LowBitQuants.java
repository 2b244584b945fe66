package ai.realm.core.kernel.quant;

import static ai.realm.core.kernel.quant.Bytes.f16;
import static ai.realm.core.kernel.quant.Bytes.u8;

import java.lang.foreign.MemorySegment;

/** The types of one or two bits or one ternary digit a weight, with one scale to a QuantBlock. */
final class LowBitQuants {
    private static final int[] POWERS_OF_3 = {1, 3, 9, 27, 81};

    private LowBitQuants() {
    }

    /** {@code d:f16, bits[16 bytes]}: 128 weights, d or -d. */
    static void q1_0(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at);
        for (int j = 0; j < 128; j++) {
            int bit = u8(src, at + 2 + j / 8) >> j % 8 & 1;
            out[offset + j] = bit == 1 ? d : -d;
        }
    }

    /** {@code d:f16, 2 bits[16 bytes]}: 64 weights, (q - 1) d. */
    static void q2_0(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at);
        for (int j = 0; j < 64; j++) {
            int q = u8(src, at + 2 + j / 4) >> j % 4 * 2 & 3;
            out[offset + j] = (q - 1) * d;
        }
    }

    /**
     * {@code 5 digits[48 bytes], 4 digits[4 bytes], d:f16}: 256 ternary digits less 1. A byte is the fraction of 256 whose
     * base-3 digits are the weights, so that multiplying by 3 moves a digit out at the top.
     */
    static void tq1_0(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at + 52);
        digits(src, at, 32, 5, d, out, offset);
        digits(src, at + 32, 16, 5, d, out, offset + 160);
        digits(src, at + 48, 4, 4, d, out, offset + 240);
    }

    private static void digits(MemorySegment src, long at, int bytes, int digits, float d, float[] out, int offset) {
        for (int n = 0; n < digits; n++) {
            for (int m = 0; m < bytes; m++) {
                int rest = u8(src, at + m) * POWERS_OF_3[n] & 0xff;
                out[offset + n * bytes + m] = ((rest * 3 >> 8) - 1) * d;
            }
        }
    }

    /** {@code 2 bits[64 bytes], d:f16}: 256 weights, (q - 1) d; a run of 32 bytes holds 4 times 32 weights. */
    static void tq2_0(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at + 64);
        for (int i = 0; i < 256; i++) {
            int q = u8(src, at + i / 128 * 32 + i % 32) >> i % 128 / 32 * 2 & 3;
            out[offset + i] = (q - 1) * d;
        }
    }
}
