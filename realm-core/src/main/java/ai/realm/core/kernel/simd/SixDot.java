package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.FloatGemm.ROWS;
import static ai.realm.core.kernel.simd.Lanes.F;
import static ai.realm.core.kernel.simd.Lanes.FL;
import static ai.realm.core.kernel.simd.Lanes.HALF_BITS;
import static ai.realm.core.kernel.simd.Lanes.I;
import static ai.realm.core.kernel.simd.Lanes.LE;
import static ai.realm.core.kernel.simd.Lanes.S;
import static ai.realm.core.kernel.simd.Lanes.SL;
import static ai.realm.core.kernel.simd.Lanes.TWO_112;
import static ai.realm.core.kernel.simd.Lanes.WIDE;
import static ai.realm.core.kernel.simd.NativeMemory.ADDRESS;
import static ai.realm.core.kernel.simd.NativeMemory.ALL;
import static ai.realm.core.kernel.simd.SimdActivations.twice;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/**
 * Products of one group of rows of 6-bit weights with one token, in 16-bit lanes. Eight columns, an octet, are three words, see
 * {@link Packing.Quants#SIX}; a word is shifted and not cut, and the activations take the surplus off, as with
 * {@link NibbleDot}. Sums of eight columns, centred, fit 16 bits.
 */
final class SixDot {
    /** Products of an octet: two whole weights and one or two pieces in each word. */
    static final int PRODUCTS = 10;

    private SixDot() {
    }

    /**
     * Turns a token's 8-bit numbers, each twice in an {@code int}, into the factors of {@link #rows}, and adds up what centres each octet's
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

    /**
     * {@code near = sum_h s[h][r] * (d[h][r] * dx[h / 2])} over half blocks {@code h}, whose products {@code s} are two octets', scaled in the
     * registers that they were made in; rows as {@link NibbleDot#inOrder} takes them.
     *
     * @param scales where the group's scales are in {@link NativeMemory#ALL}, see {@link Packing.Scales#SUPER_16}
     * @param quants where its weights are
     * @param t which of the tokens that were prepared
     */
    static void rows(long scales, long quants, int blocks, int[] x, int[] bias, float[] dx, int t, float[] near) {
        for (int r = 0; r < ROWS; r += 2 * SL) {
            rows(scales + 2L * r, quants + 2L * r, blocks, x, 4 * blocks * PRODUCTS * t, bias, 4 * blocks * t, dx, blocks * t,
                    near, r);
        }
    }

