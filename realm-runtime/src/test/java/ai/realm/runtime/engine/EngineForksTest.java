package ai.realm.runtime.engine;

import static ai.realm.runtime.engine.Engines.closeAndAssertAllBlocksFree;
import static ai.realm.runtime.engine.Engines.options;
import static ai.realm.runtime.engine.Engines.prompt;
import static ai.realm.runtime.engine.Engines.read;
import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.Sampler;
import ai.realm.runtime.scheduler.Ending;
import ai.realm.runtime.scheduler.GreedySampler;
import ai.realm.runtime.scheduler.Sequence;
import ai.realm.runtime.scheduler.SequenceSpec;
import ai.realm.runtime.scheduler.TokenQueue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several outputs of one prompt. */
@Timeout(60)
class EngineForksTest {
    private final FakeModel model = FakeModel.endless();

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<Sequence> submitForks(Engine engine, int[] prompt, int maxTokens, int n) {
        List<SequenceSpec> specs = new ArrayList<>();
        List<TokenQueue> queues = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            specs.add(new SequenceSpec("r", "a", 1, false, prompt, maxTokens, Set.of(), Long.MAX_VALUE / 2, new NthBest(i), 0,
                    false));
            queues.add(new TokenQueue(1000));
        }
        return engine.submit(specs, queues);
    }

    /** Takes another first token, and the likeliest after that, so that forks part at once. */
    private static final class NthBest implements Sampler {
        private final GreedySampler greedy = new GreedySampler();
        private int first;

        NthBest(int n) {
            first = n;
        }

        @Override
        public int sample(float[] logits, int offset, int vocabSize) {
            int best = greedy.sample(logits, offset, vocabSize);
            int token = first == 0 ? best : 'A' + first;
            first = 0;
            return token;
        }

        @Override
        public void accept(int token) {
        }

        @Override
        public long seed() {
            return 0;
        }
    }

    private int[] forkExpected(FakeModel m, int[] prompt, int maxTokens, int n) {
        if (n == 0) {
            return m.generate(prompt, maxTokens);
        }
        int[] begun = Arrays.copyOf(prompt, prompt.length + 1);
        begun[prompt.length] = 'A' + n;
        int[] rest = m.generate(begun, maxTokens - 1);
        int[] all = new int[rest.length + 1];
        all[0] = 'A' + n;
        System.arraycopy(rest, 0, all, 1, rest.length);
        return all;
    }

    @Test
    void forks_ofOnePrompt_computeItOnceAndCopyOnWrite() throws Exception {
        Engine engine = Engines.start(model, 64, options());
        List<Sequence> all = submitForks(engine, prompt(1, 21), 20, 4);
        for (int i = 0; i < 4; i++) {
            assertThat(read(all.get(i))).as("fork %d", i).isEqualTo(forkExpected(model, prompt(1, 21), 20, i));
        }
        assertThat(model.forwarded()).isEqualTo(21 + 4 * 19);
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void forks_withTooFewPlacesAndBlocks_waitAndGiveTheSame() throws Exception {
        for (boolean recurrent : new boolean[]{false, true}) {
            FakeModel m = new FakeModel(1000, 64, recurrent, false);
            Engine engine = Engines.start(m, 14, options().withLimits(3, 64, 32));
            List<Sequence> all = submitForks(engine, prompt(1, 37), 50, 6);
            for (int i = 0; i < 6; i++) {
                assertThat(read(all.get(i))).as("fork %d", i).isEqualTo(forkExpected(m, prompt(1, 37), 50, i));
            }
            closeAndAssertAllBlocksFree(engine);
        }
    }

    @Test
    void forks_whoseLeaderIsCancelledInPrefill_goOnWithoutIt() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch inForward = new CountDownLatch(1);
        model.beforeForward(() -> {
            inForward.countDown();
            await(go);
        });
        Engine engine = Engines.start(model, 64, options().withLimits(4, 64, 8));
        List<Sequence> all = submitForks(engine, prompt(1, 40), 10, 3);
        inForward.await();
        all.get(0).output().abort(Ending.Kind.CANCELLED, new RealmException(ErrorCode.CANCELLED, "gone"));
        go.countDown();
        assertThat(read(all.get(1))).isEqualTo(forkExpected(model, prompt(1, 40), 10, 1));
        assertThat(read(all.get(2))).isEqualTo(forkExpected(model, prompt(1, 40), 10, 2));
        closeAndAssertAllBlocksFree(engine);
    }
}
