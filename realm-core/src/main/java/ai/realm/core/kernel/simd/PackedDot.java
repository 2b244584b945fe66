package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.FloatGemm.ROWS;
import static ai.realm.core.kernel.simd.Lanes.F;
import static ai.realm.core.kernel.simd.Lanes.FL;
import static ai.realm.core.kernel.simd.Lanes.I;
import static ai.realm.core.kernel.simd.Lanes.LE;
import static ai.realm.core.kernel.simd.Lanes.SL;
import static ai.realm.core.kernel.simd.NativeMemory.ADDRESS;
import static ai.realm.core.kernel.simd.NativeMemory.ALL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/** Products of one group of rows of 5- or 8-bit weights with one token, unpacked in registers; see {@link NibbleDot} and {@link SixDot}. */
final class PackedDot {
    private static final int FIVES = 0x1f001f;
    private static final float[] SHIFTS = new float[16];
    private static final float[] EXCESS = new float[16];

    static {
        for (int i = 0; i < 16; i++) {
            SHIFTS[i] = (float) Math.scalb(1, -8 * (i % 4));
            EXCESS[i] = i % 4 == 3 ? 0 : -Packing.EXCESS;
        }
    }

    private PackedDot() {
    }

    /**
     * 16-bit sums of every half block of 16 of 5-bit weights: {@code sums[h][r]}, the centre taken off by {@code bias}, which holds
     * {@code -16 * sum(x)} of each twice in an {@code int}.
     */
    static void fiveSums(long at, int blocks, int[] x, int xAt, int[] bias, int biasAt, short[] sums) {
        for (int n = 0; n < blocks; n++) {
            for (int r = 0; r < ROWS; r += 2 * SL) {
                fiveBlock(at + 22L * ROWS * n + 2L * r, x, xAt + 32 * n, bias[biasAt + 2 * n], bias[biasAt + 2 * n + 1], sums,
                        2 * n * ROWS + r);
            }
        }
    }

