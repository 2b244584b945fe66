package ai.realm.core.sampling;

import java.util.Arrays;

/**
 * The tokens still in the running with their logits, as reused parallel arrays. Stages remove tokens by shrinking it, and make
 * a token impossible by the logit -Infinity.
 */
public final class Candidates {
    /** Beyond this, a logit is held at this: keeps penalties and temperatures from making infinities. */
    private static final float LARGEST = 1e30f;

    private int[] ids = new int[0];
    private float[] logits = new float[0];
    private float[] probs = new float[0];
    private int[] spareIds = new int[0];
    private float[] spareLogits = new float[0];
    private final int[] powers = new int[Exp.BLOCK];
    private final TopK top = new TopK();
    private int size;
    private boolean sorted;
    private boolean identity;
    private int selected = -1;

    /** Starts over with every token of a row; NaN and infinities become impossible. */
    public void load(float[] row, int offset, int count) {
        if (ids.length < count) {
            ids = new int[count];
            logits = new float[count];
            probs = new float[count];
            identity = false;
        }
        float[] to = logits;
        for (int i = 0; i < count; i++) {
            float v = row[offset + i];
            // one comparison refuses NaN and both infinities
            to[i] = Math.abs(v) <= Float.MAX_VALUE ? Math.max(-LARGEST, Math.min(LARGEST, v)) : Float.NEGATIVE_INFINITY;
        }
        if (!identity || size != count) {
            for (int i = 0; i < count; i++) {
                ids[i] = i;
            }
        }
        size = count;
        identity = true;
        sorted = false;
        selected = -1;
    }

    public int size() {
        return size;
    }

    public int id(int i) {
        return ids[i];
    }

    public float logit(int i) {
        return logits[i];
    }

    /** Set by {@link #softmax}. */
    public float prob(int i) {
        return probs[i];
    }

    /** The index of the token that a stage chose, or -1. */
    public int selected() {
        return selected;
    }

    void select(int index) {
        selected = index;
    }

    void setLogit(int i, float value) {
        logits[i] = value;
    }

    /** Makes the tokens of a whole row impossible whose bit is not set; beyond the last bit, all. */
    public void allowOnly(long[] allowed) {
        if (identity) {
            for (int word = 0; word << 6 < size; word++) {
                allowOnly(word << 6, word < allowed.length ? allowed[word] : 0);
            }
            sorted = false;
            return;
        }
        for (int i = 0; i < size; i++) {
            int id = ids[i];
            if (id >> 6 >= allowed.length || (allowed[id >> 6] >> id & 1) == 0) {
                logits[i] = Float.NEGATIVE_INFINITY;
            }
        }
        sorted = false;
    }

    /** The same for 64 tokens of a row that is as it was loaded. */
    private void allowOnly(int from, long bits) {
        int to = Math.min(from + 64, size);
        if (bits == 0) {
            Arrays.fill(logits, from, to, Float.NEGATIVE_INFINITY);
        } else if (bits != -1) {
            for (int i = from; i < to; i++) {
                if ((bits >> i & 1) == 0) {
                    logits[i] = Float.NEGATIVE_INFINITY;
                }
            }
        }
    }

    /** To be called after logits changed other than by one order-preserving rule for all. */
    void orderChanged() {
        sorted = false;
    }

    boolean isSorted() {
        return sorted;
    }

    /** Where this token stands, or -1: immediate as long as nothing was removed or ordered. */
    int indexOf(int token) {
        if (identity) {
            return token >= 0 && token < size ? token : -1;
        }
        for (int i = 0; i < size; i++) {
            if (ids[i] == token) {
                return i;
            }
        }
        return -1;
    }

