package ai.realm.core.model;

import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.Kernels;
import ai.realm.core.kernel.KvType;
import ai.realm.core.kernel.WorkerPool;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Softmax attention of a batch over the keys and values in a {@link KvView}. The work is cut into tiles of a sequence's tokens
 * times KV heads, taken by the threads one after the other; the query heads that share a KV head are computed together. Keys are
 * walked in chunks with a running softmax (arXiv 1805.02867), so memory does not grow with the context.
 */
final class KvAttention {
    /** Positions whose scores are held at a time. */
    private static final int CHUNK = 256;
    /** Multiply-adds below which one thread is quicker than several. */
    private static final long SMALL = 1 << 16;

    private final Spec spec;
    private final int layer;
    private final Worker[] workers;
    private final Shared shared = new Shared();

    /**
     * What kind of attention.
     *
     * @param heads query heads, a multiple of {@code kvHeads}
     * @param scale factor of query · key
     * @param softCap scores become {@code cap * tanh(score / cap)}; 0 for none
     * @param window positions that a query sees, itself included; 0 for all
     * @param causal whether a token sees only itself and those before
     * @param sinks a logit for each head that joins the softmax's sum only, or null
     */
    record Spec(int heads, int kvHeads, int keyDim, int valueDim, float scale, float softCap, int window, boolean causal,
            float @Nullable [] sinks) {
        int group() {
            return heads / kvHeads;
        }
    }

    /** The threads' scratch memory, shared by all layers of a model. */
    static Worker[] workers(int threads, int rows, int keyDim, int valueDim) {
        Worker[] out = new Worker[threads];
        Arrays.setAll(out, i -> new Worker(rows, keyDim, valueDim));
        return out;
    }

    /** @param workers one for each thread, with room for a tile's tokens times the group of heads */
    KvAttention(Spec spec, int layer, Worker[] workers) {
        this.spec = spec;
        this.layer = layer;
        this.workers = workers;
    }

    /** Writes one token's keys and values, which lie head after head. */
    void store(Step step, int token, float[] keys, int keyOffset, float[] values, int valueOffset) {
        KvView kv = step.kv();
        int position = step.batch().position(token);
        int block = kv.block(step.batch().sequence(token), position / kv.blockPositions());
        int within = position & (kv.blockPositions() - 1);
        KvType type = kv.type();
        for (int h = 0; h < spec.kvHeads; h++) {
            step.kernels().storeKv(keys, keyOffset + h * spec.keyDim, spec.keyDim, type, kv.memory(),
                    kv.keys(block, layer, h) + (long) within * type.rowBytes(spec.keyDim));
            step.kernels().storeKv(values, valueOffset + h * spec.valueDim, spec.valueDim, type, kv.memory(),
                    kv.values(block, layer, h) + (long) within * type.rowBytes(spec.valueDim));
        }
    }

    /**
     * Computes every head of every token; the batch's own keys and values are stored already.
     *
     * @param queryStride distance of a token's heads in {@code queries}
     */
    void attend(Step step, FloatRows queries, int queryStride, FloatRows out) {
        shared.run(step, queries, queryStride, out);
    }

    /** One parallel region: items are taken from the end, where causal attention is longest. */
    private final class Shared implements WorkerPool.Task {
        private final AtomicInteger left = new AtomicInteger();
        private @Nullable Step step;
        private @Nullable FloatRows queries;
        private @Nullable FloatRows out;
        private int queryStride;

        void run(Step newStep, FloatRows newQueries, int newStride, FloatRows newOut) {
            step = newStep;
            queries = newQueries;
            queryStride = newStride;
            out = newOut;
            int items = newStep.tiles() * spec.kvHeads;
            left.set(items);
            Compute compute = newStep.compute();
            long work = (long) newStep.count() * spec.heads * (spec.keyDim + spec.valueDim)
                    * (1L + newStep.batch().position(newStep.count() - 1));
            if (items == 1 || work < SMALL || workers.length == 1) {
                run(0);
            } else {
                compute.pool().run(Math.min(workers.length, items), this);
            }
        }

        @Override
        public void run(int part) {
            Step s = Objects.requireNonNull(step);
            for (int item = left.decrementAndGet(); item >= 0; item = left.decrementAndGet()) {
                tile(s, workers[part], item / spec.kvHeads, item % spec.kvHeads, Objects.requireNonNull(queries), queryStride,
                        Objects.requireNonNull(out));
            }
        }
    }

    private void tile(Step step, Worker w, int tile, int kvHead, FloatRows queries, int queryStride, FloatRows out) {
        int first = step.tileStart(tile);
        int tokens = step.tileStart(tile + 1) - first;
        gather(w, first, tokens, kvHead, queries, queryStride);
        int start = step.batch().position(first);
        int end = spec.causal ? start + tokens : sequenceEnd(step, first);
        int lowest = spec.window > 0 ? Math.max(0, start - spec.window + 1) : 0;
        w.begin(spec, tokens, kvHead);
        for (int from = lowest & -piece(step.kv()); from < end; from += CHUNK) {
            chunk(step, w, step.batch().sequence(first), kvHead, tokens, start, from, Math.min(end, from + CHUNK));
        }
        scatter(w, first, tokens, kvHead, out);
    }

    /** Without causality a token sees its whole run. */
    private static int sequenceEnd(Step step, int token) {
        int last = token;
        while (last + 1 < step.count() && step.batch().sequence(last + 1) == step.batch().sequence(token)) {
            last++;
        }
        return step.batch().position(last) + 1;
    }

