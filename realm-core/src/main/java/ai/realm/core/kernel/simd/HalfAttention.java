package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.Lanes.F;
import static ai.realm.core.kernel.simd.Lanes.FL;
import static ai.realm.core.kernel.simd.Lanes.HALF_BITS;
import static ai.realm.core.kernel.simd.Lanes.HALF_S;
import static ai.realm.core.kernel.simd.Lanes.I;
import static ai.realm.core.kernel.simd.Lanes.TWO_112;
import static jdk.incubator.vector.VectorOperators.LSHL;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/**
 * Inner products with keys and weighted sums of values that are fp16, for a few query rows at a time which share what is turned into
 * fp32, and turn it where they use it. For vectors of 512 bits: sums along a vector are made for 16 positions at once, by
 * permutations of two vectors, which narrower processors do not have.
 */
final class HalfAttention {
    /** Columns that a kernel takes at a time; a head has a multiple of them. */
    static final int COLUMNS = 4 * FL;
    /** Positions whose sums are completed together. */
    static final int POSITIONS = 16;
    /** Floats that a position's products with one row are added up to before those of others join. */
    private static final int LANES = 8;
    /** Floats of {@link #scores}' scratch for each position. */
    static final int NEAR = 4 * LANES;

    /** Of two vectors: lower and upper halves, quarters in pairs, then pairs, then single lanes. */
    private static final int[] LOWER = new int[4 * POSITIONS];
    private static final int[] UPPER = new int[4 * POSITIONS];

    static {
        for (int level = 0; level < 4; level++) {
            int run = 8 >> level;
            for (int i = 0; i < POSITIONS; i++) {
                LOWER[level * POSITIONS + i] = i / run * 2 * run + i % run;
                UPPER[level * POSITIONS + i] = i / run * 2 * run + run + i % run;
            }
        }
    }

    private HalfAttention() {
    }

    /** How many rows a kernel takes next when {@code left} are to come. */
    private static int next(int left) {
        if (left % 3 == 0 && left < 12) {
            return 3;
        }
        return left >= 4 ? 4 : 1;
    }

    /**
     * {@code out[r][p] = scale * sum_d q[r][d] * keys[p][d]}.
     *
     * @param n positions, rounded up to a multiple of {@link #POSITIONS}; {@code keys} has as many
     * @param near scratch of {@code n} times {@link #NEAR} floats
     * @param stride distance of the rows of {@code out}
     */
    static void scores(short[] keys, int n, int dim, float[] q, int rows, float scale, float[] near, float[] out, int stride) {
        for (int r = 0; r < rows;) {
            int some = next(rows - r);
            for (int d = 0; d < dim; d += COLUMNS) {
                if (some == 4) {
                    four(keys, d, n, dim, q, r * dim + d, near);
                } else if (some == 3) {
                    three(keys, d, n, dim, q, r * dim + d, near);
                } else {
                    one(keys, d, n, dim, q, r * dim + d, near);
                }
                for (int i = 0; i < some; i++) {
                    complete(near, i * LANES * n, n, scale, d > 0, out, (r + i) * stride);
                }
            }
            r += some;
        }
    }

    /**
     * {@code out[r][d] = out[r][d] * factor[r] + sum_p weight[r][p] * values[p][d]}.
     *
     * @param stride distance of the rows of {@code weight}
     */
    static void gather(float[] weight, int stride, int n, short[] values, int dim, int rows, float[] factor, int factorAt,
            float[] out) {
        for (int r = 0; r < rows;) {
            int some = next(rows - r);
            for (int d = 0; d < dim; d += COLUMNS) {
                if (some == 4) {
                    gatherFour(weight, r * stride, stride, n, values, d, dim, factor, factorAt + r, out, r * dim + d);
                } else if (some == 3) {
                    gatherThree(weight, r * stride, stride, n, values, d, dim, factor, factorAt + r, out, r * dim + d);
                } else {
                    gatherOne(weight, r * stride, n, values, d, dim, factor[factorAt + r], out, r * dim + d);
                }
            }
            r += some;
        }
    }

