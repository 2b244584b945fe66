package ai.realm.runtime.scheduler;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.TokenLogProbs;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A bounded queue of tokens from engine to reader. Engine, reader or canceller may end it; the first end wins. The engine never
 * waits here: it does not run a sequence whose queue is full. Thread-safe.
 */
public final class TokenQueue {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final int[] tokens;
    private final @Nullable TokenLogProbs[] logProbs;
    @GuardedBy("lock")
    private int first;
    @GuardedBy("lock")
    private int count;
    @GuardedBy("lock")
    private int offered;
    @GuardedBy("lock")
    private int taken;
    /** The reader's: this token made room. */
    private boolean reopened;
    private @Nullable TokenLogProbs takenLogProbs;
    @GuardedBy("lock")
    private @Nullable Ending ending;
    private volatile boolean ended;
    private volatile boolean full;
    private volatile Runnable onRoom = () -> {};
    private volatile Runnable onChange = () -> {};

    /** What {@link #take} found. */
    public enum Taken {
        TOKEN,
        END,
        TIMEOUT
    }

    public TokenQueue(int capacity) {
        tokens = new int[capacity];
        logProbs = new TokenLogProbs[capacity];
    }

    /** Called on the reader's thread when a queue that was full has room again. */
    public void onRoom(Runnable listener) {
        onRoom = listener;
    }

    /** Called on any thread after a token or the end came: for a reader that waits for several; must be quick. */
    public void onChange(Runnable listener) {
        onChange = listener;
    }

    /** Whether the sequence must pause: from when there is no room until half of the queue has been read. */
    public boolean full() {
        return full;
    }

    /** Tokens that it can take now, at least. */
    public int room() {
        lock.lock();
        try {
            return tokens.length - count;
        } finally {
            lock.unlock();
        }
    }

    /** Whether an end was set; tokens before it may still be unread. */
    public boolean ended() {
        return ended;
    }

    /**
     * Adds a token; the caller has seen that the queue is not full.
     *
     * @param logProb its log-probabilities, or null when none are wanted
     * @return false when the sequence has ended and the token counts for nothing
     */
    public boolean offer(int token, @Nullable TokenLogProbs logProb) {
        boolean taken = offerLocked(token, logProb);
        onChange.run();
        return taken;
    }

    private boolean offerLocked(int token, @Nullable TokenLogProbs logProb) {
        lock.lock();
        try {
            if (ending != null) {
                return false;
            }
            if (count == tokens.length) {
                throw new IllegalStateException("a full queue takes no token");
            }
            int at = (first + count) % tokens.length;
            tokens[at] = token;
            logProbs[at] = logProb;
            count++;
            offered++;
            full = count == tokens.length;
            changed.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** The engine's end: the reader gets the tokens before it first. */
    public boolean end(Ending.Kind kind, @Nullable RealmException error) {
        lock.lock();
        try {
            return end(new Ending(kind, offered, error));
        } finally {
            lock.unlock();
            onChange.run();
        }
    }

    /** Ends at once with all tokens that were generated; those not read yet are dropped. */
    public boolean abort(Ending.Kind kind, @Nullable RealmException error) {
        lock.lock();
        try {
            if (!end(new Ending(kind, offered, error))) {
                return false;
            }
            drop();
            return true;
        } finally {
            lock.unlock();
            onChange.run();
        }
    }

    /**
     * The reader's end: it has seen enough, and what it has not read does not count, nor an end that the engine came to while it
     * ran ahead of the reader.
     */
    public void endByReader() {
        lock.lock();
        try {
            ending = new Ending(Ending.Kind.STOP, taken, null);
            ended = true;
            drop();
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private boolean end(Ending e) {
        if (ending != null) {
            return false;
        }
        ending = e;
        ended = true;
        changed.signalAll();
        return true;
    }

    @GuardedBy("lock")
    private void drop() {
        count = 0;
        full = false;
        changed.signalAll();
    }

    /**
     * Waits for the next token or the end. The token is in {@code into[0]}.
     *
     * @throws InterruptedException when the reader's thread is interrupted
     */
    public Taken take(int[] into, long waitNanos) throws InterruptedException {
        Taken result = takeLocked(into, waitNanos);
        if (reopened) {
            reopened = false;
            onRoom.run();
        }
        return result;
    }

    private Taken takeLocked(int[] into, long waitNanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = waitNanos;
            while (count == 0 && ending == null) {
                if (left <= 0) {
                    return Taken.TIMEOUT;
                }
                left = changed.awaitNanos(left);
            }
            if (count == 0) {
                return Taken.END;
            }
            into[0] = tokens[first];
            takenLogProbs = logProbs[first];
            logProbs[first] = null;
            first = (first + 1) % tokens.length;
            count--;
            taken++;
            // Under the lock: the queue may have become full after this reader began to wait.
            reopened = full && count <= tokens.length / 2;
            full = full && !reopened;
            return Taken.TOKEN;
        } finally {
            lock.unlock();
        }
    }

    /** The log-probabilities of the token taken last, or null. Reader only. */
    public @Nullable TokenLogProbs logProbs() {
        return takenLogProbs;
    }

    /** The end, once there is one. */
    public @Nullable Ending ending() {
        lock.lock();
        try {
            return ending;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for an end: for tests and for draining. */
    public boolean awaitEnd(long nanos) throws InterruptedException {
        long limit = System.nanoTime() + nanos;
        lock.lockInterruptibly();
        try {
            while (ending == null) {
                long left = limit - System.nanoTime();
                if (left <= 0 || !changed.await(left, TimeUnit.NANOSECONDS)) {
                    return ending != null;
                }
            }
            return true;
        } finally {
            lock.unlock();
        }
    }
}
