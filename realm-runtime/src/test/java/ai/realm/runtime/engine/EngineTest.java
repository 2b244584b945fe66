package ai.realm.runtime.engine;

import static ai.realm.runtime.engine.Engines.closeAndAssertAllBlocksFree;
import static ai.realm.runtime.engine.Engines.options;
import static ai.realm.runtime.engine.Engines.prompt;
import static ai.realm.runtime.engine.Engines.read;
import static ai.realm.runtime.engine.Engines.spec;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.scheduler.Ending;
import ai.realm.runtime.scheduler.GreedySampler;
import ai.realm.runtime.scheduler.Sequence;
import ai.realm.runtime.scheduler.SequenceSpec;
import ai.realm.runtime.scheduler.TokenQueue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EngineTest {
    private final FakeModel model = FakeModel.endless();

    private static Sequence submit(Engine engine, SequenceSpec spec) {
        return engine.submit(spec, new TokenQueue(1000));
    }

    private static Ending ending(Sequence s) {
        Ending e = s.output().ending();
        assertThat(e).isNotNull();
        return e;
    }

    @Test
    void submit_onePrompt_givesTheModelsTokensAndLength() throws Exception {
        Engine engine = Engines.start(model, 64, options());
        Sequence s = submit(engine, spec("a", prompt(1, 50), 40));
        assertThat(read(s)).isEqualTo(model.generate(prompt(1, 50), 40));
        assertThat(ending(s)).isEqualTo(new Ending(Ending.Kind.LENGTH, 40, null));
        closeAndAssertAllBlocksFree(engine);
        assertThat(model.closed()).isTrue();
    }

    @Test
    void submit_manyAtOnce_eachGetsWhatItGetsAlone() throws Exception {
        Engine engine = Engines.start(model, 200, options());
        List<Sequence> all = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            all.add(submit(engine, spec("t" + i % 3, prompt(i, 1 + i * 3), 30)));
        }
        for (int i = 0; i < 30; i++) {
            assertThat(read(all.get(i))).as("sequence %d", i).isEqualTo(model.generate(prompt(i, 1 + i * 3), 30));
        }
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void submit_poolTooSmallForAll_preemptsAndGivesTheSameTokens() throws Exception {
        Engine engine = Engines.start(model, 16, options().withPrefixCache(false, List.of()));
        List<Sequence> all = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            all.add(submit(engine, spec("t" + i % 2, prompt(i, 10 + i), 60)));
        }
        for (int i = 0; i < 12; i++) {
            assertThat(read(all.get(i))).as("sequence %d", i).isEqualTo(model.generate(prompt(i, 10 + i), 60));
        }
        engine.drain(Engines.FOREVER);
        engine.close();
        assertThat(engine.snapshot().preemptions()).isPositive();
        engine.assertAllBlocksFree();
    }

    @Test
    void submit_recurrentModelAfterPreemption_goesOnFromACheckpoint() throws Exception {
        FakeModel recurrent = new FakeModel(1000, 64, true, false);
        Engine engine = Engines.start(recurrent, 16, options());
        List<Sequence> all = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            all.add(submit(engine, spec("t", prompt(i, 20), 60)));
        }
        for (int i = 0; i < 8; i++) {
            assertThat(read(all.get(i))).isEqualTo(recurrent.generate(prompt(i, 20), 60));
            assertThat(all.get(i).cachedTokens()).isZero();
        }
        assertThat(engine.snapshot().preemptions()).isPositive();
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void submit_recurrentModelWithoutPrefixCache_restartsItsStateAfterPreemption() throws Exception {
        FakeModel recurrent = new FakeModel(1000, 64, true, false);
        Engine engine = Engines.start(recurrent, 16, options().withPrefixCache(false, List.of()));
        List<Sequence> all = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            all.add(submit(engine, spec("t", prompt(i, 20), 60)));
        }
        for (int i = 0; i < 8; i++) {
            assertThat(read(all.get(i))).isEqualTo(recurrent.generate(prompt(i, 20), 60));
        }
        assertThat(engine.snapshot().preemptions()).isPositive();
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void submit_recurrentModelsSecondTurn_computesWhatIsNewOnly() throws Exception {
        FakeModel recurrent = new FakeModel(1000, 64, true, false);
        Engine engine = Engines.start(recurrent, 128, options());
        int[] first = prompt(1, 403);
        int[] answer = read(submit(engine, spec("t", first, 30)));
        int[] second = Arrays.copyOf(first, 403 + 30 + 9);
        System.arraycopy(answer, 0, second, 403, 30);
        System.arraycopy(prompt(2, 9), 0, second, 433, 9);
        long before = recurrent.forwarded();

        Sequence s = submit(engine, spec("t", second, 5));

        assertThat(read(s)).isEqualTo(recurrent.generate(second, 5));
        // The last full block of the answer, whose last token is not computed, ends at 432.
        assertThat(s.cachedTokens()).isEqualTo(432);
        assertThat(recurrent.forwarded() - before).isEqualTo(442 - 432 + 4);
        Sequence other = submit(engine, spec("other", second, 5));
        assertThat(read(other)).isEqualTo(recurrent.generate(second, 5));
        assertThat(other.cachedTokens()).isZero();
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void submit_modelEnds_stopsWithoutTheEndToken() throws Exception {
        FakeModel ending = new FakeModel(1000, 64, false, true);
        Engine engine = Engines.start(ending, 64, options());
        int[] expected = ending.generate(prompt(3, 5), 500);
        Sequence s = submit(engine, spec("a", prompt(3, 5), 500));
        assertThat(read(s)).isEqualTo(expected);
        assertThat(ending(s)).isEqualTo(new Ending(Ending.Kind.STOP, expected.length, null));
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void submit_contextFull_endsAsLength() throws Exception {
        Engine engine = Engines.start(new FakeModel(40, 64, false, false), 64, options());
        Sequence s = submit(engine, spec("a", prompt(1, 30), 500));
        assertThat(read(s)).hasSize(10);
        assertThat(ending(s).kind()).isEqualTo(Ending.Kind.LENGTH);
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void submit_promptThatNeverFits_isRefused() {
        Engine engine = Engines.start(model, 4, options());
        assertThatThrownBy(() -> submit(engine, spec("a", prompt(1, 32), 1)))
                .isInstanceOfSatisfying(RealmException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED))
                .hasMessageContaining("32 tokens").hasMessageContaining("holds 32");
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void submit_samePromptAgain_comesFromThePrefixCacheButForTheLastBlock() throws Exception {
        Engine engine = Engines.start(model, 64, options());
        int[] prompt = prompt(5, 48);
        int[] first = read(submit(engine, spec("a", prompt, 10)));
        long before = model.forwarded();
        Sequence again = submit(engine, spec("a", prompt, 10));
        assertThat(read(again)).isEqualTo(first);
        assertThat(again.cachedTokens()).isEqualTo(40);
        assertThat(model.forwarded() - before).isEqualTo(48 - 40 + 9);
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void submit_promptOfAnotherTenant_isNeverACacheHitNorLessWork() throws Exception {
        long[] forwarded = new long[2];
        for (int run = 0; run < 2; run++) {
            FakeModel m = FakeModel.endless();
            Engine engine = Engines.start(m, 64, options());
            if (run == 1) {
                read(submit(engine, spec("a", prompt(5, 48), 10)));
            }
            long before = m.forwarded();
            Sequence b = submit(engine, spec("b", prompt(5, 48), 10));
            read(b);
            assertThat(b.cachedTokens()).isZero();
            forwarded[run] = m.forwarded() - before;
            closeAndAssertAllBlocksFree(engine);
        }
        assertThat(forwarded[1]).isEqualTo(forwarded[0]);
    }

    @Test
    void submit_sharedPrefix_isHitByAllButNotWhatFollowsIt() throws Exception {
        Engine engine = Engines.start(model, 64, options());
        int[] prompt = prompt(5, 48);
        read(submit(engine, shared("a", prompt)));
        Sequence b = submit(engine, shared("b", prompt));
        assertThat(read(b)).isEqualTo(model.generate(prompt, 10));
        assertThat(b.cachedTokens()).isEqualTo(16);
        Sequence a = submit(engine, shared("a", prompt));
        read(a);
        assertThat(a.cachedTokens()).isEqualTo(40);
        closeAndAssertAllBlocksFree(engine);
    }

    private static SequenceSpec shared(String tenant, int[] prompt) {
        return new SequenceSpec("r", tenant, 1, false, prompt, 10, Set.of(), Long.MAX_VALUE / 2, new GreedySampler(), 2, false);
    }

    @Test
    void sampler_fails_endsItsOwnSequenceOnly() throws Exception {
        Engine engine = Engines.start(model, 64, options());
        SequenceSpec bad = new SequenceSpec("r", "a", 1, false, prompt(1, 5), 20, Set.of(), Long.MAX_VALUE / 2,
                new GreedySampler(3), 0, false);
        Sequence s = submit(engine, bad);
        Sequence other = submit(engine, spec("b", prompt(2, 5), 20));
        assertThat(read(s)).isEqualTo(model.generate(prompt(1, 5), 3));
        assertThat(ending(s).kind()).isEqualTo(Ending.Kind.ERROR);
        assertThat(read(other)).isEqualTo(model.generate(prompt(2, 5), 20));
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void forward_fails_endsItsSequencesAsInternalAndTheEngineGoesOn() throws Exception {
        Engine engine = Engines.start(model, 64, options());
        model.failNext();
        Sequence s = submit(engine, spec("a", prompt(1, 5), 20));
        assertThat(read(s)).isEmpty();
        assertThat(ending(s).error()).isNotNull().extracting(RealmException::code).isEqualTo(ErrorCode.INTERNAL);
        assertThat(read(submit(engine, spec("a", prompt(1, 5), 20)))).hasSize(20);
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void reader_slow_pausesItsOwnSequenceOnly() throws Exception {
        Engine engine = Engines.start(model, 64, options());
        Sequence slow = engine.submit(spec("a", prompt(1, 5), 50), new TokenQueue(4));
        Sequence fast = submit(engine, spec("b", prompt(2, 5), 200));
        assertThat(read(fast)).hasSize(200);
        assertThat(slow.output().full()).isTrue();
        assertThat(read(slow)).isEqualTo(model.generate(prompt(1, 5), 50));
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void reader_tooSlow_isCancelledAtTheLimit() throws Exception {
        Engine engine = Engines.start(model, 64, options().withReader(4, Duration.ofMillis(20)));
        Sequence s = engine.submit(spec("a", prompt(1, 5), 50), new TokenQueue(4));
        assertThat(s.output().awaitEnd(Engines.FOREVER)).isTrue();
        assertThat(ending(s).kind()).isEqualTo(Ending.Kind.CANCELLED);
        assertThat(ending(s).error()).hasMessageContaining("not read for 20 ms");
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void deadline_passed_endsInDecode() throws Exception {
        AtomicLong now = new AtomicLong();
        Engine engine = Engines.start(model, 64, options(), EngineListener.NONE, now::get);
        model.beforeForward(() -> now.addAndGet(10));
        Sequence s = submit(engine, new SequenceSpec("r", "a", 1, false, prompt(1, 5), 500, Set.of(), 95, new GreedySampler(), 0,
                false));
        assertThat(s.output().awaitEnd(Engines.FOREVER)).isTrue();
        assertThat(ending(s).error()).isNotNull().extracting(RealmException::code).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
        assertThat(ending(s).generatedTokens()).isEqualTo(10);
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void abort_inQueuePrefillAndDecode_freesAllBlocksWithinOneStep() throws Exception {
        Random random = new Random(7);
        Engine engine = Engines.start(model, 32, options());
        List<Sequence> all = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            all.add(submit(engine, spec("t" + i % 4, prompt(i, 1 + random.nextInt(100)), 40)));
        }
        for (int i = 0; i < 60; i++) {
            Sequence s = all.get(random.nextInt(60));
            s.output().abort(Ending.Kind.CANCELLED, new RealmException(ErrorCode.CANCELLED, "the client went away"));
            engine.wake();
            int[] got = read(all.get(i));
            if (ending(all.get(i)).kind() == Ending.Kind.LENGTH) {
                assertThat(got).isEqualTo(model.generate(all.get(i).spec().prompt(), 40));
            }
        }
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void submit_queueFull_isOverloadedAndOneTenantNeverTakesAll() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        model.beforeForward(() -> await(go));
        Engine engine = Engines.start(model, 64, options().withLimits(1, 10, 32));
        List<Sequence> all = new ArrayList<>();
        assertThatThrownBy(() -> {
            for (int i = 0; i < 20; i++) {
                all.add(submit(engine, spec("flood", prompt(i, 5), 2)));
            }
        }).isInstanceOfSatisfying(RealmException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OVERLOADED));
        all.add(submit(engine, spec("quiet", prompt(90, 5), 2)));
        go.countDown();
        for (Sequence s : all) {
            assertThat(read(s)).hasSize(2);
        }
        closeAndAssertAllBlocksFree(engine);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void drain_atItsLimit_endsTheRestAsDrainingAndTakesNothingNew() throws Exception {
        Engine engine = Engines.start(new FakeModel(100_000, 64, false, false), 20_000, options());
        Sequence s = engine.submit(spec("a", prompt(1, 5), 90_000), new TokenQueue(100_000));
        engine.drain(0);
        assertThat(ending(s).error()).isNotNull().extracting(RealmException::code).isEqualTo(ErrorCode.DRAINING);
        assertThatThrownBy(() -> submit(engine, spec("a", prompt(1, 5), 1))).isInstanceOfSatisfying(RealmException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.DRAINING));
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void drain_becauseTheModelIsUnloaded_endsWaitingAndRunningAsThatWithinAStep() throws Exception {
        FakeModel model = new FakeModel(100_000, 64, false, false);
        Engine engine = Engines.start(model, 20_000, options());
        List<Sequence> all = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            all.add(engine.submit(spec("t" + i % 3, prompt(i, 500), 90_000), new TokenQueue(100_000)));
        }
        CountDownLatch inForward = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        model.beforeForward(() -> {
            inForward.countDown();
            await(go);
        });
        await(inForward);
        long forwarded = model.forwarded();
        Thread unload = Thread.ofPlatform().start(() -> engine.drain(0, ErrorCode.MODEL_UNLOADED));
        while (unload.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        go.countDown();
        unload.join();
        for (Sequence s : all) {
            assertThat(ending(s).error()).isNotNull().extracting(RealmException::code).isEqualTo(ErrorCode.MODEL_UNLOADED);
        }
        assertThat(model.forwarded() - forwarded).as("positions after the order").isLessThanOrEqualTo(32L);
        engine.close();
        engine.assertAllBlocksFree();
    }

    @Test
    void close_whileRunning_endsAllSequences() throws Exception {
        Engine engine = Engines.start(new FakeModel(100_000, 64, false, false), 20_000, options());
        List<Sequence> all = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            all.add(engine.submit(spec("a", prompt(i, 5), 90_000), new TokenQueue(100_000)));
        }
        engine.close();
        for (Sequence s : all) {
            assertThat(ending(s).kind()).isEqualTo(Ending.Kind.CANCELLED);
        }
        engine.assertAllBlocksFree();
    }

    @Test
    void listener_oneSequence_seesEveryMomentOnce() throws Exception {
        List<String> seen = new ArrayList<>();
        EngineListener listener = new EngineListener() {
            @Override
            public void started(String m, String tenant, long queueNanos) {
                seen.add("started");
            }

            @Override
            public void firstToken(String m, String tenant, long nanos) {
                seen.add("first");
            }

            @Override
            public void nextToken(String m, String tenant, long nanos) {
                seen.add("next");
            }

            @Override
            public void ended(String m, String tenant, String reason, String code, int prompt, int cached, int generated,
                    long nanos) {
                seen.add(reason + " " + code + " " + prompt + " " + cached + " " + generated);
            }
        };
        Engine engine = Engines.start(model, 64, options(), listener, System::nanoTime);
        read(submit(engine, spec("a", prompt(1, 5), 3)));
        closeAndAssertAllBlocksFree(engine);
        assertThat(seen).containsExactly("started", "first", "next", "next", "length null 5 0 3");
    }

    @Test
    void close_listenerThrows_modelIsClosedAllTheSame() {
        Engine engine = Engines.start(model, 64, options(), new EngineListener() {
            @Override
            public void closed(EngineSnapshot last) {
                throw new IllegalStateException("nobody listens any more");
            }
        }, System::nanoTime);

        try {
            engine.close();
        } catch (IllegalStateException e) {
            assertThat(e).hasMessageContaining("nobody listens");
        }

        assertThat(model.closed()).isTrue();
    }
}
