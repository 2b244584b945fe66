package ai.realm.core.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufReader;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The default model's tokenizer against ids that llama.cpp (de3ff81) gave for the same file. */
class DefaultModelTokenizerTest {
    private static Tokenizer tokenizer;

    @BeforeAll
    static void open() throws IOException {
        try (GgufFile gguf = GgufReader.open(Path.of("..", "models", "SmolLM2-135M-Instruct.Q4_1.gguf"))) {
            tokenizer = Tokenizers.fromGguf(gguf).orElseThrow();
        }
    }

    @Test
    void encode_chatTurn_specialTokensWhereParsed() {
        assertThat(tokenizer.encode("<|im_start|>user\nHi<|im_end|>\n", true, true)).containsExactly(1, 4093, 198, 26843, 2, 198);
        assertThat(tokenizer.encode("<|im_end|>", false, false)).containsExactly(44, 108, 306, 79, 486, 108, 46);
    }
}
