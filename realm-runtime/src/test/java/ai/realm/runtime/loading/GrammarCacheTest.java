package ai.realm.runtime.loading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.grammar.FakeVocab;
import org.junit.jupiter.api.Test;

class GrammarCacheTest {
    private static final FakeVocab VOCAB = new FakeVocab();
    private final GrammarCache cache = new GrammarCache();

    private static SamplingParams grammar(String text) {
        return SamplingParams.greedy(10).toBuilder().grammar(text).build();
    }

    @Test
    void get_sameGrammarAgain_isTheSameForOneTenantOnly() {
        SamplingParams params = grammar("root ::= \"a\"");
        assertThat(cache.get("t", params, VOCAB)).isNotNull().isSameAs(cache.get("t", params, VOCAB))
                .isNotSameAs(cache.get("u", params, VOCAB));
        assertThat(cache.get("t", SamplingParams.greedy(1), VOCAB)).isNull();
    }

    @Test
    void get_refusedGrammarAgain_isRefusedAlikeWithoutCompiling() {
        StringBuilder text = new StringBuilder("root ::= r0\n");
        for (int i = 0; i < 5000; i++) {
            text.append('r').append(i).append(" ::= \"a\" r").append(i + 1).append(" | \"b\"\n");
        }
        SamplingParams params = grammar(text.toString());
        assertRefused(params);
        assertThat(cache.takeOwed("t")).isPositive();
        assertRefused(params);
        assertThat(cache.takeOwed("t")).isZero();
        assertThat(cache.size()).isEqualTo(1);
    }

    private void assertRefused(SamplingParams params) {
        assertThatThrownBy(() -> cache.get("t", params, VOCAB)).isInstanceOfSatisfying(RealmException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
            assertThat(e.param()).isEqualTo("grammar");
        });
    }

    @Test
    void takeOwed_afterCompiling_isPaidOnceByWhoeverCompiled() {
        cache.get("t", grammar("root ::= " + "\"a\" ".repeat(20_000)), VOCAB);
        assertThat(cache.takeOwed("u")).isZero();
        assertThat(cache.takeOwed("t")).isPositive();
        assertThat(cache.takeOwed("t")).isZero();
    }

    @Test
    void get_moreGrammarsThanAreKept_letsTheOldestGo() {
        for (int i = 0; i < 200; i++) {
            cache.get("t", grammar("root ::= \"" + i + "\""), VOCAB);
        }
        assertThat(cache.size()).isEqualTo(64);
    }
}
