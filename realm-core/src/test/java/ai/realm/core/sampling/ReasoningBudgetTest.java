package ai.realm.core.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.sampling.grammar.FakeVocab;
import ai.realm.core.tokenizer.Vocab;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReasoningBudgetTest {
    /** Ids 258 to 260 beside the single bytes; 256 is the end, 257 is a token {@code <think>}. */
    private final Vocab vocab = new FakeVocab("</", "think>", "</think>");

    /** What a model writes that would write {@code wish} by bytes, for some more tokens than that has. */
    private String answer(int budget, boolean begun, List<Integer> close, String grammar, String wish) {
        SamplingParams params = SamplingParams.greedy(100).toBuilder().grammar(grammar)
                .reasoningBudget(new ReasoningBudget(budget, "<think>", "</think>", close, begun)).build();
        Sampler sampler = Samplers.create(params, vocab.size(), new int[]{257, 'x'}, vocab);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < wish.length(); i++) {
            float[] logits = new float[vocab.size()];
            logits[wish.charAt(i)] = 1;
            int token = sampler.sample(logits, 0, logits.length);
            sampler.accept(token);
            out.append(new String(vocab.bytes(token), StandardCharsets.UTF_8));
        }
        return out.toString();
    }

    @Test
    void sample_budgetSpent_forcesTheClosingMark() {
        assertThat(answer(3, true, List.of(260), null, "abcdefg")).isEqualTo("abc</think>efg");
        assertThat(answer(3, true, List.of(258, 259), null, "abcdefg")).isEqualTo("abc</think>fg");
        assertThat(answer(2, false, List.of(260), null, " <think>abcdefg")).isEqualTo(" <think>ab</think>defg");
        assertThat(answer(0, true, List.of(260), null, "abc")).isEqualTo("</think>bc");
    }

    @Test
    void sample_reasoningEndsByItselfOrDoesNotBegin_isLeftAlone() {
        assertThat(answer(20, true, List.of(260), null, "a</think>bcdefghijklmnopqrstuvwxyz")).isEqualTo(
                "a</think>bcdefghijklmnopqrstuvwxyz");
        assertThat(answer(1, false, List.of(260), null, "<thin> <think>abc")).isEqualTo("<thin> <think>abc");
    }

    @Test
    void sample_withAGrammar_bothHold() {
        String grammar = "root ::= [a-z]* \"</think>\" [0-9]*";
        assertThat(answer(2, true, List.of(258, 259), grammar, "ab1234")).isEqualTo("ab</think>34");
    }
}
