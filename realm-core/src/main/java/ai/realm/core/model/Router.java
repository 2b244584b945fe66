package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.RowKernels;
import org.jspecify.annotations.Nullable;

/**
 * The choice of experts for a token: scores, an optional bias that counts for the choice only, an optional restriction to the
 * best groups of experts, and the chosen ones' weights.
 */
final class Router {
    /** The least sum that weights are divided by: the smallest normal half-precision number, as the reference has it. */
    private static final float LEAST_SUM = 6.103515625e-5f;

    /** What a score is. */
    enum Gating {
        /** Softmax over all experts. */
        SOFTMAX,
        /** Sigmoid of each logit. */
        SIGMOID,
        /** The logit itself; the weights are a softmax over the chosen experts. */
        SOFTMAX_OF_CHOSEN;

        /** By the number in {@code expert_gating_func}, 1 to 3. */
        static Gating of(int number) {
            return values()[number - 1];
        }
    }

    /**
     * How experts are chosen and weighed.
     *
     * @param experts experts there are
     * @param used experts of a token
     * @param groups equal groups of experts, 1 for no restriction; the {@code groupsUsed} with the best two scores stay
     * @param normalise whether the weights are made to sum to 1
     * @param scale factor of the weights
     */
    record Spec(int experts, int used, Gating gating, int groups, int groupsUsed, boolean normalise, float scale) {}

    private final Spec spec;
    private final Linear gate;
    private final float @Nullable [] choiceBias;
    private final FloatRows scores;
    private final FloatRows ranks;
    private final Step.RowTask choose = this::choose;
    private int[] chosen = {};
    private float[] weights = {};

    /** @param choiceBias added to the scores for the choice only, or null */
    Router(Spec spec, Linear gate, float @Nullable [] choiceBias, Scratch scratch) {
        this.spec = spec;
        this.choiceBias = choiceBias;
        this.scores = scratch.rows("router", spec.experts);
        this.ranks = scratch.rows("ranks", spec.experts + spec.groups);
        this.gate = gate;
    }

    Spec spec() {
        return spec;
    }

    /** Chooses for {@code count} rows; token t's experts and weights begin at {@code t * used}. */
    void route(Step step, FloatRows in, int count, int[] newChosen, float[] newWeights) {
        chosen = newChosen;
        weights = newWeights;
        gate.apply(step, in, count, scores);
        step.forRows(count, choose);
    }

    private void choose(Step step, int from, int to) {
        for (int row = from; row < to; row++) {
            choose(step.rowKernels(), row);
        }
    }

    private void choose(RowKernels kernels, int row) {
        float[] s = scores.data();
        int at = scores.offset(row);
        switch (spec.gating) {
            case SOFTMAX -> kernels.softmax(s, at, spec.experts);
            case SIGMOID -> kernels.activate(ai.realm.core.kernel.Activation.SIGMOID, s, at, spec.experts);
            case SOFTMAX_OF_CHOSEN -> {
                // The logits are the scores.
            }
        }
        float[] rank = ranks.data();
        int first = ranks.offset(row);
        for (int e = 0; e < spec.experts; e++) {
            rank[first + e] = choiceBias == null ? s[at + e] : s[at + e] + choiceBias[e];
        }
        if (spec.groups > 1) {
            dropGroups(rank, first);
        }
        int out = row * spec.used;
        for (int i = 0; i < spec.used; i++) {
            int best = best(rank, first, spec.experts);
            rank[first + best] = Float.NEGATIVE_INFINITY;
            chosen[out + i] = best;
            weights[out + i] = s[at + best];
        }
        weigh(kernels, out);
    }

    private void weigh(RowKernels kernels, int at) {
        if (spec.gating == Gating.SOFTMAX_OF_CHOSEN) {
            kernels.softmax(weights, at, spec.used);
        }
        float factor = spec.scale;
        if (spec.normalise) {
            float sum = 0;
            for (int i = 0; i < spec.used; i++) {
                sum += weights[at + i];
            }
            factor /= Math.max(sum, LEAST_SUM);
        }
        for (int i = 0; i < spec.used; i++) {
            weights[at + i] *= factor;
        }
    }

    /** Leaves only the experts of the best groups; a group's score is the sum of its two best. */
    private void dropGroups(float[] rank, int first) {
        int size = spec.experts / spec.groups;
        int scoresAt = first + spec.experts;
        for (int g = 0; g < spec.groups; g++) {
            rank[scoresAt + g] = bestTwo(rank, first + g * size, size);
        }
        for (int dropped = 0; dropped < spec.groups - spec.groupsUsed; dropped++) {
            int worst = worst(rank, scoresAt, spec.groups);
            rank[scoresAt + worst] = Float.POSITIVE_INFINITY;
            java.util.Arrays.fill(rank, first + worst * size, first + (worst + 1) * size, Float.NEGATIVE_INFINITY);
        }
    }

    private static float bestTwo(float[] x, int from, int n) {
        float one = Float.NEGATIVE_INFINITY;
        float two = Float.NEGATIVE_INFINITY;
        for (int i = from; i < from + n; i++) {
            if (x[i] > one) {
                two = one;
                one = x[i];
            } else if (x[i] > two) {
                two = x[i];
            }
        }
        return n == 1 ? one : one + two;
    }

    /** NaN never wins; with nothing left the first is taken, so that a broken model yields NaN and no exception. */
    private static int best(float[] x, int from, int n) {
        int best = 0;
        for (int i = 1; i < n; i++) {
            if (x[from + i] > x[from + best] || Float.isNaN(x[from + best])) {
                best = i;
            }
        }
        return best;
    }

    private static int worst(float[] x, int from, int n) {
        int worst = 0;
        for (int i = 1; i < n; i++) {
            if (x[from + i] < x[from + worst]) {
                worst = i;
            }
        }
        return worst;
    }
}
