package ai.realm.core.tokenizer;

import java.util.List;
import java.util.Set;

/**
 * Makes untrusted text safe to put into a prompt: breaks every spelling of a special token with {@link Tokenizer#MARKER}, which
 * the tokenizer drops but never matches across, so the text is read as what it says and steers nothing. Immutable.
 */
public final class SpecialTokens {
    private static final String MARKER = String.valueOf(Tokenizer.MARKER);

    private final Trie trie = new Trie(64);
    private final List<String> spellings;

    SpecialTokens(Set<String> spellings) {
        this.spellings = List.copyOf(spellings);
        for (String s : this.spellings) {
            trie.put(s, 0);
        }
    }

    /**
     * The text with a marker after the first character of every spelling of a special token, overlapping ones too. Markers that
     * the text itself holds are taken out first. A beginning or end of the text that could become such a spelling together with
     * what a template puts beside it is broken off as well. Takes time linear in the text.
     */
    public static String breakSpellings(String untrusted, Vocab vocab) {
        SpecialTokens tokens = vocab instanceof GgufVocab g ? g.specialTokens() : new SpecialTokens(vocab.specialSpellings());
        return tokens.breakSpellings(untrusted);
    }

    String breakSpellings(String untrusted) {
        String text = untrusted.replace(MARKER, "");
        if (text.isEmpty()) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length() + 16);
        if (beginsInsideSpelling(text)) {
            out.append(Tokenizer.MARKER);
        }
        int copied = 0;
        for (int i = 0; i < text.length(); i++) {
            if (spellingAt(text, i)) {
                int end = text.offsetByCodePoints(i, 1);
                out.append(text, copied, end).append(Tokenizer.MARKER);
                copied = end;
            }
        }
        return out.append(text, copied, text.length()).toString();
    }

    /** Whether a spelling begins here, or its first part up to the end of the text. */
    private boolean spellingAt(String text, int from) {
        int node = 0;
        for (int i = from; i < text.length(); i++) {
            node = trie.child(node, text.charAt(i));
            if (node < 0) {
                return false;
            }
            if (trie.value(node) >= 0) {
                return true;
            }
        }
        return true;
    }

    /** Whether the text begins with the last part of a spelling, or is a middle part of one. */
    private boolean beginsInsideSpelling(String text) {
        for (String s : spellings) {
            for (int k = 1; k < s.length(); k++) {
                if (s.regionMatches(k, text, 0, Math.min(s.length() - k, text.length()))) {
                    return true;
                }
            }
        }
        return false;
    }
}
