package ai.realm.core.sampling.grammar;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Finds out which of a vocabulary's tokens a walk can go over, in the order of their bytes, everything below a dead end in one, and
 * everything below a place where all of it is wanted. Can be stopped by the automaton at any byte and goes on there when it is run again.
 * One thread.
 */
final class TokenWalk {
    private final TokenIndex tokens;
    private final TokenTrie trie;
    private final Automaton automaton;
    private final Utf8Walk walk;
    /** Indices of the tokens to look at, rising, or null for all. */
    private final int @Nullable [] chosen;
    private final long[] mask;
    private final int end;
    /** The node to look at, and the first chosen token that is not before it. */
    private int next;
    private int nextChosen;
    private int[] open = new int[16];
    private int openCount;

    private TokenWalk(TokenIndex tokens, Automaton automaton, Utf8Walk walk, long[] mask, int @Nullable [] chosen, int from,
            int end) {
        this.tokens = tokens;
        this.trie = tokens.trie;
        this.automaton = automaton;
        this.walk = walk;
        this.mask = mask;
        this.chosen = chosen;
        this.next = from;
        this.end = end;
    }

    /** Over the tokens that begin with the bytes of one to another node at the top of the tree. */
    static TokenWalk all(TokenIndex tokens, Automaton automaton, Utf8Walk walk, long[] mask, int from, int end) {
        return new TokenWalk(tokens, automaton, walk, mask, null, from, end);
    }

    /** Over some tokens, by their rising indices. */
    static TokenWalk some(TokenIndex tokens, Automaton automaton, Utf8Walk walk, long[] mask, int[] chosen) {
        return new TokenWalk(tokens, automaton, walk, mask, chosen, 0, tokens.trie.size());
    }

    /** Goes to the end, or as far as the automaton's limits allow, which comes out as an exception. */
    void run() {
        while (next < end) {
            automaton.pause();
            next = chosen != null && !hasChosen(chosen) ? trie.end[next] : look();
        }
    }

    /** Whether any chosen token is at a node or below it. */
    private boolean hasChosen(int[] tokens) {
        automaton.spend(1);
        while (nextChosen < tokens.length && tokens[nextChosen] < trie.first[next]) {
            nextChosen++;
        }
        return nextChosen < tokens.length && tokens[nextChosen] < trie.first[trie.end[next]];
    }

    /** Looks at one node; the one to look at after it. */
    private int look() {
        int node = next;
        int at = trie.depth[node];
        if (!walk.step(at, trie.bytes[node])) {
            automaton.spend(1);
            if (walk.left(at)) {
                addOpen(trie.first[node], trie.first[trie.end[node]]);
            }
            return trie.end[node];
        }
        int own = trie.first[node];
        int after = trie.first[node + 1];
        boolean can = walk.canGoOn(at + 1);
        TokenTrie.Characters below = trie.below(node);
        boolean all = below != null && walk.takesAll(at + 1, below);
        // from here on nothing pauses, so that nothing is done or counted twice
        automaton.spend(1);
        if (can) {
            allow(own, all ? trie.first[trie.end[node]] : after);
        } else if (walk.left(at + 1)) {
            addOpen(own, after);
        }
        return all ? trie.end[node] : node + 1;
    }

    private void allow(int from, int to) {
        if (chosen == null) {
            for (int i = from; i < to; i++) {
                int id = tokens.ids[i];
                mask[id >> 6] |= 1L << id;
            }
            return;
        }
        for (int i = nextChosen; i < chosen.length && chosen[i] < to; i++) {
            if (chosen[i] >= from) {
                int id = tokens.ids[chosen[i]];
                mask[id >> 6] |= 1L << id;
            }
        }
    }

    private void addOpen(int from, int to) {
        if (openCount + to - from > open.length) {
            open = Arrays.copyOf(open, Math.max(2 * openCount, openCount + to - from));
        }
        for (int i = from; i < to; i++) {
            open[openCount++] = i;
        }
    }

    /** Indices of the tokens that fail where the walk had been complete before: what comes after may take them. */
    int[] open() {
        return Arrays.copyOf(open, openCount);
    }
}
