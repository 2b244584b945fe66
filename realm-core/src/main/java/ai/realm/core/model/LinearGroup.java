package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.WeightMatrix;

/** Linear maps of one input that are multiplied together, so that the threads meet once for all of them. */
final class LinearGroup {
    private final Linear[] maps;
    private final WeightMatrix[] weights;
    private final FloatRows[] outs;
    private final boolean more;
    private final Step.RowTask finish = this::finish;

    /** @param outs where each map's result goes; as many columns as the map has rows */
    LinearGroup(Linear[] maps, FloatRows[] outs) {
        this.maps = maps;
        this.outs = outs;
        this.weights = new WeightMatrix[maps.length];
        boolean any = false;
        for (int i = 0; i < maps.length; i++) {
            weights[i] = maps[i].weights();
            any |= maps[i].hasMore();
        }
        this.more = any;
    }

    LinearGroup(Linear map, FloatRows out) {
        this(new Linear[]{map}, new FloatRows[]{out});
    }

    FloatRows out(int i) {
        return outs[i];
    }

    /** Multiplies the first {@code count} rows of {@code x}. */
    void apply(Step step, FloatRows x, int count) {
        if (weights.length == 1) {
            step.compute().matmul(weights[0], x, count, outs[0]);
        } else {
            step.compute().matmul(weights, x, count, outs);
        }
        if (more) {
            step.forRows(count, finish);
        }
    }

    private void finish(Step step, int from, int to) {
        for (int i = 0; i < maps.length; i++) {
            for (int row = from; row < to; row++) {
                maps[i].finish(step.kernels(), outs[i].data(), outs[i].offset(row));
            }
        }
    }
}