    /** Two positions at a time are added up to {@link #LANES} floats each, the rows' ones {@code LANES * n} apart. */
    private static void four(short[] keys, int at, int n, int dim, float[] q, int q0, float[] near) {
        IntVector lower = IntVector.fromArray(I, LOWER, 0);
        IntVector upper = IntVector.fromArray(I, UPPER, 0);
        int q1 = q0 + dim;
        int q2 = q1 + dim;
        int q3 = q2 + dim;
        FloatVector q00 = FloatVector.fromArray(F, q, q0);
        FloatVector q01 = FloatVector.fromArray(F, q, q0 + FL);
        FloatVector q02 = FloatVector.fromArray(F, q, q0 + 2 * FL);
        FloatVector q03 = FloatVector.fromArray(F, q, q0 + 3 * FL);
        FloatVector q10 = FloatVector.fromArray(F, q, q1);
        FloatVector q11 = FloatVector.fromArray(F, q, q1 + FL);
        FloatVector q12 = FloatVector.fromArray(F, q, q1 + 2 * FL);
        FloatVector q13 = FloatVector.fromArray(F, q, q1 + 3 * FL);
        FloatVector q20 = FloatVector.fromArray(F, q, q2);
        FloatVector q21 = FloatVector.fromArray(F, q, q2 + FL);
        FloatVector q22 = FloatVector.fromArray(F, q, q2 + 2 * FL);
        FloatVector q23 = FloatVector.fromArray(F, q, q2 + 3 * FL);
        FloatVector q30 = FloatVector.fromArray(F, q, q3);
        FloatVector q31 = FloatVector.fromArray(F, q, q3 + FL);
        FloatVector q32 = FloatVector.fromArray(F, q, q3 + 2 * FL);
        FloatVector q33 = FloatVector.fromArray(F, q, q3 + 3 * FL);
        for (int p = 0; p < n; p += 2) {
            int a = at + p * dim;
            int b = a + dim;
            IntVector v = (IntVector) ShortVector.fromArray(HALF_S, keys, a).castShape(I, 0);
            FloatVector k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector a0 = k.mul(q00);
            FloatVector a1 = k.mul(q10);
            FloatVector a2 = k.mul(q20);
            FloatVector a3 = k.mul(q30);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, a + FL).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            a0 = k.fma(q01, a0);
            a1 = k.fma(q11, a1);
            a2 = k.fma(q21, a2);
            a3 = k.fma(q31, a3);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, a + 2 * FL).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            a0 = k.fma(q02, a0);
            a1 = k.fma(q12, a1);
            a2 = k.fma(q22, a2);
            a3 = k.fma(q32, a3);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, a + 3 * FL).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            a0 = k.fma(q03, a0);
            a1 = k.fma(q13, a1);
            a2 = k.fma(q23, a2);
            a3 = k.fma(q33, a3);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, b).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector b0 = k.mul(q00);
            FloatVector b1 = k.mul(q10);
            FloatVector b2 = k.mul(q20);
            FloatVector b3 = k.mul(q30);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, b + FL).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            b0 = k.fma(q01, b0);
            b1 = k.fma(q11, b1);
            b2 = k.fma(q21, b2);
            b3 = k.fma(q31, b3);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, b + 2 * FL).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            b0 = k.fma(q02, b0);
            b1 = k.fma(q12, b1);
            b2 = k.fma(q22, b2);
            b3 = k.fma(q32, b3);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, b + 3 * FL).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            b0 = k.fma(q03, b0);
            b1 = k.fma(q13, b1);
            b2 = k.fma(q23, b2);
            b3 = k.fma(q33, b3);
            lower.selectFrom(a0.reinterpretAsInts(), b0.reinterpretAsInts()).reinterpretAsFloats()
                    .add(upper.selectFrom(a0.reinterpretAsInts(), b0.reinterpretAsInts()).reinterpretAsFloats())
                    .intoArray(near, LANES * p);
            lower.selectFrom(a1.reinterpretAsInts(), b1.reinterpretAsInts()).reinterpretAsFloats()
                    .add(upper.selectFrom(a1.reinterpretAsInts(), b1.reinterpretAsInts()).reinterpretAsFloats())
                    .intoArray(near, LANES * (n + p));
            lower.selectFrom(a2.reinterpretAsInts(), b2.reinterpretAsInts()).reinterpretAsFloats()
                    .add(upper.selectFrom(a2.reinterpretAsInts(), b2.reinterpretAsInts()).reinterpretAsFloats())
                    .intoArray(near, LANES * (2 * n + p));
            lower.selectFrom(a3.reinterpretAsInts(), b3.reinterpretAsInts()).reinterpretAsFloats()
                    .add(upper.selectFrom(a3.reinterpretAsInts(), b3.reinterpretAsInts()).reinterpretAsFloats())
                    .intoArray(near, LANES * (3 * n + p));
        }
    }

    private static void three(short[] keys, int at, int n, int dim, float[] q, int q0, float[] near) {
        IntVector lower = IntVector.fromArray(I, LOWER, 0);
        IntVector upper = IntVector.fromArray(I, UPPER, 0);
        int q1 = q0 + dim;
        int q2 = q1 + dim;
        FloatVector q00 = FloatVector.fromArray(F, q, q0);
        FloatVector q01 = FloatVector.fromArray(F, q, q0 + FL);
        FloatVector q02 = FloatVector.fromArray(F, q, q0 + 2 * FL);
        FloatVector q03 = FloatVector.fromArray(F, q, q0 + 3 * FL);
        FloatVector q10 = FloatVector.fromArray(F, q, q1);
        FloatVector q11 = FloatVector.fromArray(F, q, q1 + FL);
        FloatVector q12 = FloatVector.fromArray(F, q, q1 + 2 * FL);
        FloatVector q13 = FloatVector.fromArray(F, q, q1 + 3 * FL);
        FloatVector q20 = FloatVector.fromArray(F, q, q2);
        FloatVector q21 = FloatVector.fromArray(F, q, q2 + FL);
        FloatVector q22 = FloatVector.fromArray(F, q, q2 + 2 * FL);
        FloatVector q23 = FloatVector.fromArray(F, q, q2 + 3 * FL);
        for (int p = 0; p < n; p += 2) {
            int a = at + p * dim;
            int b = a + dim;
            IntVector v = (IntVector) ShortVector.fromArray(HALF_S, keys, a).castShape(I, 0);
            FloatVector k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector a0 = k.mul(q00);
            FloatVector a1 = k.mul(q10);
            FloatVector a2 = k.mul(q20);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, a + FL).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            a0 = k.fma(q01, a0);
            a1 = k.fma(q11, a1);
            a2 = k.fma(q21, a2);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, a + 2 * FL).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            a0 = k.fma(q02, a0);
            a1 = k.fma(q12, a1);
            a2 = k.fma(q22, a2);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, a + 3 * FL).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            a0 = k.fma(q03, a0);
            a1 = k.fma(q13, a1);
            a2 = k.fma(q23, a2);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, b).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector b0 = k.mul(q00);
            FloatVector b1 = k.mul(q10);
            FloatVector b2 = k.mul(q20);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, b + FL).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            b0 = k.fma(q01, b0);
            b1 = k.fma(q11, b1);
            b2 = k.fma(q21, b2);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, b + 2 * FL).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            b0 = k.fma(q02, b0);
            b1 = k.fma(q12, b1);
            b2 = k.fma(q22, b2);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, b + 3 * FL).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            b0 = k.fma(q03, b0);
            b1 = k.fma(q13, b1);
            b2 = k.fma(q23, b2);
            lower.selectFrom(a0.reinterpretAsInts(), b0.reinterpretAsInts()).reinterpretAsFloats()
                    .add(upper.selectFrom(a0.reinterpretAsInts(), b0.reinterpretAsInts()).reinterpretAsFloats())
                    .intoArray(near, LANES * p);
            lower.selectFrom(a1.reinterpretAsInts(), b1.reinterpretAsInts()).reinterpretAsFloats()
                    .add(upper.selectFrom(a1.reinterpretAsInts(), b1.reinterpretAsInts()).reinterpretAsFloats())
                    .intoArray(near, LANES * (n + p));
            lower.selectFrom(a2.reinterpretAsInts(), b2.reinterpretAsInts()).reinterpretAsFloats()
                    .add(upper.selectFrom(a2.reinterpretAsInts(), b2.reinterpretAsInts()).reinterpretAsFloats())
                    .intoArray(near, LANES * (2 * n + p));
        }
    }

    private static void one(short[] keys, int at, int n, int dim, float[] q, int q0, float[] near) {
        IntVector lower = IntVector.fromArray(I, LOWER, 0);
        IntVector upper = IntVector.fromArray(I, UPPER, 0);
        FloatVector q00 = FloatVector.fromArray(F, q, q0);
        FloatVector q01 = FloatVector.fromArray(F, q, q0 + FL);
        FloatVector q02 = FloatVector.fromArray(F, q, q0 + 2 * FL);
        FloatVector q03 = FloatVector.fromArray(F, q, q0 + 3 * FL);
        for (int p = 0; p < n; p += 2) {
            int a = at + p * dim;
            int b = a + dim;
            IntVector v = (IntVector) ShortVector.fromArray(HALF_S, keys, a).castShape(I, 0);
            FloatVector k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector a0 = k.mul(q00);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, a + FL).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            a0 = k.fma(q01, a0);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, a + 2 * FL).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            a0 = k.fma(q02, a0);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, a + 3 * FL).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            a0 = k.fma(q03, a0);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, b).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector b0 = k.mul(q00);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, b + FL).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            b0 = k.fma(q01, b0);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, b + 2 * FL).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            b0 = k.fma(q02, b0);
            v = (IntVector) ShortVector.fromArray(HALF_S, keys, b + 3 * FL).castShape(I, 0);
            k = v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            b0 = k.fma(q03, b0);
            lower.selectFrom(a0.reinterpretAsInts(), b0.reinterpretAsInts()).reinterpretAsFloats()
                    .add(upper.selectFrom(a0.reinterpretAsInts(), b0.reinterpretAsInts()).reinterpretAsFloats())
                    .intoArray(near, LANES * p);
        }
    }

    /** Completes the sums of one row. */
    private static void complete(float[] near, int at, int n, float scale, boolean more, float[] out, int to) {
        IntVector lower2 = IntVector.fromArray(I, LOWER, POSITIONS);
        IntVector upper2 = IntVector.fromArray(I, UPPER, POSITIONS);
        IntVector lower3 = IntVector.fromArray(I, LOWER, 2 * POSITIONS);
        IntVector upper3 = IntVector.fromArray(I, UPPER, 2 * POSITIONS);
        IntVector lower4 = IntVector.fromArray(I, LOWER, 3 * POSITIONS);
        IntVector upper4 = IntVector.fromArray(I, UPPER, 3 * POSITIONS);
        for (int p = 0; p < n; p += POSITIONS) {
            int from = at + p * LANES;
            IntVector a0 = FloatVector.fromArray(F, near, from).reinterpretAsInts();
            IntVector b0 = FloatVector.fromArray(F, near, from + FL).reinterpretAsInts();
            a0 = lower2.selectFrom(a0, b0).reinterpretAsFloats().add(upper2.selectFrom(a0, b0).reinterpretAsFloats())
                    .reinterpretAsInts();
            IntVector a1 = FloatVector.fromArray(F, near, from + 2 * FL).reinterpretAsInts();
            IntVector b1 = FloatVector.fromArray(F, near, from + 3 * FL).reinterpretAsInts();
            a1 = lower2.selectFrom(a1, b1).reinterpretAsFloats().add(upper2.selectFrom(a1, b1).reinterpretAsFloats())
                    .reinterpretAsInts();
            IntVector a2 = FloatVector.fromArray(F, near, from + 4 * FL).reinterpretAsInts();
            IntVector b2 = FloatVector.fromArray(F, near, from + 5 * FL).reinterpretAsInts();
            a2 = lower2.selectFrom(a2, b2).reinterpretAsFloats().add(upper2.selectFrom(a2, b2).reinterpretAsFloats())
                    .reinterpretAsInts();
            IntVector a3 = FloatVector.fromArray(F, near, from + 6 * FL).reinterpretAsInts();
            IntVector b3 = FloatVector.fromArray(F, near, from + 7 * FL).reinterpretAsInts();
            a3 = lower2.selectFrom(a3, b3).reinterpretAsFloats().add(upper2.selectFrom(a3, b3).reinterpretAsFloats())
                    .reinterpretAsInts();
            a0 = lower3.selectFrom(a0, a1).reinterpretAsFloats().add(upper3.selectFrom(a0, a1).reinterpretAsFloats())
                    .reinterpretAsInts();
            a2 = lower3.selectFrom(a2, a3).reinterpretAsFloats().add(upper3.selectFrom(a2, a3).reinterpretAsFloats())
                    .reinterpretAsInts();
            FloatVector sum = lower4.selectFrom(a0, a2).reinterpretAsFloats().add(upper4.selectFrom(a0, a2).reinterpretAsFloats())
                    .mul(scale);
            (more ? sum.add(FloatVector.fromArray(F, out, to + p)) : sum).intoArray(out, to + p);
        }
    }

    private static void gatherFour(float[] weight, int w0, int stride, int n, short[] values, int at, int dim, float[] factor,
            int f, float[] out, int o0) {
        int o1 = o0 + dim;
        int w1 = w0 + stride;
        int o2 = o1 + dim;
        int w2 = w1 + stride;
        int o3 = o2 + dim;
        int w3 = w2 + stride;
        FloatVector a00 = FloatVector.fromArray(F, out, o0).mul(factor[f]);
        FloatVector a01 = FloatVector.fromArray(F, out, o0 + FL).mul(factor[f]);
        FloatVector a02 = FloatVector.fromArray(F, out, o0 + 2 * FL).mul(factor[f]);
        FloatVector a03 = FloatVector.fromArray(F, out, o0 + 3 * FL).mul(factor[f]);
        FloatVector a10 = FloatVector.fromArray(F, out, o1).mul(factor[f + 1]);
        FloatVector a11 = FloatVector.fromArray(F, out, o1 + FL).mul(factor[f + 1]);
        FloatVector a12 = FloatVector.fromArray(F, out, o1 + 2 * FL).mul(factor[f + 1]);
        FloatVector a13 = FloatVector.fromArray(F, out, o1 + 3 * FL).mul(factor[f + 1]);
        FloatVector a20 = FloatVector.fromArray(F, out, o2).mul(factor[f + 2]);
        FloatVector a21 = FloatVector.fromArray(F, out, o2 + FL).mul(factor[f + 2]);
        FloatVector a22 = FloatVector.fromArray(F, out, o2 + 2 * FL).mul(factor[f + 2]);
        FloatVector a23 = FloatVector.fromArray(F, out, o2 + 3 * FL).mul(factor[f + 2]);
        FloatVector a30 = FloatVector.fromArray(F, out, o3).mul(factor[f + 3]);
        FloatVector a31 = FloatVector.fromArray(F, out, o3 + FL).mul(factor[f + 3]);
        FloatVector a32 = FloatVector.fromArray(F, out, o3 + 2 * FL).mul(factor[f + 3]);
        FloatVector a33 = FloatVector.fromArray(F, out, o3 + 3 * FL).mul(factor[f + 3]);
        for (int p = 0; p < n; p++) {
            int v = at + p * dim;
            IntVector h = (IntVector) ShortVector.fromArray(HALF_S, values, v).castShape(I, 0);
            FloatVector v0 = h.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            h = (IntVector) ShortVector.fromArray(HALF_S, values, v + FL).castShape(I, 0);
            FloatVector v1 = h.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            h = (IntVector) ShortVector.fromArray(HALF_S, values, v + 2 * FL).castShape(I, 0);
            FloatVector v2 = h.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            h = (IntVector) ShortVector.fromArray(HALF_S, values, v + 3 * FL).castShape(I, 0);
            FloatVector v3 = h.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector w = FloatVector.broadcast(F, weight[w0 + p]);
            a00 = v0.fma(w, a00);
            a01 = v1.fma(w, a01);
            a02 = v2.fma(w, a02);
            a03 = v3.fma(w, a03);
            w = FloatVector.broadcast(F, weight[w1 + p]);
            a10 = v0.fma(w, a10);
            a11 = v1.fma(w, a11);
            a12 = v2.fma(w, a12);
            a13 = v3.fma(w, a13);
            w = FloatVector.broadcast(F, weight[w2 + p]);
            a20 = v0.fma(w, a20);
            a21 = v1.fma(w, a21);
            a22 = v2.fma(w, a22);
            a23 = v3.fma(w, a23);
            w = FloatVector.broadcast(F, weight[w3 + p]);
            a30 = v0.fma(w, a30);
            a31 = v1.fma(w, a31);
            a32 = v2.fma(w, a32);
            a33 = v3.fma(w, a33);
        }
        a00.intoArray(out, o0);
        a01.intoArray(out, o0 + FL);
        a02.intoArray(out, o0 + 2 * FL);
        a03.intoArray(out, o0 + 3 * FL);
        a10.intoArray(out, o1);
        a11.intoArray(out, o1 + FL);
        a12.intoArray(out, o1 + 2 * FL);
        a13.intoArray(out, o1 + 3 * FL);
        a20.intoArray(out, o2);
        a21.intoArray(out, o2 + FL);
        a22.intoArray(out, o2 + 2 * FL);
        a23.intoArray(out, o2 + 3 * FL);
        a30.intoArray(out, o3);
        a31.intoArray(out, o3 + FL);
        a32.intoArray(out, o3 + 2 * FL);
        a33.intoArray(out, o3 + 3 * FL);
    }

    private static void gatherThree(float[] weight, int w0, int stride, int n, short[] values, int at, int dim, float[] factor,
            int f, float[] out, int o0) {
        int o1 = o0 + dim;
        int w1 = w0 + stride;
        int o2 = o1 + dim;
        int w2 = w1 + stride;
        FloatVector a00 = FloatVector.fromArray(F, out, o0).mul(factor[f]);
        FloatVector a01 = FloatVector.fromArray(F, out, o0 + FL).mul(factor[f]);
        FloatVector a02 = FloatVector.fromArray(F, out, o0 + 2 * FL).mul(factor[f]);
        FloatVector a03 = FloatVector.fromArray(F, out, o0 + 3 * FL).mul(factor[f]);
        FloatVector a10 = FloatVector.fromArray(F, out, o1).mul(factor[f + 1]);
        FloatVector a11 = FloatVector.fromArray(F, out, o1 + FL).mul(factor[f + 1]);
        FloatVector a12 = FloatVector.fromArray(F, out, o1 + 2 * FL).mul(factor[f + 1]);
        FloatVector a13 = FloatVector.fromArray(F, out, o1 + 3 * FL).mul(factor[f + 1]);
        FloatVector a20 = FloatVector.fromArray(F, out, o2).mul(factor[f + 2]);
        FloatVector a21 = FloatVector.fromArray(F, out, o2 + FL).mul(factor[f + 2]);
        FloatVector a22 = FloatVector.fromArray(F, out, o2 + 2 * FL).mul(factor[f + 2]);
        FloatVector a23 = FloatVector.fromArray(F, out, o2 + 3 * FL).mul(factor[f + 2]);
        for (int p = 0; p < n; p++) {
            int v = at + p * dim;
            IntVector h = (IntVector) ShortVector.fromArray(HALF_S, values, v).castShape(I, 0);
            FloatVector v0 = h.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            h = (IntVector) ShortVector.fromArray(HALF_S, values, v + FL).castShape(I, 0);
            FloatVector v1 = h.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            h = (IntVector) ShortVector.fromArray(HALF_S, values, v + 2 * FL).castShape(I, 0);
            FloatVector v2 = h.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            h = (IntVector) ShortVector.fromArray(HALF_S, values, v + 3 * FL).castShape(I, 0);
            FloatVector v3 = h.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector w = FloatVector.broadcast(F, weight[w0 + p]);
            a00 = v0.fma(w, a00);
            a01 = v1.fma(w, a01);
            a02 = v2.fma(w, a02);
            a03 = v3.fma(w, a03);
            w = FloatVector.broadcast(F, weight[w1 + p]);
            a10 = v0.fma(w, a10);
            a11 = v1.fma(w, a11);
            a12 = v2.fma(w, a12);
            a13 = v3.fma(w, a13);
            w = FloatVector.broadcast(F, weight[w2 + p]);
            a20 = v0.fma(w, a20);
            a21 = v1.fma(w, a21);
            a22 = v2.fma(w, a22);
            a23 = v3.fma(w, a23);
        }
        a00.intoArray(out, o0);
        a01.intoArray(out, o0 + FL);
        a02.intoArray(out, o0 + 2 * FL);
        a03.intoArray(out, o0 + 3 * FL);
        a10.intoArray(out, o1);
        a11.intoArray(out, o1 + FL);
        a12.intoArray(out, o1 + 2 * FL);
        a13.intoArray(out, o1 + 3 * FL);
        a20.intoArray(out, o2);
        a21.intoArray(out, o2 + FL);
        a22.intoArray(out, o2 + 2 * FL);
        a23.intoArray(out, o2 + 3 * FL);
    }

    private static void gatherOne(float[] weight, int w0, int n, short[] values, int at, int dim, float factor, float[] out,
            int o0) {
        FloatVector a00 = FloatVector.fromArray(F, out, o0).mul(factor);
        FloatVector a01 = FloatVector.fromArray(F, out, o0 + FL).mul(factor);
        FloatVector a02 = FloatVector.fromArray(F, out, o0 + 2 * FL).mul(factor);
        FloatVector a03 = FloatVector.fromArray(F, out, o0 + 3 * FL).mul(factor);
        for (int p = 0; p < n; p++) {
            int v = at + p * dim;
            IntVector h = (IntVector) ShortVector.fromArray(HALF_S, values, v).castShape(I, 0);
            FloatVector v0 = h.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            h = (IntVector) ShortVector.fromArray(HALF_S, values, v + FL).castShape(I, 0);
            FloatVector v1 = h.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            h = (IntVector) ShortVector.fromArray(HALF_S, values, v + 2 * FL).castShape(I, 0);
            FloatVector v2 = h.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            h = (IntVector) ShortVector.fromArray(HALF_S, values, v + 3 * FL).castShape(I, 0);
            FloatVector v3 = h.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector w = FloatVector.broadcast(F, weight[w0 + p]);
            a00 = v0.fma(w, a00);
            a01 = v1.fma(w, a01);
            a02 = v2.fma(w, a02);
            a03 = v3.fma(w, a03);
        }
        a00.intoArray(out, o0);
        a01.intoArray(out, o0 + FL);
        a02.intoArray(out, o0 + 2 * FL);
        a03.intoArray(out, o0 + 3 * FL);
    }
}
