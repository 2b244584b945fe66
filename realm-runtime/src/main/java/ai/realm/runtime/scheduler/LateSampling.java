package ai.realm.runtime.scheduler;

import ai.realm.core.sampling.Sampler;
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
 * Finishes what samplers could not do at once, on a thread of its own: a slice of each tenant's in turn, so that nobody's grammar
 * keeps another's waiting, and with pauses while the engine computes, so that it keeps the processors. A sequence that has ended
 * meanwhile (cancelled, too late) is left after its slice. The engine's thread hands over and takes back.
 */
final class LateSampling implements AutoCloseable {
    /** Work between two looks at who has ended and whose turn it is: a few milliseconds at most. */
    private static final long SLICE_STEPS = 100_000;
    /** Beside a computing engine it pauses so many times as long as it worked. */
    private static final int PAUSE = 4;
    private static final long LONGEST_PAUSE_NANOS = 50_000_000;

    /** A sequence whose token is due, with the logits for it. The token or the error is there when it is taken back. */
    static final class Late {
        final Sequence sequence;
        final float[] row;
        int token = Sampler.LATER;
        @Nullable
        RuntimeException error;
        long nanos;

        Late(Sequence sequence, float[] row) {
            this.sequence = sequence;
            this.row = row;
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
    private final Map<String, Deque<Late>> waiting = new LinkedHashMap<>();
    private @Nullable Thread thread;
    private volatile boolean closing;

    /**
     * @param onDone called on the thread of this when something can be taken back
     * @param busy whether the engine computes
     */
    LateSampling(String name, Runnable onDone, BooleanSupplier busy) {
        this.name = name;
        this.onDone = onDone;
        this.busy = busy;
    }

    /** A row to copy logits to, whose use is over when its sequence is taken back. */
    float[] spareRow(int size) {
        float[] row = spareRows.poll();
        return row == null ? new float[size] : row;
    }

    void submit(Sequence s, float[] row) {
        lock.lock();
        try {
            waiting.computeIfAbsent(s.spec().tenantId(), t -> new ArrayDeque<>()).addLast(new Late(s, row));
            came.signal();
            if (thread == null && !closing) {
                thread = Thread.ofPlatform().daemon().name("late-" + name).start(this::loop);
            }
        } finally {
            lock.unlock();
        }
    }

    /** One that is done or whose sequence has ended, or null. */
    @Nullable
    Late poll() {
        Late late = done.poll();
        if (late != null) {
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
        try {
            late.token = late.sequence.spec().sampler().sample(late.row, 0, late.row.length, SLICE_STEPS);
            return late.token != Sampler.LATER;
        } catch (RuntimeException e) {
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
