package ai.realm.runtime.scheduler;

import ai.realm.core.sampling.Choice;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.runtime.kvcache.BlockTable;
import ai.realm.runtime.kvcache.PrefixChain;
import ai.realm.runtime.kvcache.SequenceMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One sequence of tokens on its way through an engine. It has no phases: tokens that are known, positions of them that are computed, and
 * positions whose next token is settled, so that their logits are not wanted any more; a step computes some of the difference.
 *
 * <p>One writer: the loop of its engine, through the scheduler. What others may read is marked so.
 */
public final class Sequence {
    /** Where a sequence stands. */
    enum State {
        /** With the one it forks from, until that one's prompt is computed. */
        FORKING,
        /** In its tenant's queue. */
        WAITING,
        /** Has blocks. */
        RUNNING,
        /** Somebody outside has it: it has no place, and its blocks only until others need them. */
        RESTING,
        ENDED
    }

    /** When what happened to it, on its engine's clock: the loop's notes. */
    public static final class Moments {
        /** Gave back its place in the bounded queue. */
        public boolean leftQueue;
        public boolean hadToken;
        public long lastTokenNanos;
        public long pausedSinceNanos;
    }

    private final SequenceSpec spec;
    private final TokenQueue output;
    private final PrefixChain chain;
    private final SequenceMemory memory;
    private final long submittedNanos;
    private final Moments moments = new Moments();

    private int[] tokens;
    /** Tokens of prompt and output. */
    private int length;
    /** Tokens that were given, not chosen: those up to the last that was given. */
    private int promptLength;
    /** Guesses after them that the step under way computes with them. */
    private int guessed;
    private int computed;
    /** Positions whose logits are not wanted, from the first on. */
    private int settled;
    /** Prompt positions that the tenant's account was charged for: a computation after a preemption is not its fault. */
    private int charged;
    private int yields;
    private long chooserWork;
    /** What its chooser guesses to come next. */
    private int[] guesses = new int[0];
    private int guessCount;

    State state = State.WAITING;
    @Nullable
    TenantQueue tenant;
    /** Further outputs of the same prompt, which begin where this one's prompt ends. */
    List<Sequence> forks = List.of();
    private boolean fork;
    /** In the plan of this step. */
    boolean planned;
    /** The last step that it was in. */
    long lastStep;
    /** The queue was full when the step was planned. */
    boolean paused;
    /** Was admitted at least once. */
    boolean started;
    /** Its chooser has put a decision off: nothing more of it can be computed until that comes. */
    private boolean deciding;
    private int decisions;
    private final AtomicBoolean asked = new AtomicBoolean();
    /** Whose tokens it begins with, until the loop has it. */
    private @Nullable Sequence parent;

    private final List<TokenLogProbs> scores = new ArrayList<>();
    private volatile List<TokenLogProbs> promptLogProbs = List.of();
    private volatile int cachedTokens = -1;
    private volatile long engineNanos;

    public Sequence(SequenceSpec spec, TokenQueue output, int blockPositions, long nowNanos) {
        if (spec.prompt().length == 0) {
            throw new IllegalArgumentException("a sequence has at least 1 token");
        }
        this.spec = spec;
        this.output = output;
        this.chain = new PrefixChain(spec.salt(), blockPositions, spec.sharedBlocks());
        this.memory = new SequenceMemory(chain);
        this.tokens = spec.prompt();
        this.length = tokens.length;
        this.promptLength = length;
        this.settled = spec.chooser().firstRow(length);
        this.submittedNanos = nowNanos;
    }

    /** A fork of one that rests. */
    public Sequence(SequenceSpec spec, TokenQueue output, int blockPositions, long nowNanos, Sequence parent) {
        this(spec, output, blockPositions, nowNanos);
        this.parent = parent;
        this.fork = true;
        this.moments.leftQueue = true;
    }

