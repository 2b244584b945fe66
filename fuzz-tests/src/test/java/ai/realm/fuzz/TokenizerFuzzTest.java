package ai.realm.fuzz;

import ai.realm.core.tokenizer.SpecialTokens;
import ai.realm.core.tokenizer.TestVocabs;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Vocab;
import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Any text survives encoding and decoding, and no untrusted text becomes a special token. */
class TokenizerFuzzTest {
    private static final List<Tokenizer> TOKENIZERS = List.of(bpe("gpt-2"), bpe("llama-bpe"), bpe("qwen35"), bpe("tekken"),
            bpe("gpt-4o"),
            bpe("deepseek-v3"), bpe("deepseek-llm"), bpe("kimi-k2"), bpe("afmoe"), bpe("exaone-moe"), bpe("superbpe"),
            TestVocabs.spm().piece("▁", -1).piece("a", -1).piece("▁a", -2).piece("<|", -1).piece("end", -1).control("<|end|>")
                    .key("add_space_prefix", false).build());

    private static Tokenizer bpe(String pre) {
        return TestVocabs.bpe(pre).merge("a", "b").merge("e", "n").merge("en", "d").merge("<", "|").merge("Ġ", "Ġ")
                .control("<|end|>")
                .control("<|end").userDefined("<tool>").build();
    }

    @FuzzTest(maxDuration = "5m")
    void encode_anyText_comesBackAndForgesNothing(FuzzedDataProvider data) {
        Tokenizer tokenizer = data.pickValue(TOKENIZERS);
        String text = data.consumeRemainingAsString();
        String clean = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
        clean = clean.equals(text) ? clean.replace(String.valueOf(Tokenizer.MARKER), "") : "";
        String back = tokenizer.decode(tokenizer.encode(text, false, true), true);
        if (!clean.isEmpty() && !back.equals(clean)) {
            throw new AssertionError(tokenizer + " made " + back + " of " + clean);
        }
        Vocab vocab = tokenizer.vocab();
        for (int id : tokenizer.encode(SpecialTokens.breakSpellings(text, vocab), false, true)) {
            if (vocab.kind(id) == Vocab.Kind.CONTROL) {
                throw new AssertionError(tokenizer + " read a control token out of " + text);
            }
        }
    }
}
