package ai.realm.runtime.session;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.LogProbsReader;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.SteeredChooser;
import ai.realm.core.sampling.SteeredChooser.Stop;
import ai.realm.core.sampling.SteeredSampler;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.core.sampling.grammar.Grammar;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.engine.Engine;
import ai.realm.runtime.loading.ServedModel;
import ai.realm.runtime.scheduler.Ending;
import ai.realm.runtime.scheduler.Sequence;
import ai.realm.runtime.scheduler.SequenceSpec;
import ai.realm.runtime.scheduler.TokenQueue;
import ai.realm.runtime.store.AdapterUse;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A sequence on an {@link Engine}. Tokens are kept here; the engine's sequence has the first {@link #same} of them, and learns the
 * others when something must be computed. The engine does all sampling: the owner's processor time is the owner's own work.
 */
final class EngineTokens implements TokenSequence {
    private static final long LOOK_NANOS = 1_000_000_000;

    private final TokenCommand command;
    private final ServedModel model;
    private final Engine engine;
    private final Tokenizer tokenizer;
    private final Collection<Integer> endTokens;
    private final @Nullable AdapterUse adapter;
    private final SteeredSampler sampler;
    private SteeredChooser chooser;
    private final long seed;
    private final AtomicInteger forks;
    private final Thread owner = Thread.currentThread();
    private final RequestContext.Registration registration;
    /** Holds from the first token that is generated. */
    private @Nullable Grammar firstGrammar;

    private int[] tokens;
    private int length;
    private int same;
    private int engineLength;
    private int rollbacks;
    private volatile @Nullable Sequence sequence;
    private @Nullable TokenQueue queue;

    private final Deque<TokenLogProbs> untaken = new ArrayDeque<>();
    private final int[] one = new int[1];
    /** Tokens of the engine's sequence that were read, of those that its chooser chose. */
    private int read;
    /** The owner is about to wait for it: to wake it for every token of every sequence would cost more than the tokens. */
    private volatile boolean watched;
    private boolean engineHasIt;
    private boolean eachStep;
    private int readAtRelease;
    private State state = State.RESTING;
    private @Nullable RealmException failed;

    /** What the meter was asked for and not told of yet; below 0 for nothing. */
    private long bound = -1;
    private int promptUsed;
    private int generatedUsed;
    private long nanosBefore;
    private boolean cachedTold;

    EngineTokens(TokenCommand command, ServedModel model, Tokenizer tokenizer, Collection<Integer> endTokens,
            @Nullable AdapterUse adapter, @Nullable Grammar firstGrammar) {
        this.command = command;
        this.model = model;
        this.engine = model.engine();
        this.tokenizer = tokenizer;
        this.endTokens = endTokens;
        this.adapter = adapter;
        this.firstGrammar = firstGrammar;
        Long given = command.params().seed();
        this.seed = given != null ? given : new SplittableRandom().nextLong();
        SamplingParams params = command.params().toBuilder().seed(seed).build();
        this.sampler = new SteeredSampler(params, vocabSize(), tokenizer);
        this.chooser = new SteeredChooser(sampler, endTokens, this::wakeOwner);
        this.forks = new AtomicInteger();
        this.tokens = new int[64];
        this.registration = command.context().onCancel(this::cancelled);
    }

    /** A fork: everything of the parent's but its queue and its random stream. */
    private EngineTokens(EngineTokens parent, long ownSeed) {
        this.command = parent.command;
        this.model = parent.model;
        this.engine = parent.engine;
        this.tokenizer = parent.tokenizer;
        this.endTokens = parent.endTokens;
        this.adapter = parent.adapter;
        this.firstGrammar = parent.firstGrammar;
        this.seed = parent.seed;
        this.forks = parent.forks;
        this.sampler = parent.sampler.fork(ownSeed);
        this.chooser = parent.chooser.fork(sampler, this::wakeOwner);
        this.tokens = Arrays.copyOf(parent.tokens, Math.max(64, parent.length + 64));
        this.length = parent.length;
        this.state = parent.state == State.GENERATING ? State.RESTING : parent.state;
        this.cachedTold = true;
        Sequence from = parent.sequence;
        if (from != null && parent.same > 0) {
            TokenQueue own = queue();
            sequence = engine.fork(from, spec(Arrays.copyOf(tokens, parent.same)), own);
            queue = own;
            same = parent.same;
            engineLength = parent.same;
            if (parent.same < parent.engineLength) {
                // the row is that of a token which is not there any more
                chooser.edit();
                chooser.follow();
            }
        }
        this.registration = command.context().onCancel(this::cancelled);
    }

