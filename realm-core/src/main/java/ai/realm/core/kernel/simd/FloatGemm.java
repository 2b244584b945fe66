package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.Lanes.F;
import static ai.realm.core.kernel.simd.Lanes.FL;
import static ai.realm.core.kernel.simd.Lanes.WIDE;

import jdk.incubator.vector.FloatVector;

/**
 * Products of a panel of weights with rows of activations in fp32: {@code c[t][r] (+)= sum_k panel[k][r] * x[t][k]} for the
 * {@link #ROWS} rows of a panel, lane = row. A panel is cut into strips of {@link #STRIP} rows, so that a strip of some columns
 * stays in the first-level cache while all tokens pass. Register-blocked: 4 tokens by 4 vectors, or 6 by 2 where registers are
 * few.
 */
final class FloatGemm {
    /** Rows of weights side by side in a panel, and in every packed layout, whatever the vectors' width. */
    static final int ROWS = 64;
    /** Rows of a tile. */
    static final int STRIP = WIDE ? ROWS : 2 * FL;
    /** What products are added to that replace what was there. */
    static final float[] ZEROS = new float[ROWS];

    private FloatGemm() {
    }

    /**
     * Multiplies one panel whose strips lie one after the other, {@code k * STRIP} floats each: {@code x[t][k]} at
     * {@code xOffset + t * xStride + k}; the products of token t and strip i go to {@code cOffset + i * cStrip + t * cStride}.
     *
     * @param add whether to add to {@code c} or to replace it
     */
    static void multiply(float[] panel, int k, float[] x, int xOffset, int xStride, int count, float[] c, int cOffset, int cStrip,
            int cStride, boolean add) {
        float[] from = add ? c : ZEROS;
        int fromStride = add ? cStride : 0;
        for (int i = 0; i < ROWS / STRIP; i++) {
            int to = cOffset + i * cStrip;
            strip(panel, i * k * STRIP, k, x, xOffset, xStride, count, from, add ? to : 0, fromStride, c, to, cStride);
        }
    }

    private static void strip(float[] panel, int at, int k, float[] x, int xOffset, int xStride, int count, float[] from, int f,
            int fStride, float[] c, int to, int cStride) {
        for (int t = 0; t < count;) {
            int xAt = xOffset + t * xStride;
            int fAt = f + t * fStride;
            int cAt = to + t * cStride;
            if (WIDE && t + 4 <= count) {
                tile4x4(panel, at, k, x, xAt, xStride, from, fAt, fStride, c, cAt, cStride);
                t += 4;
            } else if (WIDE) {
                tile1x4(panel, at, k, x, xAt, from, fAt, c, cAt);
                t++;
            } else if (sixNext(count - t)) {
                tile6x2(panel, at, k, x, xAt, xStride, from, fAt, fStride, c, cAt, cStride);
                t += 6;
            } else if (t + 4 <= count) {
                tile4x2(panel, at, k, x, xAt, xStride, from, fAt, fStride, c, cAt, cStride);
                t += 4;
            } else {
                tile1x2(panel, at, k, x, xAt, from, fAt, c, cAt);
                t++;
            }
        }
    }

    /** Whether a tile of 6 comes next when so many tokens are left: 8 and 9 are better cut into fours. */
    private static boolean sixNext(int left) {
        return left >= 6 && left != 8 && left != 9;
    }

