package ai.realm.core.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.RealmException;
import ai.realm.core.tokenizer.TestVocabs;
import ai.realm.core.tokenizer.Tokenizer;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Every byte is a token, so that 'a' has the id 97; 256 ends the output. */
class SamplerExtrasTest {
    private static final Tokenizer TOKENIZER = TestVocabs.bpe("default").control("<end>").key("eos_token_id", 256).build();
    private static final int SIZE = 257;

    private static Sampler sampler(SamplingParams params) {
        return Samplers.create(params, SIZE, new int[0], TOKENIZER, Samplers.grammar(params, TOKENIZER.vocab()));
    }

    /** What is written when each position likes best the byte that it stands at in {@code wish}, and next best '?'. */
    private static String written(SamplingParams params, String wish) {
        Sampler sampler = sampler(params);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < wish.length(); i++) {
            float[] row = new float[SIZE];
            row['?'] = 5;
            row[wish.charAt(i) == '$' ? 256 : wish.charAt(i)] = 9;
            int token = sampler.sample(row, 0, SIZE);
            sampler.accept(token);
            out.append(token == 256 ? '$' : (char) token);
        }
        return out.toString();
    }

    private static SamplingParams rules(TokenRules rules) {
        return SamplingParams.greedy(50).toBuilder().tokenRules(rules).build();
    }

    @Test
    void tokenRules_ignoreEndAndMinTokens_keepTheEndAway() {
        assertThat(written(rules(new TokenRules(true, 0, Set.of(), List.of())), "ab$c$")).isEqualTo("ab?c?");
        assertThat(written(rules(new TokenRules(false, 3, Set.of(), List.of())), "a$b$")).isEqualTo("a?b$");
    }

    @Test
    void tokenRules_badWords_stopBeforeTheirLastToken() {
        assertThat(written(rules(new TokenRules(false, 0, Set.of(), List.of("bad"))), "a bad bab")).isEqualTo("a ba? bab");
        assertThat(written(rules(new TokenRules(false, 0, Set.of(), List.of("x"))), "axa")).isEqualTo("a?a");
    }

    @Test
    void tokenRules_allowed_onlyTheseAndTheEnd() {
        assertThat(written(rules(new TokenRules(false, 0, Set.of((int) 'a', (int) '?'), List.of())), "abc$")).isEqualTo("a??$");
        assertThatThrownBy(() -> sampler(rules(new TokenRules(false, 0, Set.of(999), List.of()))))
                .isInstanceOf(RealmException.class).hasMessageContaining("below 257, not 999");
    }

    @Test
    void tokenRules_againstTheGrammar_giveWay() {
        SamplingParams params = rules(new TokenRules(true, 9, Set.of((int) 'z'), List.of("a"))).toBuilder()
                .grammar("root ::= \"ab\"").build();
        assertThat(written(params, "zz$")).isEqualTo("ab$");
    }

    @Test
    void biases_ofATextAndOfIds_addUpToTheTokensOfBoth() {
        SamplingParams params = SamplingParams.greedy(50).toBuilder().logitBias(Map.of((int) 'a', -3f))
                .extras(e -> e.biasedTexts = Map.of("aba", -3f)).build();
        assertThat(written(params, "abc")).as("9 - 6 is below 5, 9 - 3 is not").isEqualTo("?bc");
    }

    @Test
    void order_chosen_runsOnlyThese() {
        SamplingParams params = SamplingParams.defaults().toBuilder().topK(1).repetitionPenalty(100).seed(7L).build();
        assertThat(written(params, "aaaa")).as("all").isNotEqualTo("aaaa");
        SamplingParams topK = params.toBuilder().extras(e -> e.order = List.of(SamplerKind.TOP_K)).build();
        assertThat(written(topK, "aaaa")).isEqualTo("aaaa");
        assertThat(SamplerKind.of("typ_p")).contains(SamplerKind.TYPICAL_P).isEqualTo(SamplerKind.of("y"));
        assertThat(SamplerKind.of("nucleus")).contains(SamplerKind.TOP_P);
        assertThat(SamplerKind.of("magic")).isEmpty();
    }

    @Test
    void dry_repetition_isLeftBeforeItGoesOn() {
        SamplingParams params = SamplingParams.greedy(50).toBuilder().extras(e -> e.dryMultiplier = 50).build();
        assertThat(written(params, "abcdabcd")).startsWith("abcdab").isNotEqualTo("abcdabcd");
        assertThat(written(params, "abcd:abcd")).as("a breaker before what repeats").startsWith("abcd:ab");
    }

    @Test
    void mirostatXtcSigmaAndDynamicTemperature_onePossibleToken_chooseIt() {
        SamplingParams base = SamplingParams.defaults().toBuilder().seed(3L).build();
        List<SamplingParams> all = List.of(base.toBuilder().extras(e -> e.mirostat = 1).build(),
                base.toBuilder().extras(e -> e.mirostat = 2).build(),
                base.toBuilder().extras(e -> e.topNSigma = 1).build(),
                base.toBuilder().extras(e -> e.xtcProbability = 1).build(),
                base.toBuilder().extras(e -> e.dynatempRange = 0.5f).build());
        for (SamplingParams p : all) {
            Sampler sampler = sampler(p);
            float[] row = new float[SIZE];
            java.util.Arrays.fill(row, Float.NEGATIVE_INFINITY);
            row['k'] = 1;
            assertThat(sampler.sample(row, 0, SIZE)).as(p.extras().toString()).isEqualTo('k');
        }
    }

    @Test
    void topNSigma_farBelowTheLargest_neverChosen() {
        SamplingParams params = SamplingParams.defaults().toBuilder().temperature(50).seed(1L).extras(e -> e.topNSigma = 1)
                .build();
        assertThat(written(params, "abcabcabc")).isEqualTo("abcabcabc");
    }

    @Test
    void postSampling_afterTopK_probabilitiesAreOfWhatIsLeft() {
        SamplingParams params = SamplingParams.defaults().toBuilder().topK(2).seed(1L).logProbs(5).postSampling(true).build();
        Sampler sampler = sampler(params);
        float[] row = new float[SIZE];
        row['a'] = 4;
        row['b'] = 4;
        int token = sampler.sample(row, 0, SIZE);
        TokenLogProbs of = sampler.lastLogProbs();
        assertThat(of).isNotNull();
        assertThat(of.token()).isEqualTo(token);
        assertThat(Math.exp(of.logProb())).isCloseTo(0.5, org.assertj.core.api.Assertions.within(1e-5));
        assertThat(of.topTokens()).containsExactlyInAnyOrder('a', 'b');
    }

    @Test
    void extras_outOfRange_areRefusedByName() {
        for (Runnable bad : List.<Runnable>of(() -> SamplerExtras.NONE.with(e -> e.mirostat = 3),
                () -> SamplerExtras.NONE.with(e -> e.xtcProbability = 2),
                () -> SamplerExtras.NONE.with(e -> e.dryLastTokens = -2),
                () -> SamplerExtras.NONE.with(e -> e.topNSigma = Float.NaN))) {
            assertThatThrownBy(bad::run).isInstanceOf(RealmException.class).hasMessageContaining("must be");
        }
    }
}
