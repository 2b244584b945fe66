package ai.realm.core.sampling.grammar;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.Candidates;
import ai.realm.core.sampling.TokenConstraint;
import ai.realm.core.tokenizer.Vocab;
import java.util.function.Supplier;

/**
 * Holds an output to a grammar: a token may come when its bytes, after those so far, can still become a match; the tokens that
 * end a generation may come when the output matches. A character may be spread over tokens.
 */
public final class GrammarConstraint implements TokenConstraint {
    /** Some megabytes for a large vocabulary. */
    private static final int MAX_MASKS = 256;
    /** Steps that an output has for its first token, and may ever have saved up. */
    static final long MOST_WORK = 2_000_000;
    /** Steps that each further token adds. */
    static final long WORK_PER_TOKEN = 250_000;

    private final Vocab vocab;
    private final Automaton automaton;
    private final TokenIndex tokens;
    /** Where the walk stands after each number of bytes of a token; entry 0 is where the output stands. */
    private final State[] states;
    private final int[] partial;
    private final int[] missing;
    /** The smallest code point that a form of this length may stand for. */
    private final int[] smallest;
    private final String param;
    private int masksKept;
    /** What {@link Automaton#work} may come to with the token under way. */
    private long allowed = MOST_WORK;

    public GrammarConstraint(Grammar grammar, Vocab vocab) {
        this(grammar, vocab, "grammar");
    }

    /** @param param the request's parameter that the grammar comes from */
    public GrammarConstraint(Grammar grammar, Vocab vocab, String param) {
        this.vocab = vocab;
        this.param = param;
        this.automaton = new Automaton(grammar);
        this.tokens = TokenIndex.of(vocab);
        this.states = new State[tokens.longest + 1];
        this.partial = new int[tokens.longest + 1];
        this.missing = new int[tokens.longest + 1];
        this.smallest = new int[tokens.longest + 1];
        states[0] = bounded(automaton::start);
    }

    /** Does work that the output's store of steps pays for. */
    private <T> T bounded(Supplier<T> what) {
        automaton.limit(allowed);
        try {
            return what.get();
        } catch (WorkLimitException e) {
            throw RealmException.badParam(param, param + " is too much work: it may take " + MOST_WORK
                    + " steps for a token and " + WORK_PER_TOKEN + " for each of many, and this output took "
                    + automaton.work());
        }
    }

    @Override
    public long work() {
        return automaton.work();
    }

    @Override
    public boolean isComplete() {
        return states[0].complete() && missing[0] == 0;
    }

    @Override
    public boolean allows(int token) {
        return bounded(() -> canCome(token));
    }

    private boolean canCome(int token) {
        if (vocab.endOfGenerationIds().contains(token)) {
            return isComplete() || namesToken(token);
        }
        return token >= 0 && token < vocab.size()
                && (namesToken(token)
                        || TokenIndex.isText(vocab, token) && walk(vocab.bytes(token)) && canGoOn(vocab.bytes(token).length));
    }

    /** Whether a rule asks for this token as a whole; "any but" never means the end of the generation. */
    private boolean namesToken(int token) {
        if (missing[0] == 0) {
            automaton.spend(states[0].stacks.length);
            for (int stack : states[0].stacks) {
                if (automaton.symbol(stack) instanceof Symbol.Token t && names(t, token)) {
                    return true;
                }
            }
        }
        return false;
    }

    private boolean names(Symbol.Token t, int token) {
        return t.negated() ? t.id() != token && !vocab.endOfGenerationIds().contains(token) : t.id() == token;
    }

    @Override
    public void accept(int token) {
        allowed = Math.min(allowed + WORK_PER_TOKEN, automaton.work() + MOST_WORK);
        bounded(() -> {
            advance(token);
            return true;
        });
    }

    private void advance(int token) {
        boolean text = token >= 0 && token < vocab.size() && TokenIndex.isText(vocab, token);
        State named = namesToken(token) ? automaton.nextToken(states[0], token) : null;
        if (!text) {
            if (named != null) {
                states[0] = named;
            }
            return;
        }
        byte[] bytes = vocab.bytes(token);
        if (walk(bytes)) {
            states[0] = states[bytes.length];
            partial[0] = partial[bytes.length];
            missing[0] = missing[bytes.length];
            smallest[0] = smallest[bytes.length];
            if (named != null && missing[0] == 0) {
                states[0] = automaton.union(states[0], named);
            }
        } else if (named != null) {
            states[0] = named;
        } else {
            // not a token that was allowed: nothing matches any more
            states[0] = new State(new int[0], false);
            missing[0] = 0;
        }
    }

