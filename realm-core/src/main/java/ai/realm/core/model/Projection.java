package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A linear map, finished with its bias and scale, whose result goes where the caller says. */
final class Projection {
    private final Linear map;
    private final Step.RowTask finish = this::finish;
    private @Nullable FloatRows out;

    Projection(Linear map) {
        this.map = map;
    }

    /** Multiplies the first {@code count} rows of {@code x}. */
    void apply(Step step, FloatRows x, int count, FloatRows newOut) {
        step.compute().matmul(map.weights(), x, count, newOut);
        if (map.hasMore()) {
            out = newOut;
            step.forRows(count, finish);
        }
    }

    private void finish(Step step, int from, int to) {
        FloatRows rows = Objects.requireNonNull(out);
        for (int row = from; row < to; row++) {
            map.finish(step.kernels(), rows.data(), rows.offset(row));
        }
    }
}
