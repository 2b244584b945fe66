package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.FloatGemm.ROWS;
import static ai.realm.core.kernel.simd.PackedMatrix.SHORT;

import ai.realm.core.kernel.WorkerPool;
import ai.realm.core.kernel.quant.Dequantizer;
import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Turns a tensor's QuantBlocks into a {@link PackedMatrix}: the same numbers in another order, nothing rounded. Source of the
 * block layouts: ggml, llama.cpp commit de3ff81.
 */
final class Packer {
    /** Groups that a thread takes at a time. */
    private static final int PART_GROUPS = 4;

    private final TensorView view;
    private final PackedMatrix to;
    private final Packing packing;
    private final int[] q = new int[32];
    private final byte[] bytes = new byte[256];
    /** One row as it is in the file, and one group as it will be: arrays, as this code runs once and mostly not compiled well. */
    private final byte[] row;
    private final short[] group;

    private Packer(TensorView view, PackedMatrix to) {
        this.view = view;
        this.to = to;
        this.packing = to.packing;
        this.row = new byte[Math.toIntExact(view.rowBytes())];
        this.group = new short[Math.toIntExact(to.groupBytes / 2)];
    }

    /**
     * Whether nothing would be rounded: the powers of two that MXFP4 has for scales must be half floats too, which they are in
     * files that people run, unless a block is all zeros.
     */
    static boolean fits(TensorView view) {
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

    /** Rows of a group are packed by one thread, as they share words' cache lines. */
    static PackedMatrix pack(TensorView view, Packing packing, Arena arena, WorkerPool pool) {
        int rows = Math.toIntExact(view.shape().rows());
        PackedMatrix to = new PackedMatrix(packing, rows, Math.toIntExact(view.shape().dim(0)), n -> arena.allocate(n, 64));
        pool.run(Math.ceilDiv(to.groups(), PART_GROUPS), part -> {
            Packer packer = new Packer(view, to);
            for (int g = part * PART_GROUPS; g < Math.min(to.groups(), (part + 1) * PART_GROUPS); g++) {
                packer.group(g);
            }
        });
        return to;
    }

    private void group(int g) {
        int end = Math.min(to.rows, (g + 1) * ROWS);
        if (end % ROWS != 0) {
            Arrays.fill(group, (short) 0);
        }
        for (int r = g * ROWS; r < end; r++) {
            MemorySegment.copy(view.data(), ValueLayout.JAVA_BYTE, r * view.rowBytes(), row, 0, row.length);
            row(r);
        }
        MemorySegment.copy(group, 0, to.data, SHORT, to.scalesAt(g), group.length);
    }

    private void row(int r) {
        int blockBytes = packing.type.blockBytes();
        int subs = packing.type.blockElements() / 32;
        for (int b = 0; b < to.blocks; b++) {
            int sub = b % subs;
            if (sub == 0) {
                System.arraycopy(row, b / subs * blockBytes, bytes, 0, blockBytes);
            }
            switch (packing) {
                case Q4_0 -> {
                    scale(r, b, half(0));
                    nibbles(2);
                }
                case Q4_1 -> {
                    scale(r, b, half(0));
                    scale(r, to.blocks + b, half(2));
                    nibbles(4);
                }
                case Q5_0 -> {
                    scale(r, b, half(0));
                    fives(2);
                }
                case Q5_1 -> {
                    scale(r, b, half(0));
                    scale(r, to.blocks + b, half(2));
                    fives(4);
                }
                case Q8_0 -> {
                    scale(r, b, half(0));
                    for (int i = 0; i < 32; i++) {
                        q[i] = bytes[2 + i];
                    }
                }
                case Q4_K -> {
                    superMin(r, b, sub);
                    kNibbles(16, sub);
                }
                case Q5_K -> {
                    superMin(r, b, sub);
                    kNibbles(48, sub);
                    for (int i = 0; i < 32; i++) {
                        q[i] += (bytes[16 + i] >> sub & 1) << 4;
                    }
                }
                case Q6_K -> sixes(r, b, sub);
                case IQ4_NL -> {
                    scale(r, b, half(0));
                    levels(2);
                }
                case MXFP4 -> {
                    scale(r, b, Float.floatToFloat16(Math.scalb(1f, (bytes[0] & 0xff) - 128)));
                    for (int i = 0; i < 16; i++) {
                        q[i] = Dequantizer.doubledE2m1(bytes[1 + i] & 15);
                        q[16 + i] = Dequantizer.doubledE2m1(bytes[1 + i] >> 4 & 15);
                    }
                }
                case IQ4_XS -> {
                    superScales(r, b, sub, 0, levelScale(sub), levelScale(sub));
                    levels(8 + 16 * sub);
                }
                case Q3_K -> threes(r, b, sub);
            }
            store(r, b);
        }
    }

    private short half(int at) {
        return (short) (bytes[at] & 0xff | bytes[at + 1] << 8);
    }

    private void scale(int r, int word, int value) {
        group[word * ROWS + r % ROWS] = (short) value;
    }

    private void nibbles(int at) {
        for (int i = 0; i < 16; i++) {
            q[i] = bytes[at + i] & 15;
            q[16 + i] = bytes[at + i] >> 4 & 15;
        }
    }

    private void fives(int at) {
        int high = bytes[at] & 0xff | (bytes[at + 1] & 0xff) << 8 | (bytes[at + 2] & 0xff) << 16 | bytes[at + 3] << 24;
        nibbles(at + 4);
        for (int i = 0; i < 32; i++) {
            q[i] += (high >> i & 1) << 4;
        }
    }

    private void superMin(int r, int b, int sub) {
        if (sub == 0) {
            scale(r, b / 8, half(0));
            scale(r, to.blocks / 8 + b / 8, half(2));
        }
        int d;
        int m;
        if (sub < 4) {
            d = bytes[4 + sub] & 63;
            m = bytes[8 + sub] & 63;
        } else {
            d = bytes[8 + sub] & 15 | (bytes[sub] & 0xc0) >> 2;
            m = bytes[8 + sub] >> 4 & 15 | (bytes[4 + sub] & 0xc0) >> 2;
        }
        scale(r, to.blocks / 4 + b, d | m << 8);
    }

    private void kNibbles(int at, int sub) {
        for (int i = 0; i < 32; i++) {
            q[i] = bytes[at + sub / 2 * 32 + i] >> sub % 2 * 4 & 15;
        }
    }

    private void sixes(int r, int b, int sub) {
        int half = sub / 4;
        int k = sub % 4;
        int scales = 192 + half * 8 + k * 2;
        superScales(r, b, sub, 208, bytes[scales], bytes[scales + 1]);
        for (int i = 0; i < 32; i++) {
            int low = bytes[half * 64 + (k & 1) * 32 + i] >> (k >> 1) * 4 & 15;
            int high = bytes[128 + half * 32 + i] >> 2 * k & 3;
            q[i] = low | high << 4;
        }
    }

    /** The scale of 256 columns, at {@code at} in the block, and the signed ones of 16 columns each. */
    private void superScales(int r, int b, int sub, int at, int first, int second) {
        if (sub == 0) {
            scale(r, b / 8, half(at));
        }
        scale(r, to.blocks / 8 + b, first & 0xff | second << 8);
    }

    private void levels(int at) {
        for (int i = 0; i < 16; i++) {
            q[i] = Dequantizer.nonLinearLevel(bytes[at + i] & 15);
            q[16 + i] = Dequantizer.nonLinearLevel(bytes[at + i] >> 4 & 15);
        }
    }

    private int levelScale(int sub) {
        int high = half(2) >> 2 * sub & 3;
        return (bytes[4 + sub / 2] >> sub % 2 * 4 & 15 | high << 4) - 32;
    }

    /** Third bits (set: nothing is taken off), then bit pairs, then scales of 6 bits. */
    private void threes(int r, int b, int sub) {
        superScales(r, b, sub, 108, threeScale(2 * sub), threeScale(2 * sub + 1));
        for (int i = 0; i < 32; i++) {
            int low = bytes[32 + sub / 4 * 32 + i] >> sub % 4 * 2 & 3;
            q[i] = low - ((bytes[i] >> sub & 1) == 0 ? 4 : 0);
        }
    }

    private int threeScale(int group) {
        int low = group < 8 ? bytes[96 + group] & 15 : bytes[96 + group - 8] >> 4 & 15;
        int high = bytes[104 + group % 4] >> group / 4 * 2 & 3;
        return (low | high << 4) - 32;
    }

    private void store(int r, int b) {
        long begin = to.scalesAt(r / ROWS);
        int at = (int) (to.wordAt(r, b, 0) - begin) / 2;
        int step = (int) (to.wordAt(r, b, 1) - begin) / 2 - at;
        switch (packing.quants) {
            case NIBBLE -> {
                for (int j = 0; j < 8; j++) {
                    group[at + j * step] = (short) (q[4 * j] | q[4 * j + 1] << 4 | q[4 * j + 2] << 8 | q[4 * j + 3] << 12);
                }
            }
            case FIVE -> {
                for (int j = 0; j < 10; j++) {
                    group[at + j * step] = (short) (q[3 * j] | q[3 * j + 1] << 5 | q[3 * j + 2] << 10);
                }
                group[at + 10 * step] = (short) (q[30] | q[31] << 5);
            }
            case SIX -> {
                for (int j = 0; j < 4; j++) {
                    int k = 8 * j;
                    int word = at + 3 * j * step;
                    group[word] = (short) (q[k] | q[k + 1] << 6 | (q[k + 6] & 15) << 12);
                    group[word + step] = (short) (q[k + 2] | q[k + 3] << 6 | q[k + 6] >> 4 << 12 | q[k + 7] >> 4 << 14);
                    group[word + 2 * step] = (short) (q[k + 4] | q[k + 5] << 6 | (q[k + 7] & 15) << 12);
                }
            }
            case BYTE -> {
                for (int j = 0; j < 8; j++) {
                    int v = (q[4 * j] & 255 | (q[4 * j + 1] & 255) << 8 | (q[4 * j + 2] & 255) << 16 | q[4 * j + 3] << 24)
                            ^ Packing.EXCESS_BITS;
                    group[at + j * step] = (short) v;
                    group[at + j * step + 1] = (short) (v >> 16);
                }
            }
        }
    }
}
