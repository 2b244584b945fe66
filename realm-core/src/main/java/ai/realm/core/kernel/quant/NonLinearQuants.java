package ai.realm.core.kernel.quant;

import static ai.realm.core.kernel.quant.Bytes.f16;
import static ai.realm.core.kernel.quant.Bytes.u16;
import static ai.realm.core.kernel.quant.Bytes.u8;

import java.lang.foreign.MemorySegment;

/** The 4-bit types whose sixteen levels are unevenly spaced: closer together near zero. */
final class NonLinearQuants {
    static final int[] LEVELS = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    private NonLinearQuants() {
    }

    /** {@code d:f16, nibbles[16]}: 32 weights, laid out as in Q4_0. */
    static void iq4nl(MemorySegment src, long at, float[] out, int offset) {
        group(src, at + 2, f16(src, at), out, offset);
    }

    /** {@code d:f16, high scale bits:u16, low scale nibbles[4], nibbles[128]}: 8 groups of 32 with 6-bit scales less 32. */
    static void iq4xs(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at);
        int high = u16(src, at + 2);
        for (int g = 0; g < 8; g++) {
            int low = u8(src, at + 4 + g / 2) >> g % 2 * 4 & 15;
            int scale = low | (high >> 2 * g & 3) << 4;
            group(src, at + 8 + 16 * g, d * (scale - 32), out, offset + 32 * g);
        }
    }

    private static void group(MemorySegment src, long at, float d, float[] out, int offset) {
        for (int j = 0; j < 16; j++) {
            int q = u8(src, at + j);
            out[offset + j] = d * LEVELS[q & 15];
            out[offset + j + 16] = d * LEVELS[q >> 4];
        }
    }
}
