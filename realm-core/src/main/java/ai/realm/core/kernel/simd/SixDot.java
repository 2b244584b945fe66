package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.FloatGemm.ROWS;
import static ai.realm.core.kernel.simd.Lanes.F;
import static ai.realm.core.kernel.simd.Lanes.FL;
import static ai.realm.core.kernel.simd.Lanes.HALF_BITS;
import static ai.realm.core.kernel.simd.Lanes.HALF_S;
import static ai.realm.core.kernel.simd.Lanes.I;
import static ai.realm.core.kernel.simd.Lanes.LE;
import static ai.realm.core.kernel.simd.Lanes.S;
import static ai.realm.core.kernel.simd.Lanes.SL;
import static ai.realm.core.kernel.simd.Lanes.TWO_112;
import static ai.realm.core.kernel.simd.Lanes.WIDE;
import static ai.realm.core.kernel.simd.SimdActivations.twice;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/**
 * Products of one group of rows of 6-bit weights with one token, in 16-bit lanes. Eight columns, an octet, are three words, see
 * {@link Packing.Quants#SIX}; a word is shifted and not cut, and the activations take the surplus off, as with
 * {@link PackedDot#nibbleSums}. Sums of eight columns, centred, fit 16 bits.
 */
final class SixDot {
    /** Products of an octet: two whole weights and one or two pieces in each word. */
    static final int PRODUCTS = 10;

    private SixDot() {
    }

    /**
     * Turns a token's 8-bit numbers, each twice in an {@code int}, into the factors of {@link #sums}, and adds up what centres each octet's
     * sum.
     */
    static void prepare(int[] line, int octets, int[] factors, int at, int[] bias, int biasAt) {
        for (int o = 0; o < octets; o++) {
            int x0 = (short) line[8 * o];
            int x1 = (short) line[8 * o + 1];
            int x2 = (short) line[8 * o + 2];
            int x3 = (short) line[8 * o + 3];
            int x4 = (short) line[8 * o + 4];
            int x5 = (short) line[8 * o + 5];
            int x6 = (short) line[8 * o + 6];
            int x7 = (short) line[8 * o + 7];
            int to = at + PRODUCTS * o;
            factors[to] = twice(x0);
            factors[to + 1] = twice(x1 - 64 * x0);
            factors[to + 2] = twice(x6 - 64 * x1);
            factors[to + 3] = twice(x2);
            factors[to + 4] = twice(x3 - 64 * x2);
            factors[to + 5] = twice(16 * x6 - 64 * x3);
            factors[to + 6] = twice(16 * x7 - 64 * x6);
            factors[to + 7] = twice(x4);
            factors[to + 8] = twice(x5 - 64 * x4);
            factors[to + 9] = twice(x7 - 64 * x5);
            bias[biasAt + o] = twice(-Packing.Quants.SIX.centre * (x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7));
        }
    }

    /** {@code sums[o][r]} of every octet, the centre taken off. */
    static void sums(MemorySegment w, long at, int octets, int[] x, int xAt, int[] bias, int biasAt, short[] sums) {
        for (int r = 0; r < ROWS; r += 2 * SL) {
            rows(w, at + 2L * r, octets, x, xAt, bias, biasAt, sums, r);
        }
    }

    private static void rows(MemorySegment w, long at, int octets, int[] x, int xAt, int[] bias, int biasAt, short[] sums,
            int to) {
        ShortVector n6 = ShortVector.broadcast(S, (short) 6);
        ShortVector n12 = ShortVector.broadcast(S, (short) 12);
        ShortVector n14 = ShortVector.broadcast(S, (short) 14);
        for (int o = 0; o < octets; o++) {
            long word = at + 6L * ROWS * o;
            int f = xAt + PRODUCTS * o;
            ShortVector a = IntVector.broadcast(I, bias[biasAt + o]).reinterpretAsShorts();
            ShortVector c = a;
            ShortVector v = ShortVector.fromMemorySegment(S, w, word, LE);
            ShortVector u = ShortVector.fromMemorySegment(S, w, word + 2L * SL, LE);
            ShortVector y = IntVector.broadcast(I, x[f]).reinterpretAsShorts();
            a = a.add(v.mul(y));
            c = c.add(u.mul(y));
            y = IntVector.broadcast(I, x[f + 1]).reinterpretAsShorts();
            a = a.add((WIDE ? v.lanewise(LSHR, n6) : v.lanewise(LSHR, 6)).mul(y));
            c = c.add((WIDE ? u.lanewise(LSHR, n6) : u.lanewise(LSHR, 6)).mul(y));
            y = IntVector.broadcast(I, x[f + 2]).reinterpretAsShorts();
            a = a.add((WIDE ? v.lanewise(LSHR, n12) : v.lanewise(LSHR, 12)).mul(y));
            c = c.add((WIDE ? u.lanewise(LSHR, n12) : u.lanewise(LSHR, 12)).mul(y));
            v = ShortVector.fromMemorySegment(S, w, word + 2L * ROWS, LE);
            u = ShortVector.fromMemorySegment(S, w, word + 2L * ROWS + 2L * SL, LE);
            y = IntVector.broadcast(I, x[f + 3]).reinterpretAsShorts();
            a = a.add(v.mul(y));
            c = c.add(u.mul(y));
            y = IntVector.broadcast(I, x[f + 4]).reinterpretAsShorts();
            a = a.add((WIDE ? v.lanewise(LSHR, n6) : v.lanewise(LSHR, 6)).mul(y));
            c = c.add((WIDE ? u.lanewise(LSHR, n6) : u.lanewise(LSHR, 6)).mul(y));
            y = IntVector.broadcast(I, x[f + 5]).reinterpretAsShorts();
            a = a.add((WIDE ? v.lanewise(LSHR, n12) : v.lanewise(LSHR, 12)).mul(y));
            c = c.add((WIDE ? u.lanewise(LSHR, n12) : u.lanewise(LSHR, 12)).mul(y));
            y = IntVector.broadcast(I, x[f + 6]).reinterpretAsShorts();
            a = a.add((WIDE ? v.lanewise(LSHR, n14) : v.lanewise(LSHR, 14)).mul(y));
            c = c.add((WIDE ? u.lanewise(LSHR, n14) : u.lanewise(LSHR, 14)).mul(y));
            v = ShortVector.fromMemorySegment(S, w, word + 4L * ROWS, LE);
            u = ShortVector.fromMemorySegment(S, w, word + 4L * ROWS + 2L * SL, LE);
            y = IntVector.broadcast(I, x[f + 7]).reinterpretAsShorts();
            a = a.add(v.mul(y));
            c = c.add(u.mul(y));
            y = IntVector.broadcast(I, x[f + 8]).reinterpretAsShorts();
            a = a.add((WIDE ? v.lanewise(LSHR, n6) : v.lanewise(LSHR, 6)).mul(y));
            c = c.add((WIDE ? u.lanewise(LSHR, n6) : u.lanewise(LSHR, 6)).mul(y));
            y = IntVector.broadcast(I, x[f + 9]).reinterpretAsShorts();
            a = a.add((WIDE ? v.lanewise(LSHR, n12) : v.lanewise(LSHR, 12)).mul(y));
            c = c.add((WIDE ? u.lanewise(LSHR, n12) : u.lanewise(LSHR, 12)).mul(y));
            a.intoArray(sums, to + o * ROWS);
            c.intoArray(sums, to + o * ROWS + SL);
        }
    }

