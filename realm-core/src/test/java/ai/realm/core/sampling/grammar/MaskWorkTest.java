package ai.realm.core.sampling.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.Candidates;
import ai.realm.core.sampling.Sampler;
import ai.realm.core.sampling.Samplers;
import ai.realm.core.sampling.SamplingParams;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A mask put together from those of places, against the walk of every single token, which defines it. */
class MaskWorkTest {
    private static final String[] ATOMS = {"\"a\"", "\"ab\"", "\"b\"", "[ab]", "[^a]", ".", "[a-cé日]", "\"\\\"\"", "<think>",
            "!<think>", "\"日\"", "\"aé\"", "r0", "r1", "r2", "r3"};
    private static final FakeVocab VOCAB = new FakeVocab("a", "aa", "ab", "ba", "abc", "aab", "bb", "b\"", "\"a", "é", "aé", "日",
            "日a", "a日本", "éé", "\"\"", "c", "cc", "abab");

    private static String grammar(Random random) {
        StringBuilder g = new StringBuilder("root ::= ");
        body(random, g, 2);
        for (int rule = 0; rule < 4; rule++) {
            g.append("\nr").append(rule).append(" ::= ");
            body(random, g, 2);
        }
        return g.toString();
    }

    private static void body(Random random, StringBuilder g, int depth) {
        int alternatives = 1 + random.nextInt(3);
        for (int i = 0; i < alternatives; i++) {
            g.append(i == 0 ? "" : " | ");
            for (int n = 1 + random.nextInt(3); n > 0; n--) {
                if (depth > 0 && random.nextInt(4) == 0) {
                    g.append('(');
                    body(random, g, depth - 1);
                    g.append(')');
                } else {
                    g.append(ATOMS[random.nextInt(ATOMS.length)]);
                }
                g.append(List.of("", "", "", "?", "*", "+", "{2,3}", "{0,9}", "{4,}").get(random.nextInt(9))).append(' ');
            }
        }
    }

    @Test
    void mask_randomGrammarsAndOutputs_isWhatIsAllowedTokenByToken() {
        Random random = new Random(11);
        int checked = 0;
        for (int n = 0; n < 120; n++) {
            Grammar grammar;
            try {
                grammar = Grammar.gbnf(grammar(random), VOCAB);
            } catch (RealmException e) {
                continue; // recursive to the left, or without an end
            }
            // the second one finds the masks of places that the first one made
            for (int pass = 0; pass < 2; pass++) {
                checked += walk(new GrammarConstraint(grammar, VOCAB), random);
            }
        }
        assertThat(checked).isGreaterThan(100);
    }

    private static int walk(GrammarConstraint c, Random random) {
        for (int step = 0; step < 6; step++) {
            try {
                List<Integer> allowed = assertMask(c, 1 + random.nextInt(random.nextInt(8) == 0 ? 20 : 3000));
                if (allowed.isEmpty()) {
                    return step;
                }
                c.accept(allowed.get(random.nextInt(allowed.size())));
            } catch (RealmException e) {
                return step; // too many ways to read it
            }
        }
        return 6;
    }

    private static List<Integer> assertMask(GrammarConstraint c, int steps) {
        Candidates candidates = new Candidates();
        candidates.load(new float[VOCAB.size()], 0, VOCAB.size());
        for (int tries = 0; !c.prepareMask(steps); tries++) {
            assertThat(tries).isLessThan(3_000_000);
        }
        c.mask(candidates);
        List<Integer> allowed = new ArrayList<>();
        for (int id = 0; id < VOCAB.size(); id++) {
            assertThat(candidates.logit(id) == 0).as("token %d", id).isEqualTo(c.allows(id));
            if (c.allows(id) && id != VOCAB.eosId()) {
                allowed.add(id);
            }
        }
        return allowed;
    }

