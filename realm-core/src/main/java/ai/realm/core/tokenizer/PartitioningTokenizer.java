package ai.realm.core.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * A tokenizer that first takes the special tokens out of a text and then encodes what is left between them, each family in its
 * own way.
 */
abstract class PartitioningTokenizer implements Tokenizer {
    /**
     * What the families share.
     *
     * @param spacePrefix whether the space that encoding puts before a text is taken away in detokenizing
     * @param cleanSpaces whether detokenizing a whole text takes spaces before punctuation away
     * @param firstId the id that begins every text that special tokens are added to, or -1
     * @param lastId the id that ends every text that special tokens are added to, or -1
     */
    record PartitionRules(boolean spacePrefix, boolean cleanSpaces, int firstId, int lastId) {}

    private final GgufVocab vocab;
    private final PartitionRules rules;
    private final SpecialMatcher matcher;

    PartitioningTokenizer(GgufVocab vocab, PartitionRules rules) {
        this.vocab = vocab;
        this.rules = rules;
        this.matcher = new SpecialMatcher(vocab);
    }

    /** Encodes {@code [from, to)} of a text, which holds no special tokens: what stands before it is one, or nothing. */
    abstract void encodePlain(SourceText source, int from, int to, IntList out);

    @Override
    public final GgufVocab vocab() {
        return vocab;
    }

    @Override
    public final int[] encode(String text, boolean addSpecial, boolean parseSpecial) {
        SourceText source = SourceText.of(text);
        IntList out = new IntList(text.length() / 3 + 4);
        if (addSpecial && rules.firstId() >= 0) {
            out.add(rules.firstId());
        }
        int at = 0;
        for (SpecialMatcher.Match m : matcher.matches(source, parseSpecial)) {
            if (m.from() > at) {
                encodePlain(source, at, m.from(), out);
            }
            out.add(m.id());
            at = m.to();
        }
        if (at < source.length()) {
            encodePlain(source, at, source.length(), out);
        }
        if (addSpecial && rules.lastId() >= 0) {
            out.add(rules.lastId());
        }
        return out.toArray();
    }

    @Override
    public final Detokenizer detokenizer(boolean showSpecial) {
        return new Utf8Detokenizer(vocab, showSpecial, Set.of());
    }

    @Override
    public final Detokenizer detokenizer(Set<Integer> shown) {
        return new Utf8Detokenizer(vocab, false, shown);
    }

    @Override
    public final byte[] detokenize(int[] ids, boolean showSpecial, boolean dropAdded) {
        int from = 0;
        int to = ids.length;
        boolean dropSpace = rules.spacePrefix();
        if (dropAdded && vocab.addsBos() && to > 0 && ids[0] == vocab.bosId()) {
            from = 1;
            dropSpace = false;
        }
        if (dropAdded && vocab.special().addsEos() && to > from && ids[to - 1] == vocab.eosId()) {
            to--;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = from; i < to; i++) {
            byte[] piece = vocab.bytes(ids[i]);
            if (showSpecial || !vocab.isHidden(ids[i])) {
                int skip = dropSpace && i == from && piece.length > 0 && piece[0] == ' ' ? 1 : 0;
                out.write(piece, skip, piece.length - skip);
            }
        }
        return rules.cleanSpaces() ? SpaceCleaner.clean(out.toByteArray()) : out.toByteArray();
    }

    @Override
    public final boolean cleansSpaces() {
        return rules.cleanSpaces();
    }

    @Override
    public String toString() {
        return getClass().getSimpleName() + "[" + vocab.size() + " tokens, first "
                + new String(vocab.text(0), StandardCharsets.UTF_8) + "]";
    }
}
