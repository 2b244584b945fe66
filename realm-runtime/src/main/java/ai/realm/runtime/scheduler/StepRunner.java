package ai.realm.runtime.scheduler;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.WorkerPool;
import ai.realm.core.model.ForwardBatch;
import ai.realm.core.model.Model;
import ai.realm.core.sampling.LogProbsReader;
import ai.realm.core.sampling.Sampler;
import ai.realm.runtime.kvcache.BatchKvView;
import ai.realm.runtime.kvcache.KvMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Carries a {@link StepPlan} out: copies blocks, runs the forward pass, and reads its rows: what the model makes of prompts, and
 * the next tokens. Engines of several models take turns at the threads that compute; rows are read after the turn, on those
 * threads only if nobody else wants them. The engine thread's.
 */
final class StepRunner {
    /** Work of a sampler beyond the usual that a step waits for; what takes more is done beside the steps. */
    private static final long STEPS_AT_ONCE = 2048;

    private final Model model;
    private final KvMemory memory;
    private final WorkerPool pool;
    private final ReentrantLock turn;
    private final BatchKvView view;
    private final ForwardBatch batch;
    private final FloatRows logits;
    /** Whose logits are read in the step under way, and the first row of each. */
    private final List<StepPlan.Work> readers = new ArrayList<>();
    private final int[] firstRows;
    private final WorkerPool.Task read = this::read;
    private final int[] tokens;
    private final @Nullable RuntimeException[] errors;

    StepRunner(Model model, KvMemory memory, WorkerPool pool, ReentrantLock turn, int tokenBudget, int maxRunning) {
        this.model = model;
        this.memory = memory;
        this.pool = pool;
        this.turn = turn;
        this.view = new BatchKvView(memory);
        this.batch = new ForwardBatch(tokenBudget);
        this.logits = new FloatRows(maxRunning, model.config().vocabSize());
        this.firstRows = new int[maxRunning];
        this.tokens = new int[maxRunning];
        this.errors = new RuntimeException[maxRunning];
    }

    /** One more token by the logits that the {@code i}-th reader sampled from, for a fork of its sequence. */
    int sampleAgain(int i, Sequence fork) {
        return sample(fork, lastRow(i));
    }

    /** The token that the {@code i}-th reader sampled, or {@link Sampler#LATER}. */
    int token(int i) {
        return tokens[i];
    }

    /** Why the {@code i}-th reader has nothing, or null. */
    @Nullable
    RuntimeException error(int i) {
        return errors[i];
    }

    /** A copy of the logits that the {@code i}-th reader samples from. */
    float[] row(int i, float[] into) {
        System.arraycopy(logits.data(), logits.offset(lastRow(i)), into, 0, logits.cols());
        return into;
    }

    private int lastRow(int i) {
        return firstRows[i] + readers.get(i).rows() - 1;
    }

    long logitsBytes() {
        return (long) logits.rows() * logits.cols() * Float.BYTES;
    }

    /** Computes the plan's positions and reads their rows; whatever the forward pass throws comes out. */
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
            for (int p = w.from(); p < end; p++) {
                batch.add(s.token(p), p, index, p >= end - w.rows());
            }
            s.spec().log().reached(6, "scheduler");
        }
    }

    private void read(StepPlan plan) {
        readers.clear();
        int row = 0;
        for (StepPlan.Work w : plan.work()) {
            if (w.rows() > 0) {
                firstRows[readers.size()] = row;
                readers.add(w);
                row += w.rows();
            }
        }
        Arrays.fill(errors, 0, readers.size(), null);
        if (readers.size() > 1 && turn.tryLock()) {
            try {
                pool.run(readers.size(), read);
            } finally {
                turn.unlock();
            }
        } else {
            for (int i = 0; i < readers.size(); i++) {
                read(i);
            }
        }
    }

    private void read(int i) {
        StepPlan.Work w = readers.get(i);
        try {
            int scored = w.rows() - (w.samples() ? 1 : 0);
            if (scored > 0) {
                score(w, firstRows[i], scored);
            }
            tokens[i] = w.samples() ? sample(w.sequence(), lastRow(i)) : Sampler.LATER;
        } catch (RuntimeException e) {
            errors[i] = e;
        }
    }

    private int sample(Sequence s, int row) {
        return s.spec().sampler().sample(logits.data(), logits.offset(row), logits.cols(), STEPS_AT_ONCE);
    }

    private void score(StepPlan.Work w, int firstRow, int count) {
        Sequence s = w.sequence();
        LogProbsReader reader = new LogProbsReader(s.spec().promptLogProbs());
        int position = w.from() + w.count() - w.rows();
        for (int r = 0; r < count; r++) {
            s.score(reader.read(logits.data(), logits.offset(firstRow + r), logits.cols(), s.token(position + r + 1)));
        }
    }

    /** What a failure becomes for the one whose request it ends. */
    static RealmException asError(Throwable e, String what) {
        return e instanceof RealmException r
                ? new RealmException(r.code(), String.valueOf(r.getMessage()), r.param(), r)
                : new RealmException(ErrorCode.INTERNAL, what + " failed: " + e.getClass().getSimpleName(), e);
    }
}
