package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.FloatGemm.ROWS;
import static ai.realm.core.kernel.simd.FloatGemm.STRIP;
import static ai.realm.core.kernel.simd.Lanes.F;
import static ai.realm.core.kernel.simd.Lanes.FL;
import static ai.realm.core.kernel.simd.Lanes.WIDE;
import static ai.realm.core.kernel.simd.PackedMatrix.SHORT;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.AttentionKernels;
import ai.realm.core.kernel.AttentionTile;
import ai.realm.core.kernel.KvType;
import ai.realm.core.kernel.simd.SimdActivations.Scratch;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Attention of a tile with a running softmax (arXiv 1805.02867) over chunks of positions. Many rows: lane = query row, queries
 * transposed once, so that keys and values are broadcast as they lie and the softmax never sums across lanes. Few rows
 * (decoding): inner products along the head's dimension, those of fp16 by {@link HalfAttention}.
 */
final class SimdAttention implements AttentionKernels {
    /** Rows from which lane = row pays. */
    private static final int MANY = 12;
    /** Positions of a chunk. */
    private static final int CHUNK = 64;
    /** A score that weighs nothing, and a maximum that nothing seen is below. */
    private static final float MASKED = -1e30f;
    private static final float NOTHING = -1e29f;

    @Override
    public void storeKv(float[] x, int xOffset, int n, KvType type, MemorySegment memory, long at) {
        SimdKv.store(x, xOffset, n, type, memory, at);
    }

    @Override
    public void attend(AttentionTile tile) {
        Scratch s = Scratch.get();
        s.row = Scratch.atLeast(s.row, CHUNK * Math.max(tile.keyDim(), tile.valueDim()));
        s.d = Scratch.atLeast(s.d, 3 * ROWS);
        if (tile.rows() >= MANY) {
            many(tile, s);
        } else {
            few(tile, s);
        }
    }

    /** Keys and values of a chunk on their way into the caches before the first of them is waited for. */
    private static long fetch(AttentionTile tile, int from, int n) {
        long sum = 0;
        int keyBytes = tile.type().rowBytes(tile.keyDim());
        int valueBytes = tile.type().rowBytes(tile.valueDim());
        for (int i = 0; i < n;) {
            int run = Math.min(n - i, tile.together(from + i));
            sum += VectorLoads.fetch(tile.memory(), tile.keyAt(from + i), (long) run * keyBytes);
            sum += VectorLoads.fetch(tile.memory(), tile.valueAt(from + i), (long) run * valueBytes);
            i += run;
        }
        return sum;
    }

    /** Keys or values of a chunk as floats. */
    private static void load(AttentionTile tile, boolean keys, int from, int n, float[] to) {
        int dim = keys ? tile.keyDim() : tile.valueDim();
        for (int i = 0; i < n;) {
            int run = Math.min(n - i, tile.together(from + i));
            SimdKv.load(tile.type(), tile.memory(), keys ? tile.keyAt(from + i) : tile.valueAt(from + i), run, dim, to, i * dim);
            i += run;
        }
    }

    /** Those of 16 bits as they are. */
    private static void copy(AttentionTile tile, boolean keys, int from, int n, short[] to) {
        int dim = keys ? tile.keyDim() : tile.valueDim();
        for (int i = 0; i < n;) {
            int run = Math.min(n - i, tile.together(from + i));
            MemorySegment.copy(tile.memory(), SHORT, keys ? tile.keyAt(from + i) : tile.valueAt(from + i), to, i * dim,
                    run * dim);
            i += run;
        }
    }

    /** {@code s.d} holds per row the maximum so far, the sum so far and the factor of what was gathered before. */
    private static void begin(AttentionTile tile, float[] state) {
        for (int r = 0; r < ROWS; r++) {
            boolean sink = tile.hasSinks() && r < tile.rows();
            state[r] = sink ? tile.sink(r) : NOTHING;
            state[ROWS + r] = sink ? 1 : 0;
        }
    }

