package ai.realm.core.kernel.quant;

import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The numbers that a quantized row consists of, 32 columns at a time, before scales turn them into weights: what layouts of products are packed
 * from. Holds one read; not thread-safe. Source of the block layouts: ggml, llama.cpp commit de3ff81.
 */
public final class BlockCodes {
    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private final GgmlType type;
    private final int blockBytes;
    private final int parts;
    private byte[] row = {};
    private int at;
    private int wordsAt;

    /**
     * The columns' codes: as stored, from 0 (4-, 5- and 6-bit types), or as the whole numbers that they stand for (all others).
     */
    public final int[] codes = new int[32];
    /** The QuantBlock's scale as fp16. */
    public short scale;
    /** The QuantBlock's minimum, or what minima are multiplied with, as fp16; 0 in types without. */
    public short min;
    /** The scale of these columns (of the first 16 in types that have one for 16) in types of 256 columns. */
    public int subScale;
    /** The scale of the last 16 columns, or the minimum of all. */
    public int subSecond;

    /**
     * @throws IllegalArgumentException for a type that it cannot read
     */
    public BlockCodes(GgmlType type) {
        this.type = type;
        this.blockBytes = type.blockBytes();
        this.parts = type.blockElements() / 32;
        if (!reads(type)) {
            throw new IllegalArgumentException("codes of " + type + " cannot be read");
        }
    }

    /** Whether a type has codes that can be read. */
    public static boolean reads(GgmlType type) {
        return switch (type) {
            case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K, IQ4_NL, MXFP4, IQ4_XS, Q3_K -> true;
            default -> false;
        };
    }

