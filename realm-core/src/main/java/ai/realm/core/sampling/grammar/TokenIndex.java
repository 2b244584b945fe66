package ai.realm.core.sampling.grammar;

import ai.realm.core.tokenizer.Vocab;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;

/** A vocabulary's text tokens in the order of their bytes, and a {@link TokenTrie} of them. Made once a vocabulary. */
final class TokenIndex {
    private static final Map<Vocab, TokenIndex> KNOWN = Collections.synchronizedMap(new WeakHashMap<>());

    final int[] ids;
    final byte[][] bytes;
    final int longest;
    final TokenTrie trie;

    private TokenIndex(Vocab vocab) {
        Integer[] order = new Integer[vocab.size()];
        int count = 0;
        for (int id = 0; id < vocab.size(); id++) {
            if (isText(vocab, id)) {
                order[count++] = id;
            }
        }
        Arrays.sort(order, 0, count, (x, y) -> Arrays.compareUnsigned(vocab.bytes(x), vocab.bytes(y)));
        ids = new int[count];
        bytes = new byte[count][];
        int max = 0;
        for (int i = 0; i < count; i++) {
            ids[i] = order[i];
            bytes[i] = vocab.bytes(ids[i]);
            max = Math.max(max, bytes[i].length);
        }
        longest = max;
        trie = new TokenTrie(bytes);
    }

    /**
     * Spells a text, each time with the longest token that goes on with it.
     *
     * @return how many tokens of it are in {@code into}, as far as there are tokens and room for them
     */
    int spell(byte[] text, Vocab vocab, int[] into) {
        int n = 0;
        for (int at = 0; at < text.length && n < into.length; n++) {
            int token = longest(text, at, vocab);
            if (token < 0) {
                return n;
            }
            into[n] = ids[token];
            at += bytes[token].length;
        }
        return n;
    }

    private int longest(byte[] text, int at, Vocab vocab) {
        int from = 0;
        int to = ids.length;
        int best = -1;
        for (int n = 0; at + n < text.length && from < to; n++) {
            int b = text[at + n] & 255;
            from = first(from, to, n, b);
            to = first(from, to, n, b + 1);
            for (int i = from; i < to && bytes[i].length == n + 1; i++) {
                // a byte stands for itself where no token does
                if (best < 0 || bytes[best].length < n + 1 || vocab.kind(ids[best]) == Vocab.Kind.BYTE) {
                    best = i;
                }
            }
        }
        return best;
    }

    /** The first of some tokens that have {@code n} bytes in common whose next byte is this one or larger. */
    private int first(int from, int to, int n, int wanted) {
        int low = from;
        int high = to;
        while (low < high) {
            int middle = low + high >>> 1;
            if (bytes[middle].length <= n || (bytes[middle][n] & 255) < wanted) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    static TokenIndex of(Vocab vocab) {
        return KNOWN.computeIfAbsent(vocab, TokenIndex::new);
    }

    /** Control tokens have a spelling, but it is not text of the output. */
    static boolean isText(Vocab vocab, int id) {
        Vocab.Kind kind = vocab.kind(id);
        return kind != Vocab.Kind.CONTROL && kind != Vocab.Kind.UNKNOWN && kind != Vocab.Kind.UNUSED
                && vocab.bytes(id).length > 0 && !vocab.endOfGenerationIds().contains(id);
    }
}
