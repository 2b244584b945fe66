package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.FloatGemm.ROWS;

import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * How a quantized type is laid out for products: {@link FloatGemm#ROWS} rows side by side (lane = row), columns packed into
 * words of one row, scales of all blocks before the quants of a group of rows. The same for every vector width.
 */
enum Packing {
    Q4_0(GgmlType.Q4_0, Quants.NIBBLE, Scales.HALF),
    Q4_1(GgmlType.Q4_1, Quants.NIBBLE, Scales.HALF_MIN),
    Q4_K(GgmlType.Q4_K,
            Quants.NIBBLE, Scales.SUPER_MIN),
    Q5_0(GgmlType.Q5_0, Quants.FIVE, Scales.HALF),
    Q5_1(GgmlType.Q5_1, Quants.FIVE,
            Scales.HALF_MIN),
    Q5_K(GgmlType.Q5_K, Quants.FIVE, Scales.SUPER_MIN),
    Q8_0(GgmlType.Q8_0, Quants.BYTE,
            Scales.HALF),
    Q6_K(GgmlType.Q6_K, Quants.SIX, Scales.SUPER_16),
    Q3_K(GgmlType.Q3_K, Quants.BYTE, Scales.SUPER_16),
    /** Codes of uneven levels are held as the levels themselves, whole numbers; so are the next two types'. */
    IQ4_NL(GgmlType.IQ4_NL, Quants.BYTE, Scales.HALF),
    IQ4_XS(GgmlType.IQ4_XS, Quants.BYTE, Scales.SUPER_16),
    MXFP4(GgmlType.MXFP4, Quants.BYTE, Scales.HALF);

    /** Weights as packed. */
    enum Quants {
        /** Four unsigned of 4 bits in a {@code short}, 8 words a block. */
        NIBBLE(4, 4, 8, 2, 8),
        /** Three unsigned of 5 bits in a {@code short}, 11 words a block. */
        FIVE(5, 3, 11, 2, 16),
        /**
         * Eight unsigned of 6 bits in three {@code short}s, 12 words a block. Each short has two whole ones; the lower four bits
         * of the seventh are in the first, of the eighth in the third, and the upper two of both in the second.
         */
        SIX(6, 0, 12, 2, 32),
        /**
         * Four of 8 bits in an {@code int}, 8 words a block, the first {@link Packing#HALF} rows of a group before the others, so that
         * memory is read as it lies;
         * all but the top one unsigned, {@link Packing#EXCESS} more than they are.
         */
        BYTE(8, 4, 8, 4, 0);

        final int bits;
        final int perWord;
        final int words;
        final int wordBytes;
        /** What unsigned weights are centred by where sums must fit 16 bits, and what types without minima have too much. */
        final int centre;

        Quants(int bits, int perWord, int words, int wordBytes, int centre) {
            this.bits = bits;
            this.perWord = perWord;
            this.words = words;
            this.wordBytes = wordBytes;
            this.centre = centre;
        }

        /** Bytes of one block of 32 columns in all rows of a group. */
        int blockBytes() {
            return words * wordBytes * ROWS;
        }
    }

    /** Scales as stored, in words of 16 bits with lane = row. */
    enum Scales {
        /** fp16 per 32 columns. */
        HALF,
        /** fp16 scales of all blocks, then fp16 minima of all blocks. */
        HALF_MIN,
        /** fp16 scale and minimum per 256 columns, then a scale and a minimum of 6 bits per 32 columns as two bytes. */
        SUPER_MIN,
        /** fp16 scale per 256 columns, then two signed bytes per 32 columns, one for 16 each. */
        SUPER_16;

        /** 16-bit words of a row of {@code blocks} blocks of 32. */
        int words(int blocks) {
            return switch (this) {
                case HALF -> blocks;
                case HALF_MIN -> 2 * blocks;
                case SUPER_MIN -> blocks + blocks / 4;
                case SUPER_16 -> blocks + blocks / 8;
            };
        }

        boolean hasMin() {
            return this == HALF_MIN || this == SUPER_MIN;
        }
    }

    /** Rows of half a group. */
    static final int HALF = ROWS / 2;
    /** What is added to the lower three bytes of a word. */
    static final int EXCESS = 128;
    /** Takes that off again. */
    static final int EXCESS_BITS = 0x808080;

    final GgmlType type;
    final Quants quants;
    final Scales scales;

    Packing(GgmlType type, Quants quants, Scales scales) {
        this.type = type;
        this.quants = quants;
        this.scales = scales;
    }

    /** Bytes of one group of rows that are {@code blocks} blocks of 32 long. */
    long groupBytes(int blocks) {
        return scaleBytes(blocks) + (long) blocks * quants.blockBytes();
    }

    /** Those of its scales, which come first. */
    long scaleBytes(int blocks) {
        return 2L * ROWS * scales.words(blocks);
    }

    /** Bytes of all matrices of a tensor. */
    long bytes(Shape shape) {
        long rows = shape.dim(1);
        return groupBytes(Math.toIntExact(shape.dim(0) / 32)) * Math.ceilDiv(rows, ROWS) * (shape.rows() / rows);
    }

    /** The packing of a type, or null when products read the file's own layout. */
    static @Nullable Packing of(GgmlType type) {
        for (Packing p : values()) {
            if (p.type == type) {
                return p;
            }
        }
        return null;
    }
}
