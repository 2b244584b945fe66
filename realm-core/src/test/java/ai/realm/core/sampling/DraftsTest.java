package ai.realm.core.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.sampling.grammar.FakeVocab;
import ai.realm.core.tokenizer.Vocab;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Guessed or not: the same tokens with the same log-probabilities, in fewer steps. */
class DraftsTest {
    private static final String SCHEMA = """
            {"type":"object","properties":{"temperature":{"type":"integer"},"comment":{"enum":["warm","cold"]}},
            "required":["temperature","comment"],"additionalProperties":false}""";
    private static final FakeVocab VOCAB = new FakeVocab("tem", "temper", "ature", "\"temperature\":", "comm", "ent", "\":",
            "{\"",
            "12", "7", "\"}", "wa", "rm", " ", "ab", "ba");
    private static final int MOST_TOKENS = 120;

    /** What came of it, and in how many steps. */
    private record Run(List<Integer> tokens, List<TokenLogProbs> details, int steps) {
        String text() {
            StringBuilder out = new StringBuilder();
            tokens.forEach(t -> out.append(new String(VOCAB.bytes(t), java.nio.charset.StandardCharsets.UTF_8)));
            return out.toString();
        }
    }

    /** Logits that all tokens before decide on, so that a row after a wrong guess would show. */
    private static void logits(int[] history, int length, int favoured, float[] into, int offset) {
        long hash = favoured;
        for (int i = 0; i < length; i++) {
            hash = hash * 31 + history[i] + 1;
        }
        SplittableRandom random = new SplittableRandom(favoured > 0 ? history[length - 1] * 7919L + favoured : hash);
        for (int i = 0; i < VOCAB.size(); i++) {
            into[offset + i] = (float) (random.nextDouble() * 6);
        }
    }

    private static Run run(SamplingParams params, int[] prompt, boolean drafts, int favoured) {
        Sampler sampler = Samplers.create(params, VOCAB.size(), prompt, VOCAB);
        List<Drafts> sources = new ArrayList<>();
        Drafts forced = sampler.forced();
        if (forced != null) {
            sources.add(forced);
        }
        sources.add(new LookupDrafts(prompt));
        Chooser chooser = new SamplerChooser(sampler, VOCAB.endOfGenerationIds(), drafts ? Drafts.firstOf(sources) : null, 0);
        List<Integer> out = new ArrayList<>();
        List<TokenLogProbs> details = new ArrayList<>();
        int[] tokens = Arrays.copyOf(prompt, prompt.length + MOST_TOKENS + 64);
        int length = prompt.length;
        Choice choice = new Choice();
        int steps = 0;
        while (choice.kind() != Choice.Kind.END && out.size() < MOST_TOKENS) {
            int guesses = choice.guessCount();
            for (int i = 0; i < guesses; i++) {
                tokens[length + i] = choice.guessed(i);
            }
            float[] rows = new float[(guesses + 1) * VOCAB.size()];
            for (int r = 0; r <= guesses; r++) {
                logits(tokens, length + r, favoured, rows, r * VOCAB.size());
            }
            choice.clear();
            chooser.choose(new LogitRows().set(rows, 0, VOCAB.size(), guesses + 1, length - 1, tokens, length + guesses), choice,
                    Long.MAX_VALUE);
            steps++;
            for (int i = 0; i < choice.count() && out.size() < MOST_TOKENS; i++) {
                tokens[length++] = choice.token(i);
                out.add(choice.token(i));
                details.add(choice.logProbs(i));
            }
        }
        return new Run(out, details, steps);
    }

    private static void assertSame(Run guessed, Run plain) {
        assertThat(guessed.tokens).isEqualTo(plain.tokens);
        for (int i = 0; i < plain.details.size(); i++) {
            assertThat(guessed.details.get(i).logProb()).isEqualTo(plain.details.get(i).logProb());
            assertThat(guessed.details.get(i).topTokens()).isEqualTo(plain.details.get(i).topTokens());
        }
    }

    private static int[] prompt(int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return random.ints(40, 0, 256).toArray();
    }

    @ParameterizedTest
    @ValueSource(floats = {0, 1})
    void choose_underAGrammarWithForcedText_givesTheSameTokensAndLogProbsInFewerSteps(float temperature) {
        int saved = 0;
        for (int seed = 0; seed < 40; seed++) {
            SamplingParams params = SamplingParams.defaults().toBuilder().temperature(temperature).seed((long) seed)
                    .maxTokens(MOST_TOKENS).logProbs(3).jsonSchema(SCHEMA).repetitionPenalty(1.1f).build();
            Run plain = run(params, prompt(seed), false, 0);
            Run guessed = run(params, prompt(seed), true, 0);
            assertSame(guessed, plain);
            assertThat(plain.steps).isGreaterThanOrEqualTo(plain.tokens.size());
            saved += plain.steps - guessed.steps;
        }
        assertThat(saved).as("steps saved").isPositive();
    }

    @ParameterizedTest
    @ValueSource(floats = {0, 0.7f})
    void choose_textThatRepeatsItself_givesTheSameTokensInFewerSteps(float temperature) {
        int steps = 0;
        int tokens = 0;
        for (int seed = 1; seed <= 20; seed++) {
            SamplingParams params = SamplingParams.defaults().toBuilder().temperature(temperature).topK(2).seed((long) seed)
                    .maxTokens(MOST_TOKENS).logProbs(0).build();
            Run plain = run(params, prompt(seed), false, seed);
            Run guessed = run(params, prompt(seed), true, seed);
            assertSame(guessed, plain);
            steps += guessed.steps;
            tokens += guessed.tokens.size();
        }
        assertThat(steps).isLessThan(temperature == 0 ? tokens / 2 : tokens);
    }

    @Test
    void lookup_textWithoutRepetition_guessesNothing() {
        LookupDrafts drafts = new LookupDrafts(new int[]{1, 2, 3, 4, 5});
        Choice choice = new Choice();
        for (int token = 6; token < 3000; token++) {
            drafts.accept(token);
            drafts.guess(choice);
        }
        assertThat(choice.guessCount()).isZero();
    }

    @Test
    void lookup_wrongAgainAndAgain_guessesRarely() {
        LookupDrafts drafts = new LookupDrafts(new int[]{1, 2, 3});
        int guesses = 0;
        for (int i = 0; i < 1000; i++) {
            for (int token : new int[]{1, 2, 3}) {
                drafts.accept(token);
                Choice choice = new Choice();
                drafts.guess(choice);
                if (choice.guessCount() > 0) {
                    guesses += choice.guessCount();
                    drafts.verified(0, choice.guessCount());
                }
            }
        }
        assertThat(guesses).isLessThan(150);
    }

    @Test
    void forced_textOfAGrammar_isSpelledInItsLongestTokens() {
        Vocab vocab = VOCAB;
        SamplingParams params = SamplingParams.greedy(50).toBuilder().grammar("root ::= \"{\\\"temperature\\\": \" [0-9]+")
                .build();
        Drafts forced = Samplers.create(params, vocab.size(), new int[0], vocab).forced();
        assertThat(forced).isNotNull();
        Choice choice = new Choice();
        forced.guess(choice);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < choice.guessCount(); i++) {
            text.append(new String(vocab.bytes(choice.guessed(i)), java.nio.charset.StandardCharsets.UTF_8)).append('|');
        }
        assertThat(text).hasToString("{\"|temper|ature|\":| |");
    }
}