    /** Whether {@link #scale} has all scales of a tensor exactly: those of MXFP4 may be too large or small for fp16, unless what they scale is zero. */
    public static boolean readsExactly(TensorView view) {
        if (view.type() != GgmlType.MXFP4) {
            return true;
        }
        MemorySegment data = view.data();
        int step = GgmlType.MXFP4.blockBytes();
        for (long at = 0; at < data.byteSize(); at += step) {
            int exponent = (data.get(ValueLayout.JAVA_BYTE, at) & 0xff) - 128;
            if (exponent < -24 || exponent > 15) {
                for (int i = 1; i < step; i++) {
                    if ((data.get(ValueLayout.JAVA_BYTE, at + i) & 0x77) != 0) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    /** Reads columns {@code 32 * block} and up of a row as it is in the file. */
    public void read(byte[] from, int block) {
        row = from;
        at = block / parts * blockBytes;
        int part = block % parts;
        switch (type) {
            case Q4_0 -> {
                scale = half(0);
                nibbles(2);
            }
            case Q4_1 -> {
                scale = half(0);
                min = half(2);
                nibbles(4);
            }
            case Q5_0 -> {
                scale = half(0);
                fives(2);
            }
            case Q5_1 -> {
                scale = half(0);
                min = half(2);
                fives(4);
            }
            case Q8_0 -> {
                scale = half(0);
                for (int i = 0; i < 32; i++) {
                    codes[i] = row[at + 2 + i];
                }
            }
            case Q4_K -> {
                scaleAndMin(part);
                kNibbles(16, part);
            }
            case Q5_K -> {
                scaleAndMin(part);
                kNibbles(48, part);
                for (int i = 0; i < 32; i++) {
                    codes[i] += (row[at + 16 + i] >> part & 1) << 4;
                }
            }
            case Q6_K -> sixes(part);
            case IQ4_NL -> {
                scale = half(0);
                levels(2);
            }
            case MXFP4 -> {
                scale = microscale();
                for (int i = 0; i < 16; i++) {
                    codes[i] = Dequantizer.doubledE2m1(row[at + 1 + i] & 15);
                    codes[16 + i] = Dequantizer.doubledE2m1(row[at + 1 + i] >> 4 & 15);
                }
            }
            case IQ4_XS -> {
                scale = half(0);
                subScale = levelScale(part);
                subSecond = subScale;
                levels(8 + 16 * part);
            }
            case Q3_K -> threes(part);
            default -> throw new IllegalStateException("codes of " + type + " cannot be read");
        }
    }

    /** Whether the file has a type's codes in the order that {@link #word} gives them in. */
    public static boolean hasWords(GgmlType type) {
        return switch (type) {
            case Q4_0, Q4_1, Q8_0, IQ4_NL, MXFP4 -> true;
            default -> false;
        };
    }

    /** Reads the scales of columns {@code 32 * block} and up, whose codes {@link #word} then gives as the file has them. */
    public void readForWords(byte[] from, int block) {
        row = from;
        at = block * blockBytes;
        switch (type) {
            case Q4_0, Q8_0, IQ4_NL -> {
                scale = half(0);
                wordsAt = at + 2;
            }
            case Q4_1 -> {
                scale = half(0);
                min = half(2);
                wordsAt = at + 4;
            }
            case MXFP4 -> {
                scale = microscale();
                wordsAt = at + 1;
            }
            default -> throw new IllegalStateException("codes of " + type + " are in another order");
        }
    }

    /** Four bytes of codes: of one column each, or, of 4 bits, of columns {@code 4 * i} and up low and of those 16 further high. */
    public int word(int i) {
        return (int) WORD.get(row, wordsAt + 4 * i);
    }

    private short microscale() {
        return Float.floatToFloat16(Math.scalb(1f, (row[at] & 0xff) - 128));
    }

    private short half(int offset) {
        return (short) (row[at + offset] & 0xff | row[at + offset + 1] << 8);
    }

    private void nibbles(int offset) {
        for (int i = 0; i < 16; i++) {
            codes[i] = row[at + offset + i] & 15;
            codes[16 + i] = row[at + offset + i] >> 4 & 15;
        }
    }

    private void fives(int offset) {
        int high = half(offset) & 0xffff | half(offset + 2) << 16;
        nibbles(offset + 4);
        for (int i = 0; i < 32; i++) {
            codes[i] += (high >> i & 1) << 4;
        }
    }

    private void scaleAndMin(int part) {
        scale = half(0);
        min = half(2);
        if (part < 4) {
            subScale = row[at + 4 + part] & 63;
            subSecond = row[at + 8 + part] & 63;
        } else {
            subScale = row[at + 8 + part] & 15 | (row[at + part] & 0xc0) >> 2;
            subSecond = row[at + 8 + part] >> 4 & 15 | (row[at + 4 + part] & 0xc0) >> 2;
        }
    }

    private void kNibbles(int offset, int part) {
        for (int i = 0; i < 32; i++) {
            codes[i] = row[at + offset + part / 2 * 32 + i] >> part % 2 * 4 & 15;
        }
    }

    private void sixes(int part) {
        int half = part / 4;
        int k = part % 4;
        int scales = at + 192 + half * 8 + k * 2;
        scale = half(208);
        subScale = row[scales];
        subSecond = row[scales + 1];
        for (int i = 0; i < 32; i++) {
            int low = row[at + half * 64 + (k & 1) * 32 + i] >> (k >> 1) * 4 & 15;
            int high = row[at + 128 + half * 32 + i] >> 2 * k & 3;
            codes[i] = low | high << 4;
        }
    }

    private void levels(int offset) {
        for (int i = 0; i < 16; i++) {
            codes[i] = Dequantizer.nonLinearLevel(row[at + offset + i] & 15);
            codes[16 + i] = Dequantizer.nonLinearLevel(row[at + offset + i] >> 4 & 15);
        }
    }

    private int levelScale(int part) {
        int high = half(2) >> 2 * part & 3;
        return (row[at + 4 + part / 2] >> part % 2 * 4 & 15 | high << 4) - 32;
    }

    /** Third bits (set: nothing is taken off), then bit pairs, then scales of 6 bits. */
    private void threes(int part) {
        scale = half(108);
        subScale = threeScale(2 * part);
        subSecond = threeScale(2 * part + 1);
        for (int i = 0; i < 32; i++) {
            int low = row[at + 32 + part / 4 * 32 + i] >> part % 4 * 2 & 3;
            codes[i] = low - ((row[at + i] >> part & 1) == 0 ? 4 : 0);
        }
    }

    private int threeScale(int group) {
        int low = group < 8 ? row[at + 96 + group] & 15 : row[at + 96 + group - 8] >> 4 & 15;
        int high = row[at + 104 + group % 4] >> group / 4 * 2 & 3;
        return (low | high << 4) - 32;
    }
}