    /**
     * {@code c[r] = sum_h (sums[2h][r] + sums[2h + 1][r]) * d[h][r] * dx[h / 2]} over half blocks {@code h}, whose scales are turned into
     * fp32 where they are used.
     *
     * @param at where the group's scales are, see {@link Packing.Scales#SUPER_16}
     */
    static void scale(MemorySegment w, long at, int blocks, short[] sums, float[] dx, int xAt, float[] c, int cAt) {
        for (int r = 0; r < ROWS; r += 2 * FL) {
            scaleRows(w, at + 2L * r, blocks, sums, r, dx, xAt, c, cAt + r);
        }
    }

    private static void scaleRows(MemorySegment w, long at, int blocks, short[] sums, int sumsAt, float[] dx, int xAt, float[] c,
            int cAt) {
        FloatVector a0 = FloatVector.zero(F);
        FloatVector a1 = a0;
        for (int s = 0; s < blocks / 8; s++) {
            long d = at + 2L * s * ROWS;
            IntVector v0 = (IntVector) ShortVector.fromMemorySegment(HALF_S, w, d, LE).castShape(I, 0);
            IntVector v1 = (IntVector) ShortVector.fromMemorySegment(HALF_S, w, d + 2L * FL, LE).castShape(I, 0);
            FloatVector d0 = v0.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector d1 = v1.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            for (int b = 8 * s; b < 8 * s + 8; b++) {
                long word = at + 2L * (blocks / 8 + b) * ROWS;
                v0 = (IntVector) ShortVector.fromMemorySegment(HALF_S, w, word, LE).castShape(I, 0);
                v1 = (IntVector) ShortVector.fromMemorySegment(HALF_S, w, word + 2L * FL, LE).castShape(I, 0);
                FloatVector x = FloatVector.broadcast(F, dx[xAt + b]);
                FloatVector e0 = d0.mul(x);
                FloatVector e1 = d1.mul(x);
                int q = sumsAt + 4 * b * ROWS;
                FloatVector f0 = ((FloatVector) ShortVector.fromArray(HALF_S, sums, q).castShape(F, 0))
                        .add((FloatVector) ShortVector.fromArray(HALF_S, sums, q + ROWS).castShape(F, 0));
                FloatVector f1 = ((FloatVector) ShortVector.fromArray(HALF_S, sums, q + FL).castShape(F, 0))
                        .add((FloatVector) ShortVector.fromArray(HALF_S, sums, q + ROWS + FL).castShape(F, 0));
                a0 = f0.fma(((FloatVector) v0.lanewise(LSHL, 24).lanewise(ASHR, 24).castShape(F, 0)).mul(e0), a0);
                a1 = f1.fma(((FloatVector) v1.lanewise(LSHL, 24).lanewise(ASHR, 24).castShape(F, 0)).mul(e1), a1);
                f0 = ((FloatVector) ShortVector.fromArray(HALF_S, sums, q + 2 * ROWS).castShape(F, 0))
                        .add((FloatVector) ShortVector.fromArray(HALF_S, sums, q + 3 * ROWS).castShape(F, 0));
                f1 = ((FloatVector) ShortVector.fromArray(HALF_S, sums, q + 2 * ROWS + FL).castShape(F, 0))
                        .add((FloatVector) ShortVector.fromArray(HALF_S, sums, q + 3 * ROWS + FL).castShape(F, 0));
                a0 = f0.fma(((FloatVector) v0.lanewise(ASHR, 8).castShape(F, 0)).mul(e0), a0);
                a1 = f1.fma(((FloatVector) v1.lanewise(ASHR, 8).castShape(F, 0)).mul(e1), a1);
            }
        }
        a0.intoArray(c, cAt);
        a1.intoArray(c, cAt + FL);
    }
}