    private static void tile4x4(float[] panel, int at, int k, float[] x, int x0, int xStride,
            float[] from, int f0, int fStride, float[] c, int c0, int cStride) {
        int x1 = x0 + xStride;
        int x2 = x1 + xStride;
        int x3 = x2 + xStride;
        int c1 = c0 + cStride;
        int f1 = f0 + fStride;
        int c2 = c1 + cStride;
        int f2 = f1 + fStride;
        int c3 = c2 + cStride;
        int f3 = f2 + fStride;
        FloatVector a00 = FloatVector.fromArray(F, from, f0);
        FloatVector a01 = FloatVector.fromArray(F, from, f0 + FL);
        FloatVector a02 = FloatVector.fromArray(F, from, f0 + 2 * FL);
        FloatVector a03 = FloatVector.fromArray(F, from, f0 + 3 * FL);
        FloatVector a10 = FloatVector.fromArray(F, from, f1);
        FloatVector a11 = FloatVector.fromArray(F, from, f1 + FL);
        FloatVector a12 = FloatVector.fromArray(F, from, f1 + 2 * FL);
        FloatVector a13 = FloatVector.fromArray(F, from, f1 + 3 * FL);
        FloatVector a20 = FloatVector.fromArray(F, from, f2);
        FloatVector a21 = FloatVector.fromArray(F, from, f2 + FL);
        FloatVector a22 = FloatVector.fromArray(F, from, f2 + 2 * FL);
        FloatVector a23 = FloatVector.fromArray(F, from, f2 + 3 * FL);
        FloatVector a30 = FloatVector.fromArray(F, from, f3);
        FloatVector a31 = FloatVector.fromArray(F, from, f3 + FL);
        FloatVector a32 = FloatVector.fromArray(F, from, f3 + 2 * FL);
        FloatVector a33 = FloatVector.fromArray(F, from, f3 + 3 * FL);
        for (int i = 0; i < k; i++) {
            int p = at + i * STRIP;
            FloatVector w0 = FloatVector.fromArray(F, panel, p);
            FloatVector w1 = FloatVector.fromArray(F, panel, p + FL);
            FloatVector w2 = FloatVector.fromArray(F, panel, p + 2 * FL);
            FloatVector w3 = FloatVector.fromArray(F, panel, p + 3 * FL);
            FloatVector b = FloatVector.broadcast(F, x[x0 + i]);
            a00 = w0.fma(b, a00);
            a01 = w1.fma(b, a01);
            a02 = w2.fma(b, a02);
            a03 = w3.fma(b, a03);
            b = FloatVector.broadcast(F, x[x1 + i]);
            a10 = w0.fma(b, a10);
            a11 = w1.fma(b, a11);
            a12 = w2.fma(b, a12);
            a13 = w3.fma(b, a13);
            b = FloatVector.broadcast(F, x[x2 + i]);
            a20 = w0.fma(b, a20);
            a21 = w1.fma(b, a21);
            a22 = w2.fma(b, a22);
            a23 = w3.fma(b, a23);
            b = FloatVector.broadcast(F, x[x3 + i]);
            a30 = w0.fma(b, a30);
            a31 = w1.fma(b, a31);
            a32 = w2.fma(b, a32);
            a33 = w3.fma(b, a33);
        }
        a00.intoArray(c, c0);
        a01.intoArray(c, c0 + FL);
        a02.intoArray(c, c0 + 2 * FL);
        a03.intoArray(c, c0 + 3 * FL);
        a10.intoArray(c, c1);
        a11.intoArray(c, c1 + FL);
        a12.intoArray(c, c1 + 2 * FL);
        a13.intoArray(c, c1 + 3 * FL);
        a20.intoArray(c, c2);
        a21.intoArray(c, c2 + FL);
        a22.intoArray(c, c2 + 2 * FL);
        a23.intoArray(c, c2 + 3 * FL);
        a30.intoArray(c, c3);
        a31.intoArray(c, c3 + FL);
        a32.intoArray(c, c3 + 2 * FL);
        a33.intoArray(c, c3 + 3 * FL);
    }

    private static void tile6x2(float[] panel, int at, int k, float[] x, int x0, int xStride,
            float[] from, int f0, int fStride, float[] c, int c0, int cStride) {
        int x1 = x0 + xStride;
        int x2 = x1 + xStride;
        int x3 = x2 + xStride;
        int x4 = x3 + xStride;
        int x5 = x4 + xStride;
        int c1 = c0 + cStride;
        int f1 = f0 + fStride;
        int c2 = c1 + cStride;
        int f2 = f1 + fStride;
        int c3 = c2 + cStride;
        int f3 = f2 + fStride;
        int c4 = c3 + cStride;
        int f4 = f3 + fStride;
        int c5 = c4 + cStride;
        int f5 = f4 + fStride;
        FloatVector a00 = FloatVector.fromArray(F, from, f0);
        FloatVector a01 = FloatVector.fromArray(F, from, f0 + FL);
        FloatVector a10 = FloatVector.fromArray(F, from, f1);
        FloatVector a11 = FloatVector.fromArray(F, from, f1 + FL);
        FloatVector a20 = FloatVector.fromArray(F, from, f2);
        FloatVector a21 = FloatVector.fromArray(F, from, f2 + FL);
        FloatVector a30 = FloatVector.fromArray(F, from, f3);
        FloatVector a31 = FloatVector.fromArray(F, from, f3 + FL);
        FloatVector a40 = FloatVector.fromArray(F, from, f4);
        FloatVector a41 = FloatVector.fromArray(F, from, f4 + FL);
        FloatVector a50 = FloatVector.fromArray(F, from, f5);
        FloatVector a51 = FloatVector.fromArray(F, from, f5 + FL);
        for (int i = 0; i < k; i++) {
            int p = at + i * STRIP;
            FloatVector w0 = FloatVector.fromArray(F, panel, p);
            FloatVector w1 = FloatVector.fromArray(F, panel, p + FL);
            FloatVector b = FloatVector.broadcast(F, x[x0 + i]);
            a00 = w0.fma(b, a00);
            a01 = w1.fma(b, a01);
            b = FloatVector.broadcast(F, x[x1 + i]);
            a10 = w0.fma(b, a10);
            a11 = w1.fma(b, a11);
            b = FloatVector.broadcast(F, x[x2 + i]);
            a20 = w0.fma(b, a20);
            a21 = w1.fma(b, a21);
            b = FloatVector.broadcast(F, x[x3 + i]);
            a30 = w0.fma(b, a30);
            a31 = w1.fma(b, a31);
            b = FloatVector.broadcast(F, x[x4 + i]);
            a40 = w0.fma(b, a40);
            a41 = w1.fma(b, a41);
            b = FloatVector.broadcast(F, x[x5 + i]);
            a50 = w0.fma(b, a50);
            a51 = w1.fma(b, a51);
        }
        a00.intoArray(c, c0);
        a01.intoArray(c, c0 + FL);
        a10.intoArray(c, c1);
        a11.intoArray(c, c1 + FL);
        a20.intoArray(c, c2);
        a21.intoArray(c, c2 + FL);
        a30.intoArray(c, c3);
        a31.intoArray(c, c3 + FL);
        a40.intoArray(c, c4);
        a41.intoArray(c, c4 + FL);
        a50.intoArray(c, c5);
        a51.intoArray(c, c5 + FL);
    }

