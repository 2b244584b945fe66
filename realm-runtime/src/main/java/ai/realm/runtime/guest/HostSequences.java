package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.core.sampling.grammar.Grammar;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Vocab;
import ai.realm.runtime.session.GenerateCommand;
import ai.realm.runtime.session.SessionFactory;
import ai.realm.runtime.session.TokenCommand;
import ai.realm.runtime.session.TokenSequence;
import ai.realm.runtime.session.TokenSequence.State;
import ai.realm.runtime.store.ModelLease;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * {@code realm_host_seq_…}: the sequences that one request's guest steers, and its grammars. Numbers from the guest become handles of
 * this request's own, checked; what they hold is counted against the tenant's limits, and freed when the guest ends, however it does.
 */
final class HostSequences implements AutoCloseable {
    private static final int MAX_TEXT_BYTES = 1 << 20;
    private static final int MAX_TOP = 256;
    private static final int MAX_GRAMMARS = 64;
    private static final int MAX_PAIRS = 4096;
    private static final int INFO_BYTES = 16;
    private static final int IDS = 1;
    private static final int SPECIAL = 2;
    private static final int NOT_FIRST = 4;
    private static final int KEEP = 1;
    private static final long LOOK_NANOS = 1_000_000_000;

    private final GuestRun run;
    private final SessionFactory sessions;
    private final Map<Integer, Steered> open = new HashMap<>();
    private final Map<Integer, Held> grammars = new HashMap<>();
    private final Map<Integer, ModelLease> leases = new HashMap<>();
    private int lastHandle;
    private int forks;

    private record Held(int model, Grammar grammar) {}

    /** A call on a sequence, which may wait. */
    @FunctionalInterface
    interface Call<T> {
        T get() throws InterruptedException;
    }

    /** One of them, and what it counts. */
    static final class Steered {
        final int handle;
        final int model;
        final TokenSequence sequence;
        final Tokenizer tokenizer;
        /** Whose first tokens it shares. */
        private @Nullable Steered parent;
        private int shared;
        /** What it may come to while it generates. */
        private int planned;
        /** The most tokens that what it generates now may have. */
        private int given;
        private boolean counted = true;
        /** The host steps through it, and shows each token to the guest. */
        private boolean stepping;

        private Steered(int handle, int model, TokenSequence sequence, Tokenizer tokenizer) {
            this.handle = handle;
            this.model = model;
            this.sequence = sequence;
            this.tokenizer = tokenizer;
        }

        Vocab vocab() {
            return tokenizer.vocab();
        }

        private void rests() {
            planned = stepping ? planned : 0;
        }

        private int positions() {
            return counted ? Math.max(sequence.length(), planned) - shared : 0;
        }
    }

    HostSequences(GuestRun run, SessionFactory sessions) {
        this.run = run;
        this.sessions = sessions;
    }

    private static AbiException bad(String message) {
        return new AbiException(AbiError.BAD_OPTION, message);
    }

    private Steered of(int handle) {
        Steered s = open.get(handle);
        if (s == null) {
            throw new AbiException(AbiError.NO_SUCH_HANDLE, "there is no sequence " + handle + " in this request");
        }
        return s;
    }

    /** Runs what may wait; the guest does not count as running meanwhile. */
    <T> T waiting(Call<T> call) {
        run.supervision().waiting(true);
        try {
            return call.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            RealmException verdict = run.supervision().verdict();
            throw new AbiException(
                    verdict != null ? verdict : new RealmException(ErrorCode.CANCELLED, "the guest's thread was interrupted"));
        } finally {
            run.supervision().waiting(false);
        }
    }

    private void requireGranted() {
        if (run.limits().sequences().open() == 0) {
            throw new AbiException(AbiError.NOT_GRANTED, "this tenant's guests may have no sequences ("
                    + GuestLimit.SEQUENCES.setting() + " is 0)");
        }
    }

    private ModelLease lease(int model) {
        ModelLease known = leases.get(model);
        if (known == null) {
            known = run.call().models().lease(model);
            leases.put(model, known);
        }
        return known;
    }

