package ai.realm.core.kernel.quant;

import static ai.realm.core.kernel.quant.Bytes.f16;
import static ai.realm.core.kernel.quant.Bytes.s8;
import static ai.realm.core.kernel.quant.Bytes.u8;

import java.lang.foreign.MemorySegment;

/**
 * The K types: 256 weights to a QuantBlock, in groups of 16 or 32 whose scales (and minima) are themselves small integers times
 * one half-precision scale of the whole.
 */
final class KQuants {
    private static final int WEIGHTS = 256;

    private KQuants() {
    }

    /** {@code (min:4, scale:4)[16], 2 bits[64 bytes], d:f16, dmin:f16}: groups of 16. */
    static void q2k(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at + 80);
        float min = f16(src, at + 82);
        for (int g = 0; g < 16; g++) {
            int scale = u8(src, at + g);
            float dl = d * (scale & 15);
            float ml = min * (scale >> 4);
            long quants = at + 16 + twoBitBytes(g);
            int shift = twoBitShift(g);
            for (int l = 0; l < 16; l++) {
                out[offset + g * 16 + l] = dl * (u8(src, quants + l) >> shift & 3) - ml;
            }
        }
    }

    /** {@code third bit[32 bytes], 2 bits[64 bytes], 6-bit scales[12 bytes], d:f16}: groups of 16; third bit 0 takes 4 off. */
    static void q3k(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at + 108);
        for (int g = 0; g < 16; g++) {
            float dl = d * (q3Scale(src, at + 96, g) - 32);
            long quants = at + 32 + twoBitBytes(g);
            long third = at + g % 2 * 16;
            int shift = twoBitShift(g);
            for (int l = 0; l < 16; l++) {
                int low = u8(src, quants + l) >> shift & 3;
                int high = u8(src, third + l) >> g / 2 & 1;
                out[offset + g * 16 + l] = dl * (low - (high == 1 ? 0 : 4));
            }
        }
    }

    /** Groups come in pairs that share 16 + 16 bytes; four pairs, one for each bit position, to a run of 32 bytes. */
    private static int twoBitBytes(int group) {
        return group / 8 * 32 + group % 2 * 16;
    }

    private static int twoBitShift(int group) {
        return group % 8 / 2 * 2;
    }

    /** Low 4 bits of scale g: bytes 0 to 7, first low then high halves; high 2 bits: bytes 8 to 11, a bit pair for each four. */
    private static int q3Scale(MemorySegment src, long at, int g) {
        int low = g < 8 ? u8(src, at + g) & 15 : u8(src, at + g - 8) >> 4;
        int high = u8(src, at + 8 + g % 4) >> g / 4 * 2 & 3;
        return low | high << 4;
    }

    /** {@code d:f16, dmin:f16, 6-bit scales and minima[12 bytes], nibbles[128]}: groups of 32. */
    static void q4k(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at);
        float min = f16(src, at + 2);
        for (int g = 0; g < 8; g++) {
            float dl = d * scale(src, at + 4, g);
            float ml = min * minimum(src, at + 4, g);
            long quants = at + 16 + g / 2 * 32;
            int shift = g % 2 * 4;
            for (int l = 0; l < 32; l++) {
                out[offset + g * 32 + l] = dl * (u8(src, quants + l) >> shift & 15) - ml;
            }
        }
    }

    /** {@code d:f16, dmin:f16, 6-bit scales and minima[12 bytes], fifth bits[32], nibbles[128]}: groups of 32. */
    static void q5k(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at);
        float min = f16(src, at + 2);
        for (int g = 0; g < 8; g++) {
            float dl = d * scale(src, at + 4, g);
            float ml = min * minimum(src, at + 4, g);
            long quants = at + 48 + g / 2 * 32;
            int shift = g % 2 * 4;
            for (int l = 0; l < 32; l++) {
                int high = u8(src, at + 16 + l) >> g & 1;
                out[offset + g * 32 + l] = dl * ((u8(src, quants + l) >> shift & 15) + (high << 4)) - ml;
            }
        }
    }

    /** Scale g of 8: six bits of byte g, or for the last four a nibble of bytes 8 to 11 and two bits left over in bytes 0 to 3. */
    private static int scale(MemorySegment src, long at, int g) {
        return g < 4 ? u8(src, at + g) & 63 : u8(src, at + g + 4) & 15 | u8(src, at + g - 4) >> 6 << 4;
    }

    private static int minimum(MemorySegment src, long at, int g) {
        return g < 4 ? u8(src, at + g + 4) & 63 : u8(src, at + g + 4) >> 4 | u8(src, at + g) >> 6 << 4;
    }

    /** {@code low nibbles[128], high 2 bits[64 bytes], scale:s8[16], d:f16}: groups of 16, six bits less 32. */
    static void q6k(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at + 208);
        for (int i = 0; i < WEIGHTS; i++) {
            int half = i / 128;
            int quarter = i % 128 / 32;
            int l = i % 32;
            int low = u8(src, at + half * 64 + quarter % 2 * 32 + l) >> quarter / 2 * 4 & 15;
            int high = u8(src, at + 128 + half * 32 + l) >> quarter * 2 & 3;
            out[offset + i] = d * s8(src, at + 192 + i / 16) * ((low | high << 4) - 32);
        }
    }
}
