package ai.realm.runtime.scheduler;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.WorkerPool;
import ai.realm.core.model.ForwardBatch;
import ai.realm.core.model.Model;
import ai.realm.runtime.kvcache.BatchKvView;
import ai.realm.runtime.kvcache.KvMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Carries a {@link StepPlan} out: copies blocks, runs the forward pass and samples, the rows shared among the threads that compute.
 * Engines of several models take turns at those threads. The engine thread's.
 */
final class StepRunner {
    private final Model model;
    private final KvMemory memory;
    private final WorkerPool pool;
    private final ReentrantLock turn;
    private final BatchKvView view;
    private final ForwardBatch batch;
    private final FloatRows logits;
    /** Whose logits are sampled in the step under way. */
    private final List<Sequence> rows = new ArrayList<>();
    private final WorkerPool.Task sampleRow = this::sampleRow;
    private int[] tokens;
    private @Nullable RuntimeException[] errors;

    StepRunner(Model model, KvMemory memory, WorkerPool pool, ReentrantLock turn, int tokenBudget, int maxRunning) {
        this.model = model;
        this.memory = memory;
        this.pool = pool;
        this.turn = turn;
        this.view = new BatchKvView(memory);
        this.batch = new ForwardBatch(tokenBudget);
        this.logits = new FloatRows(maxRunning, model.config().vocabSize());
        this.tokens = new int[maxRunning];
        this.errors = new RuntimeException[maxRunning];
    }

    /** One more token by the {@code i}-th row's logits, for a fork of its sequence. */
    int sampleAgain(int i, Sequence fork) {
        return fork.spec().sampler().sample(logits.data(), logits.offset(i), logits.cols());
    }

    /** The sampled token of the {@code i}-th row. */
    int token(int i) {
        return tokens[i];
    }

    /** Why the {@code i}-th row has no token, or null. */
    @Nullable
    RuntimeException error(int i) {
        return errors[i];
    }

    long logitsBytes() {
        return (long) logits.rows() * logits.cols() * Float.BYTES;
    }

    /** Computes the plan's positions and one token for each row; whatever the forward pass throws comes out. */
    void run(StepPlan plan) {
        fill(plan);
        turn.lock();
        try {
            model.forward(batch, view, logits);
            plan.work().forEach(w -> w.sequence().spec().log().reached(7, "forward"));
            sample(plan);
        } finally {
            turn.unlock();
            view.clear();
        }
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
            for (int p = w.from(); p < end; p++) {
                batch.add(s.token(p), p, index, w.samples() && p == end - 1);
            }
            s.spec().log().reached(6, "scheduler");
        }
    }

    private void sample(StepPlan plan) {
        rows.clear();
        for (StepPlan.Work w : plan.work()) {
            if (w.samples()) {
                rows.add(w.sequence());
            }
        }
        Arrays.fill(errors, 0, rows.size(), null);
        if (rows.size() == 1) {
            sampleRow(0);
        } else {
            pool.run(rows.size(), sampleRow);
        }
    }

    private void sampleRow(int row) {
        Sequence s = rows.get(row);
        try {
            tokens[row] = s.spec().sampler().sample(logits.data(), logits.offset(row), logits.cols());
        } catch (RuntimeException e) {
            errors[row] = e;
        }
    }

    /** What a failure becomes for the one whose request it ends. */
    static RealmException asError(Throwable e, String what) {
        return e instanceof RealmException r
                ? new RealmException(r.code(), String.valueOf(r.getMessage()), r.param(), r)
                : new RealmException(ErrorCode.INTERNAL, what + " failed: " + e.getClass().getSimpleName(), e);
    }
}
