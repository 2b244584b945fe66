package ai.realm.core.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufReader;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The default model's tokenizer; the file smollm2-ids.json says where its ids are from. */
class DefaultModelTokenizerTest {
    private static Tokenizer tokenizer;

    record Case(String text, boolean special, int[] ids) {
        @Override
        public String toString() {
            return text.codePoints().limit(20).collect(StringBuilder::new,
                    (b, c) -> b.append(c > ' ' && c < 0x7F ? (char) c : '_'), StringBuilder::append).toString();
        }
    }

    @BeforeAll
    static void open() throws IOException {
        try (GgufFile gguf = GgufReader.open(Path.of("..", "models", "SmolLM2-135M-Instruct.Q4_1.gguf"))) {
            tokenizer = Tokenizers.fromGguf(gguf).orElseThrow();
        }
    }

    static Stream<Case> cases() throws IOException {
        ObjectMapper json = new ObjectMapper();
        try (InputStream in = DefaultModelTokenizerTest.class.getResourceAsStream("smollm2-ids.json")) {
            JsonNode cases = json.readTree(in).get("cases");
            return StreamSupport.stream(cases.spliterator(), false).map(c -> new Case(c.get("text").asText(),
                    c.get("special").asBoolean(), json.convertValue(c.get("ids"), int[].class)));
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void encode_goldenText_givesTheReferencesIds(Case c) {
        assertThat(tokenizer.encode(c.text, c.special, c.special)).containsExactly(c.ids);
    }

    /** This vocabulary has no tokens for the first bytes of code points from U+40000 on; they are lost in encoding. */
    static Stream<Case> decodable() throws IOException {
        return cases().filter(c -> c.text.codePoints().allMatch(cp -> cp < 0x40000));
    }

    @ParameterizedTest
    @MethodSource("decodable")
    void decode_goldenIds_giveTheTextBack(Case c) {
        assertThat(tokenizer.decode(c.ids, true)).isEqualTo(c.text);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void encode_brokenSpellings_giveTheIdsOfPlainText(Case c) {
        String broken = SpecialTokens.breakSpellings(c.text, tokenizer.vocab());
        assertThat(tokenizer.encode(broken, false, true)).containsExactly(tokenizer.encode(c.text, false, false));
    }

    @Test
    void vocab_roles_areTheFiles() {
        Vocab vocab = tokenizer.vocab();
        assertThat(vocab.size()).isEqualTo(49152);
        assertThat(vocab.bosId()).isEqualTo(1);
        assertThat(vocab.eosId()).isEqualTo(2);
        assertThat(vocab.addsBos()).isFalse();
        assertThat(vocab.endOfGenerationIds()).containsExactlyInAnyOrder(0, 2, 4);
        assertThat(vocab.specialSpellings()).contains("<|im_start|>", "<|im_end|>", "<|endoftext|>");
        assertThat(vocab.idOf("<|im_end|>")).isEqualTo(2);
        assertThat(vocab.idOf("no such token")).isEqualTo(-1);
    }

    @Test
    void encode_fromManyThreads_givesTheSameIds() throws IOException {
        List<Case> all = cases().toList();
        boolean same = IntStream.range(0, 8 * all.size()).parallel().allMatch(i -> {
            Case c = all.get(i % all.size());
            return Arrays.equals(tokenizer.encode(c.text, c.special, c.special), c.ids);
        });
        assertThat(same).isTrue();
    }
}