    private static void tile4x2(float[] panel, int at, int k, float[] x, int x0, int xStride,
            float[] from, int f0, int fStride, float[] c, int c0, int cStride) {
        int x1 = x0 + xStride;
        int x2 = x1 + xStride;
        int x3 = x2 + xStride;
        int c1 = c0 + cStride;
        int f1 = f0 + fStride;
        int c2 = c1 + cStride;
        int f2 = f1 + fStride;
        int c3 = c2 + cStride;
        int f3 = f2 + fStride;
        FloatVector a00 = FloatVector.fromArray(F, from, f0);
        FloatVector a01 = FloatVector.fromArray(F, from, f0 + FL);
        FloatVector a10 = FloatVector.fromArray(F, from, f1);
        FloatVector a11 = FloatVector.fromArray(F, from, f1 + FL);
        FloatVector a20 = FloatVector.fromArray(F, from, f2);
        FloatVector a21 = FloatVector.fromArray(F, from, f2 + FL);
        FloatVector a30 = FloatVector.fromArray(F, from, f3);
        FloatVector a31 = FloatVector.fromArray(F, from, f3 + FL);
        for (int i = 0; i < k; i++) {
            int p = at + i * STRIP;
            FloatVector w0 = FloatVector.fromArray(F, panel, p);
            FloatVector w1 = FloatVector.fromArray(F, panel, p + FL);
            FloatVector b = FloatVector.broadcast(F, x[x0 + i]);
            a00 = w0.fma(b, a00);
            a01 = w1.fma(b, a01);
            b = FloatVector.broadcast(F, x[x1 + i]);
            a10 = w0.fma(b, a10);
            a11 = w1.fma(b, a11);
            b = FloatVector.broadcast(F, x[x2 + i]);
            a20 = w0.fma(b, a20);
            a21 = w1.fma(b, a21);
            b = FloatVector.broadcast(F, x[x3 + i]);
            a30 = w0.fma(b, a30);
            a31 = w1.fma(b, a31);
        }
        a00.intoArray(c, c0);
        a01.intoArray(c, c0 + FL);
        a10.intoArray(c, c1);
        a11.intoArray(c, c1 + FL);
        a20.intoArray(c, c2);
        a21.intoArray(c, c2 + FL);
        a30.intoArray(c, c3);
        a31.intoArray(c, c3 + FL);
    }

