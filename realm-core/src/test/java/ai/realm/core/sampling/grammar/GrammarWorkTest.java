package ai.realm.core.sampling.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.Sampler;
import ai.realm.core.sampling.Samplers;
import ai.realm.core.sampling.SamplingParams;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a client's grammar may cost, in counted steps: the same on every machine. */
class GrammarWorkTest {
    private static final String LETTERS = "etaoinsh ";
    static final FakeVocab VOCAB = words();

    /** Every text of up to four letters: a vocabulary in which much continues much. */
    private static FakeVocab words() {
        List<String> pieces = new ArrayList<>(List.of(""));
        int from = 0;
        for (int length = 1; length <= 4; length++) {
            int to = pieces.size();
            for (int i = from; i < to; i++) {
                for (char c : LETTERS.toCharArray()) {
                    pieces.add(pieces.get(i) + c);
                }
            }
            from = to;
        }
        return new FakeVocab(pieces.stream().filter(p -> p.length() > 1).toArray(String[]::new));
    }

    /** As many automata of two states as wanted, each with its own split of the letters, all followed at once. */
    static String splits(int count) {
        Random random = new Random(1);
        StringBuilder all = new StringBuilder("root ::= a0");
        StringBuilder rules = new StringBuilder();
        for (int i = 0; i < count; i++) {
            StringBuilder x = new StringBuilder();
            StringBuilder y = new StringBuilder();
            for (char c : LETTERS.toCharArray()) {
                (random.nextBoolean() ? x : y).append(c);
            }
            all.append(i == 0 ? "" : " | a" + i);
            rules.append(
                    "a%1$d ::= [%2$s] b%1$d | [%3$s] a%1$d | \".\"%nb%1$d ::= [%2$s] a%1$d | [%3$s] b%1$d%n".formatted(i, x, y));
        }
        return all + "\n" + rules;
    }

    static List<String> hostile() {
        StringBuilder wide = new StringBuilder("root ::= [");
        for (int cp = 0x4E00; cp < 0x4E00 + 60_000; cp += 2) {
            wide.appendCodePoint(cp >= 0xD800 && cp < 0xE000 ? 'e' : cp);
        }
        return List.of(splits(600),
                "root ::= \"a\" root x | \"a\" root y | \"a\" root z | \"e\"\nx ::= \"x\"\ny ::= \"y\"\nz ::= \"z\"",
                "root ::= (\"a\" | \"a\" | \"e\"?)* (\"a\"* (\"e\"? \"a\"?)*)*",
                "root ::= " + "(".repeat(60) + "[a-z ]" + "?)*".repeat(60), wide + "etaoinsh ]*",
                "root ::= " + "[a-z ]{0,2000} ".repeat(30), "root ::= .* .* .* .* .* .* .* .* \"q\"",
                "root ::= a0\n" + "a0 ::= [a-z ] a0 a0 | [a-z ]");
    }

    @ParameterizedTest(name = "{index}")
    @MethodSource("hostile")
    void sample_hostileGrammar_workStaysWithinWhatItsTokensAllow(String grammar) {
        Sampler sampler = Samplers.create(SamplingParams.greedy(100).toBuilder().grammar(grammar).build(), VOCAB.size(),
                new int[0],
                VOCAB);
        Random random = new Random(2);
        int tokens = 0;
        try {
            for (; tokens < 40; tokens++) {
                float[] row = new float[VOCAB.size()];
                for (int i = 0; i < row.length; i++) {
                    row[i] = random.nextFloat();
                }
                int token = sampler.sample(row, 0, row.length);
                if (token == VOCAB.eosId()) {
                    break;
                }
                sampler.accept(token);
            }
        } catch (RealmException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
            assertThat(e.param()).isEqualTo("grammar");
        }
        // what is looked at in one go is a set of stacks
        assertThat(sampler.work())
                .isLessThan(GrammarConstraint.MOST_WORK + (tokens + 1) * GrammarConstraint.WORK_PER_TOKEN + 100_000);
    }

    @Test
    void sample_grammarOverItsWork_isRefusedWithTheRuleAndTheValue() {
        Sampler sampler = Samplers.create(SamplingParams.greedy(100).toBuilder().grammar(splits(600)).build(), VOCAB.size(),
                new int[0], VOCAB);
        float[] row = new float[VOCAB.size()];
        row[0] = 1;
        assertThatThrownBy(() -> sampler.sample(row, 0, row.length)).isInstanceOfSatisfying(RealmException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
            assertThat(e.param()).isEqualTo("grammar");
            assertThat(e).hasMessageContaining(Long.toString(GrammarConstraint.MOST_WORK))
                    .hasMessageContaining(Long.toString(sampler.work()));
        });
    }

    /** Took time, or memory, by the square of the rules. */
    @Test
    void gbnf_manyRulesInTheWorstOrder_compile() {
        StringBuilder nullable = new StringBuilder("root ::= r0\nr0 ::= \"\" | \"a\"\n");
        StringBuilder forward = new StringBuilder("root ::= r0\n");
        int rules = 15_000;
        for (int i = 1; i < rules; i++) {
            nullable.append('r').append(i).append("::=r").append(i - 1).append('\n');
            forward.append('r').append(i - 1).append("::=r").append(i).append('\n');
        }
        assertThat(Grammar.gbnf(nullable.toString(), null).matches("a")).isTrue();
        assertThat(Grammar.gbnf(forward + "r" + (rules - 1) + "::=\"a\"", null).matches("a")).isTrue();
        assertThat(Grammar.gbnf("root ::= " + "[a-z]{0,2000} ".repeat(32), null).matches("a".repeat(50))).isTrue();
    }

    @Test
    void charClass_anyRanges_holdsWhatTheyName() {
        Random random = new Random(3);
        for (int n = 0; n < 300; n++) {
            int[] ranges = new int[2 * random.nextInt(6)];
            for (int i = 0; i < ranges.length; i += 2) {
                ranges[i] = random.nextInt(60);
                ranges[i + 1] = ranges[i] + random.nextInt(8);
            }
            boolean negated = random.nextBoolean();
            CharClass set = CharClass.of(ranges, negated);
            for (int low = 0; low < 70; low++) {
                assertThat(set.contains(low)).isEqualTo(named(ranges, low) != negated);
                int high = low + random.nextInt(10);
                boolean any = false;
                for (int cp = low; cp <= high; cp++) {
                    any |= set.contains(cp);
                }
                assertThat(set.intersects(low, high)).isEqualTo(any);
            }
        }
        assertThat(CharClass.of(new int[]{0, Character.MAX_CODE_POINT}, true).intersects(0, Character.MAX_CODE_POINT)).isFalse();
    }

    private static boolean named(int[] ranges, int cp) {
        for (int i = 0; i < ranges.length; i += 2) {
            if (cp >= ranges[i] && cp <= ranges[i + 1]) {
                return true;
            }
        }
        return false;
    }
}
