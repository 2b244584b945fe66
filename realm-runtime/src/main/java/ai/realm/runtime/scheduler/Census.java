package ai.realm.runtime.scheduler;

import ai.realm.core.error.RealmException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/**
 * Who is in an engine: the places of the bounded queue, the number of sequences that have not ended, and what the listener hears
 * of their coming and going. Callers' threads enter, the engine's does the rest.
 */
final class Census {
    private static final long LOOK_MILLIS = 100;

    private final String model;
    private final EngineListener listener;
    private final Admission admission;
    private final AtomicInteger live = new AtomicInteger();
    private final Object quiet = new Object();

    Census(String model, EngineListener listener, int maxWaiting) {
        this.model = model;
        this.listener = listener;
        this.admission = new Admission(maxWaiting);
    }

    /** Takes places for {@code n} sequences, or throws OVERLOADED. */
    void enter(String tenant, int n) {
        admission.enter(tenant, n);
        live.addAndGet(n);
    }

    int waiting() {
        return admission.total();
    }

    private EngineListener listening(Sequence s) {
        return s.spec().warmUp() ? EngineListener.NONE : listener;
    }

    /** The sequence is in a step; the first time it leaves the queue. */
    void inStep(Sequence s, long now) {
        if (!s.counted) {
            s.counted = true;
            admission.leave(s.spec().tenantId());
            listening(s).started(model, s.spec().tenantId(), now - s.submittedNanos());
        }
    }

    void token(Sequence s, long now) {
        if (s.generated() == 1) {
            listening(s).firstToken(model, s.spec().tenantId(), now - s.submittedNanos());
        } else {
            listening(s).nextToken(model, s.spec().tenantId(), now - s.lastTokenNanos);
        }
        s.lastTokenNanos = now;
    }

    void step(StepPlan plan, long nanos) {
        listener.step(model, plan.tokens(), plan.work().size(), nanos);
    }

    void ended(Sequence s, long now) {
        if (!s.counted) {
            s.counted = true;
            admission.leave(s.spec().tenantId());
        }
        Ending e = s.output().ending();
        if (e != null) {
            RealmException error = e.error();
            listening(s).ended(model, s.spec().tenantId(), e.kind().label(), error == null ? null : error.code().name(),
                    s.promptLength(), Math.max(0, s.cachedTokens()), e.generatedTokens(), now - s.submittedNanos());
        }
        if (live.decrementAndGet() == 0) {
            synchronized (quiet) {
                quiet.notifyAll();
            }
        }
    }

    /**
     * Waits until nobody is left or the engine has ended.
     *
     * @throws InterruptedException when the caller is interrupted
     */
    void awaitQuiet(BooleanSupplier running) throws InterruptedException {
        synchronized (quiet) {
            while (live.get() > 0 && running.getAsBoolean()) {
                quiet.wait(LOOK_MILLIS);
            }
        }
    }
}
