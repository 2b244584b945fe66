package ai.realm.core.sampling.grammar;

import ai.realm.core.tokenizer.Vocab;
import java.util.BitSet;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes the mask of where an output stands: the masks of the places that its stacks are at, put together, and a walk over those
 * tokens alone that depend on more. Can be stopped by the automaton at any step, and goes on there when it is run again; nothing may move
 * the output between. One thread.
 */
final class MaskWork {
    private static final int WORDS_A_STEP = 8;

    private final Vocab vocab;
    private final TokenIndex tokens;
    private final Automaton automaton;
    private final PositionMasks shared;
    private final Utf8Walk output;
    private final long[] mask;
    private final BitSet open = new BitSet();
    private int stack;
    private final Set<Long> added = new HashSet<>();
    private long @Nullable [] placeMask;
    private @Nullable TokenWalk place;
    private @Nullable TokenWalk rest;

    MaskWork(Vocab vocab, TokenIndex tokens, Automaton automaton, PositionMasks shared, Utf8Walk output) {
        this.vocab = vocab;
        this.tokens = tokens;
        this.automaton = automaton;
        this.shared = shared;
        this.output = output;
        this.mask = new long[(vocab.size() + 63) / 64];
    }

    /** The mask; or as far as the automaton's limits allow, which comes out as an exception. */
    long[] run() {
        State state = output.state(0);
        if (output.between(0)) {
            for (; stack < state.stacks.length; stack++) {
                automaton.pause();
                add(state.stacks[stack]);
            }
        }
        TokenWalk walk = rest;
        if (walk == null) {
            walk = output.between(0)
                    ? TokenWalk.some(tokens, automaton, output.fork(), mask, undecided())
                    : withinCharacter();
            rest = walk;
        }
        walk.run();
        if (output.between(0)) {
            addNamed(state);
        }
        return mask;
    }

    /** An unfinished character goes on with bytes that no character begins with. */
    private TokenWalk withinCharacter() {
        return TokenWalk.all(tokens, automaton, output.fork(), mask, tokens.trie.firstFrom(0x80), tokens.trie.firstFrom(0xC0));
    }

    private void add(int top) {
        if (!(automaton.symbol(top) instanceof Symbol.Char)) {
            return;
        }
        long place = automaton.place(top, tokens.longest);
        if (added.contains(place)) {
            return;
        }
        PositionMasks.Mask m = shared.get(place);
        if (m == null) {
            m = find(place, top);
        }
        automaton.spend(1 + mask.length / WORDS_A_STEP);
        for (int i = 0; i < mask.length; i++) {
            mask[i] |= m.allowed()[i];
        }
        for (int token : m.open()) {
            open.set(token);
        }
        added.add(place);
    }

    private PositionMasks.Mask find(long number, int top) {
        TokenWalk walk = place;
        long[] found = placeMask;
        if (walk == null || found == null) {
            found = new long[mask.length];
            walk = TokenWalk.all(tokens, automaton,
                    new Utf8Walk(automaton, tokens.longest, automaton.local(top, tokens.longest)), found, 0, tokens.trie.size());
            place = walk;
            placeMask = found;
        }
        walk.run();
        PositionMasks.Mask m = new PositionMasks.Mask(found, walk.open());
        shared.put(number, m);
        place = null;
        return m;
    }

    /** The tokens that some place left open and none allowed. */
    private int[] undecided() {
        int[] out = open.stream().filter(t -> (mask[tokens.ids[t] >> 6] >> tokens.ids[t] & 1) == 0).toArray();
        automaton.spend(open.cardinality());
        return out;
    }

    private void addNamed(State state) {
        if (state.complete()) {
            for (int id : vocab.endOfGenerationIds()) {
                mask[id >> 6] |= 1L << id;
            }
        }
        for (int top : state.stacks) {
            if (automaton.symbol(top) instanceof Symbol.Token t) {
                addNamed(t);
            }
        }
    }

    private void addNamed(Symbol.Token t) {
        automaton.spend(t.negated() ? vocab.size() : 1);
        for (int id = t.negated() ? 0 : t.id(); id <= (t.negated() ? vocab.size() - 1 : t.id()); id++) {
            if (t.names(id, vocab)) {
                mask[id >> 6] |= 1L << id;
            }
        }
    }
}