    private static Tokenizer tokenizer(ModelLease lease) {
        Tokenizer tokenizer = lease.tokenizer();
        if (tokenizer == null) {
            throw new RealmException(ErrorCode.NO_TOKENIZER, "model " + lease.name() + " has no tokenizer");
        }
        return tokenizer;
    }

    long open(GuestMemory memory, int model, long optionsPtr) {
        requireGranted();
        requirePlace();
        GenOptions.Chosen options = run.options().decode(memory, optionsPtr);
        run.beginGeneration();
        return open(model, options.params()).handle;
    }

    private void requirePlace() {
        long now = open.values().stream().filter(s -> s.counted).count();
        int most = run.limits().sequences().open();
        if (now >= most) {
            throw new AbiException(GuestLimit.SEQUENCES.reached(most, now + 1));
        }
    }

    private Steered open(int model, SamplingParams params) {
        ModelLease lease = lease(model);
        int choice = run.call().choice();
        Long seed = params.seed();
        SamplingParams own = choice == 0 || seed == null ? params : params.toBuilder().seed(seed + choice).build();
        TokenSequence sequence = sessions
                .openTokens(new TokenCommand(run.call().context(), lease, own, run.call().priority(), new Meter(run)));
        return add(model, sequence, tokenizer(lease));
    }

    /** One that the host steps through for {@code realm_host_generate}; {@link #done} is to follow. */
    Steered stepping(int model, SamplingParams params) {
        Steered s = open(model, params);
        s.counted = false;
        s.stepping = true;
        return s;
    }

    private Steered add(int model, TokenSequence sequence, Tokenizer tokenizer) {
        Steered s = new Steered(++lastHandle, model, sequence, tokenizer);
        open.put(s.handle, s);
        return s;
    }

    long feed(GuestMemory memory, int handle, long ptr, long len, int flags) {
        Steered s = of(handle);
        if ((flags & ~(IDS | SPECIAL | NOT_FIRST)) != 0) {
            throw bad("flags " + flags + " have bits that are not defined; 0 to 2 are");
        }
        int[] ids = (flags & IDS) != 0 ? ids(memory, ptr, len) : encoded(memory, s, ptr, len, flags);
        requirePositions(s, ids.length);
        run.call().models().admit(run.generations(), ids.length, 0);
        waiting(() -> {
            s.sequence.feed(ids);
            return 0;
        });
        s.rests();
        return ids.length;
    }

    private int[] encoded(GuestMemory memory, Steered s, long ptr, long len, int flags) {
        memory.require(ptr, len, "text");
        if (len > MAX_TEXT_BYTES) {
            throw new AbiException(AbiError.TOKENIZING_FAILED,
                    "a text to feed must have at most " + MAX_TEXT_BYTES + " bytes, not " + len);
        }
        String text = memory.readText(ptr, len, "text");
        boolean special = (flags & SPECIAL) != 0;
        try (GuestMemory.Loan loan = memory.forEncoding(len)) {
            return s.sequence.length() > 0 || (flags & NOT_FIRST) != 0
                    ? s.tokenizer.encode(text, false, special)
                    : new GenerateCommand.TextPrompt(text, special).ids(s.tokenizer);
        }
    }

    private int[] ids(GuestMemory memory, long ptr, long count) {
        memory.require(ptr, count * 4, "tokens");
        int most = run.limits().sequences().positions();
        if (count > most) {
            throw new AbiException(GuestLimit.KV_POSITIONS.reached(most, count));
        }
        int[] ids = new int[(int) count];
        ByteBuffer.wrap(memory.read(ptr, count * 4, "tokens")).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(ids);
        return ids;
    }

    private int positionsLeft(Steered s) {
        if (!s.counted) {
            return Integer.MAX_VALUE;
        }
        long held = 0;
        for (Steered o : open.values()) {
            if (o.planned > 0 && o.sequence.state() != State.GENERATING) {
                o.planned = 0;
            }
            held += o.positions();
        }
        return (int) Math.clamp(run.limits().sequences().positions() - held, 0, Integer.MAX_VALUE);
    }

