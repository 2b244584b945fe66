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

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/** Unpacks one group of a {@link PackedMatrix}: its scales to fp32, its weights to panels of floats or shorts. */
final class Unpack {
    private Unpack() {
    }

    /** Writes scales {@code d[b][r]} and, where the type has them, minima {@code m[b][r]} for centred weights. */
    static void scales(PackedMatrix w, int group, float[] d, float[] m) {
        long at = w.scalesAt(group);
        int blocks = w.blocks;
        switch (w.packing.scales) {
            case HALF -> halves(w.data, at, blocks * ROWS, d);
            case HALF_MIN -> {
                halves(w.data, at, blocks * ROWS, d);
                halves(w.data, at + 2L * blocks * ROWS, blocks * ROWS, m);
                centre(d, m, w.packing.quants.centre, blocks * ROWS);
            }
            case SUPER_MIN -> {
                for (int s = 0; s < blocks / 8; s++) {
                    superMin(w.data, at + 2L * s * ROWS, at + 2L * (blocks / 8 + s) * ROWS,
                            at + 2L * (blocks / 4 + 8 * s) * ROWS, d, m, s * 8 * ROWS);
                }
                centre(d, m, w.packing.quants.centre, blocks * ROWS);
            }
            case SUPER_16 -> {
                for (int s = 0; s < blocks / 8; s++) {
                    super16(w.data, at + 2L * s * ROWS, at + 2L * (blocks / 8 + 8 * s) * ROWS, d, s * 16 * ROWS);
                }
            }
        }
    }

