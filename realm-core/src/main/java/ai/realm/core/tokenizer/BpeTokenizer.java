package ai.realm.core.tokenizer;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Byte-pair encoding with a pre-tokenizer: bytes (or, in some vocabularies, characters) of a word are joined by the list of
 * merges. Source: Sennrich et al. 2016; GPT-2's byte-level form.
 */
final class BpeTokenizer extends PartitioningTokenizer {
    private static final int CACHE_SLOTS = 1 << 13;
    private static final int LONGEST_CACHED = 64;
    private static final int NOTHING = -1;

    private final PreTokenizers.Rules rules;
    private final BpeMerges merges;
    private final int[] byteSymbols = new int[256];
    private final int[] fallback = new int[256];
    /** Words and their ids, whoever came last; entries are immutable, so a race costs a repeated computation at most. */
    private final @Nullable Cached[] cache = new Cached[CACHE_SLOTS];

    private record Cached(byte[] word, int[] ids) {}

    BpeTokenizer(GgufVocab vocab, PartitionRules partition, PreTokenizers.Rules rules, BpeMerges merges) {
        super(vocab, partition);
        this.rules = rules;
        this.merges = merges;
        for (int b = 0; b < 256; b++) {
            byteSymbols[b] = rules.byteEncoded() ? merges.intern(Pieces.textOfByte(b)) : NOTHING;
            fallback[b] = vocab.table().find(rules.byteEncoded() ? new byte[]{(byte) b} : Pieces.fallbackOfByte(b));
        }
    }

    @Override
    void encodePlain(SourceText source, int from, int to, IntList out) {
        SourceText text = source;
        if (rules.escapeSpaces()) {
            text = source.escaped(from, to, false);
            from = 0;
            to = text.length();
        }
        CodePoints points = new CodePoints(text.utf8(), from, to);
        IntList ends = rules.splitter().split(points);
        Words words = new Words(text, out);
        int start = from;
        for (int w = 0; w < ends.size(); w++) {
            int end = points.offset(ends.get(w));
            Interruption.check(w);
            words.encode(start, end);
            start = end;
        }
    }

    /** Encodes the words of one text, one after the other. */
    private final class Words extends MergeLoop {
        private final SourceText source;
        private final byte[] text;
        private final IntList out;
        /** Whether a marker stands in the word at hand, so that special tokens must not come out of it. */
        private boolean guarded;

        Words(SourceText source, IntList out) {
            this.source = source;
            this.text = source.utf8();
            this.out = out;
        }

        void encode(int from, int to) {
            guarded = source.barrierInside(from, to);
            if (guarded || to - from > LONGEST_CACHED) {
                encodeAnew(from, to);
                return;
            }
            int slot = hash(from, to) & CACHE_SLOTS - 1;
            Cached cached = cache[slot];
            if (cached != null && Arrays.equals(cached.word, 0, cached.word.length, text, from, to)) {
                out.addAll(cached.ids);
                return;
            }
            int before = out.size();
            encodeAnew(from, to);
            cache[slot] = new Cached(Arrays.copyOfRange(text, from, to), out.toArray(before));
        }

        private void encodeAnew(int from, int to) {
            if (rules.wholeWords()) {
                int whole = wholeWord(from, to);
                if (whole >= 0 && mayBecome(whole, from, to)) {
                    out.add(whole);
                    return;
                }
            }
            clear();
            for (int i = from; i < to;) {
                int length = rules.byteEncoded() ? 1 : Math.min(SourceText.charLength(text[i]), to - i);
                add(rules.byteEncoded() ? byteSymbols[text[i] & 0xFF] : merges.find(text, i, i + length), i, i + length);
                i += length;
            }
            run();
            for (int i = 0; i >= 0 && !isEmpty(); i = after(i)) {
                emit(symbol(i), start(i), end(i));
            }
        }

        private int wholeWord(int from, int to) {
            if (!rules.byteEncoded()) {
                return vocab().table().find(text, from, to);
            }
            if (to - from > vocab().table().longest()) {
                return NOTHING;
            }
            byte[] encoded = new byte[2 * (to - from)];
            int at = 0;
            for (int i = from; i < to; i++) {
                for (byte b : merges.text(byteSymbols[text[i] & 0xFF])) {
                    encoded[at++] = b;
                }
            }
            return vocab().table().find(encoded, 0, at);
        }

        private void emit(int symbol, int from, int to) {
            if (symbol >= 0 && symbol < vocab().size()) {
                out.add(symbol);
                return;
            }
            byte[] bytes = rules.byteEncoded() ? merges.text(symbol) : Arrays.copyOfRange(text, from, to);
            for (byte b : bytes) {
                int id = fallback[b & 0xFF];
                if (id >= 0) {
                    out.add(id);
                }
            }
        }

        @Override
        int priority(int left, int right, int from, int to) {
            long merge = merges.merge(left, right);
            return merge == LongMap.NONE || !mayBecome((int) merge, from, to) ? NEVER : (int) (merge >> 32);
        }

        @Override
        int joined(int left, int right, int from, int to) {
            return (int) merges.merge(left, right);
        }

        private boolean mayBecome(int symbol, int from, int to) {
            return !guarded || symbol >= vocab().size() || !vocab().isSpecial(symbol) || !source.barrierInside(from, to);
        }

        private int hash(int from, int to) {
            int h = 0;
            for (int i = from; i < to; i++) {
                h = 31 * h + text[i];
            }
            return h ^ h >>> 15;
        }
    }
}
