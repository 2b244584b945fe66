package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.Lanes.BYTE_S;
import static ai.realm.core.kernel.simd.Lanes.F;
import static ai.realm.core.kernel.simd.Lanes.FL;
import static ai.realm.core.kernel.simd.Lanes.HALF_BITS;
import static ai.realm.core.kernel.simd.Lanes.HALF_S;
import static ai.realm.core.kernel.simd.Lanes.I;
import static ai.realm.core.kernel.simd.Lanes.LE;
import static ai.realm.core.kernel.simd.Lanes.TWO_112;
import static ai.realm.core.kernel.simd.PackedMatrix.SHORT;

import ai.realm.core.kernel.LowRankPanel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/** Runs of numbers in memory turned into floats, exactly (infinities of 16 bits excepted). */
final class VectorLoads {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int CACHE_LINE = 64;

    private VectorLoads() {
    }

    /**
     * Fetches a run of bytes into the caches: reads of every cache line, one right after the other, have as many on their way from
     * memory as the processor can, where a kernel has a few and waits for them.
     *
     * @return the sum of what was read, which a caller keeps, so that the reads are not dropped
     */
    static long fetch(MemorySegment from, long at, long bytes) {
        int lines = (int) (bytes / CACHE_LINE);
        long sum = 0;
        for (int i = 0; i < lines; i++) {
            sum += from.get(ValueLayout.JAVA_BYTE, at + (long) CACHE_LINE * i);
        }
        return sum;
    }

    static void floats(MemorySegment from, long at, float[] out, int o, int n) {
        MemorySegment.copy(from, FLOAT, at, out, o, n);
    }

    static void halves(MemorySegment from, long at, float[] out, int o, int n) {
        int i = 0;
        for (; i + FL <= n; i += FL) {
            IntVector v = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, at + 2L * i, LE).castShape(I, 0);
            v.lanewise(VectorOperators.LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112).intoArray(out, o + i);
        }
        for (; i < n; i++) {
            out[o + i] = Float.float16ToFloat(from.get(SHORT, at + 2L * i));
        }
    }

    static void brains(MemorySegment from, long at, float[] out, int o, int n) {
        int i = 0;
        for (; i + FL <= n; i += FL) {
            IntVector v = (IntVector) ShortVector.fromMemorySegment(HALF_S, from, at + 2L * i, LE).castShape(I, 0);
            v.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(out, o + i);
        }
        for (; i < n; i++) {
            out[o + i] = Float.intBitsToFloat(from.get(SHORT, at + 2L * i) << 16);
        }
    }

    /** Rows of QuantBlocks of 32 signed bytes with an fp16 scale. */
    static void bytes(MemorySegment from, long at, float[] out, int o, int n) {
        for (int b = 0; b < n / 32; b++) {
            float d = Float.float16ToFloat(from.get(SHORT, at + 34L * b));
            for (int i = 0; i < 32; i++) {
                out[o + 32 * b + i] = from.get(ValueLayout.JAVA_BYTE, at + 34L * b + 2 + i) * d;
            }
        }
    }

    /** {@code sum_k w[k] x[k]} of 32-bit floats in memory. */
    static float dotFloats(MemorySegment w, long at, float[] x, int xo, int n) {
        FloatVector a = FloatVector.zero(F);
        FloatVector b = FloatVector.zero(F);
        int i = 0;
        for (; i + 2 * FL <= n; i += 2 * FL) {
            a = FloatVector.fromMemorySegment(F, w, at + 4L * i, LE).fma(FloatVector.fromArray(F, x, xo + i), a);
            b = FloatVector.fromMemorySegment(F, w, at + 4L * (i + FL), LE).fma(FloatVector.fromArray(F, x, xo + i + FL), b);
        }
        float sum = a.add(b).reduceLanes(VectorOperators.ADD);
        for (; i < n; i++) {
            sum += w.get(FLOAT, at + 4L * i) * x[xo + i];
        }
        return sum;
    }

    /** {@code sum_k w[k] x[k]} of fp16 in memory. */
    static float dotHalves(MemorySegment w, long at, float[] x, int xo, int n) {
        FloatVector a = FloatVector.zero(F);
        FloatVector b = FloatVector.zero(F);
        int i = 0;
        for (; i + 2 * FL <= n; i += 2 * FL) {
            IntVector v = (IntVector) ShortVector.fromMemorySegment(HALF_S, w, at + 2L * i, LE).castShape(I, 0);
            IntVector u = (IntVector) ShortVector.fromMemorySegment(HALF_S, w, at + 2L * (i + FL), LE).castShape(I, 0);
            a = v.lanewise(VectorOperators.LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112)
                    .fma(FloatVector.fromArray(F, x, xo + i), a);
            b = u.lanewise(VectorOperators.LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112)
                    .fma(FloatVector.fromArray(F, x, xo + i + FL), b);
        }
        float sum = a.add(b).reduceLanes(VectorOperators.ADD);
        for (; i < n; i++) {
            sum += Float.float16ToFloat(w.get(SHORT, at + 2L * i)) * x[xo + i];
        }
        return sum;
    }

    /** {@code sum_k w[k] x[k]} of one row of a {@link LowRankPanel}. */
    static float dotPanelRow(LowRankPanel kind, MemorySegment w, long panel, int row, float[] x, int xo, int n) {
        FloatVector sums = FloatVector.zero(F);
        int i = 0;
        for (; i + FL <= n; i += FL) {
            sums = panelNumbers(kind, w, panel, row, i).fma(FloatVector.fromArray(F, x, xo + i), sums);
        }
        float sum = sums.reduceLanes(VectorOperators.ADD);
        for (; i < n; i++) {
            sum += kind.number(w, panel, row, i) * x[xo + i];
        }
        return sum;
    }

    /** {@code x[k] += a * y[k]} of one row of a {@link LowRankPanel}. */
    static void addScaledPanelRow(float[] x, int xo, float a, LowRankPanel kind, MemorySegment y, long panel, int row, int n) {
        FloatVector factor = FloatVector.broadcast(F, a);
        int i = 0;
        for (; i + FL <= n; i += FL) {
            panelNumbers(kind, y, panel, row, i).fma(factor, FloatVector.fromArray(F, x, xo + i)).intoArray(x, xo + i);
        }
        for (; i < n; i++) {
            x[xo + i] += a * kind.number(y, panel, row, i);
        }
    }

    private static FloatVector panelNumbers(LowRankPanel kind, MemorySegment w, long panel, int row, int column) {
        if (kind == LowRankPanel.BYTES) {
            int first = column / BYTE_S.length() * BYTE_S.length();
            return (FloatVector) ByteVector.fromMemorySegment(BYTE_S, w, kind.at(panel, row, first), LE)
                    .castShape(F, (column - first) / FL);
        }
        long at = kind.at(panel, row, column);
        IntVector v = (IntVector) ShortVector.fromMemorySegment(HALF_S, w, at, LE).castShape(I, 0);
        return v.lanewise(VectorOperators.LSHL, 13).and(HALF_BITS).reinterpretAsFloats().mul(TWO_112);
    }
}
