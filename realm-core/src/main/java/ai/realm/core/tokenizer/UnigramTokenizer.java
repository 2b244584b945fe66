package ai.realm.core.tokenizer;

import java.util.Arrays;

/**
 * SentencePiece unigram: the segmentation of the normalized text whose tokens' log-probabilities sum up highest, found by
 * dynamic programming from left to right. Source: Kudo 2018, in the form of llama.cpp (de3ff81).
 */
final class UnigramTokenizer extends PartitioningTokenizer {
    private static final double UNKNOWN_PENALTY = 10;

    private final UnigramNormalizer normalizer;
    private final Trie tokens;
    private final double unknownScore;
    private final int unknown;

    UnigramTokenizer(GgufVocab vocab, PartitionRules partition, UnigramNormalizer normalizer) {
        super(vocab, partition);
        this.normalizer = normalizer;
        tokens = new Trie(vocab.size() * 4);
        float least = Float.MAX_VALUE;
        for (int id = 0; id < vocab.size(); id++) {
            Vocab.Kind kind = vocab.kind(id);
            if (kind == Vocab.Kind.NORMAL) {
                least = Math.min(least, vocab.score(id));
            }
            if (kind == Vocab.Kind.NORMAL || kind == Vocab.Kind.USER_DEFINED || kind == Vocab.Kind.UNUSED) {
                tokens.put(vocab.text(id), id);
            }
        }
        unknownScore = (float) (least - UNKNOWN_PENALTY);
        unknown = Math.max(0, vocab.special().unknown());
    }

    @Override
    void encodePlain(SourceText source, int from, int to, IntList out) {
        byte[] text = normalizer.normalize(source, from, to);
        if (text.length == 0) {
            return;
        }
        Best best = new Best(text.length, unknown);
        int step = 0;
        for (int at = 0; at < text.length;) {
            Interruption.check(step++);
            int next = Math.min(at + SourceText.charLength(text[at]), text.length);
            boolean covered = false;
            int node = 0;
            for (int i = at; i < text.length; i++) {
                node = tokens.child(node, text[i] & 0xFF);
                if (node < 0) {
                    break;
                }
                int id = tokens.value(node);
                if (id >= 0) {
                    covered |= i + 1 == next;
                    double score = vocab().kind(id) == Vocab.Kind.USER_DEFINED ? 0 : vocab().score(id);
                    best.offer(id, at, i + 1, score);
                }
            }
            if (!covered) {
                best.offer(unknown, at, next, unknownScore);
            }
            at = next;
        }
        best.trace(out);
    }

    /** For each place in the text the token that ends there in the best segmentation up to it. */
    private static final class Best {
        private final int[] ids;
        private final int[] starts;
        private final double[] sums;
        private final int unknown;

        Best(int length, int unknown) {
            ids = new int[length + 1];
            starts = new int[length + 1];
            sums = new double[length + 1];
            this.unknown = unknown;
            Arrays.fill(ids, unknown);
            Arrays.fill(sums, -Double.MAX_VALUE);
            sums[0] = 0;
        }

        void offer(int id, int from, int to, double score) {
            double sum = sums[from] + score;
            if (sum > sums[to]) {
                ids[to] = id;
                starts[to] = from;
                sums[to] = sum;
            }
        }

        /** Unknown tokens side by side become one. */
        void trace(IntList out) {
            int before = out.size();
            boolean afterUnknown = false;
            int at = ids.length - 1;
            do {
                boolean isUnknown = ids[at] == unknown;
                if (!(afterUnknown && isUnknown)) {
                    out.add(ids[at]);
                }
                afterUnknown = isUnknown;
                at = starts[at];
            } while (at > 0);
            out.reverse(before);
        }
    }
}