    /** fp16 to fp32, exact for all finite numbers: the exponent is moved and put right by a product. */
    private static void halves(MemorySegment from, long at, int n, float[] out) {
        for (int i = 0; i < n; i += FL) {
            IntVector v = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, at + 2L * i, LE).castShape(I, 0);
            v.lanewise(VectorOperators.LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112).intoArray(out, i);
        }
    }

    /** A minimum of unsigned weights becomes that of weights with the centre taken off. */
    private static void centre(float[] d, float[] m, int centre, int n) {
        for (int i = 0; i < n; i += FL) {
            FloatVector.fromArray(F, d, i).fma(FloatVector.broadcast(F, centre), FloatVector.fromArray(F, m, i)).intoArray(m, i);
        }
    }

    private static void superMin(MemorySegment from, long dAt, long mAt, long words, float[] d, float[] m, int out) {
        for (int r = 0; r < ROWS; r += FL) {
            IntVector dv = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, dAt + 2L * r, LE).castShape(I, 0);
            IntVector mv = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, mAt + 2L * r, LE).castShape(I, 0);
            FloatVector ds = dv.lanewise(VectorOperators.LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector ms = mv.lanewise(VectorOperators.LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(-TWO_112);
            for (int b = 0; b < 8; b++) {
                IntVector v = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, words + 2L * (b * ROWS + r), LE).castShape(
                        I,
                        0);
                ((FloatVector) v.and(63).castShape(F, 0)).mul(ds).intoArray(d, out + b * ROWS + r);
                ((FloatVector) v.lanewise(VectorOperators.ASHR, 8).castShape(F, 0)).mul(ms).intoArray(m, out + b * ROWS + r);
            }
        }
    }

    private static void super16(MemorySegment from, long dAt, long words, float[] d, int out) {
        for (int r = 0; r < ROWS; r += FL) {
            IntVector dv = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, dAt + 2L * r, LE).castShape(I, 0);
            FloatVector ds = dv.lanewise(VectorOperators.LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            for (int b = 0; b < 8; b++) {
                IntVector v = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, words + 2L * (b * ROWS + r), LE).castShape(
                        I,
                        0);
                IntVector low = v.lanewise(VectorOperators.LSHL, 24).lanewise(VectorOperators.ASHR, 24);
                ((FloatVector) low.castShape(F, 0)).mul(ds).intoArray(d, out + 2 * b * ROWS + r);
                ((FloatVector) v.lanewise(VectorOperators.ASHR, 8).castShape(F, 0)).mul(ds).intoArray(d,
                        out + (2 * b + 1) * ROWS + r);
            }
        }
    }

    /** Weights of blocks {@code from} to {@code to} as floats, scales and minima applied: {@code panel[k][r]}. */
    static void floats(PackedMatrix w, int group, int from, int to, float[] d, float[] m, float[] panel) {
        Packing.Quants q = w.packing.quants;
        boolean min = w.packing.scales.hasMin();
        for (int b = from; b < to; b++) {
            long at = w.quantsAt(group) + (long) b * q.blockBytes();
            int out = (b - from) * 32 * ROWS;
            for (int k = 0; k < 32; k++) {
                long word = at + (long) q.wordBytes * (k / q.perWord) * ROWS;
                int left = 32 - q.bits * (k % q.perWord + 1);
                int scale = w.packing.scales == Packing.Scales.SUPER_16 ? (2 * b + k / 16) * ROWS : b * ROWS;
                if (q.wordBytes == 4) {
                    intColumn(w.data, word, k % 4, d, scale, panel, out + k * ROWS);
                } else if (min) {
                    shortColumnMin(w.data, word, left, 32 - q.bits, d, m, scale, panel, out + k * ROWS);
                } else {
                    shortColumn(w.data, word, left, 32 - q.bits, d, scale, panel, out + k * ROWS);
                }
            }
        }
    }

    /** A byte where it lies in its word is {@code 2^8i} times the weight; the lower three are unsigned. */
    private static void intColumn(MemorySegment from, long at, int i, float[] d, int scale, float[] panel, int out) {
        float shift = Math.scalb(1f, -8 * i);
        float excess = i == 3 ? 0 : -Packing.EXCESS;
        for (int r = 0; r < ROWS; r += FL) {
            IntVector v = IntVector.fromMemorySegment(I, from, at + 4L * r, LE).and(0xff << 8 * i);
            FloatVector s = FloatVector.fromArray(F, d, scale + r);
            ((FloatVector) v.castShape(F, 0)).fma(FloatVector.broadcast(F, shift), FloatVector.broadcast(F, excess)).mul(s)
                    .intoArray(panel, out + r);
        }
    }

    private static void shortColumn(MemorySegment from, long at, int left, int right, float[] d, int scale, float[] panel,
            int out) {
        for (int r = 0; r < ROWS; r += FL) {
            IntVector v = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, at + 2L * r, LE).castShape(I, 0);
            IntVector q = v.lanewise(VectorOperators.LSHL, left).lanewise(VectorOperators.ASHR, right);
            ((FloatVector) q.castShape(F, 0)).mul(FloatVector.fromArray(F, d, scale + r)).intoArray(panel, out + r);
        }
    }

    private static void shortColumnMin(MemorySegment from, long at, int left, int right, float[] d, float[] m, int scale,
            float[] panel, int out) {
        for (int r = 0; r < ROWS; r += FL) {
            IntVector v = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, at + 2L * r, LE).castShape(I, 0);
            IntVector q = v.lanewise(VectorOperators.LSHL, left).lanewise(VectorOperators.ASHR, right);
            ((FloatVector) q.castShape(F, 0)).fma(FloatVector.fromArray(F, d, scale + r), FloatVector.fromArray(F, m, scale + r))
                    .intoArray(panel, out + r);
        }
    }

    /** Weights of blocks {@code from} to {@code to} as signed shorts, scales not applied: {@code panel[k][r]}. */
    static void shorts(PackedMatrix w, int group, int from, int to, short[] panel) {
        Packing.Quants q = w.packing.quants;
        for (int b = from; b < to; b++) {
            long at = w.quantsAt(group) + (long) b * q.blockBytes();
            for (int k = 0; k < 32; k++) {
                shortColumn(w.data, at + 2L * (k / q.perWord) * ROWS, 16 - q.bits * (k % q.perWord + 1), 16 - q.bits, panel,
                        ((b - from) * 32 + k) * ROWS);
            }
        }
    }

    private static void shortColumn(MemorySegment from, long at, int left, int right, short[] panel, int out) {
        for (int r = 0; r < ROWS; r += SL) {
            ShortVector.fromMemorySegment(S, from, at + 2L * r, LE).lanewise(VectorOperators.LSHL, left)
                    .lanewise(VectorOperators.ASHR, right).intoArray(panel, out + r);
        }
    }
}
