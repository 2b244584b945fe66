package ai.realm.core.kernel.quant;

import static ai.realm.core.kernel.quant.Bytes.f16;
import static ai.realm.core.kernel.quant.Bytes.i32;
import static ai.realm.core.kernel.quant.Bytes.u16;
import static ai.realm.core.kernel.quant.Bytes.u8;

import java.lang.foreign.MemorySegment;

/**
 * The IQ types of 1 to 3 bits: 256 weights to a QuantBlock, in 8 groups of 32. Every 8 (or 4) weights of a group are one entry of
 * a code book. Signs and a small scale stand apart (2 and 3 bits), or a shift of an eighth does (1 bit).
 */
final class CodeBookQuants {
    private static final float IQ1_SHIFT = 0.125f;

    private CodeBookQuants() {
    }

    /** {@code d:f16, (index:u8[4], signs:7[4], scale:4)[8]}. */
    static void iq2xxs(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at);
        for (int g = 0; g < 8; g++) {
            long group = at + 2 + 8 * g;
            int rest = i32(src, group + 4);
            float db = d * (0.5f + (rest >>> 28)) * 0.25f;
            for (int l = 0; l < 4; l++) {
                int signs = CodeBooks.EVEN_SIGNS[rest >>> 7 * l & 127];
                signed(CodeBooks.IQ2_XXS, u8(src, group + l), 8, db, signs, out, offset + 32 * g + 8 * l);
            }
        }
    }

    /** {@code d:f16, (signs:7, index:9)[32], scale:4[16]}. */
    static void iq2xs(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at);
        for (int i = 0; i < 32; i++) {
            int code = u16(src, at + 2 + 2 * i);
            float db = nibbleScale(src, at + 66, i, d);
            signed(CodeBooks.IQ2_XS, code & 511, 8, db, CodeBooks.EVEN_SIGNS[code >> 9], out, offset + 8 * i);
        }
    }

    /** {@code d:f16, low index:u8[32], signs:u8[32], high index:2[32], scale:4[16]}. */
    static void iq2s(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at);
        for (int i = 0; i < 32; i++) {
            int high = u8(src, at + 66 + i / 4) >> i % 4 * 2 & 3;
            int index = u8(src, at + 2 + i) | high << 8;
            float db = nibbleScale(src, at + 74, i, d);
            signed(CodeBooks.IQ2_S, index, 8, db, u8(src, at + 34 + i), out, offset + 8 * i);
        }
    }

    /** The scale of the {@code i}-th eight weights where 16 weights share a nibble. */
    private static float nibbleScale(MemorySegment src, long at, int i, float d) {
        int nibble = u8(src, at + i / 4) >> i % 4 / 2 * 4 & 15;
        return d * (0.5f + nibble) * 0.25f;
    }

    /** {@code d:f16, index:u8[64], (signs:7[4], scale:4)[8]}: entries of four weights. */
    static void iq3xxs(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at);
        for (int g = 0; g < 8; g++) {
            int rest = i32(src, at + 66 + 4 * g);
            float db = d * (0.5f + (rest >>> 28)) * 0.5f;
            for (int l = 0; l < 8; l++) {
                int signs = CodeBooks.EVEN_SIGNS[rest >>> 7 * (l / 2) & 127] >> l % 2 * 4;
                signed(CodeBooks.IQ3_XXS, u8(src, at + 2 + 8 * g + l), 4, db, signs, out, offset + 32 * g + 4 * l);
            }
        }
    }

    /** {@code d:f16, low index:u8[64], high index:1[64], signs:4[64], scale:4[8]}: entries of four weights. */
    static void iq3s(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at);
        for (int g = 0; g < 8; g++) {
            float db = d * (1 + 2 * (u8(src, at + 106 + g / 2) >> g % 2 * 4 & 15));
            int high = u8(src, at + 66 + g);
            for (int l = 0; l < 8; l++) {
                int index = u8(src, at + 2 + 8 * g + l) | (high >> l & 1) << 8;
                int signs = u8(src, at + 74 + 4 * g + l / 2) >> l % 2 * 4;
                signed(CodeBooks.IQ3_S, index, 4, db, signs, out, offset + 32 * g + 4 * l);
            }
        }
    }

    private static void signed(byte[] book, int entry, int width, float d, int signs, float[] out, int offset) {
        for (int j = 0; j < width; j++) {
            float value = d * book[entry * width + j];
            out[offset + j] = (signs >> j & 1) == 1 ? -value : value;
        }
    }

    /** {@code d:f16, low index:u8[32], (shift sign:1, scale:3, high index:3[4])[8]}. */
    static void iq1s(MemorySegment src, long at, float[] out, int offset) {
        float d = f16(src, at);
        for (int g = 0; g < 8; g++) {
            int high = u16(src, at + 34 + 2 * g);
            float dl = d * (2 * (high >> 12 & 7) + 1);
            float shift = (high & 0x8000) != 0 ? -IQ1_SHIFT : IQ1_SHIFT;
            for (int l = 0; l < 4; l++) {
                int index = u8(src, at + 2 + 4 * g + l) | (high >> 3 * l & 7) << 8;
                shifted(index, dl, shift, out, offset + 32 * g + 8 * l);
            }
        }
    }

    /** {@code low index:u8[32], (shift sign:1, high index:3)[32], (d:4, scale:3[4])[4]}: d is spread over four nibbles. */
    static void iq1m(MemorySegment src, long at, float[] out, int offset) {
        float d = spreadScale(src, at + 48);
        for (int i = 0; i < 32; i++) {
            int scales = u16(src, at + 48 + i / 8 * 2);
            float dl = d * (2 * (scales >> i % 8 / 2 * 3 & 7) + 1);
            int high = u8(src, at + 32 + i / 2) >> i % 2 * 4;
            int index = u8(src, at + i) | (high & 7) << 8;
            shifted(index, dl, (high & 8) != 0 ? -IQ1_SHIFT : IQ1_SHIFT, out, offset + 8 * i);
        }
    }

    private static float spreadScale(MemorySegment src, long at) {
        int bits = 0;
        for (int i = 0; i < 4; i++) {
            bits |= u16(src, at + 2 * i) >> 12 << 4 * i;
        }
        return Float.float16ToFloat((short) bits);
    }

    private static void shifted(int entry, float d, float shift, float[] out, int offset) {
        for (int j = 0; j < 8; j++) {
            out[offset + j] = d * (CodeBooks.IQ1_S[entry * 8 + j] + shift);
        }
    }
}