    private void wakeOwner() {
        if (watched) {
            LockSupport.unpark(owner);
        }
    }

    @Override
    public void watch(boolean now) {
        watched = now;
    }

    private void cancelled() {
        abort(Objects.requireNonNull(command.context().cancelled()));
    }

    private void abort(RealmException why) {
        Sequence s = sequence;
        if (s != null && s.output().abort(Ending.Kind.CANCELLED, why)) {
            engine.wake();
        }
    }

    @Override
    public int vocabSize() {
        return model.config().vocabSize();
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public int token(int position) {
        return tokens[position];
    }

    @Override
    public int rollbacks() {
        return rollbacks;
    }

    @Override
    public int room() {
        return Math.min(engine.contextLength(), command.context().contextLimit()) - 1 - length;
    }

    @Override
    public void feed(int[] ids) throws InterruptedException {
        settle();
        GenerateCommand.TokenPrompt.check(ids, vocabSize(), "tokens", "what is fed");
        if (ids.length > room()) {
            throw new RealmException(ErrorCode.CONTEXT_LENGTH_EXCEEDED, "the sequence has " + length + " tokens and room for "
                    + Math.max(0, room()) + " more, not for " + ids.length);
        }
        sampler.prepare(tokens, length);
        for (int i = 0; i < ids.length; i++) {
            if (!sampler.allows(ids[i])) {
                sampler.reset();
                throw RealmException.badParam("tokens", "token " + i + " of what is fed may not come within the grammar");
            }
            sampler.accept(ids[i], false);
        }
        if (length + ids.length > tokens.length) {
            tokens = Arrays.copyOf(tokens, Math.max(length + ids.length, tokens.length * 2));
        }
        System.arraycopy(ids, 0, tokens, length, ids.length);
        length += ids.length;
        state = ids.length > 0 && state != State.GENERATING ? State.RESTING : state;
    }

    @Override
    public void start(int maxTokens, boolean stepwise) throws InterruptedException {
        settle();
        requireTokens();
        int most = Math.min(maxTokens, room());
        if (most < 1) {
            throw maxTokens < 1
                    ? RealmException.badParam("max_tokens", "max_tokens must be at least 1, not " + maxTokens)
                    : new RealmException(ErrorCode.CONTEXT_LENGTH_EXCEEDED,
                            "the sequence has " + length + " tokens, which is all that it may have");
        }
        Grammar first = firstGrammar;
        if (first != null) {
            firstGrammar = null;
            sampler.grammar(length, first);
        }
        begin(most);
        eachStep = stepwise;
        go(most);
    }

    @Override
    public void goOn() throws InterruptedException {
        awaitTurn();
        if (state == State.GENERATING) {
            go(-1);
        }
    }

    private void requireTokens() {
        if (length == 0) {
            throw new RealmException(ErrorCode.EMPTY_PROMPT, "the sequence has no tokens yet");
        }
    }

    private void begin(int maxTokens) {
        end();
        int more = length - same;
        command.meter().begin(more, maxTokens);
        bound = (long) more + maxTokens;
        Sequence s = sequence;
        nanosBefore = s == null ? 0 : s.engineNanos();
    }

    /** Tells the meter what was used since {@link #begin}. */
    private void end() {
        if (bound < 0) {
            return;
        }
        Sequence s = sequence;
        int cached = 0;
        if (s != null && !cachedTold && s.cachedTokens() >= 0) {
            cachedTold = true;
            cached = Math.min(s.cachedTokens(), promptUsed);
        }
        long nanos = s == null ? 0 : s.engineNanos() - nanosBefore;
        Ending ending = queue == null ? null : queue.ending();
        if (ending != null) {
            // what it chose and nobody took was computed all the same
            generatedUsed += Math.max(0, ending.generatedTokens() - read);
        }
        command.meter().end(bound, new Usage(promptUsed, cached, generatedUsed, Math.max(0, nanos)));
        bound = -1;
        promptUsed = 0;
        generatedUsed = 0;
    }

    /** Lets the engine choose up to so many tokens more; as many as were left when below 0. */
    private void go(int most) throws InterruptedException {
        boolean runs = most < 0 && chooser.stop() == Stop.NONE;
        boolean changed = changed();
        sampler.prepare(tokens, length);
        if (changed) {
            chooser.edit();
        }
        float[] row = chooser.release(most, eachStep);
        state = State.GENERATING;
        released();
        if (changed || row == null && !runs) {
            compute(new int[0]);
        } else if (row != null) {
            choose(row);
        }
    }

    private boolean changed() {
        return sequence == null || same < engineLength || length > same;
    }

    private void released() {
        engineHasIt = true;
        readAtRelease = read;
    }

    private void choose(float[] row) {
        try {
            engine.choose(Objects.requireNonNull(sequence), row);
        } catch (RealmException e) {
            fail(e);
            throw e;
        }
    }

    private void fail(RealmException why) {
        failed = why;
        engineHasIt = false;
        abort(why);
    }

    /** Has the engine compute what it does not know yet, and tokens that only their logits are wanted of. */
    private void compute(int[] looked) {
        int[] more = new int[length - same + looked.length];
        System.arraycopy(tokens, same, more, 0, length - same);
        System.arraycopy(looked, 0, more, length - same, looked.length);
        promptUsed += more.length;
        Sequence s = sequence;
        try {
            if (s == null) {
                chooser.follow();
                TokenQueue own = queue();
                queue = own;
                sequence = engine.submit(spec(more), own);
            } else {
                engine.change(s, same, more, length - 1, chooser::follow);
            }
        } catch (RealmException e) {
            fail(e);
            throw e;
        }
        same = length;
        engineLength = length + looked.length;
    }

    private TokenQueue queue() {
        TokenQueue own = new TokenQueue(engine.options().unreadTokens());
        own.onChange(this::wakeOwner);
        return own;
    }

    private SequenceSpec spec(int[] prompt) {
        RequestContext context = command.context();
        AdapterUse used = adapter;
        return new SequenceSpec(context.requestId(), context.tenantId(), context.weight(),
                command.priority() == GenerateCommand.Priority.BATCH, prompt, Integer.MAX_VALUE,
                engine.now() + context.remainingNanos(), chooser, used == null ? model.sharedBlocks(prompt) : 0,
                context.isWarmUp(), context::reached, used == null ? null : used.use(), used == null ? "" : used.salt());
    }

    /** Takes what the engine chose, and sees whether it is the owner's turn. */
    private boolean turn() {
        RealmException why = failed;
        if (why != null) {
            throw new RealmException(why.code(), String.valueOf(why.getMessage()), why.param(), why);
        }
        if (!engineHasIt) {
            return true;
        }
        Stop stop = chooser.stop();
        int produced = chooser.produced();
        readAll();
        if (!engineHasIt) {
            return true;
        }
        if (read < produced || stop == Stop.NONE && !(eachStep && read > readAtRelease)) {
            return false;
        }
        engineHasIt = false;
        state = switch (stop) {
            case NONE, READY -> eachStep && state == State.GENERATING ? state : State.RESTING;
            case END -> State.END;
            case LENGTH -> State.LENGTH;
            case FED -> State.RESTING;
        };
        if (state != State.GENERATING) {
            end();
        }
        return true;
    }

    private void readAll() {
        TokenQueue from = Objects.requireNonNull(queue);
        try {
            for (TokenQueue.Taken t = from.take(one, 0); t != TokenQueue.Taken.TIMEOUT; t = from.take(one, 0)) {
                if (t == TokenQueue.Taken.END) {
                    over(Objects.requireNonNull(from.ending()));
                    return;
                }
                took(one[0], from.logProbs());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void took(int token, @Nullable TokenLogProbs details) {
        if (length == tokens.length) {
            tokens = Arrays.copyOf(tokens, length * 2);
        }
        tokens[length++] = token;
        same = length;
        engineLength = length;
        read++;
        generatedUsed++;
        untaken.add(details != null ? details : new TokenLogProbs(token, 0, new int[0], new float[0]));
    }

    private void over(Ending ending) {
        RealmException why = ending.error();
        RealmException failure = why != null
                ? why
                : new RealmException(ErrorCode.INTERNAL, "the sequence ended although nobody ended it");
        failed = failure;
        engineHasIt = false;
        end();
        throw failure;
    }

    private void awaitTurn() throws InterruptedException {
        watched = true;
        try {
            park();
        } finally {
            watched = false;
        }
    }

    private void park() throws InterruptedException {
        while (!turn()) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            long left = command.context().remainingNanos();
            if (left <= 0) {
                abort(new RealmException(ErrorCode.DEADLINE_EXCEEDED, "the request's deadline has passed"));
            }
            LockSupport.parkNanos(this, Math.clamp(left, 1000, LOOK_NANOS));
        }
    }

    /** Stops it where it is. */
    private void settle() throws InterruptedException {
        if (!turn()) {
            chooser.halt();
            awaitTurn();
        }
    }

    @Override
    public @Nullable TokenLogProbs poll() {
        if (untaken.isEmpty()) {
            turn();
        }
        return untaken.poll();
    }

    @Override
    public @Nullable TokenLogProbs peek() {
        return untaken.peek();
    }

    @Override
    public int untaken() {
        return untaken.size();
    }

    @Override
    public State state() {
        turn();
        return state;
    }

    private float[] row() throws InterruptedException {
        settle();
        requireTokens();
        float[] known = changed() ? null : chooser.row();
        if (known != null) {
            return known;
        }
        boolean metered = bound < 0;
        boolean steps = state == State.GENERATING;
        boolean comes = steps && !changed() && chooser.stop() == Stop.NONE;
        if (metered) {
            begin(0);
        }
        if (changed()) {
            chooser.edit();
        }
        if (!chooser.releaseForRow()) {
            released();
            eachStep &= steps;
            State before = state;
            if (!comes) {
                compute(new int[0]);
            }
            awaitTurn();
            state = before;
        }
        if (metered) {
            end();
        }
        return Objects.requireNonNull(chooser.row());
    }

    @Override
    public TokenLogProbs top(int k) throws InterruptedException {
        float[] logits = row();
        return new LogProbsReader(k).read(logits, 0, logits.length, 0);
    }

    @Override
    public float[] score(int[] ids) throws InterruptedException {
        settle();
        requireTokens();
        GenerateCommand.TokenPrompt.check(ids, vocabSize(), "tokens", "what is scored");
        if (ids.length == 0 || ids.length > room()) {
            throw new RealmException(ErrorCode.CONTEXT_LENGTH_EXCEEDED, "there is room to score 1 to " + Math.max(0, room())
                    + " tokens, not " + ids.length);
        }
        boolean metered = bound < 0;
        if (metered) {
            begin(ids.length);
        }
        State before = state;
        chooser.edit();
        chooser.releaseForScores(ids);
        released();
        compute(Arrays.copyOf(ids, ids.length - 1));
        awaitTurn();
        state = before;
        if (metered) {
            end();
        }
        return chooser.scores();
    }

    @Override
    public TokenSequence fork() throws InterruptedException {
        settle();
        return new EngineTokens(this, seed + forks.incrementAndGet());
    }

    @Override
    public void rollback(int count) throws InterruptedException {
        settle();
        if (count < 0 || count > length) {
            throw RealmException.badParam("tokens", "0 to " + length + " tokens can be forgotten, not " + count);
        }
        if (count == 0) {
            return;
        }
        length -= count;
        rollbacks++;
        for (int i = 0; i < count && !untaken.isEmpty(); i++) {
            untaken.removeLast();
        }
        sampler.rollback(length);
        if (state != State.GENERATING) {
            state = State.RESTING;
        }
        same = Math.min(same, length);
        if (length == 0 && sequence != null) {
            // the engine has no sequences without tokens
            leave();
        }
    }

    private void leave() {
        abort(new RealmException(ErrorCode.CANCELLED, "the sequence was given up by its owner"));
        sequence = null;
        queue = null;
        engineLength = 0;
        // of a step that may still be under way the old one sees to it that nothing comes
        chooser.edit();
        chooser = new SteeredChooser(sampler, endTokens, this::wakeOwner);
        read = 0;
    }

    @Override
    public void grammar(@Nullable Grammar grammar) throws InterruptedException {
        settle();
        firstGrammar = null;
        sampler.grammar(length, grammar);
    }

    @Override
    public void mask(long @Nullable [] bits, boolean forOne) throws InterruptedException {
        settle();
        sampler.mask(bits, forOne);
    }

    @Override
    public void bias(int[] biased, float[] values) throws InterruptedException {
        settle();
        for (int token : biased) {
            if (token < 0 || token >= vocabSize()) {
                throw RealmException.badParam("tokens", "a bias must be for an id below " + vocabSize() + ", not " + token);
            }
        }
        sampler.bias(biased, values);
    }

    @Override
    public void allowed(long[] into) throws InterruptedException {
        settle();
        sampler.prepare(tokens, length);
        sampler.allowed(into);
    }

    @Override
    public void close() {
        abort(new RealmException(ErrorCode.CANCELLED, "the sequence was closed"));
        registration.close();
        if (engineHasIt) {
            engineHasIt = false;
            failed = new RealmException(ErrorCode.CANCELLED, "the sequence was closed");
        }
        end();
    }
}
