package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.FloatGemm.ROWS;
import static ai.realm.core.kernel.simd.Lanes.F;
import static ai.realm.core.kernel.simd.Lanes.FL;
import static ai.realm.core.kernel.simd.Lanes.I;
import static ai.realm.core.kernel.simd.Lanes.LE;
import static ai.realm.core.kernel.simd.Lanes.S;
import static ai.realm.core.kernel.simd.Lanes.SL;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/** Products of one group of packed rows with one token, unpacked in registers: what decoding is made of. */
final class PackedDot {
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

    /** 16-bit sums of every block of 32 of 4-bit weights: {@code sums[b][r]}. */
    static void nibbleSums(MemorySegment w, long at, int blocks, int[] x, int xAt, short[] sums) {
        for (int b = 0; b < blocks; b++) {
            for (int r = 0; r < ROWS; r += 2 * SL) {
                nibbleBlock(w, at + (long) b * 16 * ROWS + 2L * r, x, xAt + b * 32, sums, b * ROWS + r);
            }
        }
    }

    private static void nibbleBlock(MemorySegment w, long at, int[] x, int xAt, short[] sums, int to) {
        ShortVector a = ShortVector.zero(S);
        ShortVector c = ShortVector.zero(S);
        for (int j = 0; j < 8; j++) {
            ShortVector v = ShortVector.fromMemorySegment(S, w, at + 2L * j * ROWS, LE);
            ShortVector u = ShortVector.fromMemorySegment(S, w, at + 2L * j * ROWS + 2L * SL, LE);
            ShortVector y = IntVector.broadcast(I, x[xAt + 4 * j]).reinterpretAsShorts();
            a = a.add(v.lanewise(LSHL, 12).lanewise(ASHR, 12).mul(y));
            c = c.add(u.lanewise(LSHL, 12).lanewise(ASHR, 12).mul(y));
            y = IntVector.broadcast(I, x[xAt + 4 * j + 1]).reinterpretAsShorts();
            a = a.add(v.lanewise(LSHL, 8).lanewise(ASHR, 12).mul(y));
            c = c.add(u.lanewise(LSHL, 8).lanewise(ASHR, 12).mul(y));
            y = IntVector.broadcast(I, x[xAt + 4 * j + 2]).reinterpretAsShorts();
            a = a.add(v.lanewise(LSHL, 4).lanewise(ASHR, 12).mul(y));
            c = c.add(u.lanewise(LSHL, 4).lanewise(ASHR, 12).mul(y));
            y = IntVector.broadcast(I, x[xAt + 4 * j + 3]).reinterpretAsShorts();
            a = a.add(v.lanewise(ASHR, 12).mul(y));
            c = c.add(u.lanewise(ASHR, 12).mul(y));
        }
        a.intoArray(sums, to);
        c.intoArray(sums, to + SL);
    }

    /** 16-bit sums of every half block of 16 of 5-bit weights: {@code sums[2b + half][r]}. */
    static void fiveSums(MemorySegment w, long at, int blocks, int[] x, int xAt, short[] sums) {
        for (int b = 0; b < blocks; b++) {
            for (int r = 0; r < ROWS; r += SL) {
                fiveBlock(w, at + (long) b * 22 * ROWS + 2L * r, x, xAt + b * 32, sums, 2 * b * ROWS + r);
            }
        }
    }

    private static void fiveBlock(MemorySegment w, long at, int[] x, int xAt, short[] sums, int to) {
        ShortVector a = ShortVector.zero(S);
        for (int j = 0; j < 5; j++) {
            ShortVector v = ShortVector.fromMemorySegment(S, w, at + 2L * j * ROWS, LE);
            a = a.add(v.lanewise(LSHL, 11).lanewise(ASHR, 11).mul(IntVector.broadcast(I, x[xAt + 3 * j]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHL, 6).lanewise(ASHR, 11).mul(IntVector.broadcast(I, x[xAt + 3 * j + 1]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHL, 1).lanewise(ASHR, 11).mul(IntVector.broadcast(I, x[xAt + 3 * j + 2]).reinterpretAsShorts()));
        }
        ShortVector v = ShortVector.fromMemorySegment(S, w, at + 10L * ROWS, LE);
        a = a.add(v.lanewise(LSHL, 11).lanewise(ASHR, 11).mul(IntVector.broadcast(I, x[xAt + 15]).reinterpretAsShorts()));
        a.intoArray(sums, to);
        a = v.lanewise(LSHL, 6).lanewise(ASHR, 11).mul(IntVector.broadcast(I, x[xAt + 16]).reinterpretAsShorts());
        a = a.add(v.lanewise(LSHL, 1).lanewise(ASHR, 11).mul(IntVector.broadcast(I, x[xAt + 17]).reinterpretAsShorts()));
        for (int j = 6; j < 10; j++) {
            v = ShortVector.fromMemorySegment(S, w, at + 2L * j * ROWS, LE);
            a = a.add(v.lanewise(LSHL, 11).lanewise(ASHR, 11).mul(IntVector.broadcast(I, x[xAt + 3 * j]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHL, 6).lanewise(ASHR, 11).mul(IntVector.broadcast(I, x[xAt + 3 * j + 1]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHL, 1).lanewise(ASHR, 11).mul(IntVector.broadcast(I, x[xAt + 3 * j + 2]).reinterpretAsShorts()));
        }
        v = ShortVector.fromMemorySegment(S, w, at + 20L * ROWS, LE);
        a = a.add(v.lanewise(LSHL, 11).lanewise(ASHR, 11).mul(IntVector.broadcast(I, x[xAt + 30]).reinterpretAsShorts()));
        a = a.add(v.lanewise(LSHL, 6).lanewise(ASHR, 11).mul(IntVector.broadcast(I, x[xAt + 31]).reinterpretAsShorts()));
        a.intoArray(sums, to + ROWS);
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

    /** {@code c[r] = sum_k w[r][k] x[k]} of 8-bit weights with a scale for every {@code 4 * words} columns. */
    static void bytes(MemorySegment w, long at, int runs, int words, float[] d, float[] spread, float[] excess, float[] c,
            int cAt) {
        for (int r = 0; r < ROWS; r += 4 * FL) {
            byteRows(w, at + 4L * r, runs, words, d, r, spread, excess, c, cAt + r);
        }
    }

    private static void byteRows(MemorySegment w, long at, int runs, int words, float[] d, int dAt, float[] x, float[] excess,
            float[] c, int cAt) {
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
                long from = at + 4L * ROWS * j;
                IntVector v0 = IntVector.fromMemorySegment(I, w, from, LE);
                IntVector v1 = IntVector.fromMemorySegment(I, w, from + 4L * FL, LE);
                IntVector v2 = IntVector.fromMemorySegment(I, w, from + 8L * FL, LE);
                IntVector v3 = IntVector.fromMemorySegment(I, w, from + 12L * FL, LE);
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
            t2 = a2.fma(FloatVector.fromArray(F, d, dAt + b * ROWS + 2 * FL), t2);
            t3 = a3.fma(FloatVector.fromArray(F, d, dAt + b * ROWS + 3 * FL), t3);
        }
        t0.intoArray(c, cAt);
        t1.intoArray(c, cAt + FL);
        t2.intoArray(c, cAt + 2 * FL);
        t3.intoArray(c, cAt + 3 * FL);
    }
}
