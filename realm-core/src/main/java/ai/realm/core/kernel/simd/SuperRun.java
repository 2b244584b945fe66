package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.FloatGemm.ROWS;
import static ai.realm.core.kernel.simd.Lanes.F;
import static ai.realm.core.kernel.simd.Lanes.FL;
import static ai.realm.core.kernel.simd.Lanes.HALF_BITS;
import static ai.realm.core.kernel.simd.Lanes.HALF_S;
import static ai.realm.core.kernel.simd.Lanes.I;
import static ai.realm.core.kernel.simd.Lanes.LE;
import static ai.realm.core.kernel.simd.Lanes.TWO_112;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/**
 * Scales one token's 16-bit sums of 4-bit weights whose scales and minima are small numbers beside those of 256 columns: they are
 * turned into fp32 where they are used, and not written before they are read once.
 */
final class SuperRun {
    /** What the sums' weights are centred by. */
    private static final float CENTRE = 8;

    private SuperRun() {
    }

    /**
     * {@code c[r] = sum_b sums[b][r] * d[b][r] * dx[b] + sum_b m[b][r] * sx[b]}, the same bits as {@link Unpack#scales},
     * {@link ShortGemm#minima} and {@link ShortGemm#scaleRun} give.
     *
     * @param at where the group's scales are
     * @param sums of blocks, the centre taken off
     * @param sx sums of each block's activations
     */
    static void scale(MemorySegment w, long at, int blocks, short[] sums, float[] dx, float[] sx, int xAt, float[] c, int cAt) {
        for (int r = 0; r < ROWS; r += 2 * FL) {
            rows(w, at + 2L * r, blocks, sums, r, dx, sx, xAt, c, cAt + r);
        }
    }

    private static void rows(MemorySegment w, long at, int blocks, short[] sums, int sumsAt, float[] dx, float[] sx, int xAt,
            float[] c, int cAt) {
        FloatVector a0 = FloatVector.zero(F);
        FloatVector a1 = a0;
        FloatVector b0 = a0;
        FloatVector b1 = a0;
        FloatVector centre = FloatVector.broadcast(F, CENTRE);
        for (int s = 0; s < blocks / 8; s++) {
            long d = at + 2L * s * ROWS;
            long m = at + 2L * (blocks / 8 + s) * ROWS;
            IntVector v0 = (IntVector) ShortVector.fromMemorySegment(HALF_S, w, d, LE).castShape(I, 0);
            IntVector v1 = (IntVector) ShortVector.fromMemorySegment(HALF_S, w, d + 2L * FL, LE).castShape(I, 0);
            FloatVector d0 = v0.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector d1 = v1.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            v0 = (IntVector) ShortVector.fromMemorySegment(HALF_S, w, m, LE).castShape(I, 0);
            v1 = (IntVector) ShortVector.fromMemorySegment(HALF_S, w, m + 2L * FL, LE).castShape(I, 0);
            FloatVector m0 = v0.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(-TWO_112);
            FloatVector m1 = v1.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(-TWO_112);
            for (int b = 8 * s; b < 8 * s + 8; b++) {
                long word = at + 2L * (blocks / 4 + b) * ROWS;
                v0 = (IntVector) ShortVector.fromMemorySegment(HALF_S, w, word, LE).castShape(I, 0);
                v1 = (IntVector) ShortVector.fromMemorySegment(HALF_S, w, word + 2L * FL, LE).castShape(I, 0);
                FloatVector e0 = ((FloatVector) v0.and(63).castShape(F, 0)).mul(d0);
                FloatVector e1 = ((FloatVector) v1.and(63).castShape(F, 0)).mul(d1);
                FloatVector x = FloatVector.broadcast(F, dx[xAt + b]);
                a0 = ((FloatVector) ShortVector.fromArray(HALF_S, sums, sumsAt + b * ROWS).castShape(F, 0)).fma(e0.mul(x), a0);
                a1 = ((FloatVector) ShortVector.fromArray(HALF_S, sums, sumsAt + b * ROWS + FL).castShape(F, 0)).fma(e1.mul(x),
                        a1);
                x = FloatVector.broadcast(F, sx[xAt + b]);
                b0 = e0.fma(centre, ((FloatVector) v0.lanewise(ASHR, 8).castShape(F, 0)).mul(m0)).fma(x, b0);
                b1 = e1.fma(centre, ((FloatVector) v1.lanewise(ASHR, 8).castShape(F, 0)).mul(m1)).fma(x, b1);
            }
        }
        a0.add(b0).intoArray(c, cAt);
        a1.add(b1).intoArray(c, cAt + FL);
    }
}
