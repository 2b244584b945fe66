package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.FloatGemm.ROWS;
import static ai.realm.core.kernel.simd.Lanes.F;
import static ai.realm.core.kernel.simd.Lanes.FL;
import static ai.realm.core.kernel.simd.Lanes.HALF_S;
import static ai.realm.core.kernel.simd.Lanes.I;
import static ai.realm.core.kernel.simd.Lanes.S;
import static ai.realm.core.kernel.simd.Lanes.SL;
import static ai.realm.core.kernel.simd.Lanes.WIDE;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/**
 * Products in 16-bit lanes for weights of few bits: a panel holds weights as shorts, activations are 8-bit numbers written
 * twice into an {@code int} (a broadcast of 32 bits costs nothing). The sums of a run of columns that cannot overflow are stored,
 * then another method scales them into fp32: one method for both made the compiler box a tile's vectors.
 */
final class ShortGemm {
    /** Most tokens of one tile: their sums, and what is multiplied, fit the registers. */
    static final int TOKENS = WIDE ? 8 : 4;
    /** Rows of a tile: a panel is cut into strips of as many, each {@code k * STRIP} shorts. */
    static final int STRIP = 2 * SL;

    private ShortGemm() {
    }

    /**
     * How many tokens the tile from {@code token} on takes when {@code left} are to come: the activations of {@link #TOKENS} tokens lie
     * together, and no tile goes beyond.
     */
    static int next(int token, int left) {
        int in = token % TOKENS;
        if (in == 0 && left >= TOKENS) {
            return TOKENS;
        }
        return left >= 4 && in + 4 <= TOKENS ? 4 : 1;
    }

    /** {@code sums[t][r] = sum_k panel[k][r] * x[k][t]} for {@code k} columns of a strip, {@code x} in tiles. */
    static void sums(short[] panel, int at, int k, int[] x, int xAt, int tokens, short[] sums, int to) {
        if (tokens == 8) {
            tile8x2(panel, at, k, x, xAt, sums, to);
        } else if (tokens == 4) {
            tile4x2(panel, at, k, x, xAt, sums, to);
        } else {
            tile1x2(panel, at, k, x, xAt, sums, to);
        }
    }

    private static void tile8x2(short[] panel, int at, int k, int[] x, int x0, short[] sums, int to) {
        ShortVector a00 = ShortVector.zero(S);
        ShortVector a01 = ShortVector.zero(S);
        ShortVector a10 = ShortVector.zero(S);
        ShortVector a11 = ShortVector.zero(S);
        ShortVector a20 = ShortVector.zero(S);
        ShortVector a21 = ShortVector.zero(S);
        ShortVector a30 = ShortVector.zero(S);
        ShortVector a31 = ShortVector.zero(S);
        ShortVector a40 = ShortVector.zero(S);
        ShortVector a41 = ShortVector.zero(S);
        ShortVector a50 = ShortVector.zero(S);
        ShortVector a51 = ShortVector.zero(S);
        ShortVector a60 = ShortVector.zero(S);
        ShortVector a61 = ShortVector.zero(S);
        ShortVector a70 = ShortVector.zero(S);
        ShortVector a71 = ShortVector.zero(S);
        for (int i = 0; i < k; i++) {
            ShortVector w0 = ShortVector.fromArray(S, panel, at + i * STRIP);
            ShortVector w1 = ShortVector.fromArray(S, panel, at + i * STRIP + SL);
            ShortVector b = IntVector.broadcast(I, x[x0 + TOKENS * i]).reinterpretAsShorts();
            a00 = a00.add(w0.mul(b));
            a01 = a01.add(w1.mul(b));
            b = IntVector.broadcast(I, x[x0 + TOKENS * i + 1]).reinterpretAsShorts();
            a10 = a10.add(w0.mul(b));
            a11 = a11.add(w1.mul(b));
            b = IntVector.broadcast(I, x[x0 + TOKENS * i + 2]).reinterpretAsShorts();
            a20 = a20.add(w0.mul(b));
            a21 = a21.add(w1.mul(b));
            b = IntVector.broadcast(I, x[x0 + TOKENS * i + 3]).reinterpretAsShorts();
            a30 = a30.add(w0.mul(b));
            a31 = a31.add(w1.mul(b));
            b = IntVector.broadcast(I, x[x0 + TOKENS * i + 4]).reinterpretAsShorts();
            a40 = a40.add(w0.mul(b));
            a41 = a41.add(w1.mul(b));
            b = IntVector.broadcast(I, x[x0 + TOKENS * i + 5]).reinterpretAsShorts();
            a50 = a50.add(w0.mul(b));
            a51 = a51.add(w1.mul(b));
            b = IntVector.broadcast(I, x[x0 + TOKENS * i + 6]).reinterpretAsShorts();
            a60 = a60.add(w0.mul(b));
            a61 = a61.add(w1.mul(b));
            b = IntVector.broadcast(I, x[x0 + TOKENS * i + 7]).reinterpretAsShorts();
            a70 = a70.add(w0.mul(b));
            a71 = a71.add(w1.mul(b));
        }
        a00.intoArray(sums, to);
        a01.intoArray(sums, to + SL);
        a10.intoArray(sums, to + STRIP);
        a11.intoArray(sums, to + STRIP + SL);
        a20.intoArray(sums, to + 2 * STRIP);
        a21.intoArray(sums, to + 2 * STRIP + SL);
        a30.intoArray(sums, to + 3 * STRIP);
        a31.intoArray(sums, to + 3 * STRIP + SL);
        a40.intoArray(sums, to + 4 * STRIP);
        a41.intoArray(sums, to + 4 * STRIP + SL);
        a50.intoArray(sums, to + 5 * STRIP);
        a51.intoArray(sums, to + 5 * STRIP + SL);
        a60.intoArray(sums, to + 6 * STRIP);
        a61.intoArray(sums, to + 6 * STRIP + SL);
        a70.intoArray(sums, to + 7 * STRIP);
        a71.intoArray(sums, to + 7 * STRIP + SL);
    }

