package ai.realm.core.sampling;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.grammar.Grammar;
import ai.realm.core.sampling.grammar.GrammarConstraint;
import ai.realm.core.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Samples for a sequence whose owner masks, biases, switches grammars on and off, and goes back. Penalties and the grammar follow every
 * change of the tokens: after going back they are as if the forgotten tokens had never been. One thread at a time.
 */
public final class SteeredSampler {
    private final SamplingParams params;
    private final int vocabSize;
    private final Tokenizer tokenizer;
    private final SteeringStage steering = new SteeringStage();
    /** Which grammar holds from which length on; the last one is in force. */
    private final List<Switch> switches = new ArrayList<>();
    private long seed;
    private @Nullable Sampler chain;
    private @Nullable GrammarConstraint constraint;
    private long workBefore;
    private volatile long work;

    private record Switch(int length, @Nullable Grammar grammar) {}

    /** @param params with a seed */
    public SteeredSampler(SamplingParams params, int vocabSize, Tokenizer tokenizer) {
        this.params = params;
        this.vocabSize = vocabSize;
        this.tokenizer = tokenizer;
        Long given = params.seed();
        if (given == null) {
            throw new IllegalArgumentException("a sampler that forks needs a seed");
        }
        this.seed = given;
    }

    /** One for a fork: with the same grammars, mask and biases, and a random stream of its own. */
    public SteeredSampler fork(long ownSeed) {
        SteeredSampler other = new SteeredSampler(params.toBuilder().seed(ownSeed).build(), vocabSize, tokenizer);
        other.switches.addAll(switches);
        steering.copyTo(other.steering);
        return other;
    }

    /** Masks what comes next; see {@link SteeringStage#mask}. */
    public void mask(long @Nullable [] bits, boolean forOne) {
        steering.mask(bits, forOne);
        restart();
    }

    /** Adds to the logits of these tokens, until it is changed. */
    public void bias(int[] tokens, float[] values) {
        steering.bias(tokens, values);
        restart();
    }

    private void restart() {
        if (chain != null) {
            chain.restart();
        }
    }

    /** From the end of {@code length} tokens on, what comes is held to a grammar; null for none. */
    public void grammar(int length, @Nullable Grammar grammar) {
        switches.removeIf(s -> s.length() >= length);
        switches.add(new Switch(length, grammar));
        reset();
    }

    /** The tokens behind the first {@code length} never were. */
    public void rollback(int length) {
        switches.removeIf(s -> s.length() > length);
        // what comes now is not what came before
        seed = seed * 0x5DEECE66DL + 0xBL;
        reset();
    }

    /** What was accepted and did not come to be is forgotten. */
    public void reset() {
        workBefore = work;
        chain = null;
        constraint = null;
    }

    /** Brings it to where its sequence stands; to be called before it samples. */
    public void prepare(int[] tokens, int length) {
        if (chain != null) {
            return;
        }
        Switch last = switches.isEmpty() ? null : switches.getLast();
        Grammar grammar = last == null ? null : last.grammar();
        GrammarConstraint held = grammar == null ? null : new GrammarConstraint(grammar, tokenizer.vocab());
        chain = Samplers.create(params.toBuilder().seed(seed).build(), vocabSize, Arrays.copyOf(tokens, length),
                tokenizer.vocab(),
                tokenizer, held, steering);
        constraint = held;
        if (held != null && last != null) {
            for (int i = last.length(); i < length; i++) {
                held.accept(tokens[i]);
            }
        }
        count();
    }

    private Sampler chain() {
        if (chain == null) {
            throw new IllegalStateException("prepare comes first");
        }
        return chain;
    }

    private void count() {
        work = workBefore + (constraint == null ? 0 : constraint.work());
    }

    /** Whether the grammar in force lets this token come next. */
    public boolean allows(int token) {
        chain();
        boolean allowed = constraint == null || constraint.allows(token);
        count();
        return allowed;
    }

    /** Writes a bit for each token that grammar and mask let come next. */
    public void allowed(long[] into) {
        chain();
        Arrays.fill(into, -1);
        and(into, constraint == null ? null : constraint.allowed());
        and(into, steering.mask());
        if (vocabSize % 64 != 0) {
            into[vocabSize / 64] &= (1L << vocabSize % 64) - 1;
        }
        count();
    }

    private static void and(long[] into, long @Nullable [] bits) {
        if (bits != null) {
            for (int i = 0; i < into.length; i++) {
                into[i] &= i < bits.length ? bits[i] : 0;
            }
        }
    }

    int sample(float[] logits, int offset, int cols, long steps) {
        try {
            return chain().sample(logits, offset, cols, steps);
        } catch (RealmException e) {
            if (steering.masks() && e.code() == ErrorCode.INTERNAL) {
                throw RealmException.badParam("mask", "the mask leaves no token that could come next");
            }
            throw e;
        } finally {
            count();
        }
    }

    /** A token of the output, chosen or spliced in, follows. */
    public void accept(int token, boolean chosen) {
        if (chain != null) {
            chain.accept(token);
            count();
        }
        if (chosen) {
            steering.chosen();
        }
    }

    @Nullable
    TokenLogProbs lastLogProbs() {
        return chain().lastLogProbs();
    }

    /** Steps of work that grammars have taken. Any thread. */
    long work() {
        return work;
    }
}