    /** Positions that lie together and within a chunk; a power of two, as both are. */
    private static int piece(KvView kv) {
        return Math.min(CHUNK, kv.blockPositions());
    }

    private void gather(Worker w, int first, int tokens, int kvHead, FloatRows queries, int queryStride) {
        int group = spec.group();
        for (int t = 0; t < tokens; t++) {
            for (int g = 0; g < group; g++) {
                System.arraycopy(queries.data(), queries.offset(first + t) + (kvHead * group + g) * queryStride, w.queries,
                        (t * group + g) * spec.keyDim, spec.keyDim);
            }
        }
    }

    private void scatter(Worker w, int first, int tokens, int kvHead, FloatRows out) {
        int width = spec.group() * spec.valueDim;
        for (int t = 0; t < tokens; t++) {
            System.arraycopy(w.out, t * width, out.data(), out.offset(first + t) + kvHead * width, width);
        }
    }

    private void chunk(Step step, Worker w, int sequence, int kvHead, int tokens, int start, int from, int to) {
        KvView kv = step.kv();
        int piece = piece(kv);
        int rows = tokens * spec.group();
        MemorySegment memory = kv.memory();
        Kernels k = step.kernels();
        for (int at = from; at < to; at += piece) {
            long keys = kv.keys(kv.block(sequence, at / kv.blockPositions()), layer, kvHead)
                    + (at & (kv.blockPositions() - 1)) * (long) kv.type().rowBytes(spec.keyDim);
            k.scores(w.queries, 0, spec.keyDim, rows, kv.type(), memory, keys, Math.min(piece, to - at), spec.keyDim, spec.scale,
                    w.scores, at - from, CHUNK);
        }
        for (int t = 0; t < tokens; t++) {
            int low = Math.max(from, spec.window > 0 ? start + t - spec.window + 1 : 0) - from;
            int high = (spec.causal ? Math.min(to, start + t + 1) : to) - from;
            for (int g = 0; g < spec.group(); g++) {
                w.weigh(k, spec, t * spec.group() + g, low, high, to - from);
            }
        }
        for (int at = from; at < to; at += piece) {
            long values = kv.values(kv.block(sequence, at / kv.blockPositions()), layer, kvHead)
                    + (at & (kv.blockPositions() - 1)) * (long) kv.type().rowBytes(spec.valueDim);
            k.weightedValues(w.scores, at - from, CHUNK, rows, kv.type(), memory, values, Math.min(piece, to - at), spec.valueDim,
                    w.out, 0, spec.valueDim);
        }
    }

    /** One thread's scratch: queries, scores of a chunk, and the running softmax of each row. */
    static final class Worker {
        private final float[] queries;
        private final float[] out;
        private final float[] maximum;
        private final float[] sum;
        private final float[] scores;

        Worker(int rows, int keyDim, int valueDim) {
            queries = new float[Math.multiplyExact(rows, keyDim)];
            out = new float[Math.multiplyExact(rows, valueDim)];
            maximum = new float[rows];
            sum = new float[rows];
            scores = new float[Math.multiplyExact(rows, CHUNK)];
        }

        private void begin(Spec spec, int tokens, int kvHead) {
            int group = spec.group();
            Arrays.fill(out, 0, tokens * group * spec.valueDim, 0f);
            for (int r = 0; r < tokens * group; r++) {
                maximum[r] = spec.sinks == null ? Float.NEGATIVE_INFINITY : spec.sinks[kvHead * group + r % group];
                sum[r] = spec.sinks == null ? 0f : 1f;
            }
        }

        /**
         * Turns a row's scores into weights of the chunk's values, and scales what the row has gathered so far, so that
         * {@code out} is normalised after every chunk.
         */
        private void weigh(Kernels k, Spec spec, int row, int low, int high, int count) {
            int at = row * CHUNK;
            if (low >= high) {
                Arrays.fill(scores, at, at + count, 0f);
                return;
            }
            Arrays.fill(scores, at, at + low, 0f);
            Arrays.fill(scores, at + high, at + count, 0f);
            if (spec.softCap > 0) {
                cap(k, at + low, high - low, spec.softCap);
            }
            int best = argmax(at + low, at + high);
            float chunkMax = scores[best];
            k.softmax(scores, at + low, high - low);
            if (sum[row] == 0) {
                maximum[row] = chunkMax;
                sum[row] = 1 / scores[best];
                return;
            }
            float chunkSum = 1 / scores[best];
            float max = Math.max(maximum[row], chunkMax);
            float before = (float) (sum[row] * Math.exp(maximum[row] - max));
            float here = (float) (chunkSum * Math.exp(chunkMax - max));
            sum[row] = before + here;
            maximum[row] = max;
            k.scale(scores, at + low, here / sum[row], high - low);
            k.scale(out, row * spec.valueDim, before / sum[row], spec.valueDim);
        }

        private void cap(Kernels k, int at, int n, float cap) {
            k.scale(scores, at, 1 / cap, n);
            k.activate(ai.realm.core.kernel.Activation.TANH, scores, at, n);
            k.scale(scores, at, cap, n);
        }

        private int argmax(int from, int to) {
            int best = from;
            for (int i = from + 1; i < to; i++) {
                if (scores[i] > scores[best]) {
                    best = i;
                }
            }
            return best;
        }
    }
}
