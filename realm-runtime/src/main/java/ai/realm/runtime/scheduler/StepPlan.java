package ai.realm.runtime.scheduler;

import ai.realm.runtime.kvcache.StatePool;
import java.util.ArrayList;
import java.util.List;

/** What one step computes: for each sequence in it a run of its positions. Reused from step to step. */
public final class StepPlan {
    private final List<Work> work = new ArrayList<>();
    private final List<BlockCopy> copies = new ArrayList<>();
    private List<StatePool.Move> moves = List.of();
    private int tokens;
    private int rows;
    private int furtherRows;

    /**
     * A run of positions of one sequence.
     *
     * @param rows of how many of its last positions the logits are wanted
     * @param guesses how many of those are guesses, which its chooser may find wrong
     * @param decodes whether it goes on from a prompt that was computed before
     * @param chooses whether the last of them is the end of what is known, so that the next token is chosen
     */
    public record Work(Sequence sequence, int from, int count, int rows, int guesses, boolean decodes, boolean chooses) {}

    /** Contents that move to another block before the step: a shared block that is about to be written. */
    public record BlockCopy(int from, int to) {}

    void clear() {
        work.clear();
        copies.clear();
        moves = List.of();
        tokens = 0;
        rows = 0;
        furtherRows = 0;
    }

    void add(Work w) {
        work.add(w);
        tokens += w.count();
        rows += w.rows();
        furtherRows += Math.max(0, w.rows() - 1);
    }

    void copy(int from, int to) {
        copies.add(new BlockCopy(from, to));
    }

    void moves(List<StatePool.Move> states) {
        moves = states;
    }

    /** Recurrent states that begin or are copied before the step, in this order. */
    public List<StatePool.Move> moves() {
        return moves;
    }

    public List<Work> work() {
        return work;
    }

    public List<BlockCopy> copies() {
        return copies;
    }

    public int tokens() {
        return tokens;
    }

    /** Rows of logits that are wanted. */
    public int rows() {
        return rows;
    }

    /** Rows beyond one of each sequence. */
    int furtherRows() {
        return furtherRows;
    }

    public boolean isEmpty() {
        return work.isEmpty();
    }
}