    private static void many(AttentionTile tile, Scratch s) {
        int keyDim = tile.keyDim();
        int valueDim = tile.valueDim();
        s.panel = Scratch.atLeast(s.panel, keyDim * ROWS);
        s.tile = Scratch.atLeast(s.tile, CHUNK * ROWS);
        s.m = Scratch.atLeast(s.m, valueDim * ROWS);
        Arrays.fill(s.m, 0, valueDim * ROWS, 0f);
        transposeQueries(tile, s.panel);
        begin(tile, s.d);
        int end = tile.highest();
        for (int from = tile.lowest(); from < end; from += CHUNK) {
            int n = Math.min(CHUNK, end - from);
            load(tile, true, from, n, s.row);
            FloatGemm.multiply(s.panel, keyDim, s.row, 0, keyDim, n, s.tile, 0, n * STRIP, STRIP, false);
            if (tile.softCap() > 0) {
                cap(s.tile, 0, n * ROWS, tile.softCap());
            }
            if (tile.hasSlopes()) {
                addBiases(tile, from, n, s.tile);
            }
            mask(tile, from, n, s.tile);
            for (int r = 0; r < ROWS; r += FL) {
                weigh(s.tile, n, scoreAt(n, 0, r), r, s.d);
                rescale(s.m, valueDim, r, s.d);
            }
            load(tile, false, from, n, s.row);
            FloatGemm.addTransposed(s.tile, n, s.row, 0, valueDim, valueDim, s.m, 0, STRIP, ROWS);
        }
        for (int r = 0; r < tile.rows(); r++) {
            float inverse = s.d[ROWS + r] > 0 ? 1 / s.d[ROWS + r] : 0;
            for (int d = 0; d < valueDim; d++) {
                tile.out()[r * valueDim + d] = s.m[d * ROWS + r] * inverse;
            }
        }
    }

    /** Queries times the scale, in the strips of {@link FloatGemm}. */
    private static void transposeQueries(AttentionTile tile, float[] panel) {
        int dim = tile.keyDim();
        float[] q = tile.queries();
        for (int r = 0; r < ROWS; r++) {
            for (int d = 0; d < dim; d++) {
                panel[scoreAt(dim, d, r)] = r < tile.rows() ? q[r * dim + d] * tile.scale() : 0;
            }
        }
    }

    /** Where row {@code r} of column {@code p} is in strips of {@code n} columns. */
    private static int scoreAt(int n, int p, int r) {
        return (r / STRIP * n + p) * STRIP + r % STRIP;
    }

    private static void cap(float[] x, int at, int n, float cap) {
        for (int i = at; i < at + n; i++) {
            x[i] /= cap;
        }
        SimdMath.activate(Activation.TANH, x, at, n);
        for (int i = at; i < at + n; i++) {
            x[i] *= cap;
        }
    }

    private static void addBiases(AttentionTile tile, int from, int n, float[] scores) {
        for (int r = 0; r < tile.rows(); r++) {
            for (int p = 0; p < n; p++) {
                scores[scoreAt(n, p, r)] += tile.bias(r, from + p);
            }
        }
    }

    private static void mask(AttentionTile tile, int from, int n, float[] scores) {
        for (int r = 0; r < tile.rows(); r++) {
            for (int p = 0; p < Math.min(n, tile.low(r) - from); p++) {
                scores[scoreAt(n, p, r)] = MASKED;
            }
            for (int p = Math.max(0, tile.high(r) - from); p < n; p++) {
                scores[scoreAt(n, p, r)] = MASKED;
            }
        }
    }

    /** Turns a chunk's scores of one vector of rows into weights and brings the rows' maxima, sums and factors up to date. */
    private static void weigh(float[] scores, int n, int at, int r, float[] state) {
        FloatVector before = FloatVector.fromArray(F, state, r);
        FloatVector max = before;
        for (int p = 0; p < n; p++) {
            max = max.max(FloatVector.fromArray(F, scores, p * STRIP + at));
        }
        max.intoArray(state, r);
        before.sub(max).intoArray(state, 2 * ROWS + r);
        SimdMath.exp(state, 2 * ROWS + r, state, 2 * ROWS + r);
        FloatVector sum = FloatVector.fromArray(F, state, ROWS + r).mul(FloatVector.fromArray(F, state, 2 * ROWS + r));
        sum.intoArray(state, ROWS + r);
        SimdMath.expColumn(scores, n, STRIP, at, state, r, state, ROWS + r);
    }

