package ai.realm.core.kernel.quant;

import static ai.realm.core.kernel.quant.Bytes.u8;

import java.lang.foreign.MemorySegment;

/**
 * The types of 4-bit floats (E2M1) under a shared 8-bit float scale. The levels are held doubled, as integers; the scales
 * therefore halved. Source: OCP Microscaling Formats (MX) 1.0; NVFP4's scale is an E4M3 without its sign.
 */
final class MicroscaleQuants {
    static final int[] DOUBLED_E2M1 = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
    private static final float[] HALVED_E4M3 = halvedE4m3();

    private MicroscaleQuants() {
    }

    /** {@code scale:e8m0, nibbles[16]}: 32 weights, laid out as in Q4_0. */
    static void mxfp4(MemorySegment src, long at, float[] out, int offset) {
        group(src, at + 1, 16, halvedE8m0(u8(src, at)), out, offset);
    }

    /**
     * {@code scale:e4m3[4], nibbles[32]}: four groups of 16 weights. A model file may have a further scale for the whole tensor,
     * which is not part of the QuantBlock.
     */
    static void nvfp4(MemorySegment src, long at, float[] out, int offset) {
        for (int g = 0; g < 4; g++) {
            group(src, at + 4 + 8 * g, 8, HALVED_E4M3[u8(src, at + g)], out, offset + 16 * g);
        }
    }

    private static void group(MemorySegment src, long at, int bytes, float d, float[] out, int offset) {
        for (int j = 0; j < bytes; j++) {
            int q = u8(src, at + j);
            out[offset + j] = DOUBLED_E2M1[q & 15] * d;
            out[offset + j + bytes] = DOUBLED_E2M1[q >> 4] * d;
        }
    }

    /** 2^(e - 128): the two smallest are subnormal floats; 255, NaN in the standard, is a power like the others in ggml. */
    private static float halvedE8m0(int e) {
        return Float.intBitsToFloat(e < 2 ? 0x00200000 << e : e - 1 << 23);
    }

    private static float[] halvedE4m3() {
        float[] table = new float[256];
        for (int i = 0; i < table.length; i++) {
            int exponent = i >> 3 & 15;
            int mantissa = i & 7;
            float value = exponent == 0 ? Math.scalb((float) mantissa, -9) : Math.scalb(1 + mantissa / 8f, exponent - 7);
            table[i] = i == 0x7f ? 0 : value * 0.5f;
        }
        return table;
    }
}
