package ai.realm.core.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.RealmException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.junit.jupiter.api.Test;

class Utf8DetokenizerTest {
    private static final TestVocabs VOCAB = TestVocabs.spm().control("<|end|>").control("<|other|>").userDefined("<t>")
            .piece("▁hi", -1);
    private static final Tokenizer TOKENIZER = VOCAB.build();
    private static final int FIRST_BYTE = 3;

    private static int[] bytes(String s) {
        byte[] utf8 = s.getBytes(StandardCharsets.UTF_8);
        int[] ids = new int[utf8.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = FIRST_BYTE + (utf8[i] & 0xFF);
        }
        return ids;
    }

    @Test
    void accept_characterSplitOverTokens_comesOutWholeWithItsLastByte() {
        for (String s : new String[]{"é", "中", "😀", "a\u0301", "\u0000", "👨‍👩‍👧"}) {
            Detokenizer d = TOKENIZER.detokenizer(false);
            StringBuilder out = new StringBuilder();
            for (int id : bytes(s)) {
                String text = d.accept(id);
                assertThat(text).doesNotContain("\uFFFD");
                out.append(text);
            }
            assertThat(out.append(d.finish())).asString().isEqualTo(s);
        }
    }

    @Test
    void accept_halfACharacter_givesNothingYet() {
        Detokenizer d = TOKENIZER.detokenizer(false);
        int[] ids = bytes("😀");
        assertThat(d.accept(ids[0]) + d.accept(ids[1]) + d.accept(ids[2])).isEmpty();
        assertThat(d.accept(ids[3])).isEqualTo("😀");
        assertThat(d.finish()).isEmpty();
    }

    @Test
    void finish_unfinishedCharacter_becomesAReplacement() {
        Detokenizer d = TOKENIZER.detokenizer(false);
        d.accept(bytes("中")[0]);
        assertThat(d.finish()).isEqualTo("\uFFFD");
    }

    @Test
    void accept_malformedByte_isReplacedAndDoesNotSpoilWhatFollows() {
        Detokenizer d = TOKENIZER.detokenizer(false);
        assertThat(d.accept(FIRST_BYTE + 0xFF) + d.accept(FIRST_BYTE + 'a')).isEqualTo("\uFFFDa");
        assertThat(d.accept(FIRST_BYTE + 0xE4) + d.accept(FIRST_BYTE + 'a')).isEqualTo("\uFFFDa");
    }

    @Test
    void accept_specialTokens_shownOnlyWhenAskedFor() {
        int[] ids = {VOCAB.id("▁hi"), VOCAB.id("<|end|>"), VOCAB.id("<t>")};
        assertThat(TOKENIZER.decode(ids, false)).isEqualTo(" hi<t>");
        assertThat(TOKENIZER.decode(ids, true)).isEqualTo(" hi<|end|><t>");
    }

    @Test
    void accept_specialTokensChosen_areShownAlone() {
        Detokenizer d = TOKENIZER.detokenizer(Set.of(VOCAB.id("<|end|>")));
        assertThat(d.accept(VOCAB.id("<|end|>")) + d.accept(VOCAB.id("<|other|>")) + d.accept(VOCAB.id("▁hi")))
                .isEqualTo("<|end|> hi");
    }

    @Test
    void accept_idOutsideTheVocabulary_isRejectedWithItsRange() {
        Detokenizer d = TOKENIZER.detokenizer(false);
        int size = TOKENIZER.vocab().size();
        assertThatThrownBy(() -> d.accept(size)).isInstanceOf(RealmException.class)
                .hasMessage("a token id must be 0.." + (size - 1) + ", not " + size);
        assertThatThrownBy(() -> d.accept(-1)).isInstanceOf(RealmException.class);
    }
}