    private static void tile1x4(float[] panel, int at, int k, float[] x, int x0, float[] from, int f0,
            float[] c, int c0) {
        FloatVector a0 = FloatVector.fromArray(F, from, f0);
        FloatVector a1 = FloatVector.fromArray(F, from, f0 + FL);
        FloatVector a2 = FloatVector.fromArray(F, from, f0 + 2 * FL);
        FloatVector a3 = FloatVector.fromArray(F, from, f0 + 3 * FL);
        for (int i = 0; i < k; i++) {
            int p = at + i * STRIP;
            FloatVector b = FloatVector.broadcast(F, x[x0 + i]);
            a0 = FloatVector.fromArray(F, panel, p).fma(b, a0);
            a1 = FloatVector.fromArray(F, panel, p + FL).fma(b, a1);
            a2 = FloatVector.fromArray(F, panel, p + 2 * FL).fma(b, a2);
            a3 = FloatVector.fromArray(F, panel, p + 3 * FL).fma(b, a3);
        }
        a0.intoArray(c, c0);
        a1.intoArray(c, c0 + FL);
        a2.intoArray(c, c0 + 2 * FL);
        a3.intoArray(c, c0 + 3 * FL);
    }

    private static void tile1x2(float[] panel, int at, int k, float[] x, int x0, float[] from, int f0,
            float[] c, int c0) {
        FloatVector a0 = FloatVector.fromArray(F, from, f0);
        FloatVector a1 = FloatVector.fromArray(F, from, f0 + FL);
        for (int i = 0; i < k; i++) {
            int p = at + i * STRIP;
            FloatVector b = FloatVector.broadcast(F, x[x0 + i]);
            a0 = FloatVector.fromArray(F, panel, p).fma(b, a0);
            a1 = FloatVector.fromArray(F, panel, p + FL).fma(b, a1);
        }
        a0.intoArray(c, c0);
        a1.intoArray(c, c0 + FL);
    }

    /**
     * {@code c[t][r] += sum_k panel[k][r] * x[k][t]}: as {@link #multiply} for activations that lie the other way round, {@code x[k][t]}
     * at {@code xOffset + k * xStride + t}.
     */
    static void addTransposed(float[] panel, int k, float[] x, int xOffset, int xStride, int count, float[] c, int cOffset,
            int cStrip, int cStride) {
        for (int i = 0; i < ROWS / STRIP; i++) {
            int at = i * k * STRIP;
            int to = cOffset + i * cStrip;
            int t = 0;
            for (; t + 4 <= count; t += 4) {
                if (WIDE) {
                    transposed4x4(panel, at, k, x, xOffset + t, xStride, c, to + t * cStride, cStride);
                } else {
                    transposed4x2(panel, at, k, x, xOffset + t, xStride, c, to + t * cStride, cStride);
                }
            }
            for (; t < count; t++) {
                for (int r = 0; r < STRIP; r += 2 * FL) {
                    transposed1x2(panel, at + r, k, x, xOffset + t, xStride, c, to + t * cStride + r);
                }
            }
        }
    }

    private static void transposed4x4(float[] panel, int at, int k, float[] x, int x0, int xStride,
            float[] c, int c0, int cStride) {
        int c1 = c0 + cStride;
        int c2 = c1 + cStride;
        int c3 = c2 + cStride;
        FloatVector a00 = FloatVector.fromArray(F, c, c0);
        FloatVector a01 = FloatVector.fromArray(F, c, c0 + FL);
        FloatVector a02 = FloatVector.fromArray(F, c, c0 + 2 * FL);
        FloatVector a03 = FloatVector.fromArray(F, c, c0 + 3 * FL);
        FloatVector a10 = FloatVector.fromArray(F, c, c1);
        FloatVector a11 = FloatVector.fromArray(F, c, c1 + FL);
        FloatVector a12 = FloatVector.fromArray(F, c, c1 + 2 * FL);
        FloatVector a13 = FloatVector.fromArray(F, c, c1 + 3 * FL);
        FloatVector a20 = FloatVector.fromArray(F, c, c2);
        FloatVector a21 = FloatVector.fromArray(F, c, c2 + FL);
        FloatVector a22 = FloatVector.fromArray(F, c, c2 + 2 * FL);
        FloatVector a23 = FloatVector.fromArray(F, c, c2 + 3 * FL);
        FloatVector a30 = FloatVector.fromArray(F, c, c3);
        FloatVector a31 = FloatVector.fromArray(F, c, c3 + FL);
        FloatVector a32 = FloatVector.fromArray(F, c, c3 + 2 * FL);
        FloatVector a33 = FloatVector.fromArray(F, c, c3 + 3 * FL);
        for (int i = 0; i < k; i++) {
            int p = at + i * STRIP;
            int q = x0 + i * xStride;
            FloatVector w0 = FloatVector.fromArray(F, panel, p);
            FloatVector w1 = FloatVector.fromArray(F, panel, p + FL);
            FloatVector w2 = FloatVector.fromArray(F, panel, p + 2 * FL);
            FloatVector w3 = FloatVector.fromArray(F, panel, p + 3 * FL);
            FloatVector b = FloatVector.broadcast(F, x[q]);
            a00 = w0.fma(b, a00);
            a01 = w1.fma(b, a01);
            a02 = w2.fma(b, a02);
            a03 = w3.fma(b, a03);
            b = FloatVector.broadcast(F, x[q + 1]);
            a10 = w0.fma(b, a10);
            a11 = w1.fma(b, a11);
            a12 = w2.fma(b, a12);
            a13 = w3.fma(b, a13);
            b = FloatVector.broadcast(F, x[q + 2]);
            a20 = w0.fma(b, a20);
            a21 = w1.fma(b, a21);
            a22 = w2.fma(b, a22);
            a23 = w3.fma(b, a23);
            b = FloatVector.broadcast(F, x[q + 3]);
            a30 = w0.fma(b, a30);
            a31 = w1.fma(b, a31);
            a32 = w2.fma(b, a32);
            a33 = w3.fma(b, a33);
        }
        a00.intoArray(c, c0);
        a01.intoArray(c, c0 + FL);
        a02.intoArray(c, c0 + 2 * FL);
        a03.intoArray(c, c0 + 3 * FL);
        a10.intoArray(c, c1);
        a11.intoArray(c, c1 + FL);
        a12.intoArray(c, c1 + 2 * FL);
        a13.intoArray(c, c1 + 3 * FL);
        a20.intoArray(c, c2);
        a21.intoArray(c, c2 + FL);
        a22.intoArray(c, c2 + 2 * FL);
        a23.intoArray(c, c2 + 3 * FL);
        a30.intoArray(c, c3);
        a31.intoArray(c, c3 + FL);
        a32.intoArray(c, c3 + 2 * FL);
        a33.intoArray(c, c3 + 3 * FL);
    }

