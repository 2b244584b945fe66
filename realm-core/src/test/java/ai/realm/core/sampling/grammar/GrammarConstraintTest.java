package ai.realm.core.sampling.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.Candidates;
import ai.realm.core.sampling.Sampler;
import ai.realm.core.sampling.Samplers;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.tokenizer.Vocab;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GrammarConstraintTest {
    private static final FakeVocab VOCAB = new FakeVocab("true", "tru", "null", "\"a\"", "\":", "{\"", "ab", "é", "né", "日本",
            "12", "}", "<b>");

    private static GrammarConstraint constraint(String gbnf) {
        return new GrammarConstraint(Grammar.gbnf(gbnf, VOCAB), VOCAB);
    }

    private static void accept(GrammarConstraint c, String text) {
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            assertThat(c.allows(b & 255)).as("byte of " + text).isTrue();
            c.accept(b & 255);
        }
    }

    private static void assertMaskIsWhatIsAllowed(GrammarConstraint c) {
        Candidates candidates = new Candidates();
        candidates.load(new float[VOCAB.size() + 3], 0, VOCAB.size() + 3);
        c.mask(candidates);
        for (int id = 0; id < candidates.size(); id++) {
            assertThat(candidates.logit(id) == 0).as("token " + id).isEqualTo(c.allows(id));
        }
    }

    @Test
    void allows_endOfGeneration_onlyWhenComplete() {
        GrammarConstraint c = constraint("root ::= \"ab\" \"c\"?");
        assertThat(c.allows(256)).isFalse();
        assertThat(c.isComplete()).isFalse();
        c.accept(VOCAB.idOf("ab"));
        assertThat(c.allows(256)).isTrue();
        assertThat(c.isComplete()).isTrue();
        accept(c, "c");
        assertThat(c.allows(256)).isTrue();
        assertThat(c.allows('c')).isFalse();
    }

    @Test
    void allows_tokenThatRunsPastTheGrammar_isRefused() {
        GrammarConstraint c = constraint("root ::= \"tru\" \"th\"?");
        assertThat(c.allows(VOCAB.idOf("tru"))).isTrue();
        assertThat(c.allows(VOCAB.idOf("true"))).isFalse();
        assertThat(c.allows('t')).isTrue();
        assertThat(c.allows('x')).isFalse();
    }

    @Test
    void allows_characterSpreadOverTokens_byteByByte() {
        GrammarConstraint c = constraint("root ::= [\\u00e0-\\u00ef] [\\u65e5]");
        byte[] bytes = "é日".getBytes(StandardCharsets.UTF_8);
        assertThat(c.allows(0xC4)).isFalse();
        for (byte b : bytes) {
            assertMaskIsWhatIsAllowed(c);
            assertThat(c.allows(b & 255)).isTrue();
            assertThat(c.isComplete()).isFalse();
            c.accept(b & 255);
        }
        assertThat(c.isComplete()).isTrue();
        assertThat(c.allows(VOCAB.idOf("é"))).isFalse();
    }

    @Test
    void allows_secondByteThatLeadsOutOfTheClass_isRefused() {
        GrammarConstraint c = constraint("root ::= [\\u00e0-\\u00ef]");
        c.accept(0xC3);
        assertThat(c.allows(0xA9)).isTrue();
        assertThat(c.allows(0x80)).isFalse();
        assertThat(c.allows('a')).isFalse();
    }

    @Test
    void allows_malformedUtf8_isRefusedEverywhere() {
        GrammarConstraint c = constraint("root ::= .*");
        for (int b : new int[]{0x80, 0xBF, 0xC0, 0xC1, 0xF5, 0xFF}) {
            assertThat(c.allows(b)).isFalse();
        }
        c.accept(0xE0);
        assertThat(c.allows(0x80)).as("overlong").isFalse();
        assertThat(c.allows(0xA0)).isTrue();
        GrammarConstraint surrogate = constraint("root ::= .*");
        surrogate.accept(0xED);
        surrogate.accept(0xA0);
        assertThat(surrogate.allows(0x80)).isFalse();
    }

    @Test
    void allows_controlToken_onlyWhereItIsNamed() {
        int think = VOCAB.idOf("<think>");
        GrammarConstraint text = constraint("root ::= .*");
        assertThat(text.allows(think)).isFalse();
        GrammarConstraint named = constraint("root ::= <think> \"a\" !<think> <[" + VOCAB.idOf("<b>") + "]>");
        assertThat(named.allows(think)).isTrue();
        assertThat(named.allows('a')).isFalse();
        named.accept(think);
        accept(named, "a");
        assertThat(named.allows(think)).isFalse();
        assertThat(named.allows(256)).as("the end is not any token").isFalse();
        assertMaskIsWhatIsAllowed(named);
        named.accept('x');
        assertThat(named.allows(VOCAB.idOf("<b>"))).isTrue();
        assertThat(named.allows('<')).isFalse();
        named.accept(VOCAB.idOf("<b>"));
        assertThat(named.isComplete()).isTrue();
    }

    @Test
    void accept_tokenThatWasNotAllowed_endsInNothingAllowed() {
        GrammarConstraint c = constraint("root ::= \"ab\"");
        c.accept('x');
        assertThat(c.isComplete()).isFalse();
        assertThat(c.allows('a')).isFalse();
        assertMaskIsWhatIsAllowed(c);
    }

    @Test
    void mask_atEveryStepOfAJsonText_isWhatIsAllowed() {
        GrammarConstraint c = new GrammarConstraint(Grammar.jsonSchema("{}"), VOCAB);
        for (byte b : "{\"né\": [true, -12.5e3, null, \"\\u00e9日本\"]}".getBytes(StandardCharsets.UTF_8)) {
            assertMaskIsWhatIsAllowed(c);
            c.accept(b & 255);
        }
        assertThat(c.isComplete()).isTrue();
    }

    @Test
    void sample_randomLogits_alwaysGiveWhatTheSchemaSays() throws Exception {
        String schema = "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\",\"minimum\":3,\"maximum\":77},"
                + "\"b\":{\"type\":\"array\",\"items\":{\"enum\":[\"x\",\"né\",null]},\"maxItems\":4},"
                + "\"c\":{\"type\":\"string\",\"maxLength\":6}},\"required\":[\"a\",\"b\",\"c\"],\"additionalProperties\":false}";
        Grammar grammar = Grammar.jsonSchema(schema);
        Random random = new Random(5);
        for (long seed = 0; seed < 40; seed++) {
            SamplingParams params = SamplingParams.defaults().toBuilder().jsonSchema(schema).seed(seed)
                    .temperature(seed % 2).topK(seed % 3 == 0 ? 20 : 0).build();
            String text = generate(Samplers.create(params, VOCAB.size(), new int[0], VOCAB), random, 400);
            assertThat(grammar.matches(text)).as(text).isTrue();
            assertThat(new ObjectMapper().readTree(text).get("a").asInt()).isBetween(3, 77);
        }
    }

    private static String generate(Sampler sampler, Random random, int limit) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < limit; i++) {
            float[] row = new float[VOCAB.size()];
            for (int t = 0; t < row.length; t++) {
                row[t] = (float) random.nextGaussian() * 3;
            }
            int token = sampler.sample(row, 0, row.length);
            if (token == 256) {
                assertThat(sampler.isComplete()).isTrue();
                return out.toString(StandardCharsets.UTF_8);
            }
            sampler.accept(token);
            out.writeBytes(VOCAB.bytes(token));
        }
        throw new AssertionError("no end after " + limit + " tokens: " + out.toString(StandardCharsets.UTF_8));
    }

    @Test
    void sample_vocabularyThatCannotContinue_failsAsInternal() {
        FakeVocab few = new FakeVocab();
        Sampler sampler = Samplers.create(SamplingParams.greedy(5).toBuilder().grammar("root ::= <[257]>").build(), 300,
                new int[0], few);
        float[] row = new float[300];
        row[257] = Float.NEGATIVE_INFINITY;
        assertThatThrownBy(() -> sampler.sample(row, 0, 300)).isInstanceOfSatisfying(RealmException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERNAL)).hasMessageContaining("grammar");
    }

    @Test
    void create_badGrammarOrNoVocabulary_isRefused() {
        SamplingParams params = SamplingParams.greedy(5).toBuilder().grammar("root ::= ").build();
        assertThatCode(() -> Samplers.create(params, 300, new int[0], VOCAB)).doesNotThrowAnyException();
        assertThatThrownBy(() -> Samplers.create(params, 300, new int[0], null)).isInstanceOf(RealmException.class);
        SamplingParams broken = SamplingParams.greedy(5).toBuilder().grammar("root := x").build();
        assertThatThrownBy(() -> Samplers.create(broken, 300, new int[0], VOCAB)).isInstanceOfSatisfying(RealmException.class,
                e -> assertThat(e.param()).isEqualTo("grammar"));
    }

    @Test
    void mask_hostileGrammar_isBounded() {
        GrammarConstraint c = constraint(
                "root ::= \"a\" root x | \"a\" root y | \"a\" root z | .* .* .* \"q\"\nx ::= \"x\"\ny ::= \"y\"\nz ::= \"z\"");
        assertThatThrownBy(() -> {
            for (int i = 0; i < 100; i++) {
                Candidates candidates = new Candidates();
                candidates.load(new float[VOCAB.size()], 0, VOCAB.size());
                c.mask(candidates);
                c.accept('a');
            }
        }).isInstanceOf(RealmException.class).hasMessageContaining("grammar is too");
    }

    @Test
    void index_unusedAndUnknownTokens_areNoText() {
        FakeVocab vocab = new FakeVocab().add(Vocab.Kind.UNUSED, "zz".getBytes(StandardCharsets.UTF_8)).add(Vocab.Kind.NORMAL,
                new byte[0]);
        GrammarConstraint c = new GrammarConstraint(Grammar.gbnf("root ::= .*", vocab), vocab);
        assertThat(c.allows(258)).isFalse();
        assertThat(c.allows(259)).isFalse();
    }

    /** Every nesting of two brackets is a stack of its own: many more come by than are kept at a time. */
    @Test
    void accept_moreStacksThanAreKept_forgetsThoseOfNoMoreUse() {
        FakeVocab vocab = new FakeVocab();
        Grammar grammar = Grammar.gbnf("root ::= item*\nitem ::= \"(\" item* \")\" | \"[\" item* \"]\"", vocab);
        GrammarConstraint c = new GrammarConstraint(grammar, vocab);
        java.util.Random random = new java.util.Random(5);
        java.util.ArrayDeque<Integer> open = new java.util.ArrayDeque<>();
        int opened = 0;
        for (int i = 0; i < 200_000; i++) {
            boolean deeper = open.isEmpty() || open.size() < 24 && random.nextInt(100) < 55;
            int token;
            if (deeper) {
                token = random.nextBoolean() ? '(' : '[';
                open.push(token == '(' ? (int) ')' : (int) ']');
                opened++;
            } else {
                token = open.pop();
            }
            if (i % 1000 == 0) {
                assertThat(c.allows(token)).isTrue();
                assertThat(c.allows('x')).isFalse();
                assertThat(c.isComplete()).isEqualTo(deeper && open.size() == 1);
            }
            c.accept(token);
        }
        assertThat(opened).isGreaterThan(80_000);
        while (!open.isEmpty()) {
            assertThat(c.isComplete()).isFalse();
            c.accept(open.pop());
        }
        assertThat(c.isComplete()).isTrue();
    }
}