    private void requirePositions(Steered s, int more) {
        int left = positionsLeft(s);
        if (more > left) {
            int most = run.limits().sequences().positions();
            throw new AbiException(GuestLimit.KV_POSITIONS.reached(most, (long) most - left + more));
        }
    }

    long start(int handle, long maxTokens) {
        Steered s = of(handle);
        requireOwn(s, "started");
        start(s, (int) Math.min(maxTokens, Integer.MAX_VALUE), false);
        return 0;
    }

    private static void requireOwn(Steered s, String what) {
        if (s.stepping) {
            throw new AbiException(AbiError.NOT_PERMITTED,
                    "the sequence of realm_host_generate must not be " + what + " by its on_step");
        }
    }

    /** Starts it, within what the request has left. */
    void start(Steered s, int maxTokens, boolean eachStep) {
        waiting(() -> {
            s.sequence.state();
            return 0;
        });
        // First: looking at the others may end some, whose tokens are counted as used then.
        int inFlight = inFlight(s);
        int tokensLeft = run.limits().generatedTokens() - run.usage().generatedTokens() - inFlight;
        if (tokensLeft < 1) {
            throw new AbiException(
                    GuestLimit.GENERATED_TOKENS.reached(run.limits().generatedTokens(), run.usage().generatedTokens()));
        }
        int most = Math.min(maxTokens, tokensLeft);
        if (maxTokens > 0) {
            requirePositions(s, 1);
            most = Math.min(most, positionsLeft(s));
        }
        int given = most;
        run.call().models().admit(run.generations(), 0, given);
        waiting(() -> {
            s.sequence.start(given, eachStep);
            return 0;
        });
        s.given = given;
        s.planned = (int) Math.min((long) s.sequence.length() + given, Integer.MAX_VALUE);
    }

    /** Tokens that the others were given: what they generate is counted as used when they end. */
    private int inFlight(Steered but) {
        long n = 0;
        for (Steered s : open.values()) {
            if (s != but && s.sequence.state() == State.GENERATING) {
                n += s.given;
            }
        }
        return (int) Math.min(n, Integer.MAX_VALUE);
    }

    long await(GuestMemory memory, long ptr, long count, long timeoutMillis) {
        memory.require(ptr, count * 4, "sequences");
        if (count == 0 || count > MAX_TOP) {
            throw bad("1 to " + MAX_TOP + " sequences can be waited for, not " + count);
        }
        int[] handles = new int[(int) count];
        ByteBuffer.wrap(memory.read(ptr, count * 4, "sequences")).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(handles);
        List<Steered> all = new ArrayList<>();
        for (int h : handles) {
            all.add(of(h));
        }
        long limit = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        all.forEach(s -> s.sequence.watch(true));
        try {
            return waiting(() -> firstReady(all, limit));
        } finally {
            all.forEach(s -> s.sequence.watch(false));
        }
    }

    private long firstReady(List<Steered> all, long limit) throws InterruptedException {
        while (true) {
            for (int i = 0; i < all.size(); i++) {
                if (ready(all.get(i))) {
                    return i;
                }
            }
            long left = Math.min(limit - System.nanoTime(), run.call().context().remainingNanos());
            run.call().context().check();
            if (left <= 0) {
                throw new AbiException(AbiError.NOT_YET, "none of the " + all.size() + " sequences has anything yet");
            }
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            LockSupport.parkNanos(this, Math.min(left, LOOK_NANOS));
        }
    }

    private static boolean ready(Steered s) {
        return s.sequence.state() != State.GENERATING || s.sequence.untaken() > 0;
    }

    long take(GuestMemory memory, int handle, long dst, long max) {
        Steered s = of(handle);
        memory.require(dst, max, "destination");
        s.sequence.state();
        List<TokenLogProbs> taken = new ArrayList<>();
        long size = 0;
        for (TokenLogProbs next = s.sequence.peek(); next != null; next = s.sequence.peek()) {
            size += StepRecords.size(next, s.vocab());
            if (size > max) {
                break;
            }
            taken.add(Objects.requireNonNull(s.sequence.poll()));
        }
        memory.write(dst, StepRecords.write(taken, taken.size(), s.vocab(), dst), "destination");
        return taken.size();
    }

