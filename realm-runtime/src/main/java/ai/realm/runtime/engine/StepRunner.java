package ai.realm.runtime.engine;

import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.WorkerPool;
import ai.realm.core.model.Adapter;
import ai.realm.core.model.ForwardBatch;
import ai.realm.core.model.Model;
import ai.realm.core.sampling.Choice;
import ai.realm.core.sampling.LogitRows;
import ai.realm.runtime.kvcache.BatchKvView;
import ai.realm.runtime.kvcache.KvMemory;
import ai.realm.runtime.scheduler.Sequence;
import ai.realm.runtime.scheduler.StepPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Carries a {@link StepPlan} out: copies blocks, runs the forward pass, and has its rows read by the sequences' choosers. Engines of
 * several models take turns at the threads that compute; rows are read after the turn, on those threads only if nobody else wants them.
 * The loop's.
 */
final class StepRunner {
    /** Work of a chooser beyond the usual that a step waits for; what takes more is done beside the steps. */
    private static final long STEPS_AT_ONCE = 2048;

    private final Model model;
    private final KvMemory memory;
    private final WorkerPool pool;
    private final ReentrantLock turn;
    private final BatchKvView view;
    private final ForwardBatch batch;
    private final FloatRows logits;
    private final Reader[] readers;
    private int reading;
    private final WorkerPool.Task read = this::read;
    private final LogitRows oneRow = new LogitRows();

    /** One sequence of the step under way whose logits are wanted, and what its chooser made of them. */
    static final class Reader {
        final LogitRows rows = new LogitRows();
        final Choice choice = new Choice();
        /** Why it decided nothing, or null. */
        @Nullable
        Throwable error;
        private StepPlan.@Nullable Work work;
        private int firstRow;

        private StepPlan.Work work() {
            if (work == null) {
                throw new IllegalStateException("a reader without rows");
            }
            return work;
        }

        private void read() {
            error = null;
            choice.clear();
            try {
                work().sequence().spec().chooser().choose(rows, choice, STEPS_AT_ONCE);
            } catch (RuntimeException | Error e) {
                // also memory or stack that ran out: the step is everybody's
                error = e;
            }
        }
    }

    StepRunner(Model model, KvMemory memory, WorkerPool pool, ReentrantLock turn, int tokenBudget, int maxRunning) {
        this.model = model;
        this.memory = memory;
        this.pool = pool;
        this.turn = turn;
        this.view = new BatchKvView(memory);
        this.batch = new ForwardBatch(tokenBudget);
        this.logits = new FloatRows(maxRunning, model.config().vocabSize());
        this.readers = new Reader[maxRunning];
        for (int i = 0; i < maxRunning; i++) {
            readers[i] = new Reader();
        }
    }

    /** The {@code i}-th of the sequences whose logits were wanted. */
    Reader reader(int i) {
        return readers[i];
    }

    /** Has a fork of the {@code i}-th reader's sequence choose by the last of its rows. */
    void chooseAgain(int i, Sequence fork, Choice into) {
        choose(fork, row(i, readers[i].work().rows() - 1), into);
    }

    /** Has a sequence choose by a row, within what may be done at once. */
    void choose(Sequence s, LogitRows rows, Choice into) {
        into.clear();
        s.spec().chooser().choose(rows, into, STEPS_AT_ONCE);
    }

    /** The row after the {@code i}-th reader's last token, guesses not counted, and after so many that were chosen since. */
    LogitRows rowAfter(int i, int chosen) {
        StepPlan.Work w = readers[i].work();
        return row(i, w.rows() - 1 - w.guesses() + chosen);
    }

    private LogitRows row(int i, int index) {
        StepPlan.Work w = readers[i].work();
        int position = w.from() + w.count() - w.rows() + index;
        return oneRow.set(logits.data(), logits.offset(readers[i].firstRow + index), logits.cols(), 1, position,
                w.sequence().tokens(), 0);
    }

    long logitsBytes() {
        return (long) logits.rows() * logits.cols() * Float.BYTES;
    }

    /** Computes the plan's positions and has their rows read; whatever the forward pass throws comes out. */
    void run(StepPlan plan) {
        fill(plan);
        turn.lock();
        try {
            model.forward(batch, view, logits);
        } finally {
            turn.unlock();
            view.clear();
        }
        plan.work().forEach(w -> w.sequence().spec().log().reached(7, "forward"));
        read(plan);
    }

    private void fill(StepPlan plan) {
        for (StepPlan.BlockCopy c : plan.copies()) {
            memory.copy(c.from(), c.to());
        }
        plan.moves().forEach(memory::move);
        batch.clear();
        view.clear();
        for (StepPlan.Work w : plan.work()) {
            Sequence s = w.sequence();
            int index = view.add(s.table(), s.memory().slot());
            int end = w.from() + w.count();
            Adapter.Use adapter = s.spec().adapter();
            for (int p = w.from(); p < end; p++) {
                if (p >= s.length()) {
                    // a guess is computed as the token it would be, alone: so what comes of it is the same to the last bit
                    index = view.add(s.table(), s.memory().slot());
                }
                batch.add(s.token(p), p, index, p >= end - w.rows(), adapter);
            }
            s.spec().log().reached(6, "scheduler");
        }
    }

    private void read(StepPlan plan) {
        reading = 0;
        int row = 0;
        for (StepPlan.Work w : plan.work()) {
            if (w.rows() > 0) {
                Sequence s = w.sequence();
                Reader r = readers[reading++];
                r.work = w;
                r.firstRow = row;
                r.rows.set(logits.data(), logits.offset(row), logits.cols(), w.rows(), w.from() + w.count() - w.rows(),
                        s.tokens(),
                        s.length() + s.guessed());
                row += w.rows();
            }
        }
        // another engine that waits is not overtaken: then this loop's thread reads alone
        if (reading > 1 && !turn.hasQueuedThreads() && turn.tryLock()) {
            try {
                pool.run(reading, read);
            } finally {
                turn.unlock();
            }
        } else {
            for (int i = 0; i < reading; i++) {
                read(i);
            }
        }
    }

    private void read(int i) {
        readers[i].read();
    }
}
