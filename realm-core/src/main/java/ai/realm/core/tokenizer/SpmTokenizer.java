package ai.realm.core.tokenizer;

/**
 * SentencePiece BPE: characters are joined into the token of the highest score, and what no token stands for is written as its
 * bytes. Source: Kudo and Richardson 2018, in the form of llama.cpp (de3ff81).
 */
final class SpmTokenizer extends PartitioningTokenizer {
    private final boolean spacePrefix;
    private final int[] fallback = new int[256];

    SpmTokenizer(GgufVocab vocab, PartitionRules partition) {
        super(vocab, partition);
        spacePrefix = partition.spacePrefix();
        for (int b = 0; b < 256; b++) {
            int id = vocab.table().find(Pieces.fallbackOfByte(b));
            id = id >= 0 ? id : vocab.table().find(new byte[]{(byte) b});
            fallback[b] = id >= 0 ? id : vocab.special().unknown();
        }
    }

    @Override
    void encodePlain(SourceText source, int from, int to, IntList out) {
        SourceText text = source.escaped(from, to, spacePrefix);
        byte[] utf8 = text.utf8();
        Pairs pairs = new Pairs(text);
        for (int i = 0; i < utf8.length;) {
            int end = Math.min(i + SourceText.charLength(utf8[i]), utf8.length);
            pairs.add(vocab().table().find(utf8, i, end), i, end);
            i = end;
        }
        pairs.run();
        for (int i = 0; i >= 0 && !pairs.isEmpty(); i = pairs.after(i)) {
            emit(pairs, i, utf8, out);
        }
    }

    private void emit(Pairs pairs, int i, byte[] utf8, IntList out) {
        if (pairs.symbol(i) >= 0) {
            out.add(pairs.symbol(i));
            return;
        }
        for (int at = pairs.start(i); at < pairs.end(i); at++) {
            int id = fallback[utf8[at] & 0xFF];
            if (id >= 0) {
                out.add(id);
            }
        }
    }

    /** Two neighbours join when their common text is a token; the symbol of a text is its token, or -1. */
    private final class Pairs extends MergeLoop {
        private final SourceText text;

        Pairs(SourceText text) {
            this.text = text;
        }

        @Override
        int priority(int left, int right, int from, int to) {
            int id = vocab().table().find(text.utf8(), from, to);
            if (id < 0 || text.hasBarriers() && vocab().isSpecial(id) && text.barrierInside(from, to)) {
                return NEVER;
            }
            int bits = Float.floatToIntBits(vocab().score(id) + 0f);
            int ascending = bits ^ bits >> 31 & 0x7FFFFFFF;
            return Math.min(~ascending, NEVER - 1);
        }

        @Override
        int joined(int left, int right, int from, int to) {
            return vocab().table().find(text.utf8(), from, to);
        }
    }
}