    private static void rescale(float[] out, int dim, int r, float[] state) {
        FloatVector factor = FloatVector.fromArray(F, state, 2 * ROWS + r);
        for (int d = 0; d < dim; d++) {
            FloatVector.fromArray(F, out, d * ROWS + r).mul(factor).intoArray(out, d * ROWS + r);
        }
    }

    private static void few(AttentionTile tile, Scratch s) {
        int valueDim = tile.valueDim();
        int rows = tile.rows();
        boolean halves = WIDE && tile.type() == KvType.F16 && tile.keyDim() % HalfAttention.COLUMNS == 0
                && valueDim % HalfAttention.COLUMNS == 0;
        s.tile = Scratch.atLeast(s.tile, MANY * CHUNK);
        Arrays.fill(tile.out(), 0, rows * valueDim, 0f);
        begin(tile, s.d);
        int end = tile.highest();
        for (int from = tile.lowest(); from < end; from += CHUNK) {
            int n = Math.min(CHUNK, end - from);
            if (halves) {
                halfScores(tile, from, n, s);
            } else {
                rowScores(tile, from, n, s);
            }
            weighRows(tile, from, n, s);
            if (halves) {
                short[] values = s.shorts(CHUNK * valueDim);
                copy(tile, false, from, n, values);
                HalfAttention.gather(s.tile, CHUNK, n, values, valueDim, rows, s.d, 2 * ROWS, tile.out());
            } else {
                load(tile, false, from, n, s.row);
                for (int r = 0; r < rows; r++) {
                    gather(s.tile, r * CHUNK, n, s.row, 0, valueDim, s.d[2 * ROWS + r], tile.out(), r * valueDim);
                }
            }
        }
        for (int r = 0; r < rows; r++) {
            float inverse = s.d[ROWS + r] > 0 ? 1 / s.d[ROWS + r] : 0;
            for (int d = 0; d < valueDim; d++) {
                tile.out()[r * valueDim + d] *= inverse;
            }
        }
    }

    private static void halfScores(AttentionTile tile, int from, int n, Scratch s) {
        int dim = tile.keyDim();
        short[] keys = s.shorts(CHUNK * dim);
        s.panel = Scratch.atLeast(s.panel, HalfAttention.NEAR * CHUNK);
        copy(tile, true, from, n, keys);
        int whole = Math.ceilDiv(n, HalfAttention.POSITIONS) * HalfAttention.POSITIONS;
        HalfAttention.scores(keys, whole, dim, tile.queries(), tile.rows(), tile.scale(), s.panel, s.tile, CHUNK);
    }

    private static void rowScores(AttentionTile tile, int from, int n, Scratch s) {
        int dim = tile.keyDim();
        s.fetched += fetch(tile, from, n);
        load(tile, true, from, n, s.row);
        for (int r = 0; r < tile.rows(); r++) {
            for (int p = 0; p < n; p++) {
                s.tile[r * CHUNK + p] = Dot.dot(tile.queries(), r * dim, s.row, p * dim, dim) * tile.scale();
            }
        }
    }

    /** Turns a chunk's scores into weights, 0 for what a row does not see, and brings the rows' maxima, sums and factors up to date. */
    private static void weighRows(AttentionTile tile, int from, int n, Scratch s) {
        float[] state = s.d;
        int whole = Math.ceilDiv(n, FL) * FL;
        for (int r = 0; r < tile.rows(); r++) {
            int at = r * CHUNK;
            if (tile.softCap() > 0) {
                cap(s.tile, at, n, tile.softCap());
            }
            for (int p = 0; p < n && tile.hasSlopes(); p++) {
                s.tile[at + p] += tile.bias(r, from + p);
            }
            int low = Math.clamp(tile.low(r) - from, 0, whole);
            int high = Math.clamp(tile.high(r) - from, low, n);
            Arrays.fill(s.tile, at, at + low, MASKED);
            Arrays.fill(s.tile, at + high, at + whole, MASKED);
            float max = SimdMath.max(s.tile, at, whole, state[r]);
            state[2 * ROWS + r] = state[r] - max;
            state[r] = max;
        }
        for (int r = 0; r < tile.rows(); r += FL) {
            SimdMath.exp(state, 2 * ROWS + r, state, 2 * ROWS + r);
        }
        for (int r = 0; r < tile.rows(); r++) {
            state[ROWS + r] = state[ROWS + r] * state[2 * ROWS + r] + SimdMath.expSum(s.tile, r * CHUNK, whole, state[r]);
        }
    }

