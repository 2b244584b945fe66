package ai.realm.core.kernel.quant;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.tensor.GgmlType;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The definition of every weight type: the exact floats that its QuantBlocks stand for, by plain loops whose operations stand in
 * the order of the format's definition, so that results are equal bit for bit (overflow, infinities and NaN included). Stateless.
 * Source: the block layouts of ggml, llama.cpp commit de3ff81.
 */
public final class Dequantizer {
    /** Decodes one QuantBlock at byte {@code at} into {@code out} from {@code offset}. */
    @FunctionalInterface
    interface Block {
        void decode(MemorySegment src, long at, float[] out, int offset);
    }

    private static final @Nullable Block[] BY_TYPE = table();

    private Dequantizer() {
    }

    /** Whether tensors of this type can be weights. */
    public static boolean supports(GgmlType type) {
        return type.blockElements() == 1 ? isPlain(type) : BY_TYPE[type.ordinal()] != null;
    }

    private static boolean isPlain(GgmlType type) {
        return type == GgmlType.F32 || type == GgmlType.F16 || type == GgmlType.BF16;
    }

    /**
     * Writes {@code elements} numbers, which must be whole QuantBlocks, that begin at byte {@code at} of {@code src}.
     *
     * @throws RealmException MODEL_INVALID for a type that is no weight type
     * @throws IllegalArgumentException for a part of a QuantBlock
     * @throws IndexOutOfBoundsException when source or destination is too short
     */
    public static void dequantize(GgmlType type, MemorySegment src, long at, float[] out, int outOffset, int elements) {
        Objects.checkFromIndexSize(at, type.bytesFor(elements), src.byteSize());
        Objects.checkFromIndexSize(outOffset, elements, out.length);
        switch (type) {
            case F32 -> MemorySegment.copy(src, Bytes.FLOAT, at, out, outOffset, elements);
            case F16 -> {
                for (int i = 0; i < elements; i++) {
                    out[outOffset + i] = Bytes.f16(src, at + 2L * i);
                }
            }
            case BF16 -> {
                for (int i = 0; i < elements; i++) {
                    out[outOffset + i] = Bytes.bf16(src, at + 2L * i);
                }
            }
            default -> blocks(type, src, at, out, outOffset, elements);
        }
    }

    private static void blocks(GgmlType type, MemorySegment src, long at, float[] out, int outOffset, int elements) {
        Block block = BY_TYPE[type.ordinal()];
        if (block == null) {
            throw new RealmException(ErrorCode.MODEL_INVALID, "weights of type " + type + " are not supported");
        }
        int step = type.blockElements();
        long from = at;
        for (int i = 0; i < elements; i += step) {
            block.decode(src, from, out, outOffset + i);
            from += type.blockBytes();
        }
    }

    private static @Nullable Block[] table() {
        @Nullable
        Block[] table = new Block[GgmlType.values().length];
        for (GgmlType type : GgmlType.values()) {
            table[type.ordinal()] = blockOf(type);
        }
        return table;
    }

    private static @Nullable Block blockOf(GgmlType type) {
        return switch (type) {
            case Q4_0 -> LegacyQuants::q4_0;
            case Q4_1 -> LegacyQuants::q4_1;
            case Q5_0 -> LegacyQuants::q5_0;
            case Q5_1 -> LegacyQuants::q5_1;
            case Q8_0 -> LegacyQuants::q8_0;
            case Q2_K -> KQuants::q2k;
            case Q3_K -> KQuants::q3k;
            case Q4_K -> KQuants::q4k;
            case Q5_K -> KQuants::q5k;
            case Q6_K -> KQuants::q6k;
            case IQ4_NL -> NonLinearQuants::iq4nl;
            case IQ4_XS -> NonLinearQuants::iq4xs;
            case IQ3_XXS -> CodeBookQuants::iq3xxs;
            case IQ3_S -> CodeBookQuants::iq3s;
            case IQ2_XXS -> CodeBookQuants::iq2xxs;
            case IQ2_XS -> CodeBookQuants::iq2xs;
            case IQ2_S -> CodeBookQuants::iq2s;
            case IQ1_S -> CodeBookQuants::iq1s;
            case IQ1_M -> CodeBookQuants::iq1m;
            case TQ1_0 -> LowBitQuants::tq1_0;
            case TQ2_0 -> LowBitQuants::tq2_0;
            case Q1_0 -> LowBitQuants::q1_0;
            case Q2_0 -> LowBitQuants::q2_0;
            case MXFP4 -> MicroscaleQuants::mxfp4;
            case NVFP4 -> MicroscaleQuants::nvfp4;
            case F32, F16, BF16, Q8_1, Q8_K, I8, I16, I32, I64, F64 -> null;
        };
    }

    /** What a 4-bit code of IQ4_NL and IQ4_XS stands for, before its scale. */
    public static int nonLinearLevel(int code) {
        return NonLinearQuants.LEVELS[code];
    }

    /** Twice what a code of MXFP4 and NVFP4 stands for, before its scale. */
    public static int doubledE2m1(int code) {
        return MicroscaleQuants.DOUBLED_E2M1[code];
    }
}