    /** Whom it is forked off, once; then null. The loop's. */
    public @Nullable Sequence takeParent() {
        Sequence p = parent;
        parent = null;
        return p;
    }

    /** Anybody's. */
    public SequenceSpec spec() {
        return spec;
    }

    /** Anybody's. */
    public TokenQueue output() {
        return output;
    }

    /** Prompt tokens that came from the prefix cache when the sequence first ran; -1 before that. Anybody's. */
    public int cachedTokens() {
        return cachedTokens;
    }

    /** Its part of the time of the steps so far. Anybody's. */
    public long engineNanos() {
        return engineNanos;
    }

    /** Of each token of the prompt but the first; empty when not wanted or not there yet. They are there before the first token. */
    public List<TokenLogProbs> promptLogProbs() {
        return promptLogProbs;
    }

    /** Whether its prompt is another's too, which answers for it. Anybody's. */
    public boolean isFork() {
        return fork;
    }

    public long submittedNanos() {
        return submittedNanos;
    }

    public int promptLength() {
        return promptLength;
    }

    /** Tokens of prompt and output. */
    public int length() {
        return length;
    }

    public int generated() {
        return length - promptLength;
    }

    public boolean ended() {
        return state == State.ENDED;
    }

    /** The loop's notes. */
    public Moments moments() {
        return moments;
    }

    /** Waits for another's prompt to be computed. */
    public boolean forking() {
        return state == State.FORKING;
    }

    public boolean paused() {
        return paused;
    }

    public boolean deciding() {
        return deciding;
    }

    public List<Sequence> forks() {
        return forks;
    }

    /** Tokens of prompt and output, and behind them guesses of the step under way; changes when it grows. */
    public int[] tokens() {
        return tokens;
    }

    /** Guesses behind the tokens in the step under way. */
    public int guessed() {
        return guessed;
    }

    public int token(int position) {
        return tokens[position];
    }

    public SequenceMemory memory() {
        return memory;
    }

    public BlockTable table() {
        return memory.table();
    }

    PrefixChain chain() {
        return chain;
    }

    /** Positions whose keys and values are in the blocks. */
    int computed() {
        return computed;
    }

    /** Positions whose logits are not wanted any more. */
    int settled() {
        return settled;
    }

    int remaining() {
        return length + guessed - computed;
    }

    /** Of how many of its last positions a run needs the logits. */
    int rows(int count) {
        return Math.max(0, computed + count - Math.max(computed, settled));
    }

    /** Whether a run comes to where the next token is chosen. */
    boolean chooses(int count) {
        return count == remaining() && rows(count) > 0;
    }

    /** The longest run that needs at most so many rows. */
    int longestRun(int rows) {
        return Math.max(0, settled - computed) + rows;
    }

    /**
     * Whether only the end of what is known is left to compute: the token that was chosen last, several that came at once, or the
     * prompt's last after going back to it.
     */
    boolean decoding() {
        return computed >= promptLength() - 1 && remaining() > 0;
    }

    /** Adds a token to the output. */
    void append(int token) {
        put(length++, token);
    }

    private void put(int at, int token) {
        if (at == tokens.length || tokens == spec.prompt()) {
            tokens = Arrays.copyOf(tokens, Math.max(16, at + at / 2 + 1));
        }
        tokens[at] = token;
    }

    /** Takes what the chooser guesses to come next. */
    void guesses(Choice choice) {
        guessCount = choice.guessCount();
        if (guesses.length < guessCount) {
            guesses = new int[guessCount];
        }
        for (int i = 0; i < guessCount; i++) {
            guesses[i] = choice.guessed(i);
        }
    }

    int guessCount() {
        return guessCount;
    }

    /** Puts up to so many guesses behind the tokens for the step that is being planned, and forgets the others. */
    void guess(int most) {
        int n = Math.min(most, guessCount);
        for (int i = 0; i < n; i++) {
            put(length + i, guesses[i]);
        }
        guessed = Math.max(0, n);
        guessCount = 0;
    }