    private static void fiveBlock(long at, int[] x, int xAt, int bias, int bias2, short[] sums, int to) {
        long w = at & ADDRESS;
        ShortVector a = IntVector.broadcast(I, bias).reinterpretAsShorts();
        ShortVector c = a;
        for (int j = 0; j < 5; j++) {
            IntVector v = IntVector.fromMemorySegment(I, ALL, w + 2L * j * ROWS, LE);
            IntVector u = IntVector.fromMemorySegment(I, ALL, w + 2L * j * ROWS + 2L * SL, LE);
            ShortVector y = IntVector.broadcast(I, x[xAt + 3 * j]).reinterpretAsShorts();
            a = a.add(v.and(FIVES).reinterpretAsShorts().mul(y));
            c = c.add(u.and(FIVES).reinterpretAsShorts().mul(y));
            y = IntVector.broadcast(I, x[xAt + 3 * j + 1]).reinterpretAsShorts();
            a = a.add(v.lanewise(LSHR, 5).and(FIVES).reinterpretAsShorts().mul(y));
            c = c.add(u.lanewise(LSHR, 5).and(FIVES).reinterpretAsShorts().mul(y));
            y = IntVector.broadcast(I, x[xAt + 3 * j + 2]).reinterpretAsShorts();
            a = a.add(v.lanewise(LSHR, 10).and(FIVES).reinterpretAsShorts().mul(y));
            c = c.add(u.lanewise(LSHR, 10).and(FIVES).reinterpretAsShorts().mul(y));
        }
        IntVector v = IntVector.fromMemorySegment(I, ALL, w + 10L * ROWS, LE);
        IntVector u = IntVector.fromMemorySegment(I, ALL, w + 10L * ROWS + 2L * SL, LE);
        ShortVector y = IntVector.broadcast(I, x[xAt + 15]).reinterpretAsShorts();
        a = a.add(v.and(FIVES).reinterpretAsShorts().mul(y));
        c = c.add(u.and(FIVES).reinterpretAsShorts().mul(y));
        a.intoArray(sums, to);
        c.intoArray(sums, to + SL);
        a = IntVector.broadcast(I, bias2).reinterpretAsShorts();
        c = a;
        y = IntVector.broadcast(I, x[xAt + 16]).reinterpretAsShorts();
        a = a.add(v.lanewise(LSHR, 5).and(FIVES).reinterpretAsShorts().mul(y));
        c = c.add(u.lanewise(LSHR, 5).and(FIVES).reinterpretAsShorts().mul(y));
        y = IntVector.broadcast(I, x[xAt + 17]).reinterpretAsShorts();
        a = a.add(v.lanewise(LSHR, 10).and(FIVES).reinterpretAsShorts().mul(y));
        c = c.add(u.lanewise(LSHR, 10).and(FIVES).reinterpretAsShorts().mul(y));
        for (int j = 6; j < 10; j++) {
            v = IntVector.fromMemorySegment(I, ALL, w + 2L * j * ROWS, LE);
            u = IntVector.fromMemorySegment(I, ALL, w + 2L * j * ROWS + 2L * SL, LE);
            y = IntVector.broadcast(I, x[xAt + 3 * j]).reinterpretAsShorts();
            a = a.add(v.and(FIVES).reinterpretAsShorts().mul(y));
            c = c.add(u.and(FIVES).reinterpretAsShorts().mul(y));
            y = IntVector.broadcast(I, x[xAt + 3 * j + 1]).reinterpretAsShorts();
            a = a.add(v.lanewise(LSHR, 5).and(FIVES).reinterpretAsShorts().mul(y));
            c = c.add(u.lanewise(LSHR, 5).and(FIVES).reinterpretAsShorts().mul(y));
            y = IntVector.broadcast(I, x[xAt + 3 * j + 2]).reinterpretAsShorts();
            a = a.add(v.lanewise(LSHR, 10).and(FIVES).reinterpretAsShorts().mul(y));
            c = c.add(u.lanewise(LSHR, 10).and(FIVES).reinterpretAsShorts().mul(y));
        }
        v = IntVector.fromMemorySegment(I, ALL, w + 20L * ROWS, LE);
        u = IntVector.fromMemorySegment(I, ALL, w + 20L * ROWS + 2L * SL, LE);
        y = IntVector.broadcast(I, x[xAt + 30]).reinterpretAsShorts();
        a = a.add(v.and(FIVES).reinterpretAsShorts().mul(y));
        c = c.add(u.and(FIVES).reinterpretAsShorts().mul(y));
        y = IntVector.broadcast(I, x[xAt + 31]).reinterpretAsShorts();
        a = a.add(v.lanewise(LSHR, 5).and(FIVES).reinterpretAsShorts().mul(y));
        c = c.add(u.lanewise(LSHR, 5).and(FIVES).reinterpretAsShorts().mul(y));
        a.intoArray(sums, to + ROWS);
        c.intoArray(sums, to + ROWS + SL);
    }

    /**
     * Prepares a token for {@link #bytes}: column k times {@code 2^-8(k % 4)}, so that bytes are used where they lie in their
     * word, and for each run of columns what the excess of the unsigned bytes adds up to.
     */
    static void spread(float[] x, int xAt, int runs, int columns, float[] spread, float[] excess) {
        FloatVector shift = FloatVector.fromArray(F, SHIFTS, 0);
        FloatVector unsigned = FloatVector.fromArray(F, EXCESS, 0);
        for (int b = 0; b < runs; b++) {
            FloatVector sum = FloatVector.zero(F);
            for (int i = b * columns; i < (b + 1) * columns; i += FL) {
                FloatVector v = FloatVector.fromArray(F, x, xAt + i);
                v.mul(shift).intoArray(spread, i);
                sum = v.fma(unsigned, sum);
            }
            excess[b] = sum.reduceLanes(VectorOperators.ADD);
        }
    }

    /**
     * {@code c[r] = sum_k w[r][k] x[k]} of 8-bit weights at an address, with a scale for every {@code 4 * words} columns. Four vectors at a time:
     * one half of the group, or where they are long two vectors of each half.
     */
    static void bytes(long at, int runs, int words, float[] d, float[] spread, float[] excess, float[] c,
            int cAt) {
        long half = 4L * Packing.HALF * words * runs;
        for (int r = 0; r < Packing.HALF; r += 4 * FL) {
            if (4 * FL > Packing.HALF) {
                byteRows(at, half, Packing.HALF, runs, words, d, 0, spread, excess, c, cAt);
            } else {
                byteRows(at + 4L * r, 8L * FL, 2 * FL, runs, words, d, r, spread, excess, c, cAt + r);
                byteRows(at + half + 4L * r, 8L * FL, 2 * FL, runs, words, d, Packing.HALF + r, spread, excess, c,
                        cAt + Packing.HALF + r);
            }
        }
    }

