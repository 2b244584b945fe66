package ai.realm.core.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class SpmTokenizerTest {
    private static TestVocabs vocab() {
        return TestVocabs.spm().piece("▁", -10).piece("a", -11).piece("b", -12).piece("ab", -1).piece("▁a", -2).piece("ba", -3)
                .piece("▁ab", -4);
    }

    @Test
    void encode_text_joinsByTheHighestScore() {
        TestVocabs v = vocab();
        Tokenizer t = v.build();
        assertThat(t.encode("ab", false, false)).containsExactly(v.id("▁ab"));
        assertThat(t.encode("aba", false, false)).containsExactly(v.id("▁ab"), v.id("a"));
        assertThat(t.encode("bab ab", false, false)).containsExactly(v.id("▁"), v.id("b"), v.id("ab"), v.id("▁ab"));
    }

    @Test
    void encode_unknownCharacters_becomeBytes() {
        Tokenizer t = vocab().build();
        assertThat(t.encode("é", false, false)).containsExactly(vocab().id("▁"), 3 + 0xC3, 3 + 0xA9);
        assertThat(t.decode(t.encode("é😀\n", false, false), false)).isEqualTo(" é😀\n");
    }

    @Test
    void encode_bos_byDefaultWhereAskedFor() {
        Tokenizer t = vocab().build();
        assertThat(t.encode("", true, false)).containsExactly(1);
        assertThat(t.encode("a", true, false)).containsExactly(1, vocab().id("▁a"));
    }

    @Test
    void encode_spacePrefix_afterEverySpecialTokenUnlessTurnedOff() {
        TestVocabs v = vocab();
        assertThat(v.build().encode("a</s>b", false, true)).containsExactly(v.id("▁a"), 2, v.id("▁"), v.id("b"));
        TestVocabs without = vocab().key("add_space_prefix", false);
        assertThat(without.build().encode("a</s>b", false, true)).containsExactly(v.id("a"), 2, v.id("b"));
    }

    @Test
    void detokenize_wholeText_dropsTheAddedSpaceAndTokens() {
        TestVocabs v = vocab();
        Tokenizer t = v.build();
        int[] ids = t.encode("ab ab", true, false);
        assertThat(t.detokenize(ids, false, true)).isEqualTo(" ab ab".getBytes(StandardCharsets.UTF_8));
        assertThat(t.detokenize(ids, true, false)).isEqualTo("<s> ab ab".getBytes(StandardCharsets.UTF_8));
        assertThat(t.detokenize(t.encode("ab ab", false, false), false, true))
                .isEqualTo("ab ab".getBytes(StandardCharsets.UTF_8));
    }
}
