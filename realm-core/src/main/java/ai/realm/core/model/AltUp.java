package ai.realm.core.model;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.RowKernels;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Alternating updates (arXiv 2301.13310) as in Gemma 3n: several residual streams, of which the layers compute the first and predict the others. The
 * first is the model's own rows, the others lie here.
 */
final class AltUp implements Ends {
    private final PerLayerInputs inputs;
    private final Linear[] spread;
    private final Linear[] gather;
    private final FloatRows[] others;
    private final FloatRows gathered;
    private final Step.RowTask match = this::match;
    private final Step.RowTask mean = this::mean;
    private @Nullable FloatRows first;
    private @Nullable FloatRows under;

    /**
     * @param spread from the embedding to the other streams
     * @param gather from the other streams to what the final norm sees
     */
    AltUp(PerLayerInputs inputs, Linear[] spread, Linear[] gather, int width, Scratch scratch) {
        this.inputs = inputs;
        this.spread = spread;
        this.gather = gather;
        this.others = new FloatRows[spread.length];
        for (int i = 0; i < others.length; i++) {
            others[i] = scratch.rows("altup" + i, width);
        }
        this.gathered = scratch.rows("altupOut", width);
    }

    /** The streams besides the first. */
    FloatRows[] others() {
        return others;
    }

    @Override
    public void enter(Step step, FloatRows x) {
        inputs.enter(step, x);
        first = x;
        for (int i = 0; i < others.length; i++) {
            under = others[i];
            spread[i].apply(step, x, step.count(), others[i]);
            step.forRows(step.count(), match);
        }
    }

    @Override
    public void leave(Step step, FloatRows x, int count) {
        first = x;
        // The first stream's length counts as it was, so the others are brought to it before any is added.
        for (int i = 0; i < others.length; i++) {
            gather[i].apply(step, others[i], count, gathered);
            under = gathered;
            step.forRows(count, match);
            System.arraycopy(gathered.data(), gathered.offset(0), others[i].data(), others[i].offset(0), count * x.cols());
        }
        step.forRows(count, mean);
    }

    /** Gives rows the length of the first stream's. */
    private void match(Step step, int from, int to) {
        RowKernels k = step.rowKernels();
        FloatRows x = Objects.requireNonNull(first);
        FloatRows y = Objects.requireNonNull(under);
        int n = x.cols();
        for (int row = from; row < to; row++) {
            double want = Math.sqrt(k.dot(x.data(), x.offset(row), x.data(), x.offset(row), n));
            double has = Math.sqrt(k.dot(y.data(), y.offset(row), y.data(), y.offset(row), n));
            k.scale(y.data(), y.offset(row), (float) (want / has), n);
        }
    }

    private void mean(Step step, int from, int to) {
        RowKernels k = step.rowKernels();
        FloatRows x = Objects.requireNonNull(first);
        for (int row = from; row < to; row++) {
            for (FloatRows y : others) {
                k.add(x.data(), x.offset(row), y.data(), y.offset(row), x.cols());
            }
            k.scale(x.data(), x.offset(row), 1f / (others.length + 1), x.cols());
        }
    }

    /**
     * A layer's tensors for predicting and correcting.
     *
     * @param norm of what is routed by
     * @param router to a number for each stream
     * @param predict from those to a number for each pair of streams
     * @param correct from those to a number for each stream
     */
    record Coefficients(Norm norm, Linear router, Linear predict, Linear correct) {}

    /** The streams' numbers of one layer, for rows of a step. */
    static final class Routing {
        private final Coefficients tensors;
        private final FloatRows normed;
        private final FloatRows modalities;
        private final Step.RowTask normalise = this::normalise;
        private final Step.RowTask squash = this::squash;
        private @Nullable FloatRows rows;

        Routing(Coefficients tensors, int width, Scratch scratch) {
            this.tensors = tensors;
            this.normed = scratch.rows("altupNormed", width);
            this.modalities = scratch.rows("altupModalities", tensors.router.rows());
        }

        /** The numbers by which all streams are predicted, from the first. */
        void predict(Step step, FloatRows active, int count, FloatRows out) {
            route(step, active, count);
            tensors.predict.apply(step, modalities, count, out);
        }

        /** The numbers by which what the layer computed corrects each stream; 1 is to be added. */
        void correct(Step step, FloatRows computed, int count, FloatRows out) {
            route(step, computed, count);
            tensors.correct.apply(step, modalities, count, out);
        }

        private void route(Step step, FloatRows x, int count) {
            rows = x;
            step.forRows(count, normalise);
            tensors.router.apply(step, normed, count, modalities);
            step.forRows(count, squash);
        }

        private void normalise(Step step, int from, int to) {
            FloatRows x = Objects.requireNonNull(rows);
            for (int row = from; row < to; row++) {
                tensors.norm.apply(step.rowKernels(), x.data(), x.offset(row), normed.data(), normed.offset(row));
                step.rowKernels().scale(normed.data(), normed.offset(row), 1f / x.cols(), x.cols());
            }
        }

        private void squash(Step step, int from, int to) {
            for (int row = from; row < to; row++) {
                step.rowKernels().activate(Activation.TANH, modalities.data(), modalities.offset(row), modalities.cols());
            }
        }
    }
}
