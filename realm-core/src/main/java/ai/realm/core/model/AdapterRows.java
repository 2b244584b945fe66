package ai.realm.core.model;

import ai.realm.core.gguf.GgufException;
import ai.realm.core.kernel.LowRankPanel;
import java.lang.foreign.MemorySegment;

/**
 * The rows of one of an adapter's narrow matrices, each brought near 1 by a power of two or, in 8 bits, to 127 at most. What a row was divided by is
 * its factor.
 */
final class AdapterRows {
    /** How far 8 bits may be from a row's numbers, by the root of the mean square of both. */
    private static final double MOST_ERROR = 1.0 / 80;

    private final float[] numbers;
    private final int columns;
    private final float[] most;
    private final boolean fitBytes;

    private AdapterRows(float[] numbers, int columns, float[] most, boolean fitBytes) {
        this.numbers = numbers;
        this.columns = columns;
        this.most = most;
        this.fitBytes = fitBytes;
    }

    /** @param tensor named when a number is none */
    static AdapterRows of(float[] numbers, int columns, String tensor) {
        float[] most = new float[numbers.length / columns];
        boolean fit = true;
        for (int r = 0; r < most.length; r++) {
            for (int i = r * columns; i < (r + 1) * columns; i++) {
                if (!Float.isFinite(numbers[i])) {
                    throw new GgufException("tensor " + tensor + " has a value that is no number: " + numbers[i], -1);
                }
                most[r] = Math.max(most[r], Math.abs(numbers[i]));
            }
            fit &= error(numbers, r * columns, columns, most[r]) <= MOST_ERROR;
        }
        return new AdapterRows(numbers, columns, most, fit);
    }

    /** What rounding to 8 bits does to a row, by the root of the mean square. */
    private static double error(float[] numbers, int from, int count, float most) {
        if (most < Float.MIN_NORMAL) {
            return 0;
        }
        double errors = 0;
        double squares = 0;
        for (int i = from; i < from + count; i++) {
            double x = numbers[i] / most * 127;
            double d = x - Math.rint(x);
            errors += d * d;
            squares += x * x;
        }
        return Math.sqrt(errors / squares);
    }

    /** Whether 8 bits are near enough: they are not where a few numbers are far larger than the rest. */
    boolean fitBytes() {
        return fitBytes;
    }

    /** What the stored numbers of a row are to be multiplied by. */
    float factor(LowRankPanel kind, int row) {
        if (most[row] < Float.MIN_NORMAL) {
            return 1f;
        }
        return kind == LowRankPanel.BYTES
                ? most[row] / 127
                : Math.scalb(1f, Math.clamp(Math.getExponent(most[row]), -100, 127));
    }

    /**
     * Stores some columns of all rows as panels; gives the end of the last.
     *
     * @param factors of the rows, with those of the other matrix
     */
    long store(LowRankPanel kind, MemorySegment memory, long at, int from, int count, float[] factors) {
        long bytes = kind.bytes(count);
        for (int r = 0; r < most.length; r++) {
            long panel = at + r / LowRankPanel.ROWS * bytes;
            float factor = factor(kind, r);
            LowRankPanel.factor(memory, panel, r % LowRankPanel.ROWS, factors[r]);
            for (int i = 0; i < count; i++) {
                kind.number(memory, panel, r % LowRankPanel.ROWS, i, numbers[r * columns + from + i] / factor);
            }
        }
        return at + LowRankPanel.count(most.length) * bytes;
    }
}
