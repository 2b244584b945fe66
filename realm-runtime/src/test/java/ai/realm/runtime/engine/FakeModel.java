package ai.realm.runtime.engine;

import ai.realm.core.gguf.GgufFile;
import ai.realm.core.model.Adapter;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.KvType;
import ai.realm.core.model.ForwardBatch;
import ai.realm.core.model.KvShape;
import ai.realm.core.model.KvView;
import ai.realm.core.model.Model;
import ai.realm.core.model.ModelConfig;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A model whose next token is a hash of all tokens of its sequence, read back from the KV memory: a wrong, overwritten or missing
 * block shows as another token, or as a failure when the positions are wrong. Letters a to z, and 0, the end, now and then.
 */
public final class FakeModel implements Model {
    public static final int VOCAB = 128;
    public static final int END = 0;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

    private final int contextLength;
    private final int maxBatch;
    private final int stateFloats;
    private final boolean recurrent;
    private final boolean ends;
    private final AtomicBoolean failNext = new AtomicBoolean();
    private final AtomicLong forwarded = new AtomicLong();
    private volatile Runnable beforeForward = () -> {};
    private volatile boolean closed;

    public FakeModel(int contextLength, int maxBatch, boolean recurrent, boolean ends) {
        this(contextLength, maxBatch, recurrent ? 2 : 0, ends);
    }

    /** @param stateFloats of a sequence's recurrent state, of which it uses two; 0 for none */
    FakeModel(int contextLength, int maxBatch, int stateFloats, boolean ends) {
        this.stateFloats = stateFloats;
        this.contextLength = contextLength;
        this.maxBatch = maxBatch;
        this.recurrent = stateFloats > 0;
        this.ends = ends;
    }

    /** Sequences of up to 1000 tokens that never end by themselves. */
    public static FakeModel endless() {
        return new FakeModel(1000, 64, false, false);
    }

    /** The token after the first {@code length} of {@code tokens}. */
    public int next(int[] tokens, int length) {
        long hash = 17;
        for (int i = 0; i < length; i++) {
            hash = mix(hash, tokens[i]);
        }
        return tokenOf(hash);
    }

    /** What a generation gives, without the end token. */
    public int[] generate(int[] prompt, int maxTokens) {
        int[] all = Arrays.copyOf(prompt, Math.min(contextLength, prompt.length + maxTokens));
        int n = prompt.length;
        while (n < all.length) {
            int t = next(all, n);
            if (t == END) {
                break;
            }
            all[n++] = t;
        }
        return Arrays.copyOfRange(all, prompt.length, n);
    }

    private int tokenOf(long hash) {
        long h = hash ^ hash >>> 31;
        return ends && Long.remainderUnsigned(h, 40) == 7 ? END : 'a' + (int) Long.remainderUnsigned(h >>> 8, 26);
    }

    private static long mix(long hash, int token) {
        long h = (hash ^ token) * 0x9E3779B97F4A7C15L;
        return h ^ h >>> 29;
    }

    /** The next forward pass throws. */
    public void failNext() {
        failNext.set(true);
    }

    /** Called on the engine thread before each forward pass. */
    public void beforeForward(Runnable hook) {
        beforeForward = hook;
    }

    /** Positions computed so far. */
    public long forwarded() {
        return forwarded.get();
    }

    public boolean closed() {
        return closed;
    }

    @Override
    public ModelConfig config() {
        return new ModelConfig("fake", "fake", VOCAB, contextLength, 4, 2, 1);
    }

    @Override
    public KvShape kvShape() {
        return new KvShape(new int[]{0, 1}, new int[]{0, 2}, new int[]{0, 2}, new int[]{stateFloats, 0});
    }

    @Override
    public int maxBatch() {
        return maxBatch;
    }

    @Override
    public void forward(ForwardBatch batch, KvView kv, FloatRows logits) {
        beforeForward.run();
        if (failNext.getAndSet(false)) {
            throw new IllegalStateException("the fake model was told to fail");
        }
        if (kv.type() != KvType.F32 || batch.count() > maxBatch) {
            throw new IllegalArgumentException("the fake model takes F32 and " + maxBatch + " tokens");
        }
        forwarded.addAndGet(batch.count());
        for (int i = 0; i < batch.count(); i++) {
            store(batch, kv, i);
        }
        for (int row = 0; row < batch.outputCount(); row++) {
            int i = batch.output(row);
            long hash = 17;
            for (int p = 0; p <= batch.position(i); p++) {
                hash = mix(hash, tokenAt(kv, batch.sequence(i), p));
            }
            Arrays.fill(logits.data(), logits.offset(row), logits.offset(row) + VOCAB, 0);
            logits.data()[logits.offset(row) + tokenOf(hash)] = 10;
        }
    }

    @Override
    public void warmUp(ForwardBatch batch, KvView kv, FloatRows logits, int layer) {
        // Nothing to compile.
    }

    private void store(ForwardBatch batch, KvView kv, int i) {
        int p = batch.position(i);
        int sequence = batch.sequence(i);
        if (recurrent) {
            long at = kv.state(sequence, 0);
            float position = kv.states().get(FLOAT, at);
            float sum = kv.states().get(FLOAT, at + 4);
            if (position != p || sum != sumBefore(kv, sequence, p)) {
                throw new IllegalStateException(
                        "recurrent state is at position " + position + " with sum " + sum + ", not at " + p);
            }
            kv.states().set(FLOAT, at, p + 1);
            kv.states().set(FLOAT, at + 4, sum + batch.token(i) * (p + 1));
        }
        int block = kv.block(sequence, p / kv.blockPositions());
        long row = (long) (p % kv.blockPositions()) * kv.type().rowBytes(2);
        kv.memory().set(FLOAT, kv.keys(block, 1, 0) + row, batch.token(i));
        kv.memory().set(FLOAT, kv.values(block, 1, 0) + row, p);
    }

    /** What the state must hold after the first {@code end} tokens. */
    private static float sumBefore(KvView kv, int sequence, int end) {
        float sum = 0;
        for (int p = 0; p < end; p++) {
            sum += tokenAt(kv, sequence, p) * (p + 1);
        }
        return sum;
    }

    private static int tokenAt(KvView kv, int sequence, int p) {
        int block = kv.block(sequence, p / kv.blockPositions());
        long row = (long) (p % kv.blockPositions()) * kv.type().rowBytes(2);
        float position = kv.memory().get(FLOAT, kv.values(block, 1, 0) + row);
        if (position != p) {
            throw new IllegalStateException("position " + p + " of a sequence holds what belongs to " + position);
        }
        return (int) kv.memory().get(FLOAT, kv.keys(block, 1, 0) + row);
    }

    @Override
    public long adapterBytes(GgufFile file) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Adapter adapter(GgufFile file, long mostBytes) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long weightBytes() {
        return 1000;
    }

    @Override
    public void close() {
        closed = true;
    }
}
