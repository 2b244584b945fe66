package ai.realm.core.tokenizer;

import ai.realm.core.gguf.GgufFile;
import java.util.Arrays;

/**
 * WordPiece: text is normalized and split into words, and each word into the longest tokens from its beginning on; a word that
 * does not come out even is unknown as a whole. Source: BERT (Devlin et al. 2018), in the form of llama.cpp (de3ff81).
 */
final class WordPieceTokenizer extends PartitioningTokenizer {
    private final Trie trie;
    private final boolean lowercase;
    private final boolean stripAccents;

    WordPieceTokenizer(GgufVocab vocab, PartitionRules partition, GgufFile gguf) {
        super(vocab, partition);
        lowercase = gguf.boolOr(VocabKeys.PREFIX + "normalizer.lowercase", true);
        stripAccents = gguf.boolOr(VocabKeys.PREFIX + "normalizer.strip_accents", lowercase);
        trie = new Trie(vocab.size() * 4);
        for (int id = 0; id < vocab.size(); id++) {
            trie.put(vocab.text(id), id);
        }
    }

    @Override
    void encodePlain(SourceText source, int from, int to, IntList out) {
        CodePoints text = new CodePoints(source.utf8(), from, to);
        Word word = new Word();
        for (int i = 0; i < text.count(); i++) {
            Interruption.check(i);
            int cp = stripAccents ? UnicodeClasses.withoutAccents(text.value(i)) : text.value(i);
            char category = UnicodeClasses.collapse(cp);
            if (UnicodeClasses.isSpace(cp)) {
                encodeWord(word, out);
            } else if (!isDropped(cp, category)) {
                int lower = lowercase ? UnicodeClasses.toLowerCase(cp) : cp;
                boolean alone = standsAlone(cp, category);
                if (alone) {
                    encodeWord(word, out);
                }
                word.add(lower);
                if (alone) {
                    encodeWord(word, out);
                }
            }
        }
        encodeWord(word, out);
    }

    private boolean isDropped(int cp, char category) {
        return cp == 0 || cp == 0xFFFD || UnicodeClasses.isControl(cp) || stripAccents && category == UnicodeClasses.MARK;
    }

    private static boolean standsAlone(int cp, char category) {
        boolean asciiSign = cp > ' ' && cp < 0x7F && !Character.isLetterOrDigit(cp);
        return asciiSign || category == UnicodeClasses.PUNCTUATION || isIdeograph(cp);
    }

    /** The ranges that BERT's tokenizer calls Chinese characters. */
    private static boolean isIdeograph(int cp) {
        return cp >= 0x4E00 && cp <= 0x9FFF || cp >= 0x3400 && cp <= 0x4DBF || cp >= 0x20000 && cp <= 0x2A6DF
                || cp >= 0x2A700 && cp <= 0x2B81F || cp >= 0x2B920 && cp <= 0x2CEAF || cp >= 0xF900 && cp <= 0xFAFF
                || cp >= 0x2F800 && cp <= 0x2FA1F;
    }

    private void encodeWord(Word word, IntList out) {
        if (word.isEmpty()) {
            return;
        }
        int before = out.size();
        int at = 0;
        while (at < word.size) {
            int node = 0;
            int best = Trie.NONE;
            int end = at;
            for (int i = at; i < word.size && node >= 0; i++) {
                node = trie.child(node, word.bytes[i] & 0xFF);
                if (node >= 0 && trie.value(node) >= 0) {
                    best = trie.value(node);
                    end = i + 1;
                }
            }
            if (best < 0) {
                out.truncate(before);
                break;
            }
            out.add(best);
            at = end;
        }
        if (out.size() == before) {
            out.add(Math.max(0, vocab().special().unknown()));
        }
        word.clear();
    }

    /** The bytes of the word at hand, after the sign that begins every word. */
    private static final class Word {
        private static final int SIGN = 3;
        private byte[] bytes = new byte[64];
        private int size;

        Word() {
            size = SourceText.put(bytes, 0, 0x2581);
        }

        boolean isEmpty() {
            return size == SIGN;
        }

        void add(int cp) {
            if (bytes.length - size < 4) {
                bytes = Arrays.copyOf(bytes, size * 2);
            }
            size = SourceText.put(bytes, size, cp);
        }

        void clear() {
            size = SIGN;
        }
    }
}
