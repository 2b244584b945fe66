package ai.realm.runtime.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.core.sampling.grammar.Grammar;
import ai.realm.runtime.engine.Engine;
import ai.realm.runtime.engine.Engines;
import ai.realm.runtime.engine.FakeModel;
import ai.realm.runtime.kvcache.SharedPrefixes;
import ai.realm.runtime.loading.ServedModel;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.TokenSequence.State;
import ai.realm.runtime.store.CountedLease;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class TokenSequenceTest {
    private static final int CONTEXT = 300;
    private static final int[] PROMPT = "hello".chars().toArray();

    private FakeModel model = new FakeModel(CONTEXT, 64, false, false);
    private Engine engine = Engines.start(model, 200, Engines.options());
    private final EngineSessions sessions = new EngineSessions();
    private final RequestContext context = new RequestContext("request", "tenant", System.nanoTime() + Engines.FOREVER);
    private final List<Usage> used = new ArrayList<>();
    private final List<TokenSequence> open = new ArrayList<>();
    private SamplingParams params = SamplingParams.greedy(20);

    private final TokenMeter meter = new TokenMeter() {
        @Override
        public void begin(int promptTokens, int maxTokens) {
        }

        @Override
        public void end(long bound, Usage usage) {
            used.add(usage);
        }
    };

    @AfterEach
    void allBlocksFree() {
        open.forEach(TokenSequence::close);
        Engines.closeAndAssertAllBlocksFree(engine);
    }

    private void on(FakeModel other, int blocks) {
        Engines.closeAndAssertAllBlocksFree(engine);
        model = other;
        engine = Engines.start(model, blocks, Engines.options());
    }

    private TokenSequence opened(RequestContext of) {
        ServedModel served = new ServedModel(model, 1000, engine, new LetterTokenizer(false), null, SharedPrefixes.NONE,
                () -> {});
        TokenSequence s = sessions
                .openTokens(
                        new TokenCommand(of, new CountedLease("fake", served, () -> {}), params, Priority.INTERACTIVE, meter));
        open.add(s);
        return s;
    }

    private TokenSequence fed(int[] ids) throws InterruptedException {
        TokenSequence s = opened(context);
        s.feed(ids);
        return s;
    }

    /** What comes until it stops. */
    private static int[] read(TokenSequence s) {
        List<Integer> out = new ArrayList<>();
        long limit = System.nanoTime() + Engines.FOREVER;
        while (System.nanoTime() < limit) {
            boolean stopped = s.state() != State.GENERATING;
            for (TokenLogProbs t = s.poll(); t != null; t = s.poll()) {
                out.add(t.token());
            }
            if (stopped) {
                return out.stream().mapToInt(Integer::intValue).toArray();
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
        }
        throw new AssertionError("it does not stop");
    }

    private static int[] join(int[] a, int... b) {
        int[] all = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, all, a.length, b.length);
        return all;
    }

    @Test
    void start_severalTimes_goesOnWhereItStopped() throws Exception {
        TokenSequence s = fed(PROMPT);
        int[] expected = model.generate(PROMPT, 20);
        s.start(7, false);
        assertThat(read(s)).isEqualTo(Arrays.copyOf(expected, 7));
        assertThat(s.state()).isEqualTo(State.LENGTH);
        s.start(13, false);
        assertThat(read(s)).isEqualTo(Arrays.copyOfRange(expected, 7, 20));
        assertThat(used).extracting(Usage::promptTokens).containsExactly(5, 0);
        assertThat(used).extracting(Usage::generatedTokens).containsExactly(7, 13);
        assertThat(s.length()).isEqualTo(25);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void feed_afterGenerating_isSplicedInAndComputedOnce(boolean recurrent) throws Exception {
        on(new FakeModel(CONTEXT, 64, recurrent, false), 200);
        TokenSequence s = fed(PROMPT);
        s.start(5, false);
        int[] first = read(s);
        s.feed(new int[]{'x', 'y', 'z'});
        s.start(9, false);
        assertThat(read(s)).isEqualTo(model.generate(join(join(PROMPT, first), 'x', 'y', 'z'), 9));
        if (!recurrent) {
            assertThat(model.forwarded()).isEqualTo(5 + 4 + 1 + 3 + 8);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void rollback_fourTokens_costsFourTokensAndForgetsThem(boolean recurrent) throws Exception {
        on(new FakeModel(CONTEXT, 64, recurrent, false), 200);
        TokenSequence s = fed(PROMPT);
        s.start(40, false);
        int[] all = read(s);
        long before = model.forwarded();
        s.rollback(4);
        assertThat(s.length()).isEqualTo(41);
        s.start(4, false);
        assertThat(read(s)).isEqualTo(Arrays.copyOfRange(all, 36, 40));
        if (!recurrent) {
            assertThat(model.forwarded() - before).isEqualTo(4);
        }
        s.rollback(s.length());
        s.feed(PROMPT);
        s.start(3, false);
        assertThat(read(s)).isEqualTo(Arrays.copyOf(all, 3));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void fork_ofOneThatRestsOrGenerates_goesItsOwnWay(boolean recurrent) throws Exception {
        on(new FakeModel(CONTEXT, 64, recurrent, false), 200);
        TokenSequence s = fed(PROMPT);
        s.top(1);
        List<TokenSequence> forks = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            TokenSequence f = s.fork();
            open.add(f);
            f.feed(new int[]{'a' + i});
            f.start(20, false);
            forks.add(f);
        }
        TokenSequence same = s.fork();
        open.add(same);
        same.start(30, false);
        s.start(30, false);
        for (int i = 0; i < 8; i++) {
            assertThat(read(forks.get(i))).isEqualTo(model.generate(join(PROMPT, 'a' + i), 20));
        }
        TokenSequence midway = same.fork();
        open.add(midway);
        midway.start(5, false);
        int[] mid = read(midway);
        int[] got = read(same);
        assertThat(mid).isEqualTo(model.generate(join(PROMPT, got), 5));
        assertThat(read(s)).isEqualTo(model.generate(PROMPT, 30));
    }

    @Test
    void fork_ofWhatWasComputed_computesNothingAgain() throws Exception {
        TokenSequence s = fed(Engines.prompt(1, 100));
        s.top(1);
        long before = model.forwarded();
        int blocks = engine.snapshot().kvBlocksUsed();
        TokenSequence f = s.fork();
        open.add(f);
        f.start(2, false);
        read(f);
        assertThat(model.forwarded() - before).isEqualTo(1);
        assertThat(engine.snapshot().kvBlocksUsed() - blocks).isLessThanOrEqualTo(1);
    }

    @Test
    void score_ofContinuations_leavesTheSequenceAsItWas() throws Exception {
        TokenSequence s = fed(PROMPT);
        int[] next = model.generate(PROMPT, 3);
        float[] right = s.score(next);
        float[] wrong = s.score(new int[]{next[0], 'Z', 'Z'});
        assertThat(right).hasSize(3);
        assertThat(right[1]).isGreaterThan(-1);
        assertThat(wrong[0]).isEqualTo(right[0]);
        assertThat(wrong[1]).isLessThan(-5);
        assertThat(s.score(new int[]{'Z'})[0]).isLessThan(-5);
        assertThat(s.length()).isEqualTo(5);
        assertThat(s.top(2).topTokens()).contains(next[0]);
        s.start(10, false);
        assertThat(read(s)).isEqualTo(model.generate(PROMPT, 10));
    }

    @Test
    void score_longerThanAStep_isThatOfEachToken() throws Exception {
        TokenSequence s = fed(PROMPT);
        int[] next = model.generate(PROMPT, 150);
        next[100] = 'Z';
        float[] scores = s.score(next);
        for (int i = 0; i <= 100; i++) {
            assertThat(scores[i] > -1).as("token %d", i).isEqualTo(i != 100);
        }
    }

    @Test
    void goOn_withMaskBackAndSpliceAtEachStep_actsOnTheNextToken() throws Exception {
        TokenSequence s = fed(PROMPT);
        long[] onlyB = new long[2];
        onlyB['b' >> 6] |= 1L << 'b';
        s.start(12, true);
        List<Integer> got = new ArrayList<>();
        while (s.state() == State.GENERATING) {
            TokenLogProbs t = s.poll();
            if (t == null) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
                continue;
            }
            got.add(t.token());
            if (got.size() == 3) {
                s.mask(onlyB, true);
            }
            if (got.size() == 6) {
                s.rollback(2);
            }
            if (got.size() == 8) {
                s.feed(new int[]{'x'});
            }
            if (got.size() == 9) {
                s.top(3);
            }
            if (s.state() == State.GENERATING) {
                s.goOn();
            }
        }
        for (TokenLogProbs t = s.poll(); t != null; t = s.poll()) {
            got.add(t.token());
        }
        int[] known = PROMPT;
        for (int i = 0; i < got.size(); i++) {
            int expected = i == 3 ? 'b' : model.next(known, known.length);
            assertThat(got.get(i)).as("token %d", i).isEqualTo(expected);
            known = join(known, expected);
            known = i == 5 ? Arrays.copyOf(known, known.length - 2) : i == 7 ? join(known, 'x') : known;
        }
        assertThat(got).hasSize(12);
        assertThat(s.length()).isEqualTo(known.length);
    }

    @Test
    void grammar_onForAPartAndBack_holdsThatPartAlone() throws Exception {
        TokenSequence s = fed(PROMPT);
        s.start(3, false);
        int[] free = read(s);
        assertThat(free).isEqualTo(model.generate(PROMPT, 3));
        s.grammar(Grammar.gbnf("root ::= \"[\" [0-9] [0-9] \"]\"", null));
        long[] allowed = new long[2];
        s.allowed(allowed);
        assertThat(Long.bitCount(allowed[0]) + Long.bitCount(allowed[1])).isEqualTo(1);
        s.start(50, false);
        int[] held = read(s);
        assertThat(s.state()).isEqualTo(State.END);
        assertThat(new String(held, 0, held.length)).matches("\\[\\d\\d]");
        s.rollback(2);
        assertThatThrownBy(() -> s.feed(new int[]{'x'})).isInstanceOf(RealmException.class).hasMessageContaining("grammar");
        s.feed(new int[]{'7'});
        s.start(50, false);
        assertThat(read(s)).containsExactly(']');
        s.grammar(null);
        s.start(2, false);
        assertThat(read(s)).isEqualTo(model.generate(join(join(PROMPT, free), '[', held[1], '7', ']'), 2));
    }

    @Test
    void mask_thatLeavesNothing_failsTheSequenceWithTheReason() throws Exception {
        TokenSequence s = fed(PROMPT);
        s.mask(new long[2], false);
        s.start(5, false);
        assertThatThrownBy(() -> read(s)).isInstanceOf(RealmException.class).hasMessageContaining("mask")
                .extracting(e -> ((RealmException) e).code()).isEqualTo(ErrorCode.INVALID_REQUEST);
    }

    @Test
    void start_withAMaskThatLeavesNothingOfAKeptRow_isToldByTheEngineToo() throws Exception {
        TokenSequence s = fed(PROMPT);
        s.top(1);
        s.mask(new long[2], false);
        s.start(5, true);
        assertThatThrownBy(() -> read(s)).isInstanceOf(RealmException.class).hasMessageContaining("mask")
                .extracting(e -> ((RealmException) e).code()).isEqualTo(ErrorCode.INVALID_REQUEST);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void start_ofManyWithKeptRows_choosesByThem(boolean recurrent) throws Exception {
        on(new FakeModel(CONTEXT, 64, recurrent, false), 200);
        List<TokenSequence> all = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            TokenSequence s = fed(Engines.prompt(i, 10));
            s.top(1);
            all.add(s);
        }
        long before = model.forwarded();
        for (TokenSequence s : all) {
            s.start(6, false);
        }
        for (int i = 0; i < 12; i++) {
            assertThat(read(all.get(i))).as("sequence %d", i).isEqualTo(model.generate(Engines.prompt(i, 10), 6));
        }
        if (!recurrent) {
            assertThat(model.forwarded() - before).isEqualTo(12 * 5);
        }
    }

    @Test
    void start_withAGrammarAndAKeptRow_isHeldToItAndStopsAtItsEnd() throws Exception {
        TokenSequence s = fed(PROMPT);
        s.top(1);
        s.grammar(Grammar.gbnf("root ::= \"[\" [0-9] \"]\"", null));
        s.start(50, false);
        int[] held = read(s);
        assertThat(new String(held, 0, held.length)).matches("\\[\\d]");
        assertThat(s.state()).isEqualTo(State.END);
        s.start(50, false);
        assertThat(read(s)).isEmpty();
        assertThat(s.state()).isEqualTo(State.END);
    }

    @Test
    void rest_whileOthersNeedTheMemory_losesItAndComputesItAgain() throws Exception {
        on(new FakeModel(CONTEXT, 64, false, false), 40);
        List<TokenSequence> all = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            TokenSequence s = fed(Engines.prompt(i, 60));
            s.start(5, false);
            read(s);
            all.add(s);
        }
        for (int i = 0; i < 6; i++) {
            all.get(i).start(30, false);
        }
        for (int i = 0; i < 6; i++) {
            int[] expected = model.generate(Engines.prompt(i, 60), 35);
            assertThat(read(all.get(i))).as("sequence %d", i).isEqualTo(Arrays.copyOfRange(expected, 5, 35));
        }
    }

    @Test
    void rest_besideAnother_hasNoPartInItsStepsAndNoPlace() throws Exception {
        for (int i = 0; i < 12; i++) {
            // more than there are places
            fed(Engines.prompt(i, 10)).top(1);
        }
        long before = model.forwarded();
        long steps = engine.snapshot().steps();
        TokenSequence other = opened(new RequestContext("r", "somebody else", System.nanoTime() + Engines.FOREVER));
        other.feed(PROMPT);
        other.start(50, false);
        assertThat(read(other)).isEqualTo(model.generate(PROMPT, 50));
        assertThat(model.forwarded() - before).isEqualTo(PROMPT.length + 49);
        assertThat(engine.snapshot().steps() - steps).isEqualTo(50);
    }

    @Test
    void cancel_whileItGeneratesOrRests_endsItAtOnce() throws Exception {
        RequestContext other = new RequestContext("other", "tenant", System.nanoTime() + Engines.FOREVER);
        TokenSequence resting = opened(other);
        resting.feed(PROMPT);
        resting.top(1);
        TokenSequence running = opened(other);
        running.feed(PROMPT);
        running.start(200, false);
        other.cancel(ErrorCode.CANCELLED, "the client went away");
        assertThatThrownBy(() -> read(running)).isInstanceOf(RealmException.class)
                .extracting(e -> ((RealmException) e).code()).isEqualTo(ErrorCode.CANCELLED);
        engine.drain(Engines.FOREVER);
        engine.assertAllBlocksFree();
    }

    @Test
    void open_moreThanTheEngineTakes_isOverloadedAndLeavesOthersRoom() throws Exception {
        RealmException refused = null;
        for (int i = 0; i < 70 && refused == null; i++) {
            try {
                fed(PROMPT).top(1);
            } catch (RealmException e) {
                refused = e;
            }
        }
        assertThat(refused).isNotNull().extracting(RealmException::code).isEqualTo(ErrorCode.OVERLOADED);
        TokenSequence s = opened(new RequestContext("r", "somebody else", System.nanoTime() + Engines.FOREVER));
        s.feed(PROMPT);
        s.start(4, false);
        assertThat(read(s)).isEqualTo(model.generate(PROMPT, 4));
    }
}
