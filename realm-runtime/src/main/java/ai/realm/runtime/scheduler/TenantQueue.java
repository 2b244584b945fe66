package ai.realm.runtime.scheduler;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One tenant's place in an engine: its waiting sequences, interactive before batch, and what it holds. After every {@value #INTERACTIVE_IN_ROW} interactive sequences in a row one of batch goes, if any waits, so that
 * batch is never starved.
 */
final class TenantQueue extends FairShare.Share {
    static final int INTERACTIVE_IN_ROW = 8;

    int running;
    int blocks;
    private final Deque<Sequence> interactive = new ArrayDeque<>();
    private final Deque<Sequence> batch = new ArrayDeque<>();
    private int inRow;

    /** Of the step that is being planned: whether it has a sequence in it, whether it decodes, and what its decoding would take alone. */
    boolean inStep;
    boolean decodes;
    double counterBefore;
    final StepCost.Load alone = new StepCost.Load();

    TenantQueue(String tenantId) {
        super(tenantId);
    }

    void beginStep() {
        inStep = false;
        decodes = false;
        counterBefore = counter;
        alone.clear();
    }

    void add(Sequence s) {
        (s.spec().batch() ? batch : interactive).addLast(s);
    }

    /** Back to the front: it has waited before. */
    void addFirst(Sequence s) {
        (s.spec().batch() ? batch : interactive).addFirst(s);
    }

    boolean remove(Sequence s) {
        return (s.spec().batch() ? batch : interactive).remove(s);
    }

    /** The next to be admitted, or null; one whose reader is behind is passed over. */
    @Nullable
    Sequence head() {
        Sequence b = firstReady(batch);
        if (b != null && inRow >= INTERACTIVE_IN_ROW) {
            return b;
        }
        Sequence i = firstReady(interactive);
        return i != null ? i : b;
    }

    private static @Nullable Sequence firstReady(Deque<Sequence> queue) {
        for (Sequence s : queue) {
            if (!s.paused) {
                return s;
            }
        }
        return null;
    }

    void admitted(Sequence s) {
        remove(s);
        inRow = s.spec().batch() ? 0 : inRow + 1;
    }

    @Override
    protected int waiting() {
        return interactive.size() + batch.size();
    }

    @Override
    protected int running() {
        return running;
    }

    @Override
    protected boolean holds() {
        return blocks > 0;
    }

    /** All that wait. */
    void forEach(Consumer<Sequence> each) {
        interactive.forEach(each);
        batch.forEach(each);
    }
}
