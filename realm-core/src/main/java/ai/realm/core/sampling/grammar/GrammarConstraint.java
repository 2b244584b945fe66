package ai.realm.core.sampling.grammar;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.Candidates;
import ai.realm.core.sampling.TokenConstraint;
import ai.realm.core.tokenizer.Vocab;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Holds an output to a grammar: a token may come when its bytes, after those so far, can still become a match; the tokens that
 * end a generation may come when the output matches. A character may be spread over tokens. The output has a store of steps of work
 * that each token fills up again, and fails when it is empty.
 */
public final class GrammarConstraint implements TokenConstraint {
    /** Some megabytes for a large vocabulary. */
    private static final int MAX_MASKS = 256;
    /** Steps that an output has for its first token, and may ever have saved up. */
    static final long MOST_WORK = 2_000_000;
    /** Steps that each further token adds. */
    static final long WORK_PER_TOKEN = 250_000;

    /** Work and characters that looking for forced text takes at most, where a step waits for it. */
    private static final long FORCED_STEPS = 1000;
    private static final int MOST_FORCED = 128;

    private final Vocab vocab;
    private final Automaton automaton;
    private final TokenIndex tokens;
    private final PositionMasks shared;
    private final Utf8Walk output;
    private final String param;
    private int masksKept;
    /** The token whose bytes are being walked, or -1. */
    private int walking = -1;
    /** Whether the stacks that are of no more use go before anything else is done. */
    private boolean crowded;
    /** What {@link Automaton#work} may come to with the token under way. */
    private long allowed = MOST_WORK;
    /** The mask of where the output stands, and what makes it. */
    private long @Nullable [] mask;
    private @Nullable MaskWork making;

    public GrammarConstraint(Grammar grammar, Vocab vocab) {
        this(grammar, vocab, "grammar");
    }

    /** @param param the request's parameter that the grammar comes from */
    public GrammarConstraint(Grammar grammar, Vocab vocab, String param) {
        this.vocab = vocab;
        this.param = param;
        this.automaton = new Automaton(grammar);
        this.tokens = TokenIndex.of(vocab);
        this.shared = grammar.masks(vocab);
        this.output = new Utf8Walk(automaton, tokens.longest, bounded(automaton::start));
    }

    /** Does work that the output's store of steps pays for. */
    private <T> T bounded(Supplier<T> what) {
        T done = bounded(Long.MAX_VALUE, what);
        if (done == null) {
            throw new IllegalStateException("work without a limit of its own was not done");
        }
        return done;
    }

    /** As {@link #bounded(Supplier)}, and null when it takes more than so many steps now. */
    private <T> @Nullable T bounded(long steps, Supplier<T> what) {
        long before = automaton.work();
        automaton.limit(allowed, steps < Long.MAX_VALUE - before ? before + steps : Long.MAX_VALUE);
        try {
            return what.get();
        } catch (PausedException e) {
            return null;
        } catch (WorkLimitException e) {
            throw RealmException.badParam(param, param + " is too much work: it may take " + MOST_WORK
                    + " steps for a token and " + WORK_PER_TOKEN + " for each of many, and this output took " + automaton.work());
        }
    }

    @Override
    public long work() {
        return automaton.work();
    }

    @Override
    public boolean isComplete() {
        return output.between(0) && output.state(0).complete();
    }

    @Override
    public @Nullable Boolean allows(int token, long steps) {
        return makesRoom(steps) ? bounded(steps, () -> canCome(token)) : null;
    }

    /**
     * Forgets stacks that are of no more use, where there are many: that takes a millisecond or so, for which no step waits.
     *
     * @return false when it is to be done in the next slice
     */
    private boolean makesRoom(long steps) {
        if (automaton.crowded() && making == null && walking < 0) {
            if (!crowded && steps < Long.MAX_VALUE) {
                crowded = true;
                return false;
            }
            crowded = false;
            output.replaceFirst(automaton.compacted(output.state(0)));
        }
        return true;
    }

    private boolean canCome(int token) {
        if (walking == token && token >= 0) {
            return continues(token);
        }
        if (vocab.endOfGenerationIds().contains(token)) {
            return isComplete() || namesToken(token);
        }
        return token >= 0 && token < vocab.size() && (namesToken(token) || TokenIndex.isText(vocab, token) && continues(token));
    }

    private boolean continues(int token) {
        byte[] bytes = vocab.bytes(token);
        int from = walking == token ? output.reached() : 0;
        walking = token;
        boolean out = output.go(from, bytes) == bytes.length && output.canGoOn(bytes.length);
        walking = -1;
        return out;
    }

    /** Whether a rule asks for this token as a whole. */
    private boolean namesToken(int token) {
        if (output.between(0)) {
            automaton.spend(output.state(0).stacks.length);
            for (int stack : output.state(0).stacks) {
                if (automaton.symbol(stack) instanceof Symbol.Token t && t.names(token, vocab)) {
                    return true;
                }
            }
        }
        return false;
    }

    @Override
    public void accept(int token) {
        allowed = Math.min(allowed + WORK_PER_TOKEN, automaton.work() + MOST_WORK);
        mask = null;
        making = null;
        walking = -1;
        bounded(() -> {
            advance(token);
            return true;
        });
    }

    private void advance(int token) {
        boolean text = token >= 0 && token < vocab.size() && TokenIndex.isText(vocab, token);
        State named = namesToken(token) ? automaton.nextToken(output.state(0), token) : null;
        if (!text) {
            if (named != null) {
                output.restart(named);
            }
            return;
        }
        byte[] bytes = vocab.bytes(token);
        if (output.go(0, bytes) == bytes.length) {
            output.moveTo(bytes.length);
            if (named != null && output.between(0)) {
                output.restart(automaton.union(output.state(0), named));
            }
        } else {
            // without a name it is not a token that was allowed: nothing matches any more
            output.restart(named != null ? named : new State(new int[0], false));
        }
    }

    @Override
    public int forced(int[] into) {
        if (!output.between(0)) {
            return 0;
        }
        byte[] text = bounded(FORCED_STEPS, this::forcedText);
        return text == null ? 0 : tokens.spell(text, vocab, into);
    }

    private byte[] forcedText() {
        StringBuilder text = new StringBuilder();
        State state = output.state(0);
        for (int c = automaton.only(state); c >= 0 && text.length() < MOST_FORCED; c = automaton.only(state)) {
            text.appendCodePoint(c);
            state = automaton.next(state, c);
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public boolean prepareMask(long steps) {
        if (mask != null) {
            return true;
        }
        if (!makesRoom(steps)) {
            return false;
        }
        State state = output.state(0);
        mask = output.between(0) ? state.mask : null;
        if (mask == null) {
            MaskWork work = making;
            if (work == null) {
                work = new MaskWork(vocab, tokens, automaton, shared, output);
                making = work;
            }
            mask = bounded(steps, work::run);
        }
        if (mask != null && output.between(0) && state.mask == null && masksKept < MAX_MASKS) {
            state.mask = mask;
            masksKept++;
        }
        return mask != null;
    }

    @Override
    public void mask(Candidates candidates) {
        candidates.allowOnly(allowed());
    }

    /** A bit for each token that may come next. Do not change. */
    public long[] allowed() {
        prepareMask(Long.MAX_VALUE);
        long[] made = mask;
        if (made == null) {
            throw new IllegalStateException("a mask without a limit was not made");
        }
        return made;
    }
}