    @Override
    public void mask(Candidates candidates) {
        long[] mask = missing[0] == 0 ? states[0].mask : null;
        if (mask == null) {
            mask = bounded(this::computeMask);
            if (missing[0] == 0 && masksKept < MAX_MASKS) {
                states[0].mask = mask;
                masksKept++;
            }
        }
        candidates.allowOnly(mask);
    }

    private long[] computeMask() {
        long[] mask = new long[(vocab.size() + 63) / 64];
        int deadFrom = Integer.MAX_VALUE;
        for (int i = 0; i < tokens.ids.length; i++) {
            int from = tokens.common[i];
            if (from >= deadFrom) {
                continue;
            }
            deadFrom = Integer.MAX_VALUE;
            byte[] bytes = tokens.bytes[i];
            int at = from;
            while (at < bytes.length && step(at, bytes[at])) {
                at++;
            }
            if (at < bytes.length) {
                // every token that shares these bytes fails too
                deadFrom = at + 1;
            } else if (canGoOn(at)) {
                mask[tokens.ids[i] >> 6] |= 1L << tokens.ids[i];
            }
        }
        addNamed(mask);
        if (isComplete()) {
            for (int id : vocab.endOfGenerationIds()) {
                mask[id >> 6] |= 1L << id;
            }
        }
        return mask;
    }

    private void addNamed(long[] mask) {
        if (missing[0] != 0) {
            return;
        }
        for (int stack : states[0].stacks) {
            if (automaton.symbol(stack) instanceof Symbol.Token t) {
                automaton.spend(t.negated() ? vocab.size() : 1);
                for (int id = t.negated() ? 0 : t.id(); id <= (t.negated() ? vocab.size() - 1 : t.id()); id++) {
                    if (names(t, id)) {
                        mask[id >> 6] |= 1L << id;
                    }
                }
            }
        }
    }

    private boolean walk(byte[] bytes) {
        for (int at = 0; at < bytes.length; at++) {
            if (!step(at, bytes[at])) {
                return false;
            }
        }
        return true;
    }

    /** Goes from entry {@code at} to the next by one byte; false at a dead end. */
    private boolean step(int at, byte raw) {
        automaton.spend(1);
        int b = raw & 255;
        if (missing[at] == 0) {
            int length = b < 0x80 ? 0 : b >= 0xC2 && b < 0xE0 ? 1 : b >= 0xE0 && b < 0xF0 ? 2 : b >= 0xF0 && b < 0xF5 ? 3 : -1;
            if (length < 0) {
                return false;
            }
            smallest[at + 1] = length == 3 ? 0x10000 : length == 2 ? 0x800 : 0;
            return length == 0 ? advance(at, b) : pause(at, b & (0x3F >> length), length);
        }
        if ((b & 0xC0) != 0x80) {
            return false;
        }
        int value = partial[at] << 6 | b & 0x3F;
        smallest[at + 1] = smallest[at];
        return missing[at] > 1 ? pause(at, value, missing[at] - 1) : advance(at, value);
    }

    private boolean pause(int at, int value, int stillMissing) {
        states[at + 1] = states[at];
        partial[at + 1] = value;
        missing[at + 1] = stillMissing;
        return true;
    }

    private boolean advance(int at, int codePoint) {
        boolean surrogate = codePoint >= 0xD800 && codePoint < 0xE000;
        if (surrogate || codePoint < smallest[at + 1] || codePoint > Character.MAX_CODE_POINT) {
            return false;
        }
        State next = automaton.next(states[at], codePoint);
        states[at + 1] = next;
        partial[at + 1] = 0;
        missing[at + 1] = 0;
        return !next.dead();
    }

    /** Whether an unfinished character at this entry can become one that is wanted. */
    private boolean canGoOn(int at) {
        if (missing[at] == 0) {
            return true;
        }
        automaton.spend(states[at].stacks.length);
        int shift = 6 * missing[at];
        int first = partial[at] << shift;
        int low = Math.max(first, smallest[at]);
        int high = Math.min(first | (1 << shift) - 1, Character.MAX_CODE_POINT);
        for (int stack : states[at].stacks) {
            if (low <= high && automaton.symbol(stack) instanceof Symbol.Char c && c.set().intersects(low, high)) {
                return true;
            }
        }
        return false;
    }
}
