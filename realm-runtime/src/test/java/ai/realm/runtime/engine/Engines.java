package ai.realm.runtime.engine;

import ai.realm.core.kernel.KvType;
import ai.realm.core.kernel.WorkerPool;
import ai.realm.runtime.kvcache.KvLayout;
import ai.realm.runtime.kvcache.KvMemory;
import ai.realm.runtime.scheduler.GreedySampler;
import ai.realm.runtime.scheduler.Sequence;
import ai.realm.runtime.scheduler.SequenceSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/** Engines on a {@link FakeModel} for tests. */
public final class Engines {
    public static final int BLOCK = 8;
    public static final long FOREVER = TimeUnit.SECONDS.toNanos(30);

    private Engines() {
    }

    public static EngineOptions options() {
        return EngineOptions.defaults().withKv(KvType.F32, 0).withLimits(8, 64, 32);
    }

    public static Engine start(FakeModel model, int blocks, EngineOptions options) {
        return start(model, blocks, options, EngineListener.NONE, System::nanoTime);
    }

    public static Engine start(FakeModel model, int blocks, EngineOptions options, EngineListener listener, LongSupplier clock) {
        int slots = model.kvShape().hasState() ? 2 * options.maxRunning() : 0;
        KvMemory memory = new KvMemory(new KvLayout(model.kvShape(), KvType.F32, BLOCK), blocks, slots);
        int context = Math.min(model.config().contextLength(), blocks * BLOCK);
        return new Engine("fake", model, memory, context, options, new OneThread(), new ReentrantLock(), listener, clock);
    }

    /** A prompt that differs from all others with another seed. */
    public static int[] prompt(int seed, int length) {
        int[] ids = new int[length];
        for (int i = 0; i < length; i++) {
            ids[i] = 'A' + Math.floorMod(seed * 31 + i * 7 + seed * i, 26);
        }
        return ids;
    }

    public static SequenceSpec spec(String tenant, int[] prompt, int maxTokens) {
        return new SequenceSpec("request", tenant, 1, false, prompt, maxTokens, Set.of(FakeModel.END), Long.MAX_VALUE / 2,
                new GreedySampler(), 0, false);
    }

    /** All tokens of a sequence until its end. */
    public static int[] read(Sequence s) throws InterruptedException {
        List<Integer> out = new ArrayList<>();
        int[] token = new int[1];
        while (true) {
            switch (s.output().take(token, FOREVER)) {
                case TOKEN -> out.add(token[0]);
                case END -> {
                    return out.stream().mapToInt(Integer::intValue).toArray();
                }
                case TIMEOUT -> throw new AssertionError("no token for 30 s, got " + out.size());
            }
        }
    }

    /** Waits until nothing runs, closes, and checks that no block is left in use. */
    public static void closeAndAssertAllBlocksFree(Engine engine) {
        engine.drain(FOREVER);
        engine.close();
        engine.assertAllBlocksFree();
    }

    private static final class OneThread implements WorkerPool {
        @Override
        public int threads() {
            return 1;
        }

        @Override
        public void run(int parts, Task task) {
            for (int i = 0; i < parts; i++) {
                task.run(i);
            }
        }

        @Override
        public void close() {
        }
    }
}
