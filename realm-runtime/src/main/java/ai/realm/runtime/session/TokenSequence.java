package ai.realm.runtime.session;

import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.core.sampling.grammar.Grammar;
import org.jspecify.annotations.Nullable;

/**
 * A sequence of tokens that its owner steers: gives tokens, lets the model go on, goes back, forks. While nothing is asked of it, it
 * rests: it has no part in steps, and its memory is anybody's who needs it. One thread, the one that opened it; the waits end with the
 * request. What changes a sequence that generates stops it first, where it is.
 *
 * <p>Every method throws {@link ai.realm.core.error.RealmException}: why the sequence has failed, after which nothing can be done with
 * it, or INVALID_REQUEST for what cannot be, after which all is as before.
 */
public interface TokenSequence extends AutoCloseable {
    /** What a sequence does. */
    enum State {
        RESTING,
        GENERATING,
        /** It stopped at a token that ends an output, which is not part of it. */
        END,
        /** It stopped at the number of tokens that it was to generate. */
        LENGTH
    }

    int vocabSize();

    /** Tokens, those that were generated and not taken included. */
    int length();

    /** @param position below {@link #length} */
    int token(int position);

    /** How often tokens were taken back. */
    int rollbacks();

    /** Tokens that it can still take, fed or generated. */
    int room();

    /** Adds tokens: where a grammar is in force, those that it lets come. */
    void feed(int[] ids) throws InterruptedException;

    /**
     * Lets the model go on by itself.
     *
     * @param eachStep whether it waits after each token until {@link #goOn}
     */
    void start(int maxTokens, boolean eachStep) throws InterruptedException;

    /** After a token of one that was started so: the next is chosen as things stand now. */
    void goOn() throws InterruptedException;

    /** The next token that was generated and not taken, or null; does not wait. */
    @Nullable
    TokenLogProbs poll();

    /** The token that {@link #poll} would give, or null; does not wait, nor look for new ones. */
    @Nullable
    TokenLogProbs peek();

    /** Tokens that came and were not taken; does not look for new ones. */
    int untaken();

    /** Whether the owner's thread is unparked when a token comes, or it stops. To be set before what is waited for is looked at. */
    void watch(boolean now);

    /** What it does; does not wait. Tokens may be left to take. */
    State state();

    /** The tokens that are likeliest to come next. */
    TokenLogProbs top(int k) throws InterruptedException;

    /** The log-probability of each of these if they came next. */
    float[] score(int[] ids) throws InterruptedException;

    /** A copy with a random stream of its own. */
    TokenSequence fork() throws InterruptedException;

    /** Forgets its last tokens; penalties and grammar are as they were before those. */
    void rollback(int tokens) throws InterruptedException;

    /** Holds what comes from here on to a grammar; null for none. */
    void grammar(@Nullable Grammar grammar) throws InterruptedException;

    /**
     * @param bits a bit for each token that may come; null for all
     * @param forOne whether for the next token only
     */
    void mask(long @Nullable [] bits, boolean forOne) throws InterruptedException;

    void bias(int[] tokens, float[] values) throws InterruptedException;

    /** Writes a bit for each token that grammar and mask let come next. */
    void allowed(long[] into) throws InterruptedException;

    /** Ends it and frees what it holds. */
    @Override
    void close();
}
