package ai.realm.core.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import ai.realm.core.gguf.GgufBuilder;
import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TokenizersTest {
    private static final int MEBIBYTE = 1 << 20;

    private static GgufBuilder bpe() {
        return new GgufBuilder().string("general.architecture", "llama").string("tokenizer.ggml.model", "gpt2")
                .string("tokenizer.ggml.pre", "gpt-2");
    }

    @Test
    void fromGguf_modelNone_isEmpty() {
        try (GgufFile gguf = new GgufBuilder().string("tokenizer.ggml.model", "none").string("general.architecture", "llama")
                .open()) {
            assertThat(Tokenizers.fromGguf(gguf)).isEmpty();
        }
    }

    static Stream<Arguments> broken() {
        return Stream.of(
                Arguments.of(new GgufBuilder().string("general.architecture", "llama"), "tokenizer.ggml.model is missing"),
                Arguments.of(new GgufBuilder().string("tokenizer.ggml.model", "rwkv"), "tokenizer.ggml.model must be"),
                Arguments.of(bpe().strings("tokenizer.ggml.merges", List.of()), "tokenizer.ggml.tokens is missing"),
                Arguments.of(bpe().i32s("tokenizer.ggml.tokens", 1, 2), "tokenizer.ggml.tokens must be an array of strings"),
                Arguments.of(bpe().strings("tokenizer.ggml.tokens", List.of()), "at least one token"),
                Arguments.of(bpe().strings("tokenizer.ggml.tokens", List.of("a", "b", "a")), "must not hold a text twice"),
                Arguments.of(bpe().strings("tokenizer.ggml.tokens", List.of("a".repeat(4097))),
                        "at most 4096 bytes; token 0 has 4097"),
                Arguments.of(bpe().strings("tokenizer.ggml.tokens", List.of("a", "b")), "tokenizer.ggml.merges is missing"),
                Arguments.of(bpe().strings("tokenizer.ggml.tokens", List.of("a", "b")).f32s("tokenizer.ggml.scores", 1f),
                        "tokenizer.ggml.scores must have an element for each of the 2 tokens, not 1"),
                Arguments.of(bpe().strings("tokenizer.ggml.tokens", List.of("a")).strings("tokenizer.ggml.scores", List.of("x")),
                        "tokenizer.ggml.scores must be an array of float32, not of string"),
                Arguments.of(bpe().strings("tokenizer.ggml.tokens", List.of("a")).bools("tokenizer.ggml.token_type", true),
                        "tokenizer.ggml.token_type must be an array of int32, not of bool"),
                Arguments.of(bpe().strings("tokenizer.ggml.tokens", List.of("a")).strings("tokenizer.ggml.merges", List.of("ab")),
                        "tokenizer.ggml.merges must hold pairs"),
                Arguments.of(bpe().strings("tokenizer.ggml.tokens", List.of("a")).string("tokenizer.ggml.bos_token_id", "x"),
                        "tokenizer.ggml.bos_token_id must be of type uint32, not string"));
    }

    @ParameterizedTest
    @MethodSource("broken")
    void fromGguf_brokenVocabulary_isRefusedByKey(GgufBuilder file, String message) {
        try (GgufFile gguf = file.open()) {
            assertThatThrownBy(() -> Tokenizers.fromGguf(gguf)).isInstanceOf(GgufException.class).hasMessageContaining(message);
        }
    }

    @Test
    void fromGguf_tokenThatIsNotUtf8_isUsable() {
        GgufBuilder b = bpe().byteStrings("tokenizer.ggml.tokens", List.of(new byte[]{(byte) 0xFF}, new byte[]{'a'}))
                .strings("tokenizer.ggml.merges", List.of());
        try (GgufFile gguf = b.open()) {
            Tokenizer t = Tokenizers.fromGguf(gguf).orElseThrow();
            assertThat(t.encode("a", false, false)).containsExactly(1);
            assertThatNoException().isThrownBy(() -> t.decode(new int[]{0, 1}, true));
        }
    }

    @Test
    void fromGguf_roleIdsOutsideTheVocabulary_areIgnored() {
        GgufBuilder b = bpe().strings("tokenizer.ggml.tokens", List.of("a", "b")).strings("tokenizer.ggml.merges", List.of())
                .u32("tokenizer.ggml.bos_token_id", 77).u32("tokenizer.ggml.eos_token_id", 1)
                .bool("tokenizer.ggml.add_bos_token", true);
        try (GgufFile gguf = b.open()) {
            Vocab vocab = Tokenizers.fromGguf(gguf).orElseThrow().vocab();
            assertThat(vocab.bosId()).isEqualTo(-1);
            assertThat(vocab.addsBos()).isFalse();
            assertThat(vocab.eosId()).isEqualTo(1);
        }
    }

    @Test
    void endOfGeneration_bySpelling_withTheExceptionOfGptOss() {
        TestVocabs plain = TestVocabs.bpe("gpt-2").control("<|end|>").piece("<|im_end|>", 0).control("<|x|>").key("eos_token_id",
                0);
        assertThat(plain.build().vocab().endOfGenerationIds()).containsExactlyInAnyOrder(0, plain.id("<|end|>"),
                plain.id("<|im_end|>"));
        assertThat(plain.build().vocab().kind(plain.id("<|im_end|>"))).isEqualTo(Vocab.Kind.CONTROL);
        TestVocabs harmony = TestVocabs.bpe("gpt-4o").control("<|end|>").control("<|return|>").control("<|call|>")
                .control("<|channel|>").key("eos_token_id", 257);
        Vocab vocab = harmony.build().vocab();
        assertThat(vocab.endOfGenerationIds()).containsExactlyInAnyOrder(harmony.id("<|return|>"), harmony.id("<|call|>"));
        assertThat(vocab.kind(harmony.id("<|channel|>"))).isEqualTo(Vocab.Kind.USER_DEFINED);
        assertThat(vocab.specialSpellings()).contains("<|channel|>", "<|end|>");
    }

    static Stream<Arguments> longTexts() {
        StringBuilder random = new StringBuilder();
        Random r = new Random(7);
        for (int i = 0; i < MEBIBYTE; i++) {
            random.append((char) ('a' + r.nextInt(3)));
        }
        int n = MEBIBYTE / 8;
        List<String> texts = List.of(random.toString(), " ".repeat(n) + "中", "7".repeat(n), "<|im_".repeat(n / 5),
                "e\u0301".repeat(n / 3), "A".repeat(n));
        Stream<TestVocabs> vocabs = Stream.of(pairs(TestVocabs.bpe("llama-bpe")), pairs(TestVocabs.bpe("deepseek-llm")),
                pairs(TestVocabs.bpe("gpt-4o")),
                TestVocabs.spm().piece("a", -1).piece("aa", -2).piece("aaaa", -3).piece("ab", -1).piece("▁", -3).piece("▁▁", -2)
                        .control("<|im_end|>"));
        return vocabs.map(v -> Arguments.of(v.build(), texts));
    }

    private static TestVocabs pairs(TestVocabs v) {
        return v.merge("a", "a").merge("aa", "aa").merge("a", "b").merge("Ġ", "Ġ").merge("ĠĠ", "ĠĠ").control("<|im_end|>");
    }

    /** The bound is far above what is needed; an encoder of quadratic cost would take hours. */
    @ParameterizedTest
    @MethodSource("longTexts")
    void encode_mebibyteInOneWord_takesNoQuadraticTime(Tokenizer tokenizer, List<String> texts) {
        assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
            for (String text : texts) {
                assertThat(tokenizer.encode(text, false, true)).isNotEmpty();
                assertThat(SpecialTokens.breakSpellings(text, tokenizer.vocab()).length()).isGreaterThanOrEqualTo(text.length());
            }
        });
    }
}
