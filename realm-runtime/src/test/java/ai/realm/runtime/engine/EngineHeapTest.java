package ai.realm.runtime.engine;

import static ai.realm.runtime.engine.Engines.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.runtime.scheduler.Ending;
import ai.realm.runtime.scheduler.Sequence;
import ai.realm.runtime.scheduler.TokenQueue;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a running sequence holds on the Java heap: bookkeeping, and no keys, values or states. */
@Timeout(60)
class EngineHeapTest {
    private static final int STATE_BYTES = 256 << 10;
    private static final int MOST_BYTES_A_SEQUENCE = 16 << 10;

    /** Runs sequences until their readers, who read nothing, make them pause; they keep what they hold. */
    private static void run(Engine engine, int n, List<Sequence> all) {
        while (all.size() < n) {
            all.add(engine.submit(Engines.spec("a", prompt(all.size(), 20), 500), new TokenQueue(4)));
        }
        for (Sequence s : all) {
            while (!s.output().full()) {
                Thread.onSpinWait();
            }
        }
    }

    private static long usedHeap() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 4; i++) {
            System.gc();
            least = Math.min(least, Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
        }
        return least;
    }

    @Test
    void heap_oneAndSixtyFourRecurrentSequences_differsByBookkeepingOnly() {
        FakeModel model = new FakeModel(1000, 128, STATE_BYTES / Float.BYTES, false);
        Engine engine = Engines.start(model, 1000, Engines.options().withLimits(64, 100, 128));
        List<Sequence> all = new ArrayList<>();
        run(engine, 1, all);
        long one = usedHeap();
        run(engine, 64, all);
        long many = usedHeap();
        assertThat(all).noneMatch(s -> s.output().ended());
        assertThat((many - one) / 63).as("bytes a sequence").isLessThan(MOST_BYTES_A_SEQUENCE);
        all.forEach(s -> s.output().abort(Ending.Kind.CANCELLED, null));
        engine.wake();
        Engines.closeAndAssertAllBlocksFree(engine);
    }
}