    /** {@code out = out * factor + sum_p weight[p] * values[p]}. */
    private static void gather(float[] weight, int at, int n, float[] values, int from, int dim, float factor, float[] out,
            int to) {
        int d = 0;
        int even = n & ~1;
        for (; d + 4 * FL <= dim; d += 4 * FL) {
            gatherFour(weight, at, even, values, from + d, dim, factor, out, to + d);
        }
        for (int last = 0; even < n && last < d; last += FL) {
            gatherOne(weight, at + even, 1, values, from + even * dim + last, dim, 1, out, to + last);
        }
        for (; d + FL <= dim; d += FL) {
            gatherOne(weight, at, n, values, from + d, dim, factor, out, to + d);
        }
        for (; d < dim; d++) {
            float sum = out[to + d] * factor;
            for (int p = 0; p < n; p++) {
                sum += weight[at + p] * values[from + p * dim + d];
            }
            out[to + d] = sum;
        }
    }

    /** Two positions at a time, {@code n} is even, each in sums of its own: a processor can do more than wait for four. */
    private static void gatherFour(float[] weight, int at, int n, float[] values, int from, int dim, float factor, float[] out,
            int to) {
        FloatVector a0 = FloatVector.fromArray(F, out, to).mul(factor);
        FloatVector a1 = FloatVector.fromArray(F, out, to + FL).mul(factor);
        FloatVector a2 = FloatVector.fromArray(F, out, to + 2 * FL).mul(factor);
        FloatVector a3 = FloatVector.fromArray(F, out, to + 3 * FL).mul(factor);
        FloatVector b0 = FloatVector.zero(F);
        FloatVector b1 = FloatVector.zero(F);
        FloatVector b2 = FloatVector.zero(F);
        FloatVector b3 = FloatVector.zero(F);
        for (int p = 0; p < n; p += 2) {
            int v = from + p * dim;
            FloatVector w = FloatVector.broadcast(F, weight[at + p]);
            a0 = FloatVector.fromArray(F, values, v).fma(w, a0);
            a1 = FloatVector.fromArray(F, values, v + FL).fma(w, a1);
            a2 = FloatVector.fromArray(F, values, v + 2 * FL).fma(w, a2);
            a3 = FloatVector.fromArray(F, values, v + 3 * FL).fma(w, a3);
            w = FloatVector.broadcast(F, weight[at + p + 1]);
            b0 = FloatVector.fromArray(F, values, v + dim).fma(w, b0);
            b1 = FloatVector.fromArray(F, values, v + dim + FL).fma(w, b1);
            b2 = FloatVector.fromArray(F, values, v + dim + 2 * FL).fma(w, b2);
            b3 = FloatVector.fromArray(F, values, v + dim + 3 * FL).fma(w, b3);
        }
        a0.add(b0).intoArray(out, to);
        a1.add(b1).intoArray(out, to + FL);
        a2.add(b2).intoArray(out, to + 2 * FL);
        a3.add(b3).intoArray(out, to + 3 * FL);
    }

    private static void gatherOne(float[] weight, int at, int n, float[] values, int from, int dim, float factor, float[] out,
            int to) {
        FloatVector a = FloatVector.fromArray(F, out, to).mul(factor);
        for (int p = 0; p < n; p++) {
            a = FloatVector.fromArray(F, values, from + p * dim).fma(FloatVector.broadcast(F, weight[at + p]), a);
        }
        a.intoArray(out, to);
    }
}
