package ai.realm.runtime.scheduler;

import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.runtime.kvcache.BlockTable;
import ai.realm.runtime.kvcache.PrefixChain;
import ai.realm.runtime.kvcache.SequenceMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One sequence of tokens on its way through an engine: its tokens, how many of them are computed, its blocks and its output. All
 * of it belongs to the engine thread but the queue and the few numbers marked volatile.
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
        ENDED
    }

    private final SequenceSpec spec;
    private final TokenQueue output;
    private final PrefixChain chain;
    private final SequenceMemory memory;
    private final long submittedNanos;

    private int[] tokens;
    private int length;
    private int computed;
    /** Prompt positions that the tenant's account was charged for: a computation after a preemption is not its fault. */
    private int charged;
    private int yields;
    private long samplerWork;

    State state = State.WAITING;
    @Nullable
    TenantQueue tenant;
    /** Further outputs of the same prompt, which begin where this one's prompt ends. */
    List<Sequence> forks = List.of();
    private boolean fork;
    /** In the plan of this step. */
    boolean planned;
    /** The queue was full when the step was planned. */
    boolean paused;
    long pausedSinceNanos;
    /** Was admitted at least once. */
    boolean started;
    /** Its sampler is still at work on the last row of logits: nothing more of it can be computed until a token comes of that. */
    boolean deciding;
    /** Gave back its place in the bounded queue. */
    boolean counted;
    long lastTokenNanos;

    /** Prompt positions whose next token has its log-probability. */
    private int scored;
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
        this.chain = new PrefixChain(spec.tenantId(), blockPositions, spec.sharedBlocks());
        this.memory = new SequenceMemory(chain);
        this.tokens = spec.prompt();
        this.length = tokens.length;
        this.submittedNanos = nowNanos;
    }

    public SequenceSpec spec() {
        return spec;
    }

    public TokenQueue output() {
        return output;
    }

    /** Prompt tokens that came from the prefix cache when the sequence first ran; -1 before that. */
    public int cachedTokens() {
        return cachedTokens;
    }

    /** Its part of the time of the steps so far. */
    public long engineNanos() {
        return engineNanos;
    }

    /** Of each token of the prompt but the first; empty when not wanted or not there yet. They are there before the first token. */
    public List<TokenLogProbs> promptLogProbs() {
        return promptLogProbs;
    }

    private int toScore() {
        return spec.promptLogProbs() == SamplingParams.NO_LOG_PROBS || fork ? 0 : promptLength() - 1;
    }

    /** Whether tokens of the prompt still lack their log-probabilities. */
    boolean scoring() {
        return scored < toScore();
    }

    /** Of how many of its last positions a run needs the logits. */
    int rows(int count) {
        int end = computed + count;
        if (scoring()) {
            return Math.max(0, end - Math.max(computed, scored));
        }
        return samples(count) ? 1 : 0;
    }

    /** Whether a run comes to where the next token is sampled. */
    boolean samples(int count) {
        return count == remaining() && !deciding;
    }

    /** The longest run that needs at most so many rows. */
    int longestRun(int rows) {
        return scoring() ? Math.max(0, scored - computed) + rows : Integer.MAX_VALUE;
    }

    /** Takes the log-probabilities of the token after position {@code scored}, in order. */
    void score(TokenLogProbs next) {
        scores.add(next);
        scored++;
        if (!scoring()) {
            promptLogProbs = List.copyOf(scores);
            scores.clear();
        }
    }

    long submittedNanos() {
        return submittedNanos;
    }

    PrefixChain chain() {
        return chain;
    }

    SequenceMemory memory() {
        return memory;
    }

    BlockTable table() {
        return memory.table();
    }

    int[] tokens() {
        return tokens;
    }

    int token(int position) {
        return tokens[position];
    }

    /** Tokens of prompt and output. */
    int length() {
        return length;
    }

    int promptLength() {
        return spec.prompt().length;
    }

    int generated() {
        return length - promptLength();
    }

    /** Positions whose keys and values are in the blocks. */
    int computed() {
        return computed;
    }

    int remaining() {
        return length - computed;
    }

    /** Whether only tokens of its output are left to compute: the one that was sampled last, or several that came at once. */
    boolean decoding() {
        return computed >= promptLength() && remaining() > 0;
    }

    void append(int token) {
        if (length == tokens.length || tokens == spec.prompt()) {
            tokens = Arrays.copyOf(tokens, Math.max(16, length + length / 2));
        }
        tokens[length++] = token;
    }

    /** Makes this one wait for the prompt of another. */
    void forkLater() {
        fork = true;
        state = State.FORKING;
    }

    /** Whether its prompt is another's too, which answers for it. */
    public boolean isFork() {
        return fork;
    }

    /** Begins where {@code leader} is; the leader's account was charged for the prompt. */
    void forkFrom(Sequence leader) {
        begin(0);
        charged = promptLength();
        computed = leader.computed;
    }

    void restore(int positions) {
        computed = positions;
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

    /** Steps of work that its sampler did since the last call. */
    long newSamplerWork() {
        long before = samplerWork;
        samplerWork = spec.sampler().work();
        return samplerWork - before;
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

    /** Only the engine thread adds. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    void addEngineNanos(long nanos) {
        engineNanos += nanos;
    }
}