    private static void tile4x2(short[] panel, int at, int k, int[] x, int x0, short[] sums, int to) {
        ShortVector a00 = ShortVector.zero(S);
        ShortVector a01 = ShortVector.zero(S);
        ShortVector a10 = ShortVector.zero(S);
        ShortVector a11 = ShortVector.zero(S);
        ShortVector a20 = ShortVector.zero(S);
        ShortVector a21 = ShortVector.zero(S);
        ShortVector a30 = ShortVector.zero(S);
        ShortVector a31 = ShortVector.zero(S);
        for (int i = 0; i < k; i++) {
            ShortVector w0 = ShortVector.fromArray(S, panel, at + i * STRIP);
            ShortVector w1 = ShortVector.fromArray(S, panel, at + i * STRIP + SL);
            ShortVector b = IntVector.broadcast(I, x[x0 + TOKENS * i]).reinterpretAsShorts();
            a00 = a00.add(w0.mul(b));
            a01 = a01.add(w1.mul(b));
            b = IntVector.broadcast(I, x[x0 + TOKENS * i + 1]).reinterpretAsShorts();
            a10 = a10.add(w0.mul(b));
            a11 = a11.add(w1.mul(b));
            b = IntVector.broadcast(I, x[x0 + TOKENS * i + 2]).reinterpretAsShorts();
            a20 = a20.add(w0.mul(b));
            a21 = a21.add(w1.mul(b));
            b = IntVector.broadcast(I, x[x0 + TOKENS * i + 3]).reinterpretAsShorts();
            a30 = a30.add(w0.mul(b));
            a31 = a31.add(w1.mul(b));
        }
        a00.intoArray(sums, to);
        a01.intoArray(sums, to + SL);
        a10.intoArray(sums, to + STRIP);
        a11.intoArray(sums, to + STRIP + SL);
        a20.intoArray(sums, to + 2 * STRIP);
        a21.intoArray(sums, to + 2 * STRIP + SL);
        a30.intoArray(sums, to + 3 * STRIP);
        a31.intoArray(sums, to + 3 * STRIP + SL);
    }

    private static void tile1x2(short[] panel, int at, int k, int[] x, int x0, short[] sums, int to) {
        ShortVector a00 = ShortVector.zero(S);
        ShortVector a01 = ShortVector.zero(S);
        for (int i = 0; i < k; i++) {
            ShortVector w0 = ShortVector.fromArray(S, panel, at + i * STRIP);
            ShortVector w1 = ShortVector.fromArray(S, panel, at + i * STRIP + SL);
            ShortVector b = IntVector.broadcast(I, x[x0 + TOKENS * i]).reinterpretAsShorts();
            a00 = a00.add(w0.mul(b));
            a01 = a01.add(w1.mul(b));
        }
        a00.intoArray(sums, to);
        a01.intoArray(sums, to + SL);
    }

