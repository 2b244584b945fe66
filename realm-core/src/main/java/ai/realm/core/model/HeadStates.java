package ai.realm.core.model;

import ai.realm.core.kernel.WorkerPool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The recurrent states of one layer, cut into heads that do not know each other. The threads take one head of one sequence after the other: its
 * state comes near, goes from token to token, and back.
 */
final class HeadStates implements WorkerPool.Task {
    /** Multiply-adds below which one thread is quicker than several. */
    private static final long SMALL = 1 << 16;

    private final int layer;
    private final int before;
    private final int heads;
    private final float[][] near;
    private final Recurrence recurrence;
    private final AtomicInteger left = new AtomicInteger();
    private @Nullable Step step;

    /** What a head does with the tokens of one sequence. */
    @FunctionalInterface
    interface Recurrence {
        /** The rows {@code first} to {@code end}, in order. */
        void run(Step step, int first, int end, int head, float[] state);
    }

    /**
     * @param before floats of the layer's state that come before those of the first head
     * @param floats of each head's state
     * @param threads that heads may be taken by at the same time
     */
    HeadStates(int layer, int before, int heads, int floats, int threads, Scratch scratch, Recurrence recurrence) {
        this.layer = layer;
        this.before = before;
        this.heads = heads;
        this.near = new float[threads][];
        this.recurrence = recurrence;
        Arrays.setAll(near, i -> scratch.rows("headState" + i, 1, floats).data());
    }

    /** Floats of all heads together. */
    int floats() {
        return heads * near[0].length;
    }

    /** Takes all heads of all sequences through the batch. */
    void run(Step newStep) {
        step = newStep;
        int items = newStep.runs() * heads;
        left.set(items);
        if (3L * newStep.count() * floats() < SMALL || near.length == 1) {
            run(0);
        } else {
            newStep.compute().pool().run(Math.min(items, near.length), this);
        }
        step = null;
    }

    @Override
    public void run(int part) {
        Step s = Objects.requireNonNull(step);
        for (int i = left.decrementAndGet(); i >= 0; i = left.decrementAndGet()) {
            head(s, i / heads, i % heads, near[part]);
        }
    }

    private void head(Step s, int run, int head, float[] state) {
        int first = s.runStart(run);
        MemorySegment kept = s.kv().states();
        long at = s.kv().state(s.batch().sequence(first), layer) + Float.BYTES * (before + (long) head * state.length);
        MemorySegment.copy(kept, ValueLayout.JAVA_FLOAT, at, state, 0, state.length);
        recurrence.run(s, first, s.runStart(run + 1), head, state);
        MemorySegment.copy(state, 0, kept, ValueLayout.JAVA_FLOAT, at, state.length);
    }
}
