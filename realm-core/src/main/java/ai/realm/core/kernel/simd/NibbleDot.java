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
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * Products of one group of rows of 4-bit weights with one token: what decoding is made of. A block's 16-bit sums are scaled in the
 * registers that they were made in, and scales turned into fp32 where they are used.
 *
 * <p>Weights are unsigned; {@code bias} is what takes off the centre, {@code -8 * sum(x)} of a block twice in an {@code int}. Sums are
 * exact modulo 2^16, and the centred ones fit 16 bits. So a word need not be cut into its weights: shifted right it still holds those
 * above, 16 times each, and the activations, as {@link #steps}, take those off again.
 *
 * <p>Even and odd lanes of 16 bits are widened apart; {@link #inOrder} puts rows right at the end. The loop over a block stands in each
 * method, as its sums must not leave the registers.
 */
final class NibbleDot {
    /** What sums are centred by. */
    private static final float CENTRE = 8;
    /** What {@link #steps} takes off: the lowest weight of a word has nothing below it. */
    private static final int[] FACTORS = new int[32];
    private static final VectorShuffle<Float> LOWER = VectorShuffle.fromOp(F, i -> i / 2);
    private static final VectorShuffle<Float> UPPER = VectorShuffle.fromOp(F, i -> (i + FL) / 2);
    private static final VectorMask<Float> ODD = VectorMask.fromLong(F, 0xaaaaaaaaL & (1L << FL) - 1);

    static {
        for (int i = 0; i < 32; i++) {
            FACTORS[i] = i % 4 == 0 ? 0 : 16 * 0x10001;
        }
    }

    private NibbleDot() {
    }

    /**
     * {@code near = sum_b sums[b][r] * (d[b][r] * dx[b])} of weights with a scale for 32 columns, rows as {@link #inOrder} takes them.
     *
     * @param scales where the group's scales are in {@link NativeMemory#ALL}
     * @param quants where its weights are
     */
    static void half(long scales, long quants, int blocks, int[] x, int xAt, int[] bias, float[] dx, int at, float[] near) {
        for (int r = 0; r < ROWS; r += 2 * SL) {
            halfRows(scales + 2L * r, quants + 2L * r, blocks, x, xAt, bias, dx, at, near, r);
        }
    }

    private static void halfRows(long scales, long quants, int blocks, int[] x, int xAt, int[] bias, float[] dx, int at,
            float[] near, int to) {
        ShortVector n4 = ShortVector.broadcast(S, (short) 4);
        ShortVector n8 = ShortVector.broadcast(S, (short) 8);
        ShortVector n12 = ShortVector.broadcast(S, (short) 12);
        FloatVector t0 = FloatVector.zero(F);
        FloatVector t1 = t0;
        FloatVector t2 = t0;
        FloatVector t3 = t0;
        for (int b = 0; b < blocks; b++) {
            long w = quants + 16L * ROWS * b & ADDRESS;
            int xb = xAt + 32 * b;
            ShortVector a = IntVector.broadcast(I, bias[at + b]).reinterpretAsShorts();
            ShortVector c = a;
            for (int j = 0; j < 8; j++) {
                ShortVector v = ShortVector.fromMemorySegment(S, ALL, w + 2L * ROWS * j, LE);
                ShortVector u = ShortVector.fromMemorySegment(S, ALL, w + 2L * ROWS * j + 2L * SL, LE);
                ShortVector y = IntVector.broadcast(I, x[xb + 4 * j]).reinterpretAsShorts();
                ShortVector z = IntVector.broadcast(I, x[xb + 4 * j + 1]).reinterpretAsShorts();
                a = a.add(v.mul(y).add((WIDE ? v.lanewise(LSHR, n4) : v.lanewise(LSHR, 4)).mul(z)));
                c = c.add(u.mul(y).add((WIDE ? u.lanewise(LSHR, n4) : u.lanewise(LSHR, 4)).mul(z)));
                y = IntVector.broadcast(I, x[xb + 4 * j + 2]).reinterpretAsShorts();
                z = IntVector.broadcast(I, x[xb + 4 * j + 3]).reinterpretAsShorts();
                a = a.add((WIDE ? v.lanewise(LSHR, n8) : v.lanewise(LSHR, 8)).mul(y)
                        .add((WIDE ? v.lanewise(LSHR, n12) : v.lanewise(LSHR, 12)).mul(z)));
                c = c.add((WIDE ? u.lanewise(LSHR, n8) : u.lanewise(LSHR, 8)).mul(y)
                        .add((WIDE ? u.lanewise(LSHR, n12) : u.lanewise(LSHR, 12)).mul(z)));
            }
            long q = scales + 2L * ROWS * b & ADDRESS;
            IntVector v = ShortVector.fromMemorySegment(S, ALL, q, LE).reinterpretAsInts();
            IntVector u = ShortVector.fromMemorySegment(S, ALL, q + 2L * SL, LE).reinterpretAsInts();
            FloatVector d = FloatVector.broadcast(F, dx[at + b]);
            FloatVector d0 = v.lanewise(LSHL, 16).lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112).mul(d);
            FloatVector d1 = v.lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112).mul(d);
            FloatVector d2 = u.lanewise(LSHL, 16).lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112).mul(d);
            FloatVector d3 = u.lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112).mul(d);
            v = a.reinterpretAsInts();
            u = c.reinterpretAsInts();
            t0 = ((FloatVector) v.lanewise(LSHL, 16).lanewise(ASHR, 16).castShape(F, 0)).fma(d0, t0);
            t1 = ((FloatVector) v.lanewise(ASHR, 16).castShape(F, 0)).fma(d1, t1);
            t2 = ((FloatVector) u.lanewise(LSHL, 16).lanewise(ASHR, 16).castShape(F, 0)).fma(d2, t2);
            t3 = ((FloatVector) u.lanewise(ASHR, 16).castShape(F, 0)).fma(d3, t3);
        }
        t0.intoArray(near, to);
        t1.intoArray(near, to + FL);
        t2.intoArray(near, to + 2 * FL);
        t3.intoArray(near, to + 3 * FL);
    }

    /**
     * As {@link #half} of weights with a minimum for 32 columns, too: {@code sum_b (m[b][r] + 8 * d[b][r]) * sx[b]} is added at the end.
     *
     * @param sx sums of each block's activations
     */
    static void halfMin(long scales, long quants, int blocks, int[] x, int xAt, int[] bias, float[] dx, float[] sx, int at,
            float[] near) {
        for (int r = 0; r < ROWS; r += 2 * SL) {
            halfMinRows(scales + 2L * r, quants + 2L * r, blocks, x, xAt, bias, dx, sx, at, near, r);
        }
    }

    private static void halfMinRows(long scales, long quants, int blocks, int[] x, int xAt, int[] bias, float[] dx, float[] sx,
            int at, float[] near, int to) {
        ShortVector n4 = ShortVector.broadcast(S, (short) 4);
        ShortVector n8 = ShortVector.broadcast(S, (short) 8);
        ShortVector n12 = ShortVector.broadcast(S, (short) 12);
        FloatVector t0 = FloatVector.zero(F);
        FloatVector t1 = t0;
        FloatVector t2 = t0;
        FloatVector t3 = t0;
        FloatVector z0 = t0;
        FloatVector z1 = t0;
        FloatVector z2 = t0;
        FloatVector z3 = t0;
        FloatVector centre = FloatVector.broadcast(F, CENTRE);
        for (int b = 0; b < blocks; b++) {
            long w = quants + 16L * ROWS * b & ADDRESS;
            int xb = xAt + 32 * b;
            ShortVector a = IntVector.broadcast(I, bias[at + b]).reinterpretAsShorts();
            ShortVector c = a;
            for (int j = 0; j < 8; j++) {
                ShortVector v = ShortVector.fromMemorySegment(S, ALL, w + 2L * ROWS * j, LE);
                ShortVector u = ShortVector.fromMemorySegment(S, ALL, w + 2L * ROWS * j + 2L * SL, LE);
                ShortVector y = IntVector.broadcast(I, x[xb + 4 * j]).reinterpretAsShorts();
                ShortVector z = IntVector.broadcast(I, x[xb + 4 * j + 1]).reinterpretAsShorts();
                a = a.add(v.mul(y).add((WIDE ? v.lanewise(LSHR, n4) : v.lanewise(LSHR, 4)).mul(z)));
                c = c.add(u.mul(y).add((WIDE ? u.lanewise(LSHR, n4) : u.lanewise(LSHR, 4)).mul(z)));
                y = IntVector.broadcast(I, x[xb + 4 * j + 2]).reinterpretAsShorts();
                z = IntVector.broadcast(I, x[xb + 4 * j + 3]).reinterpretAsShorts();
                a = a.add((WIDE ? v.lanewise(LSHR, n8) : v.lanewise(LSHR, 8)).mul(y)
                        .add((WIDE ? v.lanewise(LSHR, n12) : v.lanewise(LSHR, 12)).mul(z)));
                c = c.add((WIDE ? u.lanewise(LSHR, n8) : u.lanewise(LSHR, 8)).mul(y)
                        .add((WIDE ? u.lanewise(LSHR, n12) : u.lanewise(LSHR, 12)).mul(z)));
            }
            long q = scales + 2L * ROWS * b & ADDRESS;
            IntVector v = ShortVector.fromMemorySegment(S, ALL, q, LE).reinterpretAsInts();
            IntVector u = ShortVector.fromMemorySegment(S, ALL, q + 2L * SL, LE).reinterpretAsInts();
            FloatVector d0 = v.lanewise(LSHL, 16).lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector d1 = v.lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector d2 = u.lanewise(LSHL, 16).lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector d3 = u.lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector d = FloatVector.broadcast(F, dx[at + b]);
            v = a.reinterpretAsInts();
            u = c.reinterpretAsInts();
            t0 = ((FloatVector) v.lanewise(LSHL, 16).lanewise(ASHR, 16).castShape(F, 0)).fma(d0.mul(d), t0);
            t1 = ((FloatVector) v.lanewise(ASHR, 16).castShape(F, 0)).fma(d1.mul(d), t1);
            t2 = ((FloatVector) u.lanewise(LSHL, 16).lanewise(ASHR, 16).castShape(F, 0)).fma(d2.mul(d), t2);
            t3 = ((FloatVector) u.lanewise(ASHR, 16).castShape(F, 0)).fma(d3.mul(d), t3);
            q = scales + 2L * ROWS * (blocks + b) & ADDRESS;
            v = ShortVector.fromMemorySegment(S, ALL, q, LE).reinterpretAsInts();
            u = ShortVector.fromMemorySegment(S, ALL, q + 2L * SL, LE).reinterpretAsInts();
            d = FloatVector.broadcast(F, sx[at + b]);
            d0 = d0.fma(centre, v.lanewise(LSHL, 16).lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112));
            d1 = d1.fma(centre, v.lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112));
            d2 = d2.fma(centre, u.lanewise(LSHL, 16).lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112));
            d3 = d3.fma(centre, u.lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112));
            z0 = d0.fma(d, z0);
            z1 = d1.fma(d, z1);
            z2 = d2.fma(d, z2);
            z3 = d3.fma(d, z3);
        }
        t0.add(z0).intoArray(near, to);
        t1.add(z1).intoArray(near, to + FL);
        t2.add(z2).intoArray(near, to + 2 * FL);
        t3.add(z3).intoArray(near, to + 3 * FL);
    }

    /**
     * As {@link #halfMin} of weights whose scales and minima are small numbers beside those of 256 columns.
     *
     * @param scales see {@link Packing.Scales#SUPER_MIN}
     */
    static void superMin(long scales, long quants, int blocks, int[] x, int xAt, int[] bias, float[] dx, float[] sx, int at,
            float[] near) {
        for (int r = 0; r < ROWS; r += 2 * SL) {
            superMinRows(scales + 2L * r, quants + 2L * r, blocks, x, xAt, bias, dx, sx, at, near, r);
        }
    }

    private static void superMinRows(long scales, long quants, int blocks, int[] x, int xAt, int[] bias, float[] dx, float[] sx,
            int at, float[] near, int to) {
        ShortVector n4 = ShortVector.broadcast(S, (short) 4);
        ShortVector n8 = ShortVector.broadcast(S, (short) 8);
        ShortVector n12 = ShortVector.broadcast(S, (short) 12);
        FloatVector t0 = FloatVector.zero(F);
        FloatVector t1 = t0;
        FloatVector t2 = t0;
        FloatVector t3 = t0;
        FloatVector z0 = t0;
        FloatVector z1 = t0;
        FloatVector z2 = t0;
        FloatVector z3 = t0;
        FloatVector centre = FloatVector.broadcast(F, CENTRE);
        for (int s = 0; s < blocks / 8; s++) {
            long p = scales + 2L * ROWS * s & ADDRESS;
            IntVector v = ShortVector.fromMemorySegment(S, ALL, p, LE).reinterpretAsInts();
            IntVector u = ShortVector.fromMemorySegment(S, ALL, p + 2L * SL, LE).reinterpretAsInts();
            FloatVector d0 = v.lanewise(LSHL, 16).lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector d1 = v.lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector d2 = u.lanewise(LSHL, 16).lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector d3 = u.lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            p = scales + 2L * ROWS * (blocks / 8 + s) & ADDRESS;
            v = ShortVector.fromMemorySegment(S, ALL, p, LE).reinterpretAsInts();
            u = ShortVector.fromMemorySegment(S, ALL, p + 2L * SL, LE).reinterpretAsInts();
            FloatVector m0 = v.lanewise(LSHL, 16).lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(-TWO_112);
            FloatVector m1 = v.lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(-TWO_112);
            FloatVector m2 = u.lanewise(LSHL, 16).lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(-TWO_112);
            FloatVector m3 = u.lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(-TWO_112);
            for (int b = 8 * s; b < 8 * s + 8; b++) {
                long w = quants + 16L * ROWS * b & ADDRESS;
                int xb = xAt + 32 * b;
                ShortVector a = IntVector.broadcast(I, bias[at + b]).reinterpretAsShorts();
                ShortVector c = a;
                for (int j = 0; j < 8; j++) {
                    ShortVector f = ShortVector.fromMemorySegment(S, ALL, w + 2L * ROWS * j, LE);
                    ShortVector g = ShortVector.fromMemorySegment(S, ALL, w + 2L * ROWS * j + 2L * SL, LE);
                    ShortVector y = IntVector.broadcast(I, x[xb + 4 * j]).reinterpretAsShorts();
                    ShortVector z = IntVector.broadcast(I, x[xb + 4 * j + 1]).reinterpretAsShorts();
                    a = a.add(f.mul(y).add((WIDE ? f.lanewise(LSHR, n4) : f.lanewise(LSHR, 4)).mul(z)));
                    c = c.add(g.mul(y).add((WIDE ? g.lanewise(LSHR, n4) : g.lanewise(LSHR, 4)).mul(z)));
                    y = IntVector.broadcast(I, x[xb + 4 * j + 2]).reinterpretAsShorts();
                    z = IntVector.broadcast(I, x[xb + 4 * j + 3]).reinterpretAsShorts();
                    a = a.add((WIDE ? f.lanewise(LSHR, n8) : f.lanewise(LSHR, 8)).mul(y)
                            .add((WIDE ? f.lanewise(LSHR, n12) : f.lanewise(LSHR, 12)).mul(z)));
                    c = c.add((WIDE ? g.lanewise(LSHR, n8) : g.lanewise(LSHR, 8)).mul(y)
                            .add((WIDE ? g.lanewise(LSHR, n12) : g.lanewise(LSHR, 12)).mul(z)));
                }
                p = scales + 2L * ROWS * (blocks / 4 + b) & ADDRESS;
                v = ShortVector.fromMemorySegment(S, ALL, p, LE).reinterpretAsInts();
                u = ShortVector.fromMemorySegment(S, ALL, p + 2L * SL, LE).reinterpretAsInts();
                FloatVector e0 = ((FloatVector) v.and(63).castShape(F, 0)).mul(d0);
                FloatVector e1 = ((FloatVector) v.lanewise(LSHR, 16).and(63).castShape(F, 0)).mul(d1);
                FloatVector e2 = ((FloatVector) u.and(63).castShape(F, 0)).mul(d2);
                FloatVector e3 = ((FloatVector) u.lanewise(LSHR, 16).and(63).castShape(F, 0)).mul(d3);
                IntVector i = a.reinterpretAsInts();
                IntVector k = c.reinterpretAsInts();
                FloatVector y = FloatVector.broadcast(F, dx[at + b]);
                t0 = ((FloatVector) i.lanewise(LSHL, 16).lanewise(ASHR, 16).castShape(F, 0)).fma(e0.mul(y), t0);
                t1 = ((FloatVector) i.lanewise(ASHR, 16).castShape(F, 0)).fma(e1.mul(y), t1);
                t2 = ((FloatVector) k.lanewise(LSHL, 16).lanewise(ASHR, 16).castShape(F, 0)).fma(e2.mul(y), t2);
                t3 = ((FloatVector) k.lanewise(ASHR, 16).castShape(F, 0)).fma(e3.mul(y), t3);
                y = FloatVector.broadcast(F, sx[at + b]);
                z0 = e0.fma(centre, ((FloatVector) v.lanewise(LSHR, 8).and(63).castShape(F, 0)).mul(m0)).fma(y, z0);
                z1 = e1.fma(centre, ((FloatVector) v.lanewise(LSHR, 24).castShape(F, 0)).mul(m1)).fma(y, z1);
                z2 = e2.fma(centre, ((FloatVector) u.lanewise(LSHR, 8).and(63).castShape(F, 0)).mul(m2)).fma(y, z2);
                z3 = e3.fma(centre, ((FloatVector) u.lanewise(LSHR, 24).castShape(F, 0)).mul(m3)).fma(y, z3);
            }
        }
        t0.add(z0).intoArray(near, to);
        t1.add(z1).intoArray(near, to + FL);
        t2.add(z2).intoArray(near, to + 2 * FL);
        t3.add(z3).intoArray(near, to + 3 * FL);
    }

    /** Rows of a group from vectors of even and of odd lanes by turns. */
    static void inOrder(float[] near, float[] c, int cAt) {
        for (int r = 0; r < ROWS; r += 2 * FL) {
            FloatVector even = FloatVector.fromArray(F, near, r);
            FloatVector odd = FloatVector.fromArray(F, near, r + FL);
            even.rearrange(LOWER).blend(odd.rearrange(LOWER), ODD).intoArray(c, cAt + r);
            even.rearrange(UPPER).blend(odd.rearrange(UPPER), ODD).intoArray(c, cAt + r + FL);
        }
    }

    /**
     * Activations for words of four weights that are shifted and not cut: each less 16 times the one before it in its word, modulo 2^16,
     * two equal halves in an {@code int}; {@code n} columns, whole blocks. Words of three weights of 5 bits could be treated alike, but
     * the compiler then boxed vectors: their two halves make one method too large.
     */
    static void steps(int[] pairs, int at, int n, int[] steps, int to) {
        for (int i = 0; i < FL; i++) {
            steps[to + i] = FACTORS[i] == 0
                    ? pairs[at + i]
                    : (pairs[at + i] - (FACTORS[i] & 0xffff) * (pairs[at + i - 1] & 0xffff) & 0xffff) * 0x10001;
        }
        for (int i = FL; i < n; i += FL) {
            ShortVector before = IntVector.fromArray(I, pairs, at + i - 1).reinterpretAsShorts();
            ShortVector factor = IntVector.fromArray(I, FACTORS, i % 32).reinterpretAsShorts();
            IntVector.fromArray(I, pairs, at + i).reinterpretAsShorts().sub(before.mul(factor)).reinterpretAsInts()
                    .intoArray(steps, to + i);
        }
    }
}
