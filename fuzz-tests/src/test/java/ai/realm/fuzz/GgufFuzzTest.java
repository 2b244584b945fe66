package ai.realm.fuzz;

import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufReader;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Tokenizers;
import com.code_intelligence.jazzer.junit.FuzzTest;

/** Any bytes are a GGUF file and a vocabulary, or are refused by a {@link GgufException}: nothing else may come out. */
class GgufFuzzTest {
    @FuzzTest(maxDuration = "5m")
    void parse_anyBytes_loadOrAreRefused(byte[] data) {
        try (GgufFile gguf = GgufReader.parse(data)) {
            Tokenizer tokenizer = Tokenizers.fromGguf(gguf).orElse(null);
            if (tokenizer != null) {
                int[] ids = tokenizer.encode("a b<s>\n1é😀", true, true);
                tokenizer.decode(ids, true);
                tokenizer.detokenize(ids, false, true);
            }
        } catch (GgufException e) {
            if (e.getMessage().isBlank()) {
                throw new AssertionError("an error without a reason", e);
            }
        }
    }
}