    @Test
    void sample_inSlices_givesTheSameTokens() {
        String schema = "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"maxLength\":5},\"b\":{\"type\":\"integer\"}},"
                + "\"required\":[\"a\",\"b\"]}";
        for (int seed = 0; seed < 20; seed++) {
            SamplingParams params = SamplingParams.defaults().toBuilder().jsonSchema(schema).seed((long) seed).topK(seed % 2 * 30)
                    .build();
            assertThat(generate(params, seed, 1 + seed * 13)).isEqualTo(generate(params, seed, Long.MAX_VALUE));
        }
    }

    private static List<Integer> generate(SamplingParams params, int seed, long steps) {
        Sampler sampler = Samplers.create(params, VOCAB.size(), new int[0], VOCAB);
        Random random = new Random(seed);
        List<Integer> out = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            float[] row = new float[VOCAB.size()];
            for (int t = 0; t < row.length; t++) {
                row[t] = (float) random.nextGaussian() * 3;
            }
            int token = sampler.sample(row, 0, row.length, steps);
            while (token == Sampler.LATER) {
                token = sampler.sample(row, 0, row.length, steps);
            }
            out.add(token);
            if (token == VOCAB.eosId()) {
                return out;
            }
            sampler.accept(token);
        }
        return out;
    }

    /** What can be said of a place is found once and used by every output of the grammar. */
    @Test
    void mask_ofASecondOutputOfTheSameGrammar_takesAThirdOfTheWork() {
        String[] pieces = new String[3000];
        for (int i = 0; i < pieces.length; i++) {
            pieces[i] = Integer.toString(i * 7919, 36);
        }
        FakeVocab vocab = new FakeVocab(pieces);
        Grammar grammar = Grammar
                .jsonSchema("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"required\":[\"a\"]}");
        long[] work = new long[2];
        for (int output = 0; output < 2; output++) {
            GrammarConstraint c = new GrammarConstraint(grammar, vocab);
            for (char letter : "{\"a\":\"hello\"}".toCharArray()) {
                assertThat(c.prepareMask(Long.MAX_VALUE)).isTrue();
                c.accept(letter);
            }
            work[output] = c.work();
        }
        assertThat(work[1]).isLessThan(work[0] / 3);
    }

    /** A step over a character is a thousand stacks here: more than the slices have, the smallest by far. */
    @Test
    void prepareMask_ofPiecesLargerThanASlice_comesToTheSameMaskInTheSameWork() {
        Grammar grammar = Grammar.gbnf(GrammarWorkTest.splits(300), null);
        Candidates whole = new Candidates();
        GrammarConstraint atOnce = new GrammarConstraint(grammar, VOCAB);
        load(whole);
        atOnce.mask(whole);
        for (int steps : new int[]{1, 2, 13, 100, 999}) {
            GrammarConstraint c = new GrammarConstraint(Grammar.gbnf(GrammarWorkTest.splits(300), null), VOCAB);
            int slices = 1;
            while (!c.prepareMask(steps)) {
                slices++;
            }
            Candidates sliced = new Candidates();
            load(sliced);
            c.mask(sliced);
            for (int id = 0; id < VOCAB.size(); id++) {
                assertThat(sliced.logit(id)).as("token %d", id).isEqualTo(whole.logit(id));
            }
            assertThat(slices).isGreaterThan(20);
            assertThat(c.work()).isEqualTo(atOnce.work());
        }
    }

    private static void load(Candidates candidates) {
        candidates.load(new float[VOCAB.size()], 0, VOCAB.size());
    }

    /** However small the slices, what is too much work ends, and as the same error. */
    @Test
    void prepareMask_ofAHostileGrammarInSmallSlices_endsByItsBudget() {
        Grammar grammar = Grammar.gbnf(GrammarWorkTest.splits(600), null);
        for (int steps : new int[]{50, 20_000}) {
            GrammarConstraint c = new GrammarConstraint(grammar, GrammarWorkTest.VOCAB);
            assertThatThrownBy(() -> {
                while (!c.prepareMask(steps)) {
                    assertThat(c.work()).isLessThan(2 * GrammarConstraint.MOST_WORK);
                }
            }).isInstanceOf(RealmException.class).hasMessageContaining("too much work");
        }
    }
}
