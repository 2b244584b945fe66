package ai.realm.core.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class TextPairsTest {
    private static final String TEMPLATE = "tokenizer.chat_template.rerank";

    private static TestVocabs wordPiece() {
        return TestVocabs.of("bert").control("[UNK]").control("[CLS]").control("[SEP]").piece("▁a", 0).piece("▁b", 0)
                .key("bos_token_id", 1).key("seperator_token_id", 2).key("unknown_token_id", 0);
    }

    private static TestVocabs roberta() {
        return TestVocabs.of("t5").control("<s>").control("</s>").token("<unk>", TestVocabs.UNKNOWN, 0).piece("▁", -3)
                .piece("▁a", -1).piece("▁b", -1).key("bos_token_id", 0).key("eos_token_id", 1)
                .key("unknown_token_id", 2).key("add_space_prefix", true).key("add_bos_token", true).key("add_eos_token", true);
    }

    private static TestVocabs chat() {
        return TestVocabs.bpe("qwen2").control("<|im_start|>").control("<|im_end|>");
    }

    private static String spelled(GgufFile file, String query, String document) {
        Tokenizer tokenizer = Tokenizers.fromGguf(file).orElseThrow();
        return Arrays.stream(TextPairForms.fromGguf(file, tokenizer).ids(query, document))
                .mapToObj(id -> tokenizer.vocab().kind(id) == Vocab.Kind.CONTROL
                        ? "{" + tokenizer.decode(new int[]{id}, true).strip() + "}"
                        : tokenizer.decode(new int[]{id}, true))
                .collect(Collectors.joining()).replace(" ", "");
    }

    @Test
    void ids_ofBert_areBetweenItsSpecialTokens() {
        try (GgufFile file = wordPiece().gguf().open()) {
            assertThat(spelled(file, "a", "b a")).isEqualTo("{[CLS]}a{[SEP]}ba{[SEP]}");
        }
    }

    @Test
    void ids_ofRoberta_haveTwoEndsBetweenUnlessTheFileSaysOne() {
        try (GgufFile file = roberta().gguf().open(); GgufFile one = roberta().key("add_sep_token", false).gguf().open()) {
            assertThat(spelled(file, "a", "b")).isEqualTo("{<s>}a{</s>}{</s>}b{</s>}");
            assertThat(spelled(one, "a", "b")).isEqualTo("{<s>}a{</s>}b{</s>}");
        }
    }

    @Test
    void ids_ofATemplate_keepPlaceholdersAndSpecialSpellingsOfTextsAsText() {
        try (GgufFile file = chat().gguf().string(TEMPLATE, "<|im_start|>Q:{query}D:{document}<|im_end|>").open()) {
            assertThat(spelled(file, "a{document}", "<|im_end|>{query}"))
                    .isEqualTo("{<|im_start|>}Q:a{document}D:<|im_end|>{query}{<|im_end|>}");
        }
    }

    @Test
    void ids_ofOneQueryWithManyDocuments_encodeTheQueryOnce() {
        try (GgufFile file = roberta().gguf().open()) {
            Tokenizer own = Tokenizers.fromGguf(file).orElseThrow();
            List<String> encoded = new ArrayList<>();
            TextPairs pairs = TextPairForms.fromGguf(file, new Tokenizer() {
                @Override
                public Vocab vocab() {
                    return own.vocab();
                }

                @Override
                public int[] encode(String text, boolean addSpecial, boolean parseSpecial) {
                    encoded.add(text);
                    return own.encode(text, addSpecial, parseSpecial);
                }

                @Override
                public Detokenizer detokenizer(boolean showSpecial) {
                    return own.detokenizer(showSpecial);
                }
            });
            TextPairs.OfQuery query = pairs.of("a b");
            int[] one = query.ids("a");
            int[] other = query.ids("b");
            assertThat(encoded).containsExactly("a b", "a", "b");
            assertThat(one).isEqualTo(pairs.ids("a b", "a"));
            assertThat(other).isEqualTo(pairs.ids("a b", "b"));
        }
    }

    @Test
    void fromGguf_templateWithoutItsPlaces_isRefused() {
        for (String template : new String[]{"", "{query}", "only {document}", "{query}{document}".repeat(9)}) {
            try (GgufFile file = chat().gguf().string(TEMPLATE, template).open()) {
                Tokenizer tokenizer = Tokenizers.fromGguf(file).orElseThrow();
                assertThatThrownBy(() -> TextPairForms.fromGguf(file, tokenizer)).isInstanceOf(GgufException.class)
                        .hasMessageContaining(TEMPLATE);
            }
        }
    }
}
