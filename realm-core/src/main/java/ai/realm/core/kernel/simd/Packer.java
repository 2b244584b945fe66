package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.FloatGemm.ROWS;
import static ai.realm.core.kernel.simd.PackedMatrix.SHORT;

import ai.realm.core.kernel.WorkerPool;
import ai.realm.core.kernel.quant.BlockCodes;
import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Turns a tensor's QuantBlocks into a {@link PackedMatrix}: the same numbers in another order, nothing rounded.
 */
final class Packer {
    /** Groups that a thread takes at a time. */
    private static final int PART_GROUPS = 4;

    private final TensorView view;
    private final PackedMatrix to;
    private final Packing packing;
    private final BlockCodes codes;
    private final int[] q;
    /** One row as it is in the file, and one group as it will be: arrays, as this code runs once and mostly not compiled well. */
    private final byte[] row;
    private final short[] group;

    private Packer(TensorView view, PackedMatrix to) {
        this.view = view;
        this.to = to;
        this.packing = to.packing;
        this.codes = new BlockCodes(packing.type);
        this.q = codes.codes;
        this.row = new byte[Math.toIntExact(view.rowBytes())];
        this.group = new short[Math.toIntExact(to.groupBytes / 2)];
    }

    /**
     * Whether nothing would be rounded: the powers of two that MXFP4 has for scales must be half floats too, which they are in
     * files that people run, unless a block is all zeros.
     */
    static boolean fits(TensorView view) {
        return BlockCodes.readsExactly(view);
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
        for (int b = 0; b < to.blocks; b++) {
            codes.read(row, b);
            switch (packing.scales) {
                case HALF -> scale(r, b, codes.scale);
                case HALF_MIN -> {
                    scale(r, b, codes.scale);
                    scale(r, to.blocks + b, codes.min);
                }
                case SUPER_MIN -> {
                    scale(r, b / 8, codes.scale);
                    scale(r, to.blocks / 8 + b / 8, codes.min);
                    scale(r, to.blocks / 4 + b, codes.subScale | codes.subSecond << 8);
                }
                case SUPER_16 -> {
                    scale(r, b / 8, codes.scale);
                    scale(r, to.blocks / 8 + b, codes.subScale & 0xff | codes.subSecond << 8);
                }
            }
            store(r, b);
        }
    }

    private void scale(int r, int word, int value) {
        group[word * ROWS + r % ROWS] = (short) value;
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
