package ai.realm.core.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BpeTokenizerTest {
    @Test
    void encode_lowerRankFirst_winsOverLeftToRight() {
        TestVocabs v = TestVocabs.bpe("gpt-2").merge("b", "c").merge("a", "b");
        assertThat(v.build().encode("abc", false, false)).containsExactly(v.id("a"), v.id("bc"));
    }

    @Test
    void encode_equalRank_mergesTheLeftmost() {
        TestVocabs v = TestVocabs.bpe("gpt-2").merge("a", "a");
        assertThat(v.build().encode("aaa", false, false)).containsExactly(v.id("aa"), v.id("a"));
    }

    @Test
    void encode_mergeWithoutToken_fallsApartIntoBytes() {
        TestVocabs v = TestVocabs.bpe("gpt-2").merge("a", "b");
        Tokenizer t = v.build();
        TestVocabs w = TestVocabs.bpe("gpt-2").merge("x", "y");
        assertThat(t.encode("ab", false, false)).containsExactly(v.id("ab"));
        assertThat(w.build().encode("ab", false, false)).containsExactly('a' - '!' + 33, 'b' - '!' + 33);
    }

    @Test
    void encode_wordThatIsAToken_takenWholeWhereTheVocabularySaysSo() {
        TestVocabs whole = TestVocabs.bpe("llama-bpe").merge("a", "b").piece("abc", 0);
        TestVocabs merged = TestVocabs.bpe("gpt-2").merge("a", "b").piece("abc", 0);
        assertThat(whole.build().encode("abc", false, false)).containsExactly(whole.id("abc"));
        assertThat(merged.build().encode("abc", false, false)).containsExactly(merged.id("ab"), merged.id("c"));
    }

    @Test
    void encode_bosAndEos_addedWhereAskedFor() {
        TestVocabs v = TestVocabs.bpe("gpt-2").control("<s>").control("</s>");
        v.key("bos_token_id", v.id("<s>")).key("eos_token_id", v.id("</s>")).key("add_bos_token", true).key("add_eos_token",
                true);
        Tokenizer t = v.build();
        assertThat(t.encode("a", true, false)).containsExactly(v.id("<s>"), v.id("a"), v.id("</s>"));
        assertThat(t.encode("a", false, false)).containsExactly(v.id("a"));
        assertThat(t.encode("", true, false)).containsExactly(v.id("<s>"), v.id("</s>"));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void encode_randomWords_asMergingByDefinition(long seed) {
        Random random = new Random(seed);
        TestVocabs v = TestVocabs.bpe("gpt-2");
        List<String> known = new ArrayList<>(List.of("a", "b", "c", "d"));
        List<String[]> merges = new ArrayList<>();
        while (merges.size() < 40) {
            String left = known.get(random.nextInt(known.size()));
            String right = known.get(random.nextInt(known.size()));
            if (!known.contains(left + right)) {
                v.merge(left, right);
                merges.add(new String[]{left, right});
                known.add(left + right);
            }
        }
        Tokenizer t = v.build();
        for (int round = 0; round < 200; round++) {
            StringBuilder word = new StringBuilder();
            int length = 1 + random.nextInt(80);
            for (int i = 0; i < length; i++) {
                word.append((char) ('a' + random.nextInt(4)));
            }
            int[] expected = byDefinition(word.toString(), merges).stream().mapToInt(v::id).toArray();
            assertThat(t.encode(word.toString(), false, false)).as("%s", word).containsExactly(expected);
        }
    }

    private static List<String> byDefinition(String word, List<String[]> merges) {
        List<String> symbols = new ArrayList<>(List.of(word.split("")));
        for (;;) {
            int best = merges.size();
            int at = -1;
            for (int i = 0; i + 1 < symbols.size(); i++) {
                for (int rank = 0; rank < best; rank++) {
                    if (symbols.get(i).equals(merges.get(rank)[0]) && symbols.get(i + 1).equals(merges.get(rank)[1])) {
                        best = rank;
                        at = i;
                    }
                }
            }
            if (at < 0) {
                return symbols;
            }
            symbols.set(at, symbols.get(at) + symbols.remove(at + 1));
        }
    }

    @Test
    void encode_gemma4_beginsWithBosWhateverTheFileSays() {
        Tokenizer tokenizer = TestVocabs.of("gemma4").control("<bos>").piece("a", 0).merge("a", "a").key("bos_token_id", 0)
                .key("add_bos_token", false).build();

        assertThat(tokenizer.vocab().addsBos()).isTrue();
        assertThat(tokenizer.encode("aa", true, false)).containsExactly(0, 2);
    }
}