    private static void byteRows(long at, long second, int secondRow, int runs, int words, float[] d, int dAt,
            float[] x, float[] excess, float[] c, int cAt) {
        FloatVector t0 = FloatVector.zero(F);
        FloatVector t1 = FloatVector.zero(F);
        FloatVector t2 = FloatVector.zero(F);
        FloatVector t3 = FloatVector.zero(F);
        for (int b = 0; b < runs; b++) {
            FloatVector a0 = FloatVector.broadcast(F, excess[b]);
            FloatVector a1 = a0;
            FloatVector a2 = a0;
            FloatVector a3 = a0;
            for (int j = b * words; j < (b + 1) * words; j++) {
                long from = at + 4L * Packing.HALF * j & ADDRESS;
                long far = from + second & ADDRESS;
                IntVector v0 = IntVector.fromMemorySegment(I, ALL, from, LE);
                IntVector v1 = IntVector.fromMemorySegment(I, ALL, from + 4L * FL, LE);
                IntVector v2 = IntVector.fromMemorySegment(I, ALL, far, LE);
                IntVector v3 = IntVector.fromMemorySegment(I, ALL, far + 4L * FL, LE);
                FloatVector y = FloatVector.broadcast(F, x[4 * j]);
                a0 = ((FloatVector) v0.and(0xff).castShape(F, 0)).fma(y, a0);
                a1 = ((FloatVector) v1.and(0xff).castShape(F, 0)).fma(y, a1);
                a2 = ((FloatVector) v2.and(0xff).castShape(F, 0)).fma(y, a2);
                a3 = ((FloatVector) v3.and(0xff).castShape(F, 0)).fma(y, a3);
                y = FloatVector.broadcast(F, x[4 * j + 1]);
                a0 = ((FloatVector) v0.and(0xff00).castShape(F, 0)).fma(y, a0);
                a1 = ((FloatVector) v1.and(0xff00).castShape(F, 0)).fma(y, a1);
                a2 = ((FloatVector) v2.and(0xff00).castShape(F, 0)).fma(y, a2);
                a3 = ((FloatVector) v3.and(0xff00).castShape(F, 0)).fma(y, a3);
                y = FloatVector.broadcast(F, x[4 * j + 2]);
                a0 = ((FloatVector) v0.and(0xff0000).castShape(F, 0)).fma(y, a0);
                a1 = ((FloatVector) v1.and(0xff0000).castShape(F, 0)).fma(y, a1);
                a2 = ((FloatVector) v2.and(0xff0000).castShape(F, 0)).fma(y, a2);
                a3 = ((FloatVector) v3.and(0xff0000).castShape(F, 0)).fma(y, a3);
                y = FloatVector.broadcast(F, x[4 * j + 3]);
                a0 = ((FloatVector) v0.and(0xff000000).castShape(F, 0)).fma(y, a0);
                a1 = ((FloatVector) v1.and(0xff000000).castShape(F, 0)).fma(y, a1);
                a2 = ((FloatVector) v2.and(0xff000000).castShape(F, 0)).fma(y, a2);
                a3 = ((FloatVector) v3.and(0xff000000).castShape(F, 0)).fma(y, a3);
            }
            t0 = a0.fma(FloatVector.fromArray(F, d, dAt + b * ROWS), t0);
            t1 = a1.fma(FloatVector.fromArray(F, d, dAt + b * ROWS + FL), t1);
            t2 = a2.fma(FloatVector.fromArray(F, d, dAt + b * ROWS + secondRow), t2);
            t3 = a3.fma(FloatVector.fromArray(F, d, dAt + b * ROWS + secondRow + FL), t3);
        }
        t0.intoArray(c, cAt);
        t1.intoArray(c, cAt + FL);
        t2.intoArray(c, cAt + secondRow);
        t3.intoArray(c, cAt + secondRow + FL);
    }
}
