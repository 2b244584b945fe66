package ai.realm.core.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.gguf.GgufBuilder;
import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import org.junit.jupiter.api.Test;

class UnigramTokenizerTest {
    private static TestVocabs vocab() {
        return TestVocabs.of("t5").control("<pad>").control("</s>").token("<unk>", TestVocabs.UNKNOWN, 0).piece("▁", -3)
                .piece("a", -4).piece("b", -4).piece("ab", -5).piece("▁a", -3.5f).piece("▁ab", -9).userDefined("<x>");
    }

    @Test
    void encode_text_takesTheMostProbableSegmentation() {
        TestVocabs v = vocab().key("add_space_prefix", true);
        assertThat(v.build().encode("ab", false, false)).containsExactly(v.id("▁a"), v.id("b"));
        assertThat(v.build().encode("aab", false, false)).containsExactly(v.id("▁a"), v.id("ab"));
    }

    @Test
    void encode_unknownCharacters_joinIntoOneToken() {
        TestVocabs v = vocab();
        assertThat(v.build().encode("aéüb", false, false)).containsExactly(v.id("a"), v.id("<unk>"), v.id("b"));
    }

    @Test
    void encode_eos_addedByDefaultWhereAskedFor() {
        TestVocabs v = vocab();
        assertThat(v.build().encode("a", true, false)).containsExactly(v.id("a"), v.id("</s>"));
    }

    @Test
    void encode_extraSpaces_joinedWhereTheFileSaysSo() {
        TestVocabs joined = vocab().key("add_space_prefix", true).key("remove_extra_whitespaces", true);
        TestVocabs kept = vocab().key("add_space_prefix", true);
        assertThat(joined.build().encode("a   a ", false, false)).containsExactly(joined.id("▁a"), joined.id("▁a"));
        assertThat(kept.build().encode("a  a", false, false)).containsExactly(kept.id("▁a"), kept.id("▁"), kept.id("▁a"));
    }

    @Test
    void encode_userDefined_matchedAsIs() {
        TestVocabs v = vocab();
        assertThat(v.build().encode("a<x>b", false, false)).containsExactly(v.id("a"), v.id("<x>"), v.id("b"));
    }

    @Test
    void fromGguf_characterMapThatClaimsTooMuch_isRefused() {
        GgufBuilder file = vocab().gguf().raw("tokenizer.ggml.precompiled_charsmap", 9,
                new byte[]{0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0,
                        0, (byte) 255, (byte) 255, 0, 0, 1, 2, 3, 4});
        try (GgufFile gguf = file.open()) {
            assertThatThrownBy(() -> Tokenizers.fromGguf(gguf)).isInstanceOf(GgufException.class)
                    .hasMessageContaining("precompiled_charsmap").hasMessageContaining("65535");
        }
    }

    @Test
    void encode_characterMapThatLeadsNowhere_isAnErrorAndNoCrash() {
        byte[] map = {8, 0, 0, 0, (byte) 255, (byte) 255, (byte) 255, 127, 0, 0, 0, 0, 'x', 0};
        byte[] payload = java.nio.ByteBuffer.allocate(12 + map.length).put(GgufBuilder.arrayHead(0, map.length)).put(map).array();
        try (GgufFile gguf = vocab().gguf().raw("tokenizer.ggml.precompiled_charsmap", 9, payload).open()) {
            Tokenizer t = Tokenizers.fromGguf(gguf).orElseThrow();
            assertThatThrownBy(() -> t.encode("a", false, false)).isInstanceOf(GgufException.class)
                    .hasMessageContaining("precompiled_charsmap");
        }
    }
}