    /**
     * {@code c[t][r] += sums[t][r] * (d[r] * dx[t])} for the tokens of a tile and the rows of a strip, which is four vectors of
     * floats; {@code c} holds a tile.
     */
    static void scale(short[] sums, int tokens, float[] d, int dAt, float[] dx, int dxAt, int dxStride, float[] c) {
        FloatVector d0 = FloatVector.fromArray(F, d, dAt);
        FloatVector d1 = FloatVector.fromArray(F, d, dAt + FL);
        FloatVector d2 = FloatVector.fromArray(F, d, dAt + 2 * FL);
        FloatVector d3 = FloatVector.fromArray(F, d, dAt + 3 * FL);
        for (int t = 0; t < tokens; t++) {
            FloatVector x = FloatVector.broadcast(F, dx[dxAt + t * dxStride]);
            int s = t * STRIP;
            FloatVector s0 = (FloatVector) ShortVector.fromArray(HALF_S, sums, s).castShape(F, 0);
            FloatVector s1 = (FloatVector) ShortVector.fromArray(HALF_S, sums, s + FL).castShape(F, 0);
            FloatVector s2 = (FloatVector) ShortVector.fromArray(HALF_S, sums, s + 2 * FL).castShape(F, 0);
            FloatVector s3 = (FloatVector) ShortVector.fromArray(HALF_S, sums, s + 3 * FL).castShape(F, 0);
            s0.fma(d0.mul(x), FloatVector.fromArray(F, c, s)).intoArray(c, s);
            s1.fma(d1.mul(x), FloatVector.fromArray(F, c, s + FL)).intoArray(c, s + FL);
            s2.fma(d2.mul(x), FloatVector.fromArray(F, c, s + 2 * FL)).intoArray(c, s + 2 * FL);
            s3.fma(d3.mul(x), FloatVector.fromArray(F, c, s + 3 * FL)).intoArray(c, s + 3 * FL);
        }
    }

    /**
     * As {@link #scale} for two blocks, one after the other; the sums of the second come {@code TOKENS * STRIP} after those of the
     * first.
     */
    static void scaleTwo(short[] sums, int tokens, float[] d, int dAt, float[] dx, int dxAt, int dxStride, float[] c) {
        FloatVector d0 = FloatVector.fromArray(F, d, dAt);
        FloatVector d1 = FloatVector.fromArray(F, d, dAt + FL);
        FloatVector d2 = FloatVector.fromArray(F, d, dAt + 2 * FL);
        FloatVector d3 = FloatVector.fromArray(F, d, dAt + 3 * FL);
        FloatVector e0 = FloatVector.fromArray(F, d, dAt + ROWS);
        FloatVector e1 = FloatVector.fromArray(F, d, dAt + ROWS + FL);
        FloatVector e2 = FloatVector.fromArray(F, d, dAt + ROWS + 2 * FL);
        FloatVector e3 = FloatVector.fromArray(F, d, dAt + ROWS + 3 * FL);
        for (int t = 0; t < tokens; t++) {
            FloatVector x = FloatVector.broadcast(F, dx[dxAt + t * dxStride]);
            FloatVector y = FloatVector.broadcast(F, dx[dxAt + t * dxStride + 1]);
            int s = t * STRIP;
            int z = (TOKENS + t) * STRIP;
            FloatVector s0 = (FloatVector) ShortVector.fromArray(HALF_S, sums, s).castShape(F, 0);
            FloatVector s1 = (FloatVector) ShortVector.fromArray(HALF_S, sums, s + FL).castShape(F, 0);
            FloatVector s2 = (FloatVector) ShortVector.fromArray(HALF_S, sums, s + 2 * FL).castShape(F, 0);
            FloatVector s3 = (FloatVector) ShortVector.fromArray(HALF_S, sums, s + 3 * FL).castShape(F, 0);
            s0 = s0.fma(d0.mul(x), FloatVector.fromArray(F, c, s));
            s1 = s1.fma(d1.mul(x), FloatVector.fromArray(F, c, s + FL));
            s2 = s2.fma(d2.mul(x), FloatVector.fromArray(F, c, s + 2 * FL));
            s3 = s3.fma(d3.mul(x), FloatVector.fromArray(F, c, s + 3 * FL));
            FloatVector z0 = (FloatVector) ShortVector.fromArray(HALF_S, sums, z).castShape(F, 0);
            FloatVector z1 = (FloatVector) ShortVector.fromArray(HALF_S, sums, z + FL).castShape(F, 0);
            FloatVector z2 = (FloatVector) ShortVector.fromArray(HALF_S, sums, z + 2 * FL).castShape(F, 0);
            FloatVector z3 = (FloatVector) ShortVector.fromArray(HALF_S, sums, z + 3 * FL).castShape(F, 0);
            z0.fma(e0.mul(y), s0).intoArray(c, s);
            z1.fma(e1.mul(y), s1).intoArray(c, s + FL);
            z2.fma(e2.mul(y), s2).intoArray(c, s + 2 * FL);
            z3.fma(e3.mul(y), s3).intoArray(c, s + 3 * FL);
        }
    }

