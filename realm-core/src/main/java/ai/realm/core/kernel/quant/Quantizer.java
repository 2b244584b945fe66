package ai.realm.core.kernel.quant;

import ai.realm.core.tensor.GgmlType;
import java.nio.ByteBuffer;
import java.util.Set;

/**
 * The way back of {@link Dequantizer}: weights to packed blocks, the same blocks as ggml's reference makes without an importance matrix (llama.cpp
 * de3ff81). Stateless.
 */
public final class Quantizer {
    private static final Set<GgmlType> TYPES = Set.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16, GgmlType.Q4_0, GgmlType.Q4_1,
            GgmlType.Q5_0,
            GgmlType.Q5_1, GgmlType.Q8_0, GgmlType.Q2_K, GgmlType.Q3_K, GgmlType.Q4_K, GgmlType.Q5_K, GgmlType.Q6_K,
            GgmlType.IQ4_NL, GgmlType.IQ4_XS);

    private Quantizer() {
    }

    /** The types that can be made. */
    public static Set<GgmlType> types() {
        return TYPES;
    }

    /**
     * Packs weights.
     *
     * @param count a multiple of the type's block
     * @param out little-endian, filled from its position on
     */
    public static void quantize(GgmlType type, float[] x, int from, int count, ByteBuffer out) {
        int block = type.blockElements();
        if (count % block != 0) {
            throw new IllegalArgumentException(count + " weights are not whole blocks of " + block);
        }
        for (int at = from; at < from + count; at += block) {
            switch (type) {
                case F32 -> out.putFloat(x[at]);
                case F16 -> out.putShort(Float.floatToFloat16(x[at]));
                case BF16 -> out.putShort(bf16(x[at]));
                case Q4_0 -> LegacyBlocks.symmetric(x, at, out, false);
                case Q4_1 -> LegacyBlocks.withMinimum(x, at, out, false);
                case Q5_0 -> LegacyBlocks.symmetric(x, at, out, true);
                case Q5_1 -> LegacyBlocks.withMinimum(x, at, out, true);
                case Q8_0 -> LegacyBlocks.eightBits(x, at, out);
                case Q2_K -> KBlocks.q2k(x, at, out);
                case Q3_K -> KBlocks.q3k(x, at, out);
                case Q4_K -> KBlocks.q4k(x, at, out);
                case Q5_K -> KBlocks.q5k(x, at, out);
                case Q6_K -> KBlocks.q6k(x, at, out);
                case IQ4_NL -> NonLinearBlocks.nl(x, at, out);
                case IQ4_XS -> NonLinearBlocks.xs(x, at, out);
                default ->
                    throw new IllegalArgumentException("weights cannot be packed into " + type + "; possible are " + TYPES);
            }
        }
    }

    private static short bf16(float x) {
        int bits = Float.floatToRawIntBits(x);
        if (Float.isNaN(x)) {
            return (short) (bits >> 16 | 64);
        }
        return (short) (bits + (0x7fff + (bits >> 16 & 1)) >> 16);
    }
}
