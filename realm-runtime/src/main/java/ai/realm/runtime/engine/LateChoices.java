package ai.realm.runtime.engine;

import ai.realm.core.sampling.Choice;
import ai.realm.core.sampling.LogitRows;
import ai.realm.runtime.scheduler.Sequence;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The choices that were put off. Those of choosers that have more to do are finished on a thread of its own, a slice of each
 * tenant's in turn, so that nobody's grammar keeps another's waiting. The thread pauses while the engine computes, so that the
 * engine keeps the processors. A sequence that has ended meanwhile (cancelled, too late) is left after its slice. The engine's loop
 * hands over and takes back.
 */
final class LateChoices implements AutoCloseable {
    /** Work between two looks at who has ended and whose turn it is: less than a millisecond. What does not fit goes on in the next. */
    private static final long SLICE_STEPS = 25_000;
    /** Beside a computing engine it pauses so many times as long as it worked. */
    private static final int PAUSE = 9;
    private static final long LONGEST_PAUSE_NANOS = 50_000_000;
    private static final int MOST_SPARE_ROWS = 32;

    /** A sequence whose choice is due, with the logits for it. The choice or the error is there when it is taken back. */
    static final class Late {
        final Sequence sequence;
        final Choice choice = new Choice();
        final LogitRows rows = new LogitRows();
        final float[] row;
        private final int position;
        private final int decision;
        @Nullable
        Throwable error;
        long nanos;

        private Late(Sequence sequence, float[] row, int position) {
            this.sequence = sequence;
            this.row = row;
            this.position = position;
            this.decision = sequence.decisions();
        }

        /** Whether it is still asked for: nobody has changed the sequence meanwhile. */
        boolean counts() {
            return sequence.deciding() && sequence.decisions() == decision;
        }
    }

    private final String name;
    private final Runnable onDone;
    private final BooleanSupplier busy;
    private final Queue<Late> done = new ConcurrentLinkedQueue<>();
    private final Deque<float[]> spareRows = new ArrayDeque<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition came = lock.newCondition();
    /** By tenant, the one whose turn is next first. */
    @GuardedBy("lock")
    private final Map<String, Deque<Late>> waiting = new LinkedHashMap<>();
    @GuardedBy("lock")
    private @Nullable Thread thread;
    private volatile boolean closing;

    /**
     * @param onDone called on any thread when something can be taken back
     * @param busy whether the engine computes
     */
    LateChoices(String name, Runnable onDone, BooleanSupplier busy) {
        this.name = name;
        this.onDone = onDone;
        this.busy = busy;
    }

    /** Has a sequence's chooser decide by a row of these, of which it keeps a copy. The loop's. */
    void submit(Sequence s, LogitRows from, int row) {
        float[] spare = spareRows.poll();
        float[] copy = spare == null ? new float[from.cols()] : spare;
        System.arraycopy(from.data(), from.offset(row), copy, 0, copy.length);
        Late late = new Late(s, copy, from.position(row));
        lock.lock();
        try {
            waiting.computeIfAbsent(s.spec().tenantId(), t -> new ArrayDeque<>()).addLast(late);
            came.signal();
            if (thread == null && !closing) {
                thread = Thread.ofPlatform().daemon().name("late-" + name).start(this::loop);
            }
        } finally {
            lock.unlock();
        }
    }

    /** One that is done or whose sequence has ended, or null. The loop's. */
    @Nullable
    Late poll() {
        Late late = done.poll();
        if (late != null && spareRows.size() < MOST_SPARE_ROWS) {
            spareRows.push(late.row);
        }
        return late;
    }

    private void loop() {
        for (Late late = next(); late != null; late = next()) {
            long start = System.nanoTime();
            boolean finished = late.sequence.output().ended() || work(late);
            long nanos = System.nanoTime() - start;
            late.nanos += nanos;
            if (finished) {
                done.add(late);
                onDone.run();
            } else {
                again(late);
            }
            if (busy.getAsBoolean() && !closing) {
                LockSupport.parkNanos(this, Math.min(LONGEST_PAUSE_NANOS, PAUSE * nanos));
            }
        }
    }

    private static boolean work(Late late) {
        late.choice.clear();
        late.rows.set(late.row, 0, late.row.length, 1, late.position, late.sequence.spec().prompt(), 0);
        try {
            late.sequence.spec().chooser().choose(late.rows, late.choice, SLICE_STEPS);
            return late.choice.kind() != Choice.Kind.LATER;
        } catch (RuntimeException | Error e) {
            // also memory or stack that ran out: the thread is everybody's
            late.error = e;
            return true;
        }
    }

    private @Nullable Late next() {
        lock.lock();
        try {
            while (waiting.isEmpty() && !closing) {
                came.awaitUninterruptibly();
            }
            if (closing) {
                return null;
            }
            Map.Entry<String, Deque<Late>> first = waiting.entrySet().iterator().next();
            Late late = first.getValue().removeFirst();
            waiting.remove(first.getKey());
            if (!first.getValue().isEmpty()) {
                waiting.put(first.getKey(), first.getValue());
            }
            return late;
        } finally {
            lock.unlock();
        }
    }

    private void again(Late late) {
        lock.lock();
        try {
            waiting.computeIfAbsent(late.sequence.spec().tenantId(), t -> new ArrayDeque<>()).addFirst(late);
        } finally {
            lock.unlock();
        }
    }

    /** Ends the thread; what it had is left as it is. */
    @Override
    public void close() {
        Thread running;
        lock.lock();
        try {
            closing = true;
            came.signal();
            running = thread;
        } finally {
            lock.unlock();
        }
        if (running != null) {
            LockSupport.unpark(running);
        }
    }
}
