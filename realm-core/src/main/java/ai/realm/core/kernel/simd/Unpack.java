package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.FloatGemm.ROWS;
import static ai.realm.core.kernel.simd.Lanes.F;
import static ai.realm.core.kernel.simd.Lanes.FL;
import static ai.realm.core.kernel.simd.Lanes.HALF_BITS;
import static ai.realm.core.kernel.simd.Lanes.HALF_S;
import static ai.realm.core.kernel.simd.Lanes.I;
import static ai.realm.core.kernel.simd.Lanes.LE;
import static ai.realm.core.kernel.simd.Lanes.SL;
import static ai.realm.core.kernel.simd.Lanes.TWO_112;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/** Unpacks one group of a {@link PackedMatrix}: its scales to fp32, its weights to panels of floats or shorts. */
final class Unpack {
    private Unpack() {
    }

    /**
     * Writes scales {@code d[b][r]} and, for unsigned weights, minima {@code m[b][r]}: of the weights as packed, or if
     * {@code centred} of weights with the centre taken off (none then for types without minima).
     */
    static void scales(PackedMatrix w, int group, boolean centred, float[] d, float[] m) {
        long at = w.scalesAt(group);
        int blocks = w.blocks;
        int centre = w.packing.quants.centre;
        switch (w.packing.scales) {
            case HALF -> {
                halves(w.data, at, blocks * ROWS, d);
                if (centre > 0 && !centred) {
                    scaled(d, -centre, blocks * ROWS, m);
                }
            }
            case HALF_MIN -> {
                halves(w.data, at, blocks * ROWS, d);
                halves(w.data, at + 2L * blocks * ROWS, blocks * ROWS, m);
            }
            case SUPER_MIN -> {
                for (int s = 0; s < blocks / 8; s++) {
                    superMin(w.data, at + 2L * s * ROWS, at + 2L * (blocks / 8 + s) * ROWS,
                            at + 2L * (blocks / 4 + 8 * s) * ROWS, d, m, s * 8 * ROWS);
                }
            }
            case SUPER_16 -> {
                for (int s = 0; s < blocks / 8; s++) {
                    super16(w.data, at + 2L * s * ROWS, at + 2L * (blocks / 8 + 8 * s) * ROWS, d, s * 16 * ROWS);
                }
            }
        }
        if (centred && w.packing.scales.hasMin()) {
            addScaled(d, centre, blocks * ROWS, m);
        }
    }

    /** Numbers {@code m[b][r]} as a panel of {@link FloatGemm#multiply}. */
    static void strips(float[] m, int blocks, float[] panel) {
        for (int b = 0; b < blocks; b++) {
            for (int r = 0; r < ROWS; r += FloatGemm.STRIP) {
                System.arraycopy(m, b * ROWS + r, panel, r * blocks + b * FloatGemm.STRIP, FloatGemm.STRIP);
            }
        }
    }