    /** As {@link #scale} for blocks whose sums came in two halves, the second {@code TOKENS * STRIP} after the first. */
    static void scaleHalves(short[] sums, int tokens, float[] d, int dAt, float[] dx, int dxAt, int dxStride, float[] c) {
        for (int t = 0; t < tokens; t++) {
            FloatVector x = FloatVector.broadcast(F, dx[dxAt + t * dxStride]);
            for (int r = 0; r < STRIP; r += FL) {
                FloatVector s = (FloatVector) ShortVector.fromArray(HALF_S, sums, t * STRIP + r).castShape(F, 0);
                FloatVector s2 = (FloatVector) ShortVector.fromArray(HALF_S, sums, (TOKENS + t) * STRIP + r).castShape(F, 0);
                s.add(s2).fma(FloatVector.fromArray(F, d, dAt + r).mul(x), FloatVector.fromArray(F, c, t * STRIP + r))
                        .intoArray(c, t * STRIP + r);
            }
        }
    }

    /** {@code c[r] = sum_b (sums[2b][r] + sums[2b + 1][r]) * d[b][r] * dx[b] + from[r]}: one token's sums over all its blocks. */
    static void scaleRunHalves(short[] sums, int blocks, float[] d, float[] dx, int xAt, float[] from, int fromAt, float[] c,
            int cAt) {
        for (int r = 0; r < ROWS; r += FL) {
            FloatVector a = FloatVector.zero(F);
            for (int b = 0; b < blocks; b++) {
                FloatVector s = (FloatVector) ShortVector.fromArray(HALF_S, sums, 2 * b * ROWS + r).castShape(F, 0);
                FloatVector s2 = (FloatVector) ShortVector.fromArray(HALF_S, sums, (2 * b + 1) * ROWS + r).castShape(F, 0);
                a = s.add(s2).fma(FloatVector.fromArray(F, d, b * ROWS + r).mul(dx[xAt + b]), a);
            }
            a.add(FloatVector.fromArray(F, from, fromAt + r)).intoArray(c, cAt + r);
        }
    }

    /** {@code c[r] = sum_b m[b][r] * sums[b]}: what the minima of one token's blocks add. */
    static void minima(float[] m, int blocks, float[] sums, int at, float[] c, int cAt) {
        for (int r = 0; r < ROWS; r += FL) {
            FloatVector a = FloatVector.zero(F);
            for (int b = 0; b < blocks; b++) {
                a = FloatVector.fromArray(F, m, b * ROWS + r).fma(FloatVector.broadcast(F, sums[at + b]), a);
            }
            a.intoArray(c, cAt + r);
        }
    }

    /** {@code c[t][r] += a[t][r]} for the rows of a group. */
    static void addRows(float[] a, int tokens, float[] c, int cAt, int cStride) {
        for (int t = 0; t < tokens; t++) {
            for (int r = 0; r < ROWS; r += FL) {
                int to = cAt + t * cStride + r;
                FloatVector.fromArray(F, c, to).add(FloatVector.fromArray(F, a, t * ROWS + r)).intoArray(c, to);
            }
        }
    }
}
