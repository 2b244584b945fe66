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
import ai.realm.core.sampling.Choice;
import ai.realm.core.sampling.Chooser;
import ai.realm.core.sampling.Drafts;
import ai.realm.core.sampling.OutsideChooser;
import ai.realm.core.sampling.SamplerChooser;
import ai.realm.core.sampling.Scorer;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.runtime.scheduler.Ending;
import ai.realm.runtime.scheduler.GreedySampler;
import ai.realm.runtime.scheduler.Sequence;
import ai.realm.runtime.scheduler.SequenceSpec;
import ai.realm.runtime.scheduler.StepLog;
import ai.realm.runtime.scheduler.TokenQueue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of a choice: tokens at once or later, guesses, somebody outside who decides, scores and no sampling at all. */
@Timeout(60)
class EngineChoiceTest {
    private final FakeModel model = FakeModel.endless();

    private static Sequence submit(Engine engine, SequenceSpec spec) {
        return engine.submit(spec, new TokenQueue(1000));
    }

    private static SequenceSpec chosen(int[] prompt, int maxTokens, Chooser chooser) {
        return new SequenceSpec("r", "a", 1, false, prompt, maxTokens, Long.MAX_VALUE / 2, chooser, 0, false, StepLog.NONE);
    }

    private static Ending ending(Sequence s) {
        Ending e = s.output().ending();
        assertThat(e).isNotNull();
        return e;
    }

    /** Knows what the model will say, and is wrong at every {@code wrong}-th token. */
    private final class Oracle implements Drafts {
        private final int ahead;
        private final int wrong;
        private int[] tokens;
        int right;
        int guessed;

        Oracle(int[] prompt, int ahead, int wrong) {
            this.tokens = prompt;
            this.ahead = ahead;
            this.wrong = wrong;
        }

        @Override
        public void accept(int token) {
            tokens = Arrays.copyOf(tokens, tokens.length + 1);
            tokens[tokens.length - 1] = token;
        }

        @Override
        public void guess(Choice choice) {
            int[] next = model.generate(tokens, ahead);
            for (int i = 0; i < next.length; i++) {
                choice.guess((tokens.length + i) % wrong == 0 ? 'Z' : next[i]);
            }
        }

        @Override
        public void verified(int rightOnes, int all) {
            right += rightOnes;
            guessed += all;
        }
    }

    @Test
    void guesses_rightAndWrongAmongOthersInLittleMemory_giveTheSameTokensInFewerSteps() throws Exception {
        Engine engine = Engines.start(model, 30, options());
        List<Sequence> all = new ArrayList<>();
        List<Oracle> oracles = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            Oracle oracle = new Oracle(prompt(i, 1 + i * 3), 1 + i % 6, 3 + i);
            GreedySampler sampler = new GreedySampler();
            sampler.laters = i % 4 == 3 ? 1 : 0;
            oracles.add(oracle);
            all.add(submit(engine, chosen(prompt(i, 1 + i * 3), 40, new SamplerChooser(sampler, Set.of(), oracle, 0))));
        }
        for (int i = 0; i < 12; i++) {
            assertThat(read(all.get(i))).as("sequence %d", i).isEqualTo(model.generate(prompt(i, 1 + i * 3), 40));
            assertThat(ending(all.get(i))).isEqualTo(new Ending(Ending.Kind.LENGTH, 40, null));
        }
        assertThat(oracles).anySatisfy(o -> assertThat(o.right).isPositive().isLessThan(o.guessed));
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void guesses_allRightOfOneStream_takeAStepForAllOfThem() throws Exception {
        Engine engine = Engines.start(model, 64, options());
        Oracle oracle = new Oracle(prompt(1, 10), 4, Integer.MAX_VALUE);
        assertThat(read(submit(engine, chosen(prompt(1, 10), 51, new SamplerChooser(new GreedySampler(), Set.of(), oracle, 0)))))
                .isEqualTo(model.generate(prompt(1, 10), 51));
        closeAndAssertAllBlocksFree(engine);
        assertThat(oracle.right).isEqualTo(oracle.guessed).isEqualTo(40);
        assertThat(engine.snapshot().steps()).isEqualTo(1 + 10);
    }

