package ai.realm.core.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class WordPieceTokenizerTest {
    private static final TestVocabs VOCAB = TestVocabs.of("bert").token("[PAD]", TestVocabs.CONTROL, 0)
            .token("[UNK]", TestVocabs.UNKNOWN, 0).control("[CLS]").control("[SEP]").piece("▁play", 0).piece("ing", 0)
            .piece("▁cafe", 0).piece("▁,", 0).piece("▁中", 0).piece("ed", 0).piece("▁'", 0).piece("▁s", 0).key("bos_token_id", 2)
            .key("seperator_token_id", 3).key("unknown_token_id", 1).key("eos_token_id", 3);
    private static final Tokenizer TOKENIZER = VOCAB.build();

    private static int[] ids(String... texts) {
        int[] out = new int[texts.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = VOCAB.id(texts[i]);
        }
        return out;
    }

    @Test
    void encode_word_intoItsLongestPieces() {
        assertThat(TOKENIZER.encode("playing played", false, false)).containsExactly(ids("▁play", "ing", "▁play", "ed"));
    }

    @Test
    void encode_caseAndAccents_areNormalizedAway() {
        assertThat(TOKENIZER.encode("PLAYing CAFÉ cafe\u0301", false, false))
                .containsExactly(ids("▁play", "ing", "▁cafe", "▁cafe"));
    }

    @Test
    void encode_punctuationAndIdeographs_standAlone() {
        assertThat(TOKENIZER.encode("play,中play", false, false)).containsExactly(ids("▁play", "▁,", "▁中", "▁play"));
    }

    @Test
    void encode_wordThatDoesNotComeOutEven_isUnknownAsAWhole() {
        assertThat(TOKENIZER.encode("playx play", false, false)).containsExactly(ids("[UNK]", "▁play"));
    }

    @Test
    void encode_addSpecial_setsTextBetweenBosAndSeparator() {
        assertThat(TOKENIZER.encode("play", true, false)).containsExactly(ids("[CLS]", "▁play", "[SEP]"));
    }

    @Test
    void encode_addBosTokenFalse_setsTextBetweenThemAllTheSame() {
        Tokenizer tokenizer = TestVocabs.of("bert").token("[UNK]", TestVocabs.UNKNOWN, 0).control("[CLS]").control("[SEP]")
                .piece("▁play", 0).key("unknown_token_id", 0).key("bos_token_id", 1).key("seperator_token_id", 2)
                .key("add_bos_token", false).build();

        assertThat(tokenizer.encode("play", true, false)).containsExactly(1, 3, 2);
    }

    @Test
    void detokenize_spacesBeforePunctuation_areCleanedUp() {
        int[] ids = ids("▁play", "ing", "▁,", "▁play", "▁'", "▁s");
        assertThat(TOKENIZER.cleansSpaces()).isTrue();
        assertThat(TOKENIZER.detokenize(ids, false, true)).isEqualTo(" playing, play's".getBytes(StandardCharsets.UTF_8));
    }
}
