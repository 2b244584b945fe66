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

/** Products of one group of packed rows with one token, unpacked in registers: what decoding is made of. */
final class PackedDot {
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

    /** {@code c[r] = sum_k w[r][k] x[k]} of 8-bit weights with a scale for every {@code 4 * words} columns. */
    static void bytes(MemorySegment w, long at, int runs, int words, float[] d, float[] x, int xAt, float[] c, int cAt) {
        for (int r = 0; r < ROWS; r += 4 * FL) {
            byteRows(w, at + 4L * r, runs, words, d, r, x, xAt, c, cAt + r);
        }
    }

    private static void byteRows(MemorySegment w, long at, int runs, int words, float[] d, int dAt, float[] x, int xAt, float[] c,
            int cAt) {
        FloatVector t0 = FloatVector.zero(F);
        FloatVector t1 = FloatVector.zero(F);
        FloatVector t2 = FloatVector.zero(F);
        FloatVector t3 = FloatVector.zero(F);
        for (int b = 0; b < runs; b++) {
            FloatVector a0 = FloatVector.zero(F);
            FloatVector a1 = FloatVector.zero(F);
            FloatVector a2 = FloatVector.zero(F);
            FloatVector a3 = FloatVector.zero(F);
            for (int j = 0; j < words; j++) {
                long from = at + 4L * ROWS * (b * words + j);
                int xi = xAt + 4 * (b * words + j);
                IntVector v0 = IntVector.fromMemorySegment(I, w, from, LE);
                IntVector v1 = IntVector.fromMemorySegment(I, w, from + 4L * FL, LE);
                IntVector v2 = IntVector.fromMemorySegment(I, w, from + 8L * FL, LE);
                IntVector v3 = IntVector.fromMemorySegment(I, w, from + 12L * FL, LE);
                FloatVector y = FloatVector.broadcast(F, x[xi]);
                a0 = ((FloatVector) v0.lanewise(LSHL, 24).lanewise(ASHR, 24).castShape(F, 0)).fma(y, a0);
                a1 = ((FloatVector) v1.lanewise(LSHL, 24).lanewise(ASHR, 24).castShape(F, 0)).fma(y, a1);
                a2 = ((FloatVector) v2.lanewise(LSHL, 24).lanewise(ASHR, 24).castShape(F, 0)).fma(y, a2);
                a3 = ((FloatVector) v3.lanewise(LSHL, 24).lanewise(ASHR, 24).castShape(F, 0)).fma(y, a3);
                y = FloatVector.broadcast(F, x[xi + 1]);
                a0 = ((FloatVector) v0.lanewise(LSHL, 16).lanewise(ASHR, 24).castShape(F, 0)).fma(y, a0);
                a1 = ((FloatVector) v1.lanewise(LSHL, 16).lanewise(ASHR, 24).castShape(F, 0)).fma(y, a1);
                a2 = ((FloatVector) v2.lanewise(LSHL, 16).lanewise(ASHR, 24).castShape(F, 0)).fma(y, a2);
                a3 = ((FloatVector) v3.lanewise(LSHL, 16).lanewise(ASHR, 24).castShape(F, 0)).fma(y, a3);
                y = FloatVector.broadcast(F, x[xi + 2]);
                a0 = ((FloatVector) v0.lanewise(LSHL, 8).lanewise(ASHR, 24).castShape(F, 0)).fma(y, a0);
                a1 = ((FloatVector) v1.lanewise(LSHL, 8).lanewise(ASHR, 24).castShape(F, 0)).fma(y, a1);
                a2 = ((FloatVector) v2.lanewise(LSHL, 8).lanewise(ASHR, 24).castShape(F, 0)).fma(y, a2);
                a3 = ((FloatVector) v3.lanewise(LSHL, 8).lanewise(ASHR, 24).castShape(F, 0)).fma(y, a3);
                y = FloatVector.broadcast(F, x[xi + 3]);
                a0 = ((FloatVector) v0.lanewise(ASHR, 24).castShape(F, 0)).fma(y, a0);
                a1 = ((FloatVector) v1.lanewise(ASHR, 24).castShape(F, 0)).fma(y, a1);
                a2 = ((FloatVector) v2.lanewise(ASHR, 24).castShape(F, 0)).fma(y, a2);
                a3 = ((FloatVector) v3.lanewise(ASHR, 24).castShape(F, 0)).fma(y, a3);
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