    /** Index of the largest logit, the first of equals; -1 when there is none above -Infinity. */
    int argMax() {
        int best = -1;
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < size; i++) {
            if (logits[i] > max) {
                max = logits[i];
                best = i;
            }
        }
        return best;
    }

    float maxLogit() {
        if (sorted) {
            return size == 0 ? Float.NEGATIVE_INFINITY : logits[0];
        }
        // a comparison that the processor predicts; Math.max would be a chain of dependent steps
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < size; i++) {
            if (logits[i] > max) {
                max = logits[i];
            }
        }
        return max;
    }

    /** Fills the probabilities; they are all 0 when no token is possible. */
    public void softmax() {
        float max = maxLogit();
        if (max == Float.NEGATIVE_INFINITY) {
            Arrays.fill(probs, 0, size, 0);
            return;
        }
        double sum = Exp.shifted(logits, 0, probs, size, max, powers);
        float scale = (float) (1 / sum);
        for (int i = 0; i < size; i++) {
            probs[i] *= scale;
        }
    }

    /** The sum of exp(logit - largest logit); 0 when no token is possible. */
    double expSum() {
        float max = maxLogit();
        return max == Float.NEGATIVE_INFINITY ? 0 : Exp.shifted(logits, 0, probs, size, max, powers);
    }

    /** Draws an index in proportion to the softmax of the logits, by a uniform number in [0, 1); -1 when none is possible. */
    int draw(double uniform) {
        float max = maxLogit();
        if (max == Float.NEGATIVE_INFINITY) {
            return -1;
        }
        double target = Exp.shifted(logits, 0, probs, size, max, powers) * uniform;
        double sum = 0;
        int last = -1;
        for (int i = 0; i < size; i++) {
            if (probs[i] > 0) {
                sum += probs[i];
                last = i;
                if (sum > target) {
                    return i;
                }
            }
        }
        return last;
    }

    /** Keeps the tokens whose logit is at least this, in their order. */
    void keepFrom(float threshold) {
        int kept = 0;
        for (int i = 0; i < size; i++) {
            if (logits[i] >= threshold) {
                ids[kept] = ids[i];
                logits[kept++] = logits[i];
            }
        }
        identity &= kept == size;
        size = kept;
    }

    /** How many tokens have at least this logit. */
    int countFrom(float threshold) {
        int count = 0;
        for (int i = 0; i < size; i++) {
            count += logits[i] >= threshold ? 1 : 0;
        }
        return count;
    }

    /** Keeps the first {@code count}. */
    void truncate(int count) {
        identity &= count == size;
        size = count;
    }

    /** Removes the first {@code count}. */
    void dropFirst(int count) {
        System.arraycopy(ids, count, ids, 0, size - count);
        System.arraycopy(logits, count, logits, 0, size - count);
        size -= count;
        identity &= count == 0;
    }

    /** All tokens by falling logit. */
    void sort() {
        if (!sorted) {
            keepTop(size);
        }
    }

    /** Keeps the {@code k} largest logits, by falling logit. */
    void keepTop(int k) {
        int wanted = Math.min(k, size);
        if (!sorted) {
            gatherTop(wanted);
            keepGathered(wanted);
        }
        truncate(wanted);
    }

    /** Finds the {@code k} largest logits and puts them in order for {@link #gatheredLogit}, changing nothing else. */
    void gatherTop(int k) {
        top.gather(logits, size, k);
    }

    float gatheredLogit(int i) {
        return top.value(i);
    }

    /** Makes the first {@code count} of the gathered the candidates. */
    void keepGathered(int count) {
        keepOrder(top, count);
        sorted = true;
    }

    /** Keeps the candidates that stand at the first {@code count} indices of an order, in that order. */
    void keepOrder(TopK order, int count) {
        if (spareIds.length < count) {
            spareIds = new int[count];
            spareLogits = new float[count];
        }
        for (int i = 0; i < count; i++) {
            spareIds[i] = ids[order.index(i)];
            spareLogits[i] = logits[order.index(i)];
        }
        System.arraycopy(spareIds, 0, ids, 0, count);
        System.arraycopy(spareLogits, 0, logits, 0, count);
        size = count;
        sorted = false;
        identity = false;
    }
}
