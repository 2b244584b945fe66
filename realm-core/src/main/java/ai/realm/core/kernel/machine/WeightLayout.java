package ai.realm.core.kernel.machine;

import ai.realm.core.kernel.quant.Dequantizer;
import ai.realm.core.tensor.GgmlType;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * How a quantized type lies in memory for emitted products: groups of {@link #ROWS} rows; of a group, block after block of 32 columns, each
 * with the codes of all rows and then their scales. Types with a scale of 256 columns have those of all rows in front of eight blocks.
 *
 * <p>Codes are unsigned. Four columns of a row stand side by side, as {@code vpdpbusd} multiplies them: of columns {@code 4p} to
 * {@code 4p + 3} the bytes of row 0, row 1 and so on. Of fewer than 8 bits the lower four are packed by two: columns 0 to 15 low, 16 to 31 high.
 * Those of types without an order of their own are places in a table of bytes. Further bits lie behind all of these, for a row and the four columns' places in as many bytes: bit p of the columns {@code 4p} and up.
 */
enum WeightLayout {
    Q4_0(GgmlType.Q4_0, Codes.NIBBLE, Scales.HALF),
    Q4_1(GgmlType.Q4_1, Codes.NIBBLE, Scales.HALF_MIN),
    Q5_0(GgmlType.Q5_0, Codes.FIVE, Scales.HALF),
    Q5_1(GgmlType.Q5_1, Codes.FIVE, Scales.HALF_MIN),
    Q8_0(GgmlType.Q8_0, Codes.BYTE, Scales.HALF),
    Q4_K(GgmlType.Q4_K, Codes.NIBBLE, Scales.SUPER_MIN),
    Q5_K(GgmlType.Q5_K, Codes.FIVE, Scales.SUPER_MIN),
    Q6_K(GgmlType.Q6_K, Codes.SIX, Scales.SUPER_16),
    Q3_K(GgmlType.Q3_K, Codes.THREE, Scales.SUPER_16),
    IQ4_NL(GgmlType.IQ4_NL, Codes.LEVEL, Scales.HALF),
    IQ4_XS(GgmlType.IQ4_XS, Codes.LEVEL, Scales.SUPER_32),
    MXFP4(GgmlType.MXFP4, Codes.E2M1, Scales.HALF);

    static final int ROWS = 32;
    /** Blocks that share a scale of 256 columns. */
    static final int SUPER = 8;

    /** Codes of 32 columns. */
    enum Codes {
        NIBBLE(4, 8, ActivationRecord.SUM_8),
        FIVE(5, 16, ActivationRecord.SUM_16),
        SIX(6, 32, ActivationRecord.FIRST_HALF_32),
        BYTE(8, 128, ActivationRecord.SUM_128),
        /** Three bits in the place of four, which is worth more than what it takes. */
        THREE(32, ActivationRecord.FIRST_HALF_32, code -> code % 8 - 4),
        /** The levels of IQ4_NL and IQ4_XS. */
        LEVEL(128, ActivationRecord.SUM_128, Dequantizer::nonLinearLevel),
        /** Twice the floats of MXFP4. */
        E2M1(128, ActivationRecord.SUM_128, Dequantizer::doubledE2m1);

        final int bits;
        /** The code of a weight of zero in types without minima. */
        final int zero;
        /** Where an activation record has the start of sums that takes it off. */
        final int start;

        /** What each code of four bits stands for, with {@link #zero} added; or null. */
        final byte @Nullable [] table;
        /** The code of each entry of {@link #table}. */
        private final byte[] codes = new byte[256];

        Codes(int bits, int zero, int start) {
            this.bits = bits;
            this.zero = zero;
            this.start = start;
            this.table = null;
        }

        Codes(int zero, int start, IntUnaryOperator values) {
            this.bits = 4;
            this.zero = zero;
            this.start = start;
            this.table = new byte[16];
            for (int i = 0; i < 16; i++) {
                table[i] = (byte) (values.applyAsInt(i) + zero);
                codes[table[i] & 0xff] = (byte) i;
            }
        }

        /** Whether {@link ai.realm.core.kernel.quant.BlockCodes} reads them as the whole numbers that they stand for. */
        boolean areNumbers() {
            return this == BYTE || table != null;
        }

        /** The code of a number that {@code BlockCodes} read. */
        int of(int number) {
            if (table == null) {
                return areNumbers() ? number + zero : number;
            }
            return codes[number + zero & 0xff];
        }

        /** What a code is multiplied as. */
        int number(int code) {
            return table == null ? code : table[code] & 0xff;
        }

        /** Bytes of a block of 32 columns in all rows of a group. */
        int bytes() {
            return bits * 32 * ROWS / 8;
        }
    }

    /** Scales of a block in all rows of a group, and of eight blocks. */
    enum Scales {
        /** fp16. */
        HALF(2, 0),
        /** fp16 scales, then fp16 minima. */
        HALF_MIN(4, 0),
        /** Unsigned scales, then minima, a byte each; for 256 columns two fp16 that they are multiplied with. */
        SUPER_MIN(2, 4),
        /** Signed scales, a byte each; for 256 columns an fp16. */
        SUPER_32(1, 2),
        /** Signed scales of the first 16 columns, then of the others, a byte each; for 256 columns an fp16. */
        SUPER_16(2, 2);

        private final int rowBytes;
        private final int superRowBytes;

        Scales(int rowBytes, int superRowBytes) {
            this.rowBytes = rowBytes;
            this.superRowBytes = superRowBytes;
        }

        boolean hasMin() {
            return this == HALF_MIN || this == SUPER_MIN;
        }

        boolean isSuper() {
            return superRowBytes > 0;
        }
    }

    final GgmlType type;
    final Codes codes;
    final Scales scales;

    WeightLayout(GgmlType type, Codes codes, Scales scales) {
        this.type = type;
        this.codes = codes;
        this.scales = scales;
    }

    /** Those that there is a layout for. */
    static Set<GgmlType> types() {
        Set<GgmlType> types = EnumSet.noneOf(GgmlType.class);
        for (WeightLayout layout : values()) {
            types.add(layout.type);
        }
        return types;
    }

    /** Of a type, or null when there is none. */
    static @Nullable WeightLayout of(GgmlType type) {
        for (WeightLayout layout : values()) {
            if (layout.type == type) {
                return layout;
            }
        }
        return null;
    }

    /** Bytes in front of eight blocks. */
    int headBytes() {
        return scales.superRowBytes * ROWS;
    }

    /** Bytes of a block in all rows of a group. */
    int blockBytes() {
        return codes.bytes() + scales.rowBytes * ROWS;
    }

    /** Bytes of a group whose rows are {@code blocks} blocks long. */
    long groupBytes(int blocks) {
        return (long) blocks * blockBytes() + (long) blocks / SUPER * headBytes();
    }

    /** Where a block begins in its group. */
    long blockAt(int block) {
        return (long) block * blockBytes() + (long) (block / SUPER + 1) * headBytes();
    }

    /** Where the scales of 256 columns are that a block belongs to. */
    long headAt(int block) {
        return blockAt(block / SUPER * SUPER) - headBytes();
    }
}
