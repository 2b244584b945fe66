package ai.realm.core.tokenizer;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Finds the special tokens in a text: longer spellings first wherever they stand, then from left to right, as llama.cpp
 * (de3ff81) cuts them out one after the other. Never across a marker. Immutable.
 */
final class SpecialMatcher {
    /** Bytes {@code [from, to)} of the text become token {@code id}; stripped white space counts as part of it. */
    record Match(int id, int from, int to) {}

    private final GgufVocab vocab;
    private final Trie always = new Trie(64);
    private final Trie all = new Trie(64);
    /** Ids by rank: longest first, then by id. */
    private final int[] byRank;

    SpecialMatcher(GgufVocab vocab) {
        this.vocab = vocab;
        List<Integer> ids = new ArrayList<>();
        for (int id = 0; id < vocab.size(); id++) {
            if (vocab.isSpecial(id)) {
                ids.add(id);
            }
        }
        ids.sort(Comparator.comparingInt(id -> -vocab.text(id).length));
        byRank = ids.stream().mapToInt(Integer::intValue).toArray();
        for (int rank = 0; rank < byRank.length; rank++) {
            byte[] text = vocab.text(byRank[rank]);
            all.put(text, rank);
            if (!vocab.isHidden(byRank[rank])) {
                always.put(text, rank);
            }
        }
    }

    /** The matches in the order of the text. */
    List<Match> matches(SourceText source, boolean parseSpecial) {
        Trie trie = parseSpecial ? all : always;
        if (trie.isEmpty()) {
            return List.of();
        }
        PriorityQueue<Long> candidates = new PriorityQueue<>();
        for (int at = 0; at < source.length(); at++) {
            Interruption.check(at);
            offer(trie, source, at, source.length(), candidates);
        }
        if (candidates.isEmpty()) {
            return List.of();
        }
        BitSet taken = new BitSet(source.length());
        List<Match> found = new ArrayList<>();
        for (int step = 0; !candidates.isEmpty(); step++) {
            Interruption.check(step);
            long candidate = candidates.remove();
            int at = (int) candidate;
            int id = byRank[(int) (candidate >> 32)];
            if (taken.get(at)) {
                continue;
            }
            int end = at + vocab.text(id).length;
            int clash = at;
            while (clash < end && !taken.get(clash)) {
                clash++;
            }
            if (clash < end) {
                offer(trie, source, at, clash, candidates);
            } else {
                found.add(take(source, id, at, end, taken));
            }
        }
        found.sort(Comparator.comparingInt(Match::from));
        return found;
    }

    /** Adds the longest spelling at {@code at} that ends at or before {@code limit}. */
    private static void offer(Trie trie, SourceText source, int at, int limit, PriorityQueue<Long> candidates) {
        byte[] text = source.utf8();
        int node = 0;
        int best = Trie.NONE;
        for (int i = at; i < limit; i++) {
            node = trie.child(node, text[i] & 0xFF);
            if (node < 0) {
                break;
            }
            if (trie.value(node) >= 0 && !source.barrierInside(at, i + 1)) {
                best = trie.value(node);
            }
        }
        if (best >= 0) {
            candidates.add((long) best << 32 | at);
        }
    }

    private Match take(SourceText source, int id, int from, int to, BitSet taken) {
        byte[] text = source.utf8();
        if (vocab.stripsLeft(id)) {
            while (from > 0 && !taken.get(from - 1) && UnicodeClasses.isAsciiSpace(text[from - 1])) {
                from--;
            }
        }
        if (vocab.stripsRight(id)) {
            while (to < text.length && !taken.get(to) && UnicodeClasses.isAsciiSpace(text[to])) {
                to++;
            }
        }
        taken.set(from, to);
        return new Match(id, from, to);
    }
}