    long info(GuestMemory memory, int handle, long dst, long size) {
        Steered s = of(handle);
        memory.require(dst, size, "destination");
        State state = s.sequence.state();
        ByteBuffer out = ByteBuffer.allocate(INFO_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(state.ordinal()).putInt(s.sequence.length()).putInt(s.sequence.untaken())
                .putInt(Math.max(0, Math.min(s.sequence.room(), positionsLeft(s))));
        memory.write(dst, out.array(), 0, (int) Math.min(size, INFO_BYTES), "destination");
        return INFO_BYTES;
    }

    long top(GuestMemory memory, int handle, long k, long dst) {
        Steered s = of(handle);
        if (k == 0 || k > MAX_TOP) {
            throw bad("1 to " + MAX_TOP + " tokens can be asked for, not " + k);
        }
        memory.require(dst, k * 8, "destination");
        TokenLogProbs top = waiting(() -> s.sequence.top((int) k));
        ByteBuffer out = ByteBuffer.allocate(top.topTokens().length * 8).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < top.topTokens().length; i++) {
            out.putInt(top.topTokens()[i]).putFloat(top.topLogProbs()[i]);
        }
        memory.write(dst, out.array(), "destination");
        return top.topTokens().length;
    }

    long score(GuestMemory memory, int handle, long ptr, long count, long dst) {
        Steered s = of(handle);
        memory.require(dst, count * 4, "destination");
        int[] ids = ids(memory, ptr, count);
        requirePositions(s, ids.length);
        run.call().models().admit(run.generations(), ids.length, 0);
        float[] scores = waiting(() -> s.sequence.score(ids));
        ByteBuffer out = ByteBuffer.allocate(scores.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        out.asFloatBuffer().put(scores);
        memory.write(dst, out.array(), "destination");
        return scores.length;
    }

    long fork(int handle) {
        Steered s = of(handle);
        requirePlace();
        int most = run.limits().sequences().forks();
        if (forks >= most) {
            throw new AbiException(GuestLimit.FORKS.reached(most, forks + 1));
        }
        TokenSequence fork = waiting(s.sequence::fork);
        forks++;
        Steered child = add(s.model, fork, s.tokenizer);
        if (s.counted) {
            child.parent = s;
            child.shared = fork.length();
        } else {
            try {
                requirePositions(child, 0);
            } catch (AbiException e) {
                close(child.handle);
                throw e;
            }
        }
        return child.handle;
    }

    long rollback(int handle, long count) {
        Steered s = of(handle);
        waiting(() -> {
            s.sequence.rollback((int) Math.min(count, Integer.MAX_VALUE));
            return 0;
        });
        s.rests();
        s.shared = Math.min(s.shared, s.sequence.length());
        return 0;
    }

    long close(int handle) {
        Steered s = of(handle);
        requireOwn(s, "closed");
        remove(s);
        return 0;
    }

    /** The host has stepped through it. */
    void done(Steered s) {
        remove(s);
    }

    /** The first of those that share its tokens counts them from now on. */
    private void remove(Steered s) {
        open.remove(s.handle);
        Steered heir = null;
        for (Steered child : open.values()) {
            if (child.parent == s) {
                if (heir == null) {
                    heir = child;
                    child.parent = s.parent;
                    child.shared = Math.min(child.shared, s.shared);
                } else {
                    child.parent = heir;
                }
            }
        }
        s.sequence.close();
    }

    long grammar(GuestMemory memory, int model, int kind, long ptr, long len) {
        requireGranted();
        memory.require(ptr, len, "grammar");
        if (len > MAX_TEXT_BYTES) {
            throw bad("a grammar must have at most " + MAX_TEXT_BYTES + " bytes, not " + len);
        }
        if (grammars.size() >= MAX_GRAMMARS) {
            throw bad("a request may make " + MAX_GRAMMARS + " grammars");
        }
        SamplingParams params = GrammarKinds.params(kind, memory.readText(ptr, len, "grammar"));
        ModelLease lease = lease(model);
        tokenizer(lease);
        grammars.put(++lastHandle, new Held(model, sessions.grammar(run.call().context(), lease, params)));
        return lastHandle;
    }

    long grammar(int handle, int grammar) {
        Steered s = of(handle);
        Held held = grammar == 0 ? null : grammars.get(grammar);
        if (held == null && grammar != 0) {
            throw new AbiException(AbiError.NO_SUCH_HANDLE, "there is no grammar " + grammar + " in this request");
        }
        if (held != null && held.model() != s.model) {
            throw bad("the grammar was made for model " + held.model() + ", the sequence is of model " + s.model);
        }
        waiting(() -> {
            s.sequence.grammar(held == null ? null : held.grammar());
            return 0;
        });
        return 0;
    }

    private static long words(Steered s) {
        return Math.ceilDiv(s.sequence.vocabSize(), 32);
    }

    private static void requireWords(Steered s, long words) {
        if (words != words(s)) {
            throw bad("a mask of this model has " + words(s) + " words of 32 tokens, not " + words);
        }
    }

    long allowed(GuestMemory memory, int handle, long dst, long words) {
        Steered s = of(handle);
        requireWords(s, words);
        memory.require(dst, words * 4, "destination");
        long[] bits = new long[Math.ceilDiv(s.sequence.vocabSize(), 64)];
        waiting(() -> {
            s.sequence.allowed(bits);
            return 0;
        });
        ByteBuffer out = ByteBuffer.allocate(bits.length * 8).order(ByteOrder.LITTLE_ENDIAN);
        out.asLongBuffer().put(bits);
        memory.write(dst, out.array(), 0, (int) words * 4, "destination");
        return words;
    }

    long mask(GuestMemory memory, int handle, long ptr, long words, int flags) {
        Steered s = of(handle);
        if ((flags & ~KEEP) != 0) {
            throw bad("flags " + flags + " have bits that are not defined; 0 is");
        }
        long[] bits = words == 0 ? null : bits(memory, s, ptr, words);
        waiting(() -> {
            s.sequence.mask(bits, (flags & KEEP) == 0);
            return 0;
        });
        return 0;
    }

    private static long[] bits(GuestMemory memory, Steered s, long ptr, long words) {
        requireWords(s, words);
        byte[] raw = memory.read(ptr, words * 4, "mask");
        long[] bits = new long[Math.ceilDiv(s.sequence.vocabSize(), 64)];
        ByteBuffer in = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
        int whole = raw.length / 8;
        in.asLongBuffer().get(bits, 0, whole);
        if (whole < bits.length) {
            bits[whole] = Integer.toUnsignedLong(in.getInt(whole * 8));
        }
        return bits;
    }

    long bias(GuestMemory memory, int handle, long ptr, long count) {
        Steered s = of(handle);
        if (count > MAX_PAIRS && count > s.sequence.vocabSize()) {
            throw bad("a sequence may have a bias for each token of the vocabulary, not " + count);
        }
        ByteBuffer in = ByteBuffer.wrap(memory.read(ptr, count * 8, "biases")).order(ByteOrder.LITTLE_ENDIAN);
        int[] tokens = new int[(int) count];
        float[] values = new float[(int) count];
        for (int i = 0; i < count; i++) {
            tokens[i] = in.getInt();
            values[i] = in.getFloat();
            if (!Float.isFinite(values[i])) {
                throw bad("a bias must be finite, not " + values[i]);
            }
        }
        waiting(() -> {
            s.sequence.bias(tokens, values);
            return 0;
        });
        return 0;
    }

    /** Frees all that is open: the guest has ended. */
    @Override
    public void close() {
        open.values().forEach(s -> s.sequence.close());
        open.clear();
        leases.values().forEach(ModelLease::close);
        leases.clear();
    }
}