    /** fp16 to fp32, exact for all finite numbers: the exponent is moved and put right by a product. */
    private static void halves(MemorySegment from, long at, int n, float[] out) {
        for (int i = 0; i < n; i += FL) {
            IntVector v = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, at + 2L * i, LE).castShape(I, 0);
            v.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112).intoArray(out, i);
        }
    }

    /** {@code m = a * d}. */
    private static void scaled(float[] d, float a, int n, float[] m) {
        for (int i = 0; i < n; i += FL) {
            FloatVector.fromArray(F, d, i).mul(a).intoArray(m, i);
        }
    }

    /** {@code m += a * d}. */
    private static void addScaled(float[] d, float a, int n, float[] m) {
        for (int i = 0; i < n; i += FL) {
            FloatVector.fromArray(F, d, i).fma(FloatVector.broadcast(F, a), FloatVector.fromArray(F, m, i)).intoArray(m, i);
        }
    }

    private static void superMin(MemorySegment from, long dAt, long mAt, long words, float[] d, float[] m, int out) {
        for (int r = 0; r < ROWS; r += FL) {
            IntVector dv = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, dAt + 2L * r, LE).castShape(I, 0);
            IntVector mv = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, mAt + 2L * r, LE).castShape(I, 0);
            FloatVector ds = dv.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            FloatVector ms = mv.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(-TWO_112);
            for (int b = 0; b < 8; b++) {
                IntVector v = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, words + 2L * (b * ROWS + r), LE).castShape(
                        I,
                        0);
                ((FloatVector) v.and(63).castShape(F, 0)).mul(ds).intoArray(d, out + b * ROWS + r);
                ((FloatVector) v.lanewise(ASHR, 8).castShape(F, 0)).mul(ms).intoArray(m, out + b * ROWS + r);
            }
        }
    }

    private static void super16(MemorySegment from, long dAt, long words, float[] d, int out) {
        for (int r = 0; r < ROWS; r += FL) {
            IntVector dv = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, dAt + 2L * r, LE).castShape(I, 0);
            FloatVector ds = dv.lanewise(LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
            for (int b = 0; b < 8; b++) {
                IntVector v = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, words + 2L * (b * ROWS + r), LE).castShape(
                        I,
                        0);
                IntVector low = v.lanewise(LSHL, 24).lanewise(ASHR, 24);
                ((FloatVector) low.castShape(F, 0)).mul(ds).intoArray(d, out + 2 * b * ROWS + r);
                ((FloatVector) v.lanewise(ASHR, 8).castShape(F, 0)).mul(ds).intoArray(d,
                        out + (2 * b + 1) * ROWS + r);
            }
        }
    }

    /**
     * Weights of blocks {@code from} to {@code to} as floats, scales and minima applied, in the strips of
     * {@link FloatGemm#multiply}.
     */
    static void floats(PackedMatrix w, int group, int from, int to, float[] d, float[] m, float[] panel) {
        Packing.Quants q = w.packing.quants;
        boolean sixteens = w.packing.scales == Packing.Scales.SUPER_16;
        for (int b = from; b < to; b++) {
            for (int r = 0; r < ROWS; r += 2 * FL) {
                long at = w.wordAt(group * ROWS + r, b, 0);
                int out = (r / FloatGemm.STRIP * 32 * (to - from) + (b - from) * 32) * FloatGemm.STRIP + r % FloatGemm.STRIP;
                switch (q) {
                    case BYTE -> {
                        int scale = (sixteens ? 2 * b : b) * ROWS + r;
                        bytes(w.data, at, sixteens ? 4 : 8, d, scale, panel, out);
                        if (sixteens) {
                            bytes(w.data, at + 16L * Packing.HALF, 4, d, scale + ROWS, panel, out + 16 * FloatGemm.STRIP);
                        }
                    }
                    case NIBBLE -> nibbles(w.data, at, d, m, b * ROWS + r, panel, out);
                    case FIVE -> fives(w.data, at, d, m, b * ROWS + r, panel, out);
                    case SIX -> sixes(w.data, at, d, 2 * b * ROWS + r, panel, out);
                }
            }
        }
    }

    /**
     * Two vectors of rows, 4 columns a word. A byte where it lies in its word is {@code 2^8i} times the weight; the lower three are
     * unsigned.
     */
    private static void bytes(MemorySegment from, long at, int words, float[] d, int scale, float[] panel, int out) {
        FloatVector s0 = FloatVector.fromArray(F, d, scale);
        FloatVector s1 = s0.mul(0x1p-8f);
        FloatVector s2 = s0.mul(0x1p-16f);
        FloatVector s3 = s0.mul(0x1p-24f);
        FloatVector excess = s0.mul(-Packing.EXCESS);
        FloatVector z0 = FloatVector.fromArray(F, d, scale + FL);
        FloatVector z1 = z0.mul(0x1p-8f);
        FloatVector z2 = z0.mul(0x1p-16f);
        FloatVector z3 = z0.mul(0x1p-24f);
        FloatVector excess2 = z0.mul(-Packing.EXCESS);
        for (int j = 0; j < words; j++) {
            IntVector v = IntVector.fromMemorySegment(I, from, at + 4L * Packing.HALF * j, LE);
            IntVector u = IntVector.fromMemorySegment(I, from, at + 4L * Packing.HALF * j + 4L * FL, LE);
            int to = out + 4 * FloatGemm.STRIP * j;
            ((FloatVector) v.and(0xff).castShape(F, 0)).fma(s0, excess).intoArray(panel, to);
            ((FloatVector) u.and(0xff).castShape(F, 0)).fma(z0, excess2).intoArray(panel, to + FL);
            ((FloatVector) v.and(0xff00).castShape(F, 0)).fma(s1, excess).intoArray(panel, to + FloatGemm.STRIP);
            ((FloatVector) u.and(0xff00).castShape(F, 0)).fma(z1, excess2).intoArray(panel, to + FloatGemm.STRIP + FL);
            ((FloatVector) v.and(0xff0000).castShape(F, 0)).fma(s2, excess).intoArray(panel, to + 2 * FloatGemm.STRIP);
            ((FloatVector) u.and(0xff0000).castShape(F, 0)).fma(z2, excess2).intoArray(panel, to + 2 * FloatGemm.STRIP + FL);
            ((FloatVector) v.and(0xff000000).castShape(F, 0)).mul(s3).intoArray(panel, to + 3 * FloatGemm.STRIP);
            ((FloatVector) u.and(0xff000000).castShape(F, 0)).mul(z3).intoArray(panel, to + 3 * FloatGemm.STRIP + FL);
        }
    }

    private static void nibbles(MemorySegment from, long at, float[] d, float[] m, int scale, float[] panel, int out) {
        FloatVector s = FloatVector.fromArray(F, d, scale);
        FloatVector z = FloatVector.fromArray(F, d, scale + FL);
        FloatVector min = FloatVector.fromArray(F, m, scale);
        FloatVector min2 = FloatVector.fromArray(F, m, scale + FL);
        for (int j = 0; j < 8; j++) {
            long word = at + 2L * ROWS * j;
            IntVector v = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, word, LE).castShape(I, 0);
            IntVector u = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, word + 2L * FL, LE).castShape(I, 0);
            int to = out + 4 * FloatGemm.STRIP * j;
            ((FloatVector) v.and(15).castShape(F, 0)).fma(s, min).intoArray(panel, to);
            ((FloatVector) u.and(15).castShape(F, 0)).fma(z, min2).intoArray(panel, to + FL);
            ((FloatVector) v.lanewise(LSHR, 4).and(15).castShape(F, 0)).fma(s, min).intoArray(panel, to + FloatGemm.STRIP);
            ((FloatVector) u.lanewise(LSHR, 4).and(15).castShape(F, 0)).fma(z, min2).intoArray(panel, to + FloatGemm.STRIP + FL);
            ((FloatVector) v.lanewise(LSHR, 8).and(15).castShape(F, 0)).fma(s, min).intoArray(panel, to + 2 * FloatGemm.STRIP);
            ((FloatVector) u.lanewise(LSHR, 8).and(15).castShape(F, 0)).fma(z, min2).intoArray(panel,
                    to + 2 * FloatGemm.STRIP + FL);
            ((FloatVector) v.lanewise(LSHR, 12).and(15).castShape(F, 0)).fma(s, min).intoArray(panel, to + 3 * FloatGemm.STRIP);
            ((FloatVector) u.lanewise(LSHR, 12).and(15).castShape(F, 0)).fma(z, min2).intoArray(panel,
                    to + 3 * FloatGemm.STRIP + FL);
        }
    }

    private static void fives(MemorySegment from, long at, float[] d, float[] m, int scale, float[] panel, int out) {
        FloatVector s = FloatVector.fromArray(F, d, scale);
        FloatVector z = FloatVector.fromArray(F, d, scale + FL);
        FloatVector min = FloatVector.fromArray(F, m, scale);
        FloatVector min2 = FloatVector.fromArray(F, m, scale + FL);
        for (int j = 0; j < 10; j++) {
            long word = at + 2L * ROWS * j;
            IntVector v = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, word, LE).castShape(I, 0);
            IntVector u = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, word + 2L * FL, LE).castShape(I, 0);
            int to = out + 3 * FloatGemm.STRIP * j;
            ((FloatVector) v.and(31).castShape(F, 0)).fma(s, min).intoArray(panel, to);
            ((FloatVector) u.and(31).castShape(F, 0)).fma(z, min2).intoArray(panel, to + FL);
            ((FloatVector) v.lanewise(LSHR, 5).and(31).castShape(F, 0)).fma(s, min).intoArray(panel, to + FloatGemm.STRIP);
            ((FloatVector) u.lanewise(LSHR, 5).and(31).castShape(F, 0)).fma(z, min2).intoArray(panel, to + FloatGemm.STRIP + FL);
            ((FloatVector) v.lanewise(LSHR, 10).and(31).castShape(F, 0)).fma(s, min).intoArray(panel, to + 2 * FloatGemm.STRIP);
            ((FloatVector) u.lanewise(LSHR, 10).and(31).castShape(F, 0)).fma(z, min2).intoArray(panel,
                    to + 2 * FloatGemm.STRIP + FL);
        }
        IntVector v = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, at + 20L * ROWS, LE).castShape(I, 0);
        IntVector u = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, at + 20L * ROWS + 2L * FL, LE).castShape(I, 0);
        int to = out + 30 * FloatGemm.STRIP;
        ((FloatVector) v.and(31).castShape(F, 0)).fma(s, min).intoArray(panel, to);
        ((FloatVector) u.and(31).castShape(F, 0)).fma(z, min2).intoArray(panel, to + FL);
        ((FloatVector) v.lanewise(LSHR, 5).and(31).castShape(F, 0)).fma(s, min).intoArray(panel, to + FloatGemm.STRIP);
        ((FloatVector) u.lanewise(LSHR, 5).and(31).castShape(F, 0)).fma(z, min2).intoArray(panel, to + FloatGemm.STRIP + FL);
    }

    /** Two vectors of rows of four octets, two for each scale. */
    private static void sixes(MemorySegment from, long at, float[] d, int scale, float[] panel, int out) {
        for (int o = 0; o < 4; o++) {
            octet(from, at + 6L * ROWS * o, d, scale + o / 2 * ROWS, panel, out + 8 * FloatGemm.STRIP * o);
            octet(from, at + 6L * ROWS * o + 2L * FL, d, scale + o / 2 * ROWS + FL, panel, out + 8 * FloatGemm.STRIP * o + FL);
        }
    }

    private static void octet(MemorySegment from, long at, float[] d, int scale, float[] panel, int to) {
        FloatVector s = FloatVector.fromArray(F, d, scale);
        FloatVector min = s.mul(-Packing.Quants.SIX.centre);
        IntVector v = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, at, LE).castShape(I, 0);
        IntVector u = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, at + 2L * ROWS, LE).castShape(I, 0);
        IntVector z = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, at + 4L * ROWS, LE).castShape(I, 0);
        ((FloatVector) v.and(63).castShape(F, 0)).fma(s, min).intoArray(panel, to);
        ((FloatVector) v.lanewise(LSHR, 6).and(63).castShape(F, 0)).fma(s, min).intoArray(panel, to + FloatGemm.STRIP);
        ((FloatVector) u.and(63).castShape(F, 0)).fma(s, min).intoArray(panel, to + 2 * FloatGemm.STRIP);
        ((FloatVector) u.lanewise(LSHR, 6).and(63).castShape(F, 0)).fma(s, min).intoArray(panel, to + 3 * FloatGemm.STRIP);
        ((FloatVector) z.and(63).castShape(F, 0)).fma(s, min).intoArray(panel, to + 4 * FloatGemm.STRIP);
        ((FloatVector) z.lanewise(LSHR, 6).and(63).castShape(F, 0)).fma(s, min).intoArray(panel, to + 5 * FloatGemm.STRIP);
        ((FloatVector) v.lanewise(LSHR, 12).and(15).or(u.lanewise(LSHR, 8).and(0x30)).castShape(F, 0)).fma(s, min)
                .intoArray(panel, to + 6 * FloatGemm.STRIP);
        ((FloatVector) z.lanewise(LSHR, 12).and(15).or(u.lanewise(LSHR, 10).and(0x30)).castShape(F, 0)).fma(s, min)
                .intoArray(panel, to + 7 * FloatGemm.STRIP);
    }

    /**
     * 5-bit weights of blocks {@code from} to {@code to} as signed shorts, scales not applied, in the strips of {@link ShortGemm}.
     */
    static void shorts(PackedMatrix w, int group, int from, int to, short[] panel) {
        for (int r = 0; r < ROWS; r += SL) {
            int strip = r / ShortGemm.STRIP * ShortGemm.STRIP * 32 * (to - from) + r % ShortGemm.STRIP;
            for (int b = from; b < to; b++) {
                shortFives(w.data, w.wordAt(group * ROWS + r, b, 0), panel, strip + (b - from) * 32 * ShortGemm.STRIP);
            }
        }
    }

    private static void shortFives(MemorySegment from, long at, short[] panel, int out) {
        for (int k = 0; k < 32; k++) {
            IntVector.fromMemorySegment(I, from, at + 2L * ROWS * (k / 3), LE).lanewise(LSHR, k % 3 * 5).and(0x1f001f)
                    .reinterpretAsShorts().sub((short) 16).intoArray(panel, out + k * ShortGemm.STRIP);
        }
    }
}
