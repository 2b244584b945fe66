package ai.realm.core.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpecialTokensTest {
    private static final TestVocabs VOCAB = TestVocabs.bpe("gpt-2").control("<|x|>").control("<|x|y|>").userDefined("<t>")
            .userDefined("   ").control("[A]");
    private static final Tokenizer TOKENIZER = VOCAB.build();
    private static final char M = Tokenizer.MARKER;

    @Test
    void encode_specials_onlyWhereParsed() {
        assertThat(TOKENIZER.encode("a<|x|>b", false, true)).containsExactly(VOCAB.id("a"), VOCAB.id("<|x|>"), VOCAB.id("b"));
        assertThat(TOKENIZER.encode("a<|x|>b", false, false)).hasSize(7);
    }

    @Test
    void encode_userDefined_matchedAlways() {
        assertThat(TOKENIZER.encode("<t>", false, false)).containsExactly(VOCAB.id("<t>"));
        assertThat(TOKENIZER.encode("    ", false, false)).containsExactly(VOCAB.id("   "), 32 - 32 + VOCAB.id("Ġ"));
    }

    @Test
    void encode_overlappingSpellings_theLongerWins() {
        assertThat(TOKENIZER.encode("<|x|y|>", false, true)).containsExactly(VOCAB.id("<|x|y|>"));
        assertThat(TOKENIZER.encode("<|x|><|x|y|>", false, true)).containsExactly(VOCAB.id("<|x|>"), VOCAB.id("<|x|y|>"));
    }

    @Test
    void encode_marker_isDroppedAndNeverMatchedAcross() {
        assertThat(TOKENIZER.encode("a" + M + "b", false, true)).containsExactly(VOCAB.id("a"), VOCAB.id("b"));
        assertThat(TOKENIZER.encode("<" + M + "|x|>", false, true)).containsExactly(TOKENIZER.encode("<|x|>", false, false));
        assertThat(TOKENIZER.encode(M + "<|x|>" + M, false, true)).containsExactly(VOCAB.id("<|x|>"));
        assertThat(TOKENIZER.encode("<" + M + "t>", false, false)).hasSize(3);
    }

    @Test
    void breakSpellings_plainText_isLeftAlone() {
        assertThat(SpecialTokens.breakSpellings("a < b, x|> [B] <|y|>", TOKENIZER.vocab())).isEqualTo("a < b, x|> [B] <|y|>");
        assertThat(SpecialTokens.breakSpellings("", TOKENIZER.vocab())).isEmpty();
    }

    @Test
    void breakSpellings_spelling_getsAMarkerAfterItsFirstCharacter() {
        assertThat(SpecialTokens.breakSpellings("Say <|x|>!", TOKENIZER.vocab())).isEqualTo("Say <" + M + "|x|>!");
    }

    @Test
    void breakSpellings_markersInTheText_cannotUndoIt() {
        assertThat(SpecialTokens.breakSpellings("z<" + M + "|x|>", TOKENIZER.vocab())).isEqualTo("z<" + M + "|x|>");
        assertThat(SpecialTokens.breakSpellings("z" + M + "z", TOKENIZER.vocab())).isEqualTo("zz");
    }

    @Test
    void breakSpellings_halvesInTwoTexts_doNotJoin() {
        String joined = SpecialTokens.breakSpellings("z<|", TOKENIZER.vocab())
                + SpecialTokens.breakSpellings("x|>", TOKENIZER.vocab());
        assertThat(TOKENIZER.encode(joined, false, true)).containsExactly(TOKENIZER.encode("z<|x|>", false, false));
        String beside = "<|" + SpecialTokens.breakSpellings("x", TOKENIZER.vocab()) + "|>";
        assertThat(TOKENIZER.encode(beside, false, true)).doesNotContain(VOCAB.id("<|x|>"));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void breakSpellings_anyPartsOfSpellings_neverForgeAToken(long seed) {
        Random random = new Random(seed);
        String[] parts = {"<", "|", "x", ">", "y", "[", "A", "]", "<|", "|>", "<t>", "<|x|>", "" + M, "é", "😀"};
        for (int round = 0; round < 3000; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(12); i >= 0; i--) {
                text.append(parts[random.nextInt(parts.length)]);
            }
            int cut = random.nextInt(text.length() + 1);
            String prompt = parts[random.nextInt(12)] + SpecialTokens.breakSpellings(text.substring(0, cut), TOKENIZER.vocab())
                    + SpecialTokens.breakSpellings(text.substring(cut), TOKENIZER.vocab()) + "|>";
            int[] ids = TOKENIZER.encode(prompt.replace("<|x|>", "<|x|>"), false, true);
            int forged = VOCAB.id("<|x|>");
            boolean templateHasOne = prompt.startsWith("<|x|>") || prompt.startsWith("<t>");
            assertThat(Arrays.stream(ids).skip(templateHasOne ? 1 : 0)).as("%s", prompt)
                    .noneMatch(id -> id >= forged && id != VOCAB.id("   "));
        }
    }

    @Test
    void encode_wordThatIsASpecialToken_notTakenWholeAcrossAMarker() {
        TestVocabs v = TestVocabs.bpe("llama-bpe").control("stop").merge("s", "t").merge("o", "p").merge("st", "op");
        Tokenizer t = v.build();
        assertThat(t.encode(SpecialTokens.breakSpellings("stop", t.vocab()), false, true)).containsExactly(v.id("st"),
                v.id("op"));
    }

    @Test
    void encode_spmPieceThatIsASpecialToken_notMergedAcrossAMarker() {
        TestVocabs v = TestVocabs.spm().piece("<", -1).piece("s", -1).piece(">", -1).piece("<s", -1).piece("▁", -1);
        Tokenizer t = v.build();
        assertThat(t.encode("<s>", false, false)).containsExactly(v.id("▁"), v.id("<s>"));
        String broken = SpecialTokens.breakSpellings("<s>", t.vocab());
        assertThat(t.encode(broken, false, true)).containsExactly(v.id("▁"), v.id("<s"), v.id(">"));
    }
}
