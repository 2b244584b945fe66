package ai.realm.runtime.scheduler;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * One tenant's place in an engine: its waiting sequences, interactive before batch, what it holds, and its virtual counter of
 * weighted service. After every {@value #INTERACTIVE_IN_ROW} interactive sequences in a row one of batch goes, if any waits, so that
 * batch is never starved.
 */
final class TenantQueue {
    static final int INTERACTIVE_IN_ROW = 8;

    final String id;
    double weight = 1;
    /** Weighted service so far. */
    double counter;
    int running;
    int blocks;
    private final Deque<Sequence> interactive = new ArrayDeque<>();
    private final Deque<Sequence> batch = new ArrayDeque<>();
    private int inRow;

    TenantQueue(String id) {
        this.id = id;
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

    int waiting() {
        return interactive.size() + batch.size();
    }

    boolean active() {
        return running > 0 || waiting() > 0;
    }

    Iterable<Sequence> interactive() {
        return interactive;
    }

    Iterable<Sequence> batch() {
        return batch;
    }
}
