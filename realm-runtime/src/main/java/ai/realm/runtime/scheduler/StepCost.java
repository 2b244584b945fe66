package ai.realm.runtime.scheduler;

/**
 * What a step takes on this machine, learned from those that were computed: a part that every step takes, and parts for each token decoded, each
 * token of a prompt, and each position that one of them attends to. A Kalman filter whose parts may drift, so that a machine that slows down or
 * prompts that grow are followed within a few steps. Arithmetic alone: the same observations give the same estimates. One thread.
 */
final class StepCost {
    private static final int PARTS = 4;
    /** So that all parts are numbers of milliseconds of about one size. */
    private static final double[] UNIT = {1, 16, 128, 1 << 16};
    /** How little is known in the beginning, in squared milliseconds; no part is ever less known than that. */
    private static final double UNKNOWN = 1e4;
    /** Of a part, by which it may drift in a step. */
    private static final double DRIFT = 0.02;
    /** Of a step's time, by which it differs from another like it. */
    private static final double NOISE = 0.1;
    private static final double LEAST_NOISE_MILLIS = 0.2;
    /** Steps after which an estimate is worth something. */
    private static final int ENOUGH = 6;
    /** A step that took so many times as long as expected was held up by something else. */
    private static final double OUTLIER = 3;

    private final double[] part = new double[PARTS];
    private final double[][] spread = new double[PARTS][PARTS];
    private int observed;

    /** What a step computes. */
    static final class Load {
        private final double[] amount = new double[PARTS];

        Load() {
            clear();
        }

        void clear() {
            amount[0] = 1;
            amount[1] = 0;
            amount[2] = 0;
            amount[3] = 0;
        }

        void set(Load other) {
            System.arraycopy(other.amount, 0, amount, 0, PARTS);
        }

        /** Adds a run of positions from {@code from} on: of what is decoded, or of a prompt. */
        void add(boolean decodes, int from, int count) {
            amount[decodes ? 1 : 2] += count / UNIT[decodes ? 1 : 2];
            amount[3] += count * (from + 0.5 * count) / UNIT[3];
        }
    }

    StepCost() {
        for (int i = 0; i < PARTS; i++) {
            spread[i][i] = UNKNOWN;
        }
    }

    /** Whether enough has been seen to go by. */
    boolean known() {
        return observed >= ENOUGH;
    }

    double nanos(Load load) {
        return 1e6 * millis(load);
    }

    private double millis(Load load) {
        double sum = 0;
        for (int i = 0; i < PARTS; i++) {
            sum += part[i] * load.amount[i];
        }
        return sum;
    }

    void observe(Load load, long nanos) {
        double took = nanos / 1e6;
        double expected = millis(load);
        double noise = LEAST_NOISE_MILLIS + NOISE * took;
        if (known() && took > OUTLIER * expected) {
            noise = took;
        }
        double[] seen = new double[PARTS];
        double variance = noise * noise;
        for (int i = 0; i < PARTS; i++) {
            spread[i][i] = Math.min(UNKNOWN, spread[i][i] + square(DRIFT * Math.max(0.1, part[i])));
        }
        for (int i = 0; i < PARTS; i++) {
            for (int k = 0; k < PARTS; k++) {
                seen[i] += spread[i][k] * load.amount[k];
            }
            variance += load.amount[i] * seen[i];
        }
        for (int i = 0; i < PARTS; i++) {
            part[i] = Math.max(0, part[i] + seen[i] / variance * (took - expected));
            for (int k = 0; k < PARTS; k++) {
                spread[i][k] -= seen[i] * seen[k] / variance;
            }
        }
        observed++;
    }

    private static double square(double x) {
        return x * x;
    }
}
