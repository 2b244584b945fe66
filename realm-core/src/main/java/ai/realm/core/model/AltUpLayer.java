package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.RowKernels;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A layer of several residual streams ({@link AltUp}): all are predicted from what they were. Attention, a low-rank map beside it and the MLP compute
 * the first, and what they made of it corrects all. The layer's own embedding of the token is added to all but the first.
 */
final class AltUpLayer implements Layer {
    /** The norms before and after attention and the MLP. */
    record Norms(Norm mixer, Norm mixerOut, Norm feed, Norm feedOut) {}

    /** The low-rank map beside attention: {@code x + norm(right(left(x)))}. */
    record Laurel(Linear left, Linear right, Norm norm) {}

    private final Norms norms;
    private final Mixer mixer;
    private final Laurel laurel;
    private final FeedForward mlp;
    private final AltUp altUp;
    private final AltUp.Routing routing;
    private final float[] correctScale;
    private final PerLayerInputs.Branch perLayer;
    private final FloatRows coefficients;
    private final FloatRows corrections;
    private final FloatRows[] predicted;
    private final FloatRows normed;
    private final FloatRows branch;
    private final FloatRows narrow;
    private final FloatRows beside;
    private final FloatRows scaled;
    private final Step.RowTask predict = this::predict;
    private final Step.RowTask besideOut = this::besideOut;
    private final Step.RowTask between = this::between;
    private final Step.RowTask join = this::join;
    private final Step.RowTask correct = this::correct;
    private final Step.RowTask end = this::end;
    private @Nullable FloatRows stream;
    private @Nullable FloatRows added;

    AltUpLayer(Norms norms, Mixer mixer, Laurel laurel, FeedForward mlp, AltUp altUp, AltUp.Routing routing, float[] correctScale,
            PerLayerInputs.Branch perLayer, int width, Scratch scratch) {
        this.norms = norms;
        this.mixer = mixer;
        this.laurel = laurel;
        this.mlp = mlp;
        this.altUp = altUp;
        this.routing = routing;
        this.correctScale = correctScale;
        this.perLayer = perLayer;
        int streams = altUp.others().length + 1;
        this.coefficients = scratch.rows("altupPredict", streams * streams);
        this.corrections = scratch.rows("altupCorrect", streams);
        this.predicted = new FloatRows[streams];
        for (int i = 0; i < streams; i++) {
            predicted[i] = scratch.rows("altupPredicted" + i, width);
        }
        this.normed = scratch.rows("normed", width);
        this.branch = scratch.rows("branch", width);
        this.narrow = scratch.rows("laurelNarrow", laurel.left.rows());
        this.beside = scratch.rows("laurel", width);
        this.scaled = scratch.rows("altupScaled", width);
    }

    @Override
    public Mixer mixer() {
        return mixer;
    }

    @Override
    public void forward(Step step, FloatRows x, boolean last) {
        stream = x;
        int all = step.count();
        routing.predict(step, x, all, coefficients);
        step.forRows(all, predict);
        laurel.left.apply(step, normed, all, narrow);
        laurel.right.apply(step, narrow, all, beside);
        step.forRows(all, besideOut);
        mixer.mix(step, normed, branch);
        if (last) {
            for (FloatRows p : predicted) {
                step.keepOutputs(p);
            }
            step.keepOutputs(beside);
            step.keepOutputs(branch);
        }
        int count = last ? step.batch().outputCount() : all;
        if (count == 0) {
            return;
        }
        step.forRows(count, between);
        mlp.apply(step, normed, branch, count);
        step.forRows(count, join);
        routing.correct(step, beside, count, corrections);
        step.forRows(count, correct);
        added = perLayer.apply(step, scaled, count);
        step.forRows(count, end);
    }

    private FloatRows current(int s) {
        return s == 0 ? Objects.requireNonNull(stream) : altUp.others()[s - 1];
    }

    /** Predicts all streams, and normalises the first. */
    private void predict(Step step, int from, int to) {
        RowKernels k = step.rowKernels();
        int n = predicted.length;
        for (int row = from; row < to; row++) {
            for (int s = 0; s < n; s++) {
                FloatRows p = predicted[s];
                System.arraycopy(current(s).data(), current(s).offset(row), p.data(), p.offset(row), p.cols());
                for (int i = 0; i < n; i++) {
                    k.addScaled(p.data(), p.offset(row), coefficients.data()[coefficients.offset(row) + s * n + i],
                            current(i).data(), current(i).offset(row), p.cols());
                }
            }
            norms.mixer.apply(k, predicted[0].data(), predicted[0].offset(row), normed.data(), normed.offset(row));
        }
    }

    private void besideOut(Step step, int from, int to) {
        for (int row = from; row < to; row++) {
            int at = beside.offset(row);
            laurel.norm.apply(step.rowKernels(), beside.data(), at, beside.data(), at);
            step.rowKernels().add(beside.data(), at, normed.data(), normed.offset(row), beside.cols());
        }
    }

    /** Joins attention and what is beside it; the sum stays in {@code beside}. */
    private void between(Step step, int from, int to) {
        RowKernels k = step.rowKernels();
        int n = beside.cols();
        for (int row = from; row < to; row++) {
            int at = beside.offset(row);
            norms.mixerOut.apply(k, branch.data(), branch.offset(row), branch.data(), branch.offset(row));
            k.add(beside.data(), at, branch.data(), branch.offset(row), n);
            k.add(beside.data(), at, predicted[0].data(), predicted[0].offset(row), n);
            k.scale(beside.data(), at, (float) (1 / Math.sqrt(2)), n);
            norms.feed.apply(k, beside.data(), at, normed.data(), normed.offset(row));
        }
    }

    private void join(Step step, int from, int to) {
        for (int row = from; row < to; row++) {
            norms.feedOut.apply(step.rowKernels(), branch.data(), branch.offset(row), branch.data(), branch.offset(row));
            step.rowKernels().add(beside.data(), beside.offset(row), branch.data(), branch.offset(row), beside.cols());
        }
    }

    /** Corrects all streams by what the first turned out to be. */
    private void correct(Step step, int from, int to) {
        RowKernels k = step.rowKernels();
        int n = beside.cols();
        for (int row = from; row < to; row++) {
            int at = beside.offset(row);
            k.addScaled(beside.data(), at, -1f, predicted[0].data(), predicted[0].offset(row), n);
            for (int s = 0; s < predicted.length; s++) {
                FloatRows corrected = current(s);
                System.arraycopy(predicted[s].data(), predicted[s].offset(row), corrected.data(), corrected.offset(row), n);
                k.addScaled(corrected.data(), corrected.offset(row), 1f + corrections.data()[corrections.offset(row) + s],
                        beside.data(), at, n);
            }
            System.arraycopy(current(0).data(), current(0).offset(row), scaled.data(), scaled.offset(row), n);
            k.multiply(scaled.data(), scaled.offset(row), correctScale, 0, n);
        }
    }

    private void end(Step step, int from, int to) {
        FloatRows more = Objects.requireNonNull(added);
        for (int row = from; row < to; row++) {
            for (FloatRows y : altUp.others()) {
                step.rowKernels().add(y.data(), y.offset(row), more.data(), more.offset(row), y.cols());
            }
        }
    }
}
