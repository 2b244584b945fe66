package ai.realm.runtime.warmup;

import ai.realm.core.kernel.FloatRows;
import ai.realm.core.model.ForwardBatch;
import ai.realm.core.model.Model;
import ai.realm.runtime.kvcache.BatchKvView;
import ai.realm.runtime.kvcache.BlockTable;
import ai.realm.runtime.kvcache.KvBlockPool;
import ai.realm.runtime.kvcache.KvMemory;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Small passes through one layer of a model after the other until its kernels are compiled. Before that every vector is an object
 * on the heap, and a pass through the whole model takes hundreds of times as long as it will. The end shows by itself: compiled
 * kernels allocate nothing, and most of them do most of the work. Runs before the engine does, on KV memory that holds nothing yet.
 */
public final class LayerWarmUp {
    private static final Logger LOG = LoggerFactory.getLogger(LayerWarmUp.class);
    /** When it is given up; what is not compiled then will be while requests are served. */
    private static final long LIMIT = TimeUnit.SECONDS.toNanos(10);
    /** A round is calm when it allocates so much less than the first: what runs seldom stays uncompiled for long, and may. */
    private static final long CALM_SHARE = 100;
    /** Bytes that are little whatever the first round took. */
    private static final long CALM = 1024;
    private static final int LEAST_CALM_ROUNDS = 16;
    /** A tile of tokens and one more. */
    private static final int PROMPT = 9;
    /** As many tokens as take each way through the products: alone, a few, and more than a few. */
    private static final int[] TOGETHER = {1, 6};

    private final Model model;
    private final BatchKvView view;
    private final ForwardBatch batch;
    private final FloatRows logits;
    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final int prompt;
    private final int together;

    private LayerWarmUp(Model model, KvMemory memory, int contextLength) {
        this.model = model;
        int perSequence = Math.min(contextLength, memory.blocks() * memory.layout().blockPositions());
        int needed = memory.layout().blocksFor(Math.min(PROMPT + 1, perSequence));
        this.prompt = Math.clamp(perSequence - 1, 1, Math.min(PROMPT, model.maxBatch()));
        int together = Math.min(TOGETHER[TOGETHER.length - 1], Math.min(model.maxBatch(), memory.blocks() / needed));
        if (memory.slots() > 0) {
            together = Math.min(together, memory.slots());
        }
        this.together = together;
        this.batch = new ForwardBatch(Math.max(prompt, together));
        this.logits = new FloatRows(Math.max(1, together), model.config().vocabSize());
        this.view = new BatchKvView(memory);
        KvBlockPool pool = new KvBlockPool(memory.blocks());
        for (int s = 0; s < Math.max(1, together); s++) {
            BlockTable table = new BlockTable();
            table.growTo(needed, pool);
            view.add(table, s);
        }
    }

    /** @param name for the log */
    public static void run(String name, Model model, KvMemory memory, int contextLength) {
        new LayerWarmUp(model, memory, contextLength).run(name);
    }

    private void run(String name) {
        long begun = System.nanoTime();
        int wanted = Math.max(LEAST_CALM_ROUNDS, model.config().layerCount());
        int calm = 0;
        long first = 0;
        int round = 0;
        for (; calm < wanted && System.nanoTime() - begun < LIMIT; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            round(round);
            long bytes = threads.getCurrentThreadAllocatedBytes() - before;
            first = round == 0 ? bytes : first;
            calm = bytes <= Math.max(CALM, first / CALM_SHARE) ? calm + 1 : 0;
        }
        LOG.info("model={} kernels warmed up for {} ms in {} rounds, {}", name, (System.nanoTime() - begun) / 1_000_000,
                round, calm < wanted ? "some are not compiled yet" : "all compiled");
    }

    private void round(int layer) {
        batch.clear();
        for (int i = 0; i < prompt; i++) {
            batch.add(token(i), i, 0, i == prompt - 1);
        }
        model.warmUp(batch, view, logits, layer);
        for (int n : TOGETHER) {
            batch.clear();
            for (int s = 0; s < Math.min(n, together); s++) {
                batch.add(token(s), prompt, s, true);
            }
            model.warmUp(batch, view, logits, layer);
        }
    }

    private int token(int i) {
        return Math.floorMod(i * 7919, model.config().vocabSize());
    }
}
