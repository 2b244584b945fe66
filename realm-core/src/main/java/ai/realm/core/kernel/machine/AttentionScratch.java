package ai.realm.core.kernel.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A thread's memory for attention, outside of the heap. For each row it has the greatest score, the sum of its weights, the factor of what was
 * gathered, the first position it sees and their end ({@link SoftmaxCode}), and scores. For many rows it also has the queries and the results as
 * columns, and keys or values as floats. Grows with the heads; freed when its thread is gone.
 */
final class AttentionScratch {
    private static final ThreadLocal<AttentionScratch> MINE = ThreadLocal.withInitial(AttentionScratch::new);
    /** Positions whose scores many rows have room for. */
    static final int POSITIONS = 64;
    static final int MAX = 0;
    static final int SUM = SoftmaxCode.STATE_STRIDE;
    static final int FACTOR = 2 * SoftmaxCode.STATE_STRIDE;
    static final int LOW = 3 * SoftmaxCode.STATE_STRIDE;
    static final int HIGH = 4 * SoftmaxCode.STATE_STRIDE;
    /** The number one. */
    static final int ONE = 5 * SoftmaxCode.STATE_STRIDE;
    static final int SCORES = 6 * SoftmaxCode.STATE_STRIDE;
    static final int COLUMNS = SCORES + POSITIONS * 256;

    MemorySegment memory = MemorySegment.NULL;
    private int keyDim;
    private int valueDim;

    /** This thread's, with room for heads of these sizes. */
    static AttentionScratch get(int keyDim, int valueDim) {
        AttentionScratch s = MINE.get();
        if (s.keyDim < keyDim || s.valueDim < valueDim) {
            s.keyDim = Math.max(s.keyDim, keyDim);
            s.valueDim = Math.max(s.valueDim, valueDim);
            s.memory = Arena.ofAuto().allocate(s.resultsAt() + 256L * s.valueDim, 64);
        }
        return s;
    }

    /** Where keys or values are as floats. */
    long floatsAt() {
        return COLUMNS + 256L * keyDim;
    }

    /** Where the columns of results are. */
    long resultsAt() {
        return floatsAt() + 4L * POSITIONS * Math.max(keyDim, valueDim);
    }
}
