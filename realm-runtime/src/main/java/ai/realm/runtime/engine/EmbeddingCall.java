package ai.realm.runtime.engine;

import ai.realm.core.error.RealmException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The texts of one request on their way through an {@link EmbeddingEngine}: the engine fills in vectors and ends it, any thread may
 * end it before. Thread-safe but for what is said to be the engine's.
 */
public final class EmbeddingCall {
    private final EmbeddingSpec spec;
    private final float[][] vectors;
    private final long submittedNanos;
    private final CountDownLatch ended = new CountDownLatch(1);
    private @Nullable RealmException error;
    private volatile int begunTokens;
    private volatile long engineNanos;

    /** The engine's: the first text that is in no pass yet. */
    int next;
    /** The engine's: whether it has left the queue. */
    boolean counted;
    private int missing;

    EmbeddingCall(EmbeddingSpec spec, long now) {
        this.spec = spec;
        this.vectors = new float[spec.texts().size()][];
        this.missing = vectors.length;
        this.submittedNanos = now;
    }

    EmbeddingSpec spec() {
        return spec;
    }

    long submittedNanos() {
        return submittedNanos;
    }

    /** The engine's: a text goes into a pass. */
    void begin(int text) {
        begunTokens += spec.texts().get(text).length;
    }

    /** The engine's: a text's vector and its part of the pass's time; the last one ends the call. */
    void deliver(int text, float[] vector, long nanos) {
        engineNanos += nanos;
        vectors[text] = vector;
        if (--missing == 0) {
            end(null);
        }
    }

    /** Ends it unless it has ended; false when it had. */
    synchronized boolean end(@Nullable RealmException why) {
        if (hasEnded()) {
            return false;
        }
        error = why;
        ended.countDown();
        return true;
    }

    boolean hasEnded() {
        return ended.getCount() == 0;
    }

    /** Waits for the end; false when there was none in time. */
    public boolean await(long nanos) throws InterruptedException {
        return ended.await(nanos, TimeUnit.NANOSECONDS);
    }

    /** Why there are no vectors, or null; after the end. */
    public synchronized @Nullable RealmException error() {
        return error;
    }

    /** One for each text; after an end without an error. */
    public float[][] vectors() {
        return vectors;
    }

    /** Tokens of the texts that were computed or are being. */
    public int begunTokens() {
        return begunTokens;
    }

    /** Its part of the passes it took part in, by tokens. */
    public long engineNanos() {
        return engineNanos;
    }
}