    /** Gives up guesses behind the first so many. */
    void keepGuesses(int n) {
        guessed = Math.min(guessed, n);
    }

    /** The logits of all that is computed have been seen, and the end of what is known is not reached. */
    void scored() {
        settled = Math.max(settled, computed);
    }

    /** The choice after the last token has come, or was put off; what was computed of guesses that were wrong is forgotten. */
    void chosen(boolean putOff) {
        guessed = 0;
        decisions++;
        deciding = putOff;
        settled = putOff ? length : length - 1;
        computed = Math.min(computed, settled);
    }

    /** Goes back to its first tokens, the prompt at least; the logits after the last of them are wanted again. */
    void truncate(int newLength) {
        length = newLength;
        decisions++;
        promptLength = Math.min(promptLength, length);
        charged = Math.min(charged, length);
        guessed = 0;
        guessCount = 0;
        deciding = false;
        chain.truncate(length);
        settled = Math.min(settled, length - 1);
        computed = Math.min(computed, length - 1);
    }

    /**
     * Adds tokens that are given, and wants the logits from a position on.
     *
     * @param firstRow a position before the end
     */
    void extend(int[] more, int firstRow) {
        charged = Math.max(charged, length);
        for (int token : more) {
            put(length++, token);
        }
        if (more.length > 0) {
            promptLength = length;
        }
        deciding = false;
        decisions++;
        settled = firstRow;
        computed = Math.min(computed, settled);
    }

    /** Rests where {@code parent} does, whose first tokens are its own: how many positions of it are computed. */
    int restLike(Sequence parent) {
        begin(0);
        fork = true;
        charged = length;
        settled = length;
        deciding = true;
        int most = Math.min(parent.computed, length);
        int same = Arrays.mismatch(tokens, 0, most, parent.tokens, 0, most);
        return same < 0 ? most : same;
    }

    /** Numbers the decisions, so that one that comes late is known to be of before. The loop's. */
    public int decisions() {
        return decisions;
    }

    /** Takes the right to ask the loop for something; false while the loop has not answered the last. Anybody's. */
    public boolean ask() {
        return asked.compareAndSet(false, true);
    }

    /** The loop has done what it was asked for. */
    public void answered() {
        asked.set(false);
    }

    /** Makes this one wait for the prompt of another. */
    void forkLater() {
        fork = true;
        state = State.FORKING;
    }

    /** Begins where {@code leader} is, with what that one knows of the prompt; the leader's account was charged for it. */
    void forkFrom(Sequence leader) {
        begin(0);
        charged = promptLength();
        computed = leader.computed;
        promptLogProbs = leader.promptLogProbs;
    }

    void restore(int positions) {
        computed = positions;
        guessed = 0;
        guessCount = 0;
    }

    void advance(int positions) {
        computed += positions;
    }

    /** Prompt positions before {@code to} that are charged now for the first time. */
    int charge(int to) {
        int end = Math.min(to, promptLength());
        int n = Math.max(0, end - Math.max(charged, computed));
        charged = Math.max(charged, end);
        return n;
    }

    /** Steps of work that its chooser did since the last call. */
    long newChooserWork() {
        long before = chooserWork;
        chooserWork = spec.chooser().work();
        return chooserWork - before;
    }

    /** Takes log-probabilities of tokens of its prompt; they can be read when the last are there. */
    void score(List<TokenLogProbs> next) {
        scores.addAll(next);
        if (scores.size() == promptLength() - 1) {
            promptLogProbs = List.copyOf(scores);
            scores.clear();
        }
    }

    void begin(int cached) {
        started = true;
        cachedTokens = cached;
    }

    /** How often it gave way to another although there was memory. */
    int yields() {
        return yields;
    }

    void yielded() {
        yields++;
    }

    /** Only the loop adds. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    void addEngineNanos(long nanos) {
        engineNanos += nanos;
    }
}
