package ai.realm.core.tokenizer;

import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import java.util.Arrays;

/**
 * The merges of a BPE vocabulary as symbols: the number of a symbol is its token id, or beyond those for texts that only occur
 * on the way. Immutable once built.
 */
final class BpeMerges {
    private final ByteTable tokens;
    /** Texts that are no tokens; their symbols follow the token ids. */
    private final ByteTable others = new ByteTable(64);
    private final LongMap pairs;

    /** @param required whether a file without merges is an error */
    BpeMerges(GgufFile gguf, GgufVocab vocab, boolean required) {
        String key = VocabKeys.PREFIX + "merges";
        byte[][] lines = required || gguf.has(key) ? VocabKeys.strings(gguf, key) : new byte[0][];
        tokens = vocab.table();
        pairs = new LongMap(lines.length);
        for (int rank = 0; rank < lines.length; rank++) {
            add(lines[rank], rank, key);
        }
    }

    private void add(byte[] line, int rank, String key) {
        int space = 1;
        while (space < line.length && line[space] != ' ') {
            space++;
        }
        if (space >= line.length) {
            throw new GgufException("key " + key + " must hold pairs of texts with a space between; element " + rank + " is none",
                    -1);
        }
        byte[] both = new byte[line.length - 1];
        System.arraycopy(line, 0, both, 0, space);
        System.arraycopy(line, space + 1, both, space, line.length - space - 1);
        int left = number(line, 0, space);
        int right = number(line, space + 1, line.length);
        int joined = number(both, 0, both.length);
        pairs.putIfAbsent(key(left, right), (long) rank << 32 | joined);
    }

    private int number(byte[] text, int from, int to) {
        int known = find(text, from, to);
        return known >= 0 ? known : tokens.size() + others.intern(Arrays.copyOfRange(text, from, to));
    }

    /** The symbol of a text, made where there is none. Only while a tokenizer is being built. */
    int intern(byte[] text) {
        return number(text, 0, text.length);
    }

    /** The symbol of a slice, or -1. */
    int find(byte[] text, int from, int to) {
        int token = tokens.find(text, from, to);
        if (token >= 0) {
            return token;
        }
        int other = others.find(text, from, to);
        return other < 0 ? -1 : tokens.size() + other;
    }

    byte[] text(int symbol) {
        return symbol < tokens.size() ? tokens.text(symbol) : others.text(symbol - tokens.size());
    }

    /** Rank of the merge of two symbols in the upper half and what they become in the lower, or {@link LongMap#NONE}. */
    long merge(int left, int right) {
        return left < 0 || right < 0 ? LongMap.NONE : pairs.get(key(left, right));
    }

    private static long key(int left, int right) {
        return (long) left << 32 | right;
    }
}
