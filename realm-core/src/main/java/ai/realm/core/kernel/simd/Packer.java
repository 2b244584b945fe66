package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.FloatGemm.ROWS;
import static ai.realm.core.kernel.simd.PackedMatrix.INT;
import static ai.realm.core.kernel.simd.PackedMatrix.SHORT;

import ai.realm.core.kernel.WorkerPool;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Turns a tensor's QuantBlocks into a {@link PackedMatrix}: the same numbers in another order, nothing rounded. Source of the
 * block layouts: ggml, llama.cpp commit de3ff81.
 */
final class Packer {
    /** Groups that a thread takes at a time. */
    private static final int PART_GROUPS = 4;

    private final MemorySegment src;
    private final MemorySegment dst;
    private final PackedMatrix to;
    private final Packing packing;
    private final int[] q = new int[32];
    private final byte[] bytes = new byte[256];

    private Packer(TensorView view, PackedMatrix to) {
        this.src = view.data();
        this.dst = to.data;
        this.to = to;
        this.packing = to.packing;
    }

    /** Rows of a group are packed by one thread, as they share words' cache lines. */
    static PackedMatrix pack(TensorView view, Packing packing, Arena arena, WorkerPool pool) {
        int rows = Math.toIntExact(view.shape().rows());
        PackedMatrix to = new PackedMatrix(packing, rows, Math.toIntExact(view.shape().dim(0)), n -> arena.allocate(n, 64));
        pool.run(Math.ceilDiv(to.groups(), PART_GROUPS), part -> {
            Packer packer = new Packer(view, to);
            int end = Math.min(rows, (part + 1) * PART_GROUPS * ROWS);
            for (int r = part * PART_GROUPS * ROWS; r < end; r++) {
                packer.row(r, r * view.rowBytes());
            }
        });
        return to;
    }

    private void row(int r, long from) {
        int blockBytes = packing.type.blockBytes();
        int subs = packing.type.blockElements() / 32;
        for (int b = 0; b < to.blocks; b++) {
            int sub = b % subs;
            if (sub == 0) {
                MemorySegment.copy(src, ValueLayout.JAVA_BYTE, from + (long) (b / subs) * blockBytes, bytes, 0, blockBytes);
            }
            switch (packing) {
                case Q4_0 -> {
                    scale(r, b, half(0));
                    nibbles(2, 8);
                }
                case Q4_1 -> {
                    scale(r, b, half(0));
                    scale(r, to.blocks + b, half(2));
                    nibbles(4, 8);
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
                    kNibbles(16, sub, 8);
                }
                case Q5_K -> {
                    superMin(r, b, sub);
                    kNibbles(48, sub, 16);
                    for (int i = 0; i < 32; i++) {
                        q[i] += (bytes[16 + i] >> sub & 1) << 4;
                    }
                }
                case Q6_K -> sixes(r, b, sub);
            }
            store(r, b);
        }
    }

    private short half(int at) {
        return (short) (bytes[at] & 0xff | bytes[at + 1] << 8);
    }

    private void scale(int r, int word, int value) {
        dst.set(SHORT, to.scalesAt(r / ROWS) + 2L * ((long) word * ROWS + r % ROWS), (short) value);
    }

    private void nibbles(int at, int centre) {
        for (int i = 0; i < 16; i++) {
            q[i] = (bytes[at + i] & 15) - centre;
            q[16 + i] = (bytes[at + i] >> 4 & 15) - centre;
        }
    }

    private void fives(int at) {
        int high = bytes[at] & 0xff | (bytes[at + 1] & 0xff) << 8 | (bytes[at + 2] & 0xff) << 16 | bytes[at + 3] << 24;
        nibbles(at + 4, 16);
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

    private void kNibbles(int at, int sub, int centre) {
        for (int i = 0; i < 32; i++) {
            q[i] = (bytes[at + sub / 2 * 32 + i] >> sub % 2 * 4 & 15) - centre;
        }
    }

    private void sixes(int r, int b, int sub) {
        if (sub == 0) {
            scale(r, b / 8, half(208));
        }
        int half = sub / 4;
        int k = sub % 4;
        for (int i = 0; i < 32; i++) {
            int low = bytes[half * 64 + (k & 1) * 32 + i] >> (k >> 1) * 4 & 15;
            int high = bytes[128 + half * 32 + i] >> 2 * k & 3;
            q[i] = (low | high << 4) - 32;
        }
        int scales = 192 + half * 8 + k * 2;
        scale(r, to.blocks / 8 + b, bytes[scales] & 0xff | bytes[scales + 1] << 8);
    }

    private void store(int r, int b) {
        Packing.Quants form = packing.quants;
        long at = to.quantsAt(r / ROWS) + (long) b * form.blockBytes() + (long) form.wordBytes * (r % ROWS);
        long step = (long) form.wordBytes * ROWS;
        switch (form) {
            case NIBBLE -> {
                for (int j = 0; j < 8; j++) {
                    int v = q[4 * j] & 15 | (q[4 * j + 1] & 15) << 4 | (q[4 * j + 2] & 15) << 8 | q[4 * j + 3] << 12;
                    dst.set(SHORT, at + j * step, (short) v);
                }
            }
            case FIVE -> {
                for (int j = 0; j < 10; j++) {
                    int v = q[3 * j] & 31 | (q[3 * j + 1] & 31) << 5 | (q[3 * j + 2] & 31) << 10;
                    dst.set(SHORT, at + j * step, (short) v);
                }
                dst.set(SHORT, at + 10 * step, (short) (q[30] & 31 | (q[31] & 31) << 5));
            }
            case BYTE -> {
                for (int j = 0; j < 8; j++) {
                    int v = q[4 * j] & 255 | (q[4 * j + 1] & 255) << 8 | (q[4 * j + 2] & 255) << 16 | q[4 * j + 3] << 24;
                    dst.set(INT, at + j * step, v ^ Packing.EXCESS_BITS);
                }
            }
        }
    }
}
