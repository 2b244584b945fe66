package ai.realm.core.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * Text to token ids by one model's vocabulary and rules. Immutable, usable by any thread; encoding costs time linear in the
 * text (times a logarithm at most).
 */
public interface Tokenizer {
    /** Marks a broken spelling of a special token in untrusted text: dropped by {@link #encode}, never matched across. */
    char MARKER = '\uFDD0';

    /** The vocabulary that ids refer to. */
    Vocab vocab();

    /**
     * Token ids of a text.
     *
     * @param addSpecial put BOS / EOS where the model's metadata asks for them
     * @param parseSpecial spellings of special (control) tokens in the text become those tokens
     */
    int[] encode(String text, boolean addSpecial, boolean parseSpecial);

    /** A fresh incremental decoder of generated tokens; special tokens give no text unless {@code showSpecial}. */
    Detokenizer detokenizer(boolean showSpecial);

    /** The same, showing of the special tokens only these. */
    default Detokenizer detokenizer(Set<Integer> shown) {
        return detokenizer(false);
    }

    /** All of {@code ids} as text, malformed UTF-8 replaced. */
    default String decode(int[] ids, boolean showSpecial) {
        Detokenizer d = detokenizer(showSpecial);
        StringBuilder out = new StringBuilder();
        for (int id : ids) {
            out.append(d.accept(id));
        }
        return out.append(d.finish()).toString();
    }

    /**
     * All of {@code ids} as the bytes of one text, as the model's family writes it: without the space that encoding put before the
     * text, and with spaces cleaned up where {@link #cleansSpaces}. The bytes need not be UTF-8.
     *
     * @param dropAdded leave out the BOS and EOS that encoding added at the ends
     */
    default byte[] detokenize(int[] ids, boolean showSpecial, boolean dropAdded) {
        return decode(ids, showSpecial).getBytes(StandardCharsets.UTF_8);
    }

    /** Whether {@link #detokenize} takes out spaces before punctuation and apostrophes. */
    default boolean cleansSpaces() {
        return false;
    }
}