    private static void transposed4x2(float[] panel, int at, int k, float[] x, int x0, int xStride,
            float[] c, int c0, int cStride) {
        int c1 = c0 + cStride;
        int c2 = c1 + cStride;
        int c3 = c2 + cStride;
        FloatVector a00 = FloatVector.fromArray(F, c, c0);
        FloatVector a01 = FloatVector.fromArray(F, c, c0 + FL);
        FloatVector a10 = FloatVector.fromArray(F, c, c1);
        FloatVector a11 = FloatVector.fromArray(F, c, c1 + FL);
        FloatVector a20 = FloatVector.fromArray(F, c, c2);
        FloatVector a21 = FloatVector.fromArray(F, c, c2 + FL);
        FloatVector a30 = FloatVector.fromArray(F, c, c3);
        FloatVector a31 = FloatVector.fromArray(F, c, c3 + FL);
        for (int i = 0; i < k; i++) {
            int p = at + i * STRIP;
            int q = x0 + i * xStride;
            FloatVector w0 = FloatVector.fromArray(F, panel, p);
            FloatVector w1 = FloatVector.fromArray(F, panel, p + FL);
            FloatVector b = FloatVector.broadcast(F, x[q]);
            a00 = w0.fma(b, a00);
            a01 = w1.fma(b, a01);
            b = FloatVector.broadcast(F, x[q + 1]);
            a10 = w0.fma(b, a10);
            a11 = w1.fma(b, a11);
            b = FloatVector.broadcast(F, x[q + 2]);
            a20 = w0.fma(b, a20);
            a21 = w1.fma(b, a21);
            b = FloatVector.broadcast(F, x[q + 3]);
            a30 = w0.fma(b, a30);
            a31 = w1.fma(b, a31);
        }
        a00.intoArray(c, c0);
        a01.intoArray(c, c0 + FL);
        a10.intoArray(c, c1);
        a11.intoArray(c, c1 + FL);
        a20.intoArray(c, c2);
        a21.intoArray(c, c2 + FL);
        a30.intoArray(c, c3);
        a31.intoArray(c, c3 + FL);
    }

    private static void transposed1x2(float[] panel, int at, int k, float[] x, int x0, int xStride,
            float[] c, int c0) {
        FloatVector a0 = FloatVector.fromArray(F, c, c0);
        FloatVector a1 = FloatVector.fromArray(F, c, c0 + FL);
        for (int i = 0; i < k; i++) {
            int p = at + i * STRIP;
            int q = x0 + i * xStride;
            FloatVector b = FloatVector.broadcast(F, x[q]);
            a0 = FloatVector.fromArray(F, panel, p).fma(b, a0);
            a1 = FloatVector.fromArray(F, panel, p + FL).fma(b, a1);
        }
        a0.intoArray(c, c0);
        a1.intoArray(c, c0 + FL);
    }
}