    private static void rows(long scales, long quants, int blocks, int[] x, int xAt, int[] bias, int biasAt, float[] dx, int dxAt,
            float[] near, int to) {
        ShortVector n6 = ShortVector.broadcast(S, (short) 6);
        ShortVector n12 = ShortVector.broadcast(S, (short) 12);
        ShortVector n14 = ShortVector.broadcast(S, (short) 14);
        FloatVector t0 = FloatVector.zero(F);
        FloatVector t1 = t0;
        FloatVector t2 = t0;
        FloatVector t3 = t0;
        for (int s = 0; s < blocks / 8; s++) {
            long p = scales + 2L * ROWS * s & ADDRESS;
            IntVector i = ShortVector.fromMemorySegment(S, ALL, p, LE).reinterpretAsInts();
            IntVector k = ShortVector.fromMemorySegment(S, ALL, p + 2L * SL, LE).reinterpretAsInts();
            FloatVector d0 = i.lanewise(LSHL, 16).lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector d1 = i.lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector d2 = k.lanewise(LSHL, 16).lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector d3 = k.lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            for (int h = 16 * s; h < 16 * s + 16; h++) {
                IntVector f0 = IntVector.zero(I);
                IntVector f1 = f0;
                IntVector f2 = f0;
                IntVector f3 = f0;
                for (int o = 2 * h; o < 2 * h + 2; o++) {
                    long w = quants + 6L * ROWS * o & ADDRESS;
                    int f = xAt + PRODUCTS * o;
                    ShortVector a = IntVector.broadcast(I, bias[biasAt + o]).reinterpretAsShorts();
                    ShortVector c = a;
                    ShortVector v = ShortVector.fromMemorySegment(S, ALL, w, LE);
                    ShortVector u = ShortVector.fromMemorySegment(S, ALL, w + 2L * SL, LE);
                    ShortVector y = IntVector.broadcast(I, x[f]).reinterpretAsShorts();
                    ShortVector z = IntVector.broadcast(I, x[f + 1]).reinterpretAsShorts();
                    a = a.add(v.mul(y).add((WIDE ? v.lanewise(LSHR, n6) : v.lanewise(LSHR, 6)).mul(z)));
                    c = c.add(u.mul(y).add((WIDE ? u.lanewise(LSHR, n6) : u.lanewise(LSHR, 6)).mul(z)));
                    y = IntVector.broadcast(I, x[f + 2]).reinterpretAsShorts();
                    a = a.add((WIDE ? v.lanewise(LSHR, n12) : v.lanewise(LSHR, 12)).mul(y));
                    c = c.add((WIDE ? u.lanewise(LSHR, n12) : u.lanewise(LSHR, 12)).mul(y));
                    v = ShortVector.fromMemorySegment(S, ALL, w + 2L * ROWS, LE);
                    u = ShortVector.fromMemorySegment(S, ALL, w + 2L * ROWS + 2L * SL, LE);
                    y = IntVector.broadcast(I, x[f + 3]).reinterpretAsShorts();
                    z = IntVector.broadcast(I, x[f + 4]).reinterpretAsShorts();
                    a = a.add(v.mul(y).add((WIDE ? v.lanewise(LSHR, n6) : v.lanewise(LSHR, 6)).mul(z)));
                    c = c.add(u.mul(y).add((WIDE ? u.lanewise(LSHR, n6) : u.lanewise(LSHR, 6)).mul(z)));
                    y = IntVector.broadcast(I, x[f + 5]).reinterpretAsShorts();
                    z = IntVector.broadcast(I, x[f + 6]).reinterpretAsShorts();
                    a = a.add((WIDE ? v.lanewise(LSHR, n12) : v.lanewise(LSHR, 12)).mul(y)
                            .add((WIDE ? v.lanewise(LSHR, n14) : v.lanewise(LSHR, 14)).mul(z)));
                    c = c.add((WIDE ? u.lanewise(LSHR, n12) : u.lanewise(LSHR, 12)).mul(y)
                            .add((WIDE ? u.lanewise(LSHR, n14) : u.lanewise(LSHR, 14)).mul(z)));
                    v = ShortVector.fromMemorySegment(S, ALL, w + 4L * ROWS, LE);
                    u = ShortVector.fromMemorySegment(S, ALL, w + 4L * ROWS + 2L * SL, LE);
                    y = IntVector.broadcast(I, x[f + 7]).reinterpretAsShorts();
                    z = IntVector.broadcast(I, x[f + 8]).reinterpretAsShorts();
                    a = a.add(v.mul(y).add((WIDE ? v.lanewise(LSHR, n6) : v.lanewise(LSHR, 6)).mul(z)));
                    c = c.add(u.mul(y).add((WIDE ? u.lanewise(LSHR, n6) : u.lanewise(LSHR, 6)).mul(z)));
                    y = IntVector.broadcast(I, x[f + 9]).reinterpretAsShorts();
                    a = a.add((WIDE ? v.lanewise(LSHR, n12) : v.lanewise(LSHR, 12)).mul(y));
                    c = c.add((WIDE ? u.lanewise(LSHR, n12) : u.lanewise(LSHR, 12)).mul(y));
                    i = a.reinterpretAsInts();
                    k = c.reinterpretAsInts();
                    f0 = f0.add(i.lanewise(LSHL, 16).lanewise(ASHR, 16));
                    f1 = f1.add(i.lanewise(ASHR, 16));
                    f2 = f2.add(k.lanewise(LSHL, 16).lanewise(ASHR, 16));
                    f3 = f3.add(k.lanewise(ASHR, 16));
                }
                p = scales + 2L * ROWS * (blocks / 8 + h / 2) & ADDRESS;
                i = ShortVector.fromMemorySegment(S, ALL, p, LE).reinterpretAsInts();
                k = ShortVector.fromMemorySegment(S, ALL, p + 2L * SL, LE).reinterpretAsInts();
                int up = 8 - 8 * (h % 2);
                FloatVector y = FloatVector.broadcast(F, dx[dxAt + h / 2]);
                FloatVector e0 = (FloatVector) i.lanewise(LSHL, up + 16).lanewise(ASHR, 24).castShape(F, 0);
                FloatVector e1 = (FloatVector) i.lanewise(LSHL, up).lanewise(ASHR, 24).castShape(F, 0);
                FloatVector e2 = (FloatVector) k.lanewise(LSHL, up + 16).lanewise(ASHR, 24).castShape(F, 0);
                FloatVector e3 = (FloatVector) k.lanewise(LSHL, up).lanewise(ASHR, 24).castShape(F, 0);
                t0 = ((FloatVector) f0.castShape(F, 0)).fma(e0.mul(d0.mul(y)), t0);
                t1 = ((FloatVector) f1.castShape(F, 0)).fma(e1.mul(d1.mul(y)), t1);
                t2 = ((FloatVector) f2.castShape(F, 0)).fma(e2.mul(d2.mul(y)), t2);
                t3 = ((FloatVector) f3.castShape(F, 0)).fma(e3.mul(d3.mul(y)), t3);
            }
        }
        t0.intoArray(near, to);
        t1.intoArray(near, to + FL);
        t2.intoArray(near, to + 2 * FL);
        t3.intoArray(near, to + 3 * FL);
    }
}
