package ai.realm.core.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.gguf.GgufException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PreTokenizersTest {
    private static List<String> words(String name, String text) {
        CodePoints points = new CodePoints(text.getBytes(StandardCharsets.UTF_8), 0,
                text.getBytes(StandardCharsets.UTF_8).length);
        IntList ends = PreTokenizers.byName(name).splitter().split(points);
        List<String> out = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < ends.size(); i++) {
            StringBuilder word = new StringBuilder();
            for (; from < ends.get(i); from++) {
                word.appendCodePoint(points.value(from));
            }
            out.add(word.toString());
        }
        return out;
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '"', textBlock = """
            gpt-2;        "I'm 123 ok!";                "I|'m| 123| ok|!"
            gpt-2;        "I'M ok";                     "I|'|M| ok"
            smollm;       "ab 123  x";                  "ab| |1|2|3| | x"
            llama-bpe;    "I'M 12345!!";                "I|'M| |123|45|!!"
            qwen2;        "x123 (foo)";                 "x|1|2|3| (|foo|)"
            qwen35;       "e\u0301a b";                 "e\u0301a| b"
            qwen2;        "e\u0301a b";                 "e|\u0301a| b"
            falcon;       "12345 a=b";                  "123|45| a|=|b"
            tekken;       "HelloWorld ABCdef";          "Hello|World| ABCdef"
            gpt-4o;       "HelloWorld's 1234";          "Hello|World's| |123|4"
            deepseek-v3;  "a1234中文.b";                "a|123|4|中文|.b"
            deepseek-llm; "ab 12中文 ";                 "ab| |12|中文| "
            deepseek-coder; "ab 12";                    "ab| |1|2"
            kimi-k2;      "中文ab's 1234";              "中文|ab's| |123|4"
            command-r;    "a 1";                        "a| |1"
            afmoe;        "a1234 b";                    "a|1|234| b"
            afmoe;        "ไทย";                        "ไ|ทย"
            afmoe;        "aꀀb";                        "a|ꀀ|b"
            superbpe;     "12345";                      "12|345"
            gemma4;       "a b";                        "a b"
            bloom;        "a b, c";                     "a| b|,| c"
            default;      "a=12345";                    "a|=|123|45"
            """)
    void split_text_intoTheModelsWords(String name, String text, String expected) {
        assertThat(words(name, text)).containsExactly(expected.split("\\|"));
    }

    @Test
    void split_spaces_leaveTheLastToTheWordAfter() {
        assertThat(words("gpt-2", "a   b  ")).containsExactly("a", "  ", " b", "  ");
        assertThat(words("llama-bpe", "a \n\n  b")).containsExactly("a", " \n\n", " ", " b");
        assertThat(words("gpt-2", "a\u3000b\u00A0\u2003c")).containsExactly("a", "\u3000", "b", "\u00A0", "\u2003", "c");
    }

    @Test
    void split_informationSeparators_areNoWhiteSpace() {
        assertThat(words("gpt-2", "a\u001C\u001Fb")).containsExactly("a", "\u001C\u001F", "b");
    }

    @Test
    void split_codePointsAssignedInUnicode16_countAsUnassigned() {
        assertThat(words("gpt-2", "a\uA7CBb")).containsExactly("a", "\uA7CB", "b");
        assertThat(words("gpt-2", "a\uA7CAb")).containsExactly("a\uA7CAb");
    }

    @Test
    void split_lettersBeyondTheBmp_areLetters() {
        assertThat(words("gpt-2", "a𐐀 𠀀!")).containsExactly("a𐐀", " 𠀀", "!");
        assertThat(words("deepseek-llm", "𐐀𐐨1")).containsExactly("𐐀𐐨", "1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "default", "smollm", "starcoder", "refact", "codeshell", "exaone", "minerva-7b", "mellum2",
            "command-r", "gpt-2", "phi-2", "jina-es", "jina-de", "gigachat", "jina-v2-es", "jina-v2-de", "a.x-4.0", "mellum",
            "modern-bert", "mpt", "olmo", "jais", "exaone4", "jina-v1-en", "jina-v2-code", "roberta-bpe", "trillion",
            "granite-docling", "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
            "jina-v5-nano", "dbrx", "smaug-bpe", "glm4", "chatglm-bpe", "qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2",
            "hunyuan",
            "solar-open", "grok-2", "stablelm2", "megrez", "qwen35", "tekken", "gpt-4o", "llama4", "kanana2", "talkie",
            "minimax-m2", "falcon", "deepseek-coder", "deepseek-llm", "deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4",
            "kimi-k2", "jais-2", "spark2_5", "youtu", "poro-chat", "bloom", "gpt3-finnish", "viking", "chameleon",
            "granite-embed-multi-97m", "granite-embed-multi-311m", "tiny_aya", "cohere2moe", "superbpe", "bailingmoe",
            "bailingmoe2", "llada-moe", "seed-coder", "ufakzeka", "afmoe", "laguna", "exaone-moe", "gemma4", "sarvam-moe",
            "minicpm5"})
    void split_anyName_losesNothing(String name) {
        String text = "Hello's WORLD 12345 中文かなカナ한국어 <sentinel:12> IMGIMGAZ \u0301é𐐀😀\r\n\t  \u3000\u0000…。";
        assertThat(String.join("", words(name, text.repeat(20)))).isEqualTo(text.repeat(20));
    }

    @Test
    void byName_unknownName_isRefusedByName() {
        assertThatThrownBy(() -> PreTokenizers.byName("no-such")).isInstanceOf(GgufException.class)
                .hasMessageContaining("tokenizer.ggml.pre").hasMessageContaining("no-such");
    }
}
