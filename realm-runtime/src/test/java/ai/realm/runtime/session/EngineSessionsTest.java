package ai.realm.runtime.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.kvcache.SharedPrefixes;
import ai.realm.runtime.engine.Engine;
import ai.realm.runtime.engine.Engines;
import ai.realm.runtime.engine.FakeModel;
import ai.realm.runtime.loading.ServedModel;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.GenerateCommand.Prompt;
import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import ai.realm.runtime.session.GenerateCommand.TokenPrompt;
import ai.realm.runtime.session.SessionEvent.End;
import ai.realm.runtime.session.SessionEvent.Piece;
import ai.realm.runtime.store.CountedLease;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import ai.realm.core.sampling.TokenLogProbs;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EngineSessionsTest {
    private static final int CONTEXT = 300;

    private final FakeModel model = new FakeModel(CONTEXT, 64, false, false);
    private final Engine engine = Engines.start(model, 200, Engines.options());
    private final EngineSessions sessions = new EngineSessions();

    @AfterEach
    void allBlocksFree() {
        Engines.closeAndAssertAllBlocksFree(engine);
    }

    private static RequestContext context() {
        return new RequestContext("request", "tenant", System.nanoTime() + Engines.FOREVER);
    }

    private GenerateCommand command(RequestContext context, Prompt prompt, SamplingParams params, @Nullable Tokenizer tokenizer) {
        ServedModel served = new ServedModel(model, 1000, engine, tokenizer, null, SharedPrefixes.NONE, () -> {});
        return new GenerateCommand(context, new CountedLease("fake", served, () -> {}), prompt, params, Priority.INTERACTIVE);
    }

    private InferenceSession open(String prompt, SamplingParams params) {
        return sessions.open(command(context(), new TextPrompt(prompt, false), params, new LetterTokenizer(false)));
    }

    private String expected(String prompt, int maxTokens) {
        int[] ids = model.generate(prompt.chars().toArray(), maxTokens);
        return new String(ids, 0, ids.length);
    }

    private record Result(String text, End end) {}

    private static Result read(InferenceSession session) throws InterruptedException {
        StringBuilder text = new StringBuilder();
        while (true) {
            switch (session.next()) {
                case Piece p -> text.append(p.text());
                case SessionEvent.Prompt p -> throw new AssertionError("not asked for");
                case End e -> {
                    return new Result(text.toString(), e);
                }
            }
        }
    }

    private static ErrorCode codeOf(Runnable body) {
        try {
            body.run();
        } catch (RealmException e) {
            return e.code();
        }
        throw new AssertionError("no RealmException");
    }

    @Test
    void next_untilTheEnd_givesTheTextAndExactUsage() throws Exception {
        Result r = read(open("hello", SamplingParams.greedy(20)));
        assertThat(r.text).isEqualTo(expected("hello", 20));
        assertThat(r.end.reason()).isEqualTo(FinishReason.LENGTH);
        assertThat(r.end.usage().promptTokens()).isEqualTo(5);
        assertThat(r.end.usage().generatedTokens()).isEqualTo(20);
        assertThat(r.end.usage().engineNanos()).isPositive();
    }

    @Test
    void next_afterTheEnd_givesTheSameEnd() throws Exception {
        InferenceSession s = open("hello", SamplingParams.greedy(2));
        End end = read(s).end;
        assertThat(s.next()).isEqualTo(end);
        s.close();
        assertThat(s.next()).isEqualTo(end);
    }

    @Test
    void stopString_acrossTokens_endsBeforeItAndCountsTokensThroughIt() throws Exception {
        String all = expected("hello", 40);
        String stop = all.substring(17, 20);
        int at = all.indexOf(stop);
        for (int round = 0; round < 20; round++) {
            Result r = read(open("hello", SamplingParams.greedy(40).toBuilder().stopStrings(List.of(stop)).build()));
            assertThat(r.text).isEqualTo(all.substring(0, at));
            assertThat(r.end.reason()).isEqualTo(FinishReason.STOP);
            assertThat(r.end.usage().generatedTokens()).isEqualTo(at + 3);
        }
    }

    @Test
    void logProbs_ofPromptAndAnswer_comeWithTheTextTheyBelongTo() throws Exception {
        SamplingParams params = SamplingParams.greedy(30).toBuilder().logProbs(2).promptLogProbs(1).build();
        String all = expected("hello", 30);
        String stop = all.substring(17, 20);
        InferenceSession s = open("hello", params.toBuilder().stopStrings(List.of(stop)).build());
        SessionEvent.Prompt prompt = (SessionEvent.Prompt) s.next();
        assertThat(prompt.tokens()).extracting(TokenLogProbs::token).containsExactly((int) 'e', (int) 'l', (int) 'l', (int) 'o');
        assertThat(prompt.tokens()).allSatisfy(t -> {
            assertThat(t.logProb()).isNegative();
            assertThat(t.topTokens()).hasSize(1);
        });
        StringBuilder text = new StringBuilder();
        StringBuilder ofTokens = new StringBuilder();
        while (s.next() instanceof Piece p) {
            text.append(p.text());
            p.tokens().forEach(t -> ofTokens.append((char) t.token()));
            p.tokens().forEach(t -> assertThat(t.topTokens()).hasSize(2));
            assertThat(ofTokens).hasToString(text.toString());
        }
        assertThat(text).hasToString(all.substring(0, all.indexOf(stop)));
    }

    @Test
    void maxTokens_zero_looksAtThePromptOnly() throws Exception {
        InferenceSession s = open("hello", SamplingParams.greedy(0).toBuilder().promptLogProbs(0).build());
        assertThat(s.next()).isInstanceOfSatisfying(SessionEvent.Prompt.class, p -> assertThat(p.tokens()).hasSize(4));
        End end = (End) s.next();
        assertThat(end.reason()).isEqualTo(FinishReason.LENGTH);
        assertThat(end.usage()).matches(u -> u.promptTokens() == 5 && u.generatedTokens() == 0);
        assertThat(s.next()).isSameAs(end);
    }

    @Test
    void logProbs_ofSeveralAnswers_eachTellsThePrompts() throws Exception {
        GenerateCommand command = command(context(), new TextPrompt("hello", false),
                SamplingParams.greedy(2).toBuilder().promptLogProbs(0).build(), new LetterTokenizer(false));
        for (InferenceSession s : sessions.openAll(command, 3)) {
            assertThat(s.next()).isInstanceOfSatisfying(SessionEvent.Prompt.class, p -> assertThat(p.tokens()).hasSize(4));
            read(s);
        }
    }

    @Test
    void stopToken_endsBeforeItAndIsNotCounted() throws Exception {
        String all = expected("hello", 40);
        int stop = all.charAt(20);
        Result r = read(open("hello", SamplingParams.greedy(40).toBuilder().stopTokens(List.of(stop)).build()));
        assertThat(r.text).isEqualTo(all.substring(0, all.indexOf(stop)));
        assertThat(r.end.usage().generatedTokens()).isEqualTo(r.text.length());
        assertThat(r.end.reason()).isEqualTo(FinishReason.STOP);
    }

    @Test
    void stop_byTheReader_endsWithWhatItHas() throws Exception {
        InferenceSession s = open("hello", SamplingParams.greedy(200));
        s.next();
        s.next();
        s.stop();
        End end = read(s).end;
        assertThat(end.reason()).isEqualTo(FinishReason.STOP);
        assertThat(end.usage().generatedTokens()).isEqualTo(2);
    }

    @Test
    void cancel_whileWaiting_endsTheWaitAtOnce() throws Exception {
        CountDownLatch inForward = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        model.beforeForward(() -> {
            inForward.countDown();
            uninterrupted(go);
        });
        RequestContext context = context();
        InferenceSession s = sessions.open(command(context, new TextPrompt("hello", false), SamplingParams.greedy(20),
                new LetterTokenizer(false)));
        inForward.await();
        context.cancel(ErrorCode.CANCELLED, "the client went away");
        End end = read(s).end;
        assertThat(end.reason()).isEqualTo(FinishReason.CANCELLED);
        assertThat(end.error()).hasMessage("the client went away");
        assertThat(end.usage().generatedTokens()).isZero();
        go.countDown();
    }

    private static void uninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void deadline_passed_endsAsDeadlineExceeded() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        model.beforeForward(() -> uninterrupted(go));
        RequestContext context = new RequestContext("r", "t", System.nanoTime() + 20_000_000);
        End end = read(sessions.open(command(context, new TextPrompt("hello", false), SamplingParams.greedy(20),
                new LetterTokenizer(false)))).end;
        assertThat(end.error()).isNotNull().extracting(RealmException::code).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
        go.countDown();
    }

    @Test
    void close_beforeTheEnd_cancels() throws Exception {
        InferenceSession s = open("hello", SamplingParams.greedy(200));
        s.next();
        s.close();
        assertThat(read(s).end.reason()).isEqualTo(FinishReason.CANCELLED);
    }

    @Test
    void interrupted_reader_cancels() throws Exception {
        InferenceSession s = open("hello", SamplingParams.greedy(200));
        Thread.currentThread().interrupt();
        assertThatThrownBy(s::next).isInstanceOf(InterruptedException.class);
        assertThat(read(s).end.reason()).isEqualTo(FinishReason.CANCELLED);
    }

    @Test
    void open_badCommands_areRefusedWithTheirCodes() {
        assertThat(codeOf(() -> open("", SamplingParams.greedy(1)))).isEqualTo(ErrorCode.EMPTY_PROMPT);
        assertThat(codeOf(() -> sessions.open(command(context(), new TextPrompt("a", false), SamplingParams.greedy(1), null))))
                .isEqualTo(ErrorCode.NO_TOKENIZER);
        assertThat(codeOf(() -> sessions.open(command(context(), new TokenPrompt(new int[]{5, FakeModel.VOCAB}),
                SamplingParams.greedy(1), new LetterTokenizer(false))))).isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(codeOf(() -> open("a", SamplingParams.greedy(1).toBuilder().stopTokens(List.of(-1)).build())))
                .isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(codeOf(() -> open("a", SamplingParams.greedy(1).toBuilder().stopStrings(List.of("")).build())))
                .isEqualTo(ErrorCode.INVALID_REQUEST);
        RequestContext late = new RequestContext("r", "t", System.nanoTime() - 1);
        assertThat(codeOf(() -> sessions.open(command(late, new TextPrompt("a", false), SamplingParams.greedy(1),
                new LetterTokenizer(false))))).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
    }

    @Test
    void open_promptAsLongAsTheContext_namesBothNumbers() {
        assertThatThrownBy(() -> open("a".repeat(CONTEXT), SamplingParams.greedy(1)))
                .isInstanceOfSatisfying(RealmException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED))
                .hasMessageContaining("300 tokens").hasMessageContaining("context of 300");
    }

    @Test
    void open_withATenantsContextLimit_refusesLongerPromptsAndCutsAnswers() throws Exception {
        RequestContext limited = new RequestContext("r", "t", 1, 12, System.nanoTime() + Engines.FOREVER);
        End end = read(sessions.open(command(limited, new TextPrompt("abcdefgh", false), SamplingParams.greedy(50),
                new LetterTokenizer(false)))).end;
        assertThat(end.reason()).isEqualTo(FinishReason.LENGTH);
        assertThat(end.usage().promptTokens() + end.usage().generatedTokens()).isEqualTo(12);
        assertThatThrownBy(() -> sessions.open(command(limited, new TextPrompt("abcdefghijkl", false), SamplingParams.greedy(1),
                new LetterTokenizer(false)))).isInstanceOfSatisfying(RealmException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED))
                .hasMessageContaining("12 tokens").hasMessageContaining("tenant's limit of 12");
    }

    @Test
    void openAll_ofOnePrompt_countsItOnceAndSharesItsBlocks() throws Exception {
        long before = model.forwarded();
        List<InferenceSession> all = sessions.openAll(command(context(), new TextPrompt("p".repeat(100), false),
                SamplingParams.greedy(5), new LetterTokenizer(false)), 3);
        int prompt = 0;
        int generated = 0;
        for (InferenceSession s : all) {
            Result r = read(s);
            assertThat(r.text).isEqualTo(expected("p".repeat(100), 5));
            prompt += r.end.usage().promptTokens();
            generated += r.end.usage().generatedTokens();
        }
        assertThat(prompt).isEqualTo(100);
        assertThat(generated).isEqualTo(15);
        assertThat(model.forwarded() - before).isEqualTo(100 + 3 * 4);
    }

    @Test
    void open_ofAChoice_samplesAsThatOneOfAll() throws Exception {
        SamplingParams hot = SamplingParams.defaults().toBuilder().temperature(100f).seed(7L).maxTokens(8).build();
        GenerateCommand command = command(context(), new TextPrompt("hello", false), hot, new LetterTokenizer(false));
        List<String> all = new ArrayList<>();
        for (InferenceSession s : sessions.openAll(command, 3)) {
            all.add(read(s).text);
        }
        assertThat(all).doesNotHaveDuplicates();
        for (int choice = 0; choice < 3; choice++) {
            assertThat(read(sessions.open(command.ofChoice(choice))).text).isEqualTo(all.get(choice));
        }
    }

    @Test
    void open_renderedPromptWithItsOwnBos_hasOne() throws Exception {
        End end = read(sessions.open(command(context(), new TextPrompt("\u0001hi", true), SamplingParams.greedy(1),
                new LetterTokenizer(true)))).end;
        assertThat(end.usage().promptTokens()).isEqualTo(3);
    }

    @Test
    void open_refusedAfterItsGrammarWasCompiled_stillOwesForIt() {
        ServedModel served = new ServedModel(model, 1000, engine, new LetterTokenizer(false), null, SharedPrefixes.NONE,
                () -> {});
        SamplingParams params = SamplingParams.greedy(10).toBuilder().grammar("root ::= " + "\"a\" ".repeat(5000))
                .logitBias(Map.of(1_000_000, 1f)).build();
        assertThat(codeOf(() -> sessions.open(new GenerateCommand(context(), new CountedLease("fake", served, () -> {}),
                new TextPrompt("hello", false), params, Priority.INTERACTIVE)))).isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(served.grammars().takeOwed("tenant")).isPositive();
    }
}
