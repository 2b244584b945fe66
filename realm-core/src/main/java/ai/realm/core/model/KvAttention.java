package ai.realm.core.model;

import ai.realm.core.kernel.AttentionTile;
import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.Kernels;
import ai.realm.core.kernel.KvType;
import ai.realm.core.kernel.WorkerPool;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Softmax attention of a batch over the keys and values in a {@link KvView}. The work is cut into tiles of a sequence's tokens
 * times KV heads, taken by the threads one after the other; the query heads that share a KV head are computed together, by
 * {@link Kernels#attend}.
 */
final class KvAttention {
    /** Multiply-adds below which one thread is quicker than several. */
    private static final long SMALL = 1 << 16;

    private final Spec spec;
    private final int layer;
    private final AttentionTile[] workers;
    private final Shared shared = new Shared();

    /**
     * What kind of attention.
     *
     * @param heads query heads, a multiple of {@code kvHeads}
     * @param scale factor of query · key
     * @param softCap scores become {@code cap * tanh(score / cap)}; 0 for none
     * @param window positions that a query sees, itself included; without causality half of them before it and half after; 0 for all
     * @param chunk a query sees those positions of its own piece of so many; 0 for all
     * @param causal whether a token sees only itself and those before
     * @param sinks a logit for each head that joins the softmax's sum only, or null
     * @param slopes by how much each head's scores fall with each position between query and key (ALiBi), or null
     */
    record Spec(int heads, int kvHeads, int keyDim, int valueDim, float scale, float softCap, int window, int chunk,
            boolean causal, float @Nullable [] sinks, float @Nullable [] slopes) {
        /** The end of what a query sees of a sequence that ends there, where it sees what comes after it too. */
        int end(int position, int sequenceEnd) {
            return window > 0 ? Math.min(sequenceEnd, position + window / 2 + 1) : sequenceEnd;
        }

        /** The first position that a query sees. */
        int first(int position) {
            if (window > 0) {
                return Math.max(0, causal ? position - window + 1 : position - window / 2);
            }
            return chunk > 0 ? position - position % chunk : 0;
        }

        int group() {
            return heads / kvHeads;
        }
    }

    /** The threads' scratch memory, shared by all layers of a model. */
    static AttentionTile[] workers(int threads, int keyDim, int valueDim) {
        AttentionTile[] out = new AttentionTile[threads];
        Arrays.setAll(out, i -> new AttentionTile(keyDim, valueDim));
        return out;
    }

    /** @param workers one for each thread */
    KvAttention(Spec spec, int layer, AttentionTile[] workers) {
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
            step.kernels().attention().storeKv(keys, keyOffset + h * spec.keyDim, spec.keyDim, type, kv.memory(),
                    kv.keys(block, layer, h) + (long) within * type.rowBytes(spec.keyDim));
            step.kernels().attention().storeKv(values, valueOffset + h * spec.valueDim, spec.valueDim, type, kv.memory(),
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

    /** A tile's tokens times the heads of a group are its rows, as many at a time as the kernel takes. */
    private void tile(Step step, AttentionTile t, int tile, int kvHead, FloatRows queries, int queryStride, FloatRows out) {
        int first = step.tileStart(tile);
        int rows = (step.tileStart(tile + 1) - first) * spec.group();
        for (int from = 0; from < rows; from += AttentionTile.MAX_ROWS) {
            rows(step, t, first, kvHead, from, Math.min(rows, from + AttentionTile.MAX_ROWS), queries, queryStride, out);
        }
    }

    private void rows(Step step, AttentionTile t, int first, int kvHead, int from, int to, FloatRows queries, int queryStride,
            FloatRows out) {
        int group = spec.group();
        int sequenceEnd = spec.causal ? 0 : sequenceEnd(step, first);
        t.begin(spec.keyDim, spec.valueDim, spec.scale, spec.softCap, spec.sinks != null);
        for (int r = from; r < to; r++) {
            int token = first + r / group;
            int head = kvHead * group + r % group;
            int position = step.batch().position(token);
            int row = t.addRow(spec.first(position),
                    spec.causal ? position + 1 : spec.end(position, sequenceEnd), spec.sinks == null ? 0 : spec.sinks[head]);
            if (spec.slopes != null) {
                t.slope(row, spec.slopes[head], position);
            }
            System.arraycopy(queries.data(), queries.offset(token) + head * queryStride, t.queries(), row * spec.keyDim,
                    spec.keyDim);
        }
        pages(step, t, step.batch().sequence(first), kvHead);
        step.kernels().attention().attend(t);
        for (int r = from; r < to; r++) {
            System.arraycopy(t.out(), (r - from) * spec.valueDim, out.data(),
                    out.offset(first + r / group) + (kvHead * group + r % group) * spec.valueDim, spec.valueDim);
        }
    }

    private void pages(Step step, AttentionTile t, int sequence, int kvHead) {
        KvView kv = step.kv();
        int page = kv.blockPositions();
        t.over(kv.type(), kv.memory(), page);
        int end = t.highest();
        for (int i = t.lowest() / page; i * page < end; i++) {
            int block = kv.block(sequence, i);
            t.page(i, kv.keys(block, layer, kvHead), kv.values(block, layer, kvHead));
        }
    }

    /** Without causality a token sees its whole run. */
    private static int sequenceEnd(Step step, int token) {
        int last = token;
        while (last + 1 < step.count() && step.batch().sequence(last + 1) == step.batch().sequence(token)) {
            last++;
        }
        return step.batch().position(last) + 1;
    }
}