    @Test
    void guesses_beyondAFullQueueOrTheEndToken_areNotDelivered() throws Exception {
        FakeModel ending = new FakeModel(1000, 64, false, true);
        Engine engine = Engines.start(ending, 64, options());
        int[] expected = ending.generate(prompt(3, 5), 500);
        Drafts all = new Drafts() {
            private int[] tokens = prompt(3, 5);

            @Override
            public void accept(int token) {
                tokens = Arrays.copyOf(tokens, tokens.length + 1);
                tokens[tokens.length - 1] = token;
            }

            @Override
            public void guess(Choice choice) {
                for (int t : ending.generate(tokens, 6)) {
                    choice.guess(t);
                }
                choice.guess('Z');
            }
        };
        Sequence s = engine.submit(
                chosen(prompt(3, 5), 500, new SamplerChooser(new GreedySampler(), Set.of(FakeModel.END), all, 0)),
                new TokenQueue(3));
        assertThat(read(s)).isEqualTo(expected);
        assertThat(ending(s)).isEqualTo(new Ending(Ending.Kind.STOP, expected.length, null));
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void outsideChooser_answersLateAndSeveralAtOnce_becomeTheOutputWhileOthersGoOn() throws Exception {
        Engine engine = Engines.start(model, 64, options());
        LinkedBlockingQueue<Integer> asked = new LinkedBlockingQueue<>();
        OutsideChooser outside = new OutsideChooser((row, position) -> {
            assertThat(row).hasSize(FakeModel.VOCAB);
            asked.add(position);
        });
        Sequence s = submit(engine, chosen(prompt(1, 5), 7, outside));
        assertThat(asked.poll(30, TimeUnit.SECONDS)).isEqualTo(4);
        assertThat(read(submit(engine, spec("b", prompt(2, 5), 100)))).isEqualTo(model.generate(prompt(2, 5), 100));
        engine.decide(s, new int[]{'x', 'y', 'z'}, false);
        assertThat(asked.poll(30, TimeUnit.SECONDS)).isEqualTo(7);
        engine.decide(s, new int[]{'u'}, false);
        assertThat(asked.poll(30, TimeUnit.SECONDS)).isEqualTo(8);
        engine.decide(s, new int[]{'v'}, true);
        assertThat(read(s)).containsExactly('x', 'y', 'z', 'u', 'v');
        assertThat(ending(s)).isEqualTo(new Ending(Ending.Kind.STOP, 5, null));
        engine.decide(s, new int[]{'w'}, false);
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void outsideChooser_moreTokensThanTheLimitOrNone_endsAsLengthOrAsAnError() throws Exception {
        Engine engine = Engines.start(model, 64, options());
        LinkedBlockingQueue<Integer> asked = new LinkedBlockingQueue<>();
        Sequence s = submit(engine, chosen(prompt(1, 5), 2, new OutsideChooser((row, position) -> asked.add(position))));
        assertThat(asked.poll(30, TimeUnit.SECONDS)).isEqualTo(4);
        engine.decide(s, new int[]{'x', 'y', 'z'}, false);
        assertThat(read(s)).containsExactly('x', 'y');
        assertThat(ending(s).kind()).isEqualTo(Ending.Kind.LENGTH);
        Sequence none = submit(engine, chosen(prompt(1, 5), 2, new OutsideChooser((row, position) -> asked.add(position))));
        assertThat(asked.poll(30, TimeUnit.SECONDS)).isEqualTo(4);
        engine.decide(none, new int[0], false);
        assertThat(read(none)).isEmpty();
        assertThat(ending(none).kind()).isEqualTo(Ending.Kind.ERROR);
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void outsideChooser_neverAnswers_endsByItsDeadline() throws Exception {
        AtomicLong now = new AtomicLong();
        Engine engine = Engines.start(model, 64, options(), EngineListener.NONE, now::get);
        LinkedBlockingQueue<Integer> asked = new LinkedBlockingQueue<>();
        Sequence s = submit(engine, new SequenceSpec("r", "a", 1, false, prompt(1, 5), 20, 1000,
                new OutsideChooser((row, position) -> asked.add(position)), 0, false, StepLog.NONE));
        assertThat(asked.poll(30, TimeUnit.SECONDS)).isEqualTo(4);
        now.set(2000);
        engine.wake();
        assertThat(read(s)).isEmpty();
        assertThat(ending(s).error()).isNotNull().extracting(RealmException::code).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void scorer_alone_scoresThePromptAndEnds() throws Exception {
        Engine engine = Engines.start(model, 64, options());
        int[] prompt = prompt(1, 70);
        Sequence s = submit(engine, chosen(prompt, 20, new Scorer(70, 1, null)));
        assertThat(read(s)).isEmpty();
        assertThat(ending(s)).isEqualTo(new Ending(Ending.Kind.STOP, 0, null));
        assertThat(s.promptLogProbs()).hasSize(69);
        closeAndAssertAllBlocksFree(engine);
    }

    private static SequenceSpec late(String tenant, int[] prompt, int maxTokens, int laters, long deadline) {
        GreedySampler sampler = new GreedySampler();
        sampler.laters = laters;
        return new SequenceSpec("r", tenant, 1, false, prompt, maxTokens, Set.of(), deadline, sampler, 0, false);
    }

    @Test
    void sampler_notReadyAtOnce_givesTheSameTokensAmongOthersAndAfterPreemption() throws Exception {
        Engine engine = Engines.start(model, 20, options());
        List<Sequence> all = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            all.add(submit(engine, late("t" + i % 3, prompt(i, 1 + i * 3), 40, i % 4, Long.MAX_VALUE / 2)));
        }
        for (int i = 0; i < 16; i++) {
            assertThat(read(all.get(i))).as("sequence %d", i).isEqualTo(model.generate(prompt(i, 1 + i * 3), 40));
        }
        assertThat(engine.snapshot().preemptions()).isPositive();
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void sampler_neverReady_holdsNobodyElseAndEndsByItsDeadlineOrCancel() throws Exception {
        AtomicLong now = new AtomicLong();
        Engine engine = Engines.start(model, 64, options(), EngineListener.NONE, now::get);
        Sequence stuck = submit(engine, late("a", prompt(1, 5), 20, Integer.MAX_VALUE, 1000));
        Sequence left = submit(engine, late("a", prompt(3, 5), 20, Integer.MAX_VALUE, Long.MAX_VALUE / 2));
        assertThat(read(submit(engine, spec("b", prompt(2, 5), 200)))).isEqualTo(model.generate(prompt(2, 5), 200));
        now.set(2000);
        engine.wake();
        read(stuck);
        assertThat(ending(stuck).error()).isNotNull().extracting(RealmException::code).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
        left.output().abort(Ending.Kind.CANCELLED, new RealmException(ErrorCode.CANCELLED, "the client went away"));
        engine.wake();
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void promptLogProbs_longPromptBesideOthers_areThoseOfEachTokenInOrder() throws Exception {
        Engine engine = Engines.start(model, 64, options());
        int[] prompt = prompt(1, 70);
        submit(engine, spec("a", prompt, 1)).output().awaitEnd(Engines.FOREVER);
        List<Sequence> others = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            others.add(submit(engine, spec("b", prompt(i + 2, 20), 60)));
        }
        SequenceSpec scored = new SequenceSpec("r", "a", 1, false, prompt, 20, Long.MAX_VALUE / 2,
                new Scorer(70, 1, new SamplerChooser(new GreedySampler(), Set.of())), 0, false, StepLog.NONE);
        Sequence s = submit(engine, scored);
        assertThat(read(s)).isEqualTo(model.generate(prompt, 20));
        assertThat(s.promptLogProbs()).hasSize(69);
        for (int i = 0; i < 69; i++) {
            TokenLogProbs t = s.promptLogProbs().get(i);
            assertThat(t.token()).isEqualTo(prompt[i + 1]);
            assertThat(t.topTokens()).containsExactly(model.next(prompt, i + 1));
            assertThat(t.logProb() > -1).isEqualTo(prompt[i + 1] == model.next(prompt, i + 1));
        }
        for (Sequence o : others) {
            assertThat(read(o)).hasSize(60);
        }
        closeAndAssertAllBlocksFree(engine);
    }

    private static void assertOutOfStack(Sequence s) throws InterruptedException {
        assertThat(read(s)).isEmpty();
        assertThat(ending(s).kind()).isEqualTo(Ending.Kind.ERROR);
        assertThat(ending(s).error()).hasMessageContaining("StackOverflowError");
    }

    @Test
    void chooser_runsOutOfStackAtOnceOrLate_endsItsSequenceAlone() throws Exception {
        Engine engine = Engines.start(model, 64, options());
        Sequence other = submit(engine, spec("b", prompt(2, 5), 200));
        Chooser atOnce = (rows, choice, steps) -> {
            throw new StackOverflowError();
        };
        AtomicLong calls = new AtomicLong();
        Chooser late = (rows, choice, steps) -> {
            if (calls.incrementAndGet() > 1) {
                throw new StackOverflowError();
            }
            choice.goOn(Choice.Kind.LATER);
        };
        assertOutOfStack(submit(engine, chosen(prompt(1, 5), 20, atOnce)));
        assertOutOfStack(submit(engine, chosen(prompt(1, 5), 20, late)));
        assertThat(read(submit(engine, late("a", prompt(3, 5), 20, 2, Long.MAX_VALUE / 2)))).as("put off after that")
                .isEqualTo(model.generate(prompt(3, 5), 20));
        assertThat(read(other)).isEqualTo(model.generate(prompt(2, 5), 200));
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void chooserOfAFork_runsOutOfStack_endsTheForkAlone() throws Exception {
        Engine engine = Engines.start(model, 64, options());
        Chooser greedy = new SamplerChooser(new GreedySampler(), Set.of());
        Chooser failing = (rows, choice, steps) -> {
            throw new StackOverflowError();
        };
        List<Sequence> forks = engine.submit(List.of(chosen(prompt(1, 5), 20, greedy), chosen(prompt(1, 5), 20, failing)),
                List.of(new TokenQueue(100), new TokenQueue(100)));
        assertOutOfStack(forks.get(1));
        assertThat(read(forks.get(0))).isEqualTo(model.generate(prompt(1, 5), 20));
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void decide_idsOutsideTheVocabularyOrMoreThanTheRoom_isRefusedAndAnsweredAnew() throws Exception {
        Engine engine = Engines.start(model, 64, options());
        LinkedBlockingQueue<Integer> asked = new LinkedBlockingQueue<>();
        OutsideChooser outside = new OutsideChooser((row, position) -> asked.add(position));
        Sequence s = engine.submit(chosen(prompt(1, 5), 20, outside), new TokenQueue(2));
        assertThat(asked.poll(30, TimeUnit.SECONDS)).isEqualTo(4);
        for (int[] bad : new int[][]{{'x', -1}, {FakeModel.VOCAB}, {'x', 'y', 'z'}}) {
            assertThatThrownBy(() -> engine.decide(s, bad, false)).isInstanceOf(RealmException.class)
                    .extracting(e -> ((RealmException) e).code()).isEqualTo(ErrorCode.INVALID_REQUEST);
        }
        engine.decide(s, new int[]{'x', 'y'}, true);
        assertThat(read(s)).containsExactly('x', 'y');
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void chooser_choosesMoreThanTheOutputHasRoomFor_endsItsSequenceAlone() throws Exception {
        Engine engine = Engines.start(model, 64, options());
        Sequence other = submit(engine, spec("b", prompt(2, 5), 200));
        Sequence s = engine.submit(chosen(prompt(1, 5), 20, (rows, choice, steps) -> {
            for (int i = 0; i < 3; i++) {
                choice.accept('x', null);
            }
        }), new TokenQueue(2));
        assertThat(read(s)).isEmpty();
        assertThat(ending(s).kind()).isEqualTo(Ending.Kind.ERROR);
        assertThat(read(other)).isEqualTo(model.generate(prompt(2, 5), 200));
        closeAndAssertAllBlocksFree(engine);
    }

    @Test
    void choose_byAKeptRow_isMadeBesideTheStepsWhenItTakesLonger() throws Exception {
        Engine engine = Engines.start(model, 64, options());
        CompletableFuture<float[]> kept = new CompletableFuture<>();
        AtomicInteger calls = new AtomicInteger();
        Sequence s = submit(engine, chosen(prompt(1, 5), 20, (rows, choice, steps) -> {
            switch (calls.incrementAndGet()) {
                case 1 -> {
                    int from = rows.offset(rows.count() - 1);
                    choice.goOn(Choice.Kind.WAIT);
                    kept.complete(Arrays.copyOfRange(rows.data(), from, from + rows.cols()));
                }
                case 2, 3 -> choice.goOn(Choice.Kind.LATER);
                case 4 -> {
                    assertThat(rows.data()).startsWith(kept.join());
                    choice.accept('x', null);
                }
                default -> choice.goOn(Choice.Kind.END);
            }
        }));
        engine.choose(s, kept.get(10, TimeUnit.SECONDS));
        assertThat(read(s)).containsExactly('x');
        assertThat(ending(s).kind()).isEqualTo(Ending.Kind.STOP);
        assertThat(calls).hasValue(5);
        closeAndAssertAllBlocksFree(engine);
    }
}
