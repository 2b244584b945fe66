package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.RowKernels;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A layer with norms before and after its branches, in which experts may stand beside the MLP, each with norms of their own, and which may end with
 * the layer's own embedding of the token and a scale of everything.
 */
final class Gemma4Layer implements Layer {
    /** The norms before and after attention and the MLP. */
    record Norms(Norm mixer, Norm mixerOut, Norm feed, Norm feedOut) {}

    /**
     * Experts beside the MLP.
     *
     * @param router of the rows that the router sees
     * @param before of the rows that the experts see
     * @param mlpOut of the MLP's output
     * @param out of the experts' output
     */
    record Experts(FeedForward experts, Norm router, Norm before, Norm mlpOut, Norm out) {}

    private final Norms norms;
    private final Mixer mixer;
    private final FeedForward mlp;
    private final @Nullable Experts experts;
    private final PerLayerInputs.@Nullable Branch perLayer;
    private final float scale;
    private final FloatRows normed;
    private final FloatRows branch;
    private final FloatRows routed;
    private final FloatRows expertIn;
    private final FloatRows expertOut;
    private final Step.RowTask begin = this::begin;
    private final Step.RowTask between = this::between;
    private final Step.RowTask join = this::join;
    private final Step.RowTask end = this::end;
    private @Nullable FloatRows stream;
    private @Nullable FloatRows added;

    /** @param scale of the layer's output */
    Gemma4Layer(Norms norms, Mixer mixer, FeedForward mlp, @Nullable Experts experts, PerLayerInputs.@Nullable Branch perLayer,
            float scale, int width, Scratch scratch) {
        this.norms = norms;
        this.mixer = mixer;
        this.mlp = mlp;
        this.experts = experts;
        this.perLayer = perLayer;
        this.scale = scale;
        this.normed = scratch.rows("normed", width);
        this.branch = scratch.rows("branch", width);
        this.routed = routed(width, scratch);
        this.expertIn = scratch.rows("expertsIn", width);
        this.expertOut = scratch.rows("expertsOut", width);
    }

    /** The rows that the router sees. */
    static FloatRows routed(int width, Scratch scratch) {
        return scratch.rows("routed", width);
    }

    @Override
    public Mixer mixer() {
        return mixer;
    }

    @Override
    public void forward(Step step, FloatRows x, boolean last) {
        stream = x;
        step.forRows(step.count(), begin);
        mixer.mix(step, normed, branch);
        if (last) {
            step.keepOutputs(x);
            step.keepOutputs(branch);
        }
        int count = last ? step.batch().outputCount() : step.count();
        if (count == 0) {
            return;
        }
        step.forRows(count, between);
        mlp.apply(step, normed, branch, count);
        if (experts != null) {
            experts.experts.apply(step, expertIn, expertOut, count);
        }
        step.forRows(count, join);
        added = perLayer == null ? null : perLayer.apply(step, x, count);
        if (added != null || scale != 1f) {
            step.forRows(count, end);
        }
    }

    private void begin(Step step, int from, int to) {
        FloatRows x = Objects.requireNonNull(stream);
        for (int row = from; row < to; row++) {
            norms.mixer.apply(step.rowKernels(), x.data(), x.offset(row), normed.data(), normed.offset(row));
        }
    }

    private void between(Step step, int from, int to) {
        RowKernels k = step.rowKernels();
        FloatRows x = Objects.requireNonNull(stream);
        for (int row = from; row < to; row++) {
            norms.mixerOut.apply(k, branch.data(), branch.offset(row), branch.data(), branch.offset(row));
            k.add(x.data(), x.offset(row), branch.data(), branch.offset(row), x.cols());
            norms.feed.apply(k, x.data(), x.offset(row), normed.data(), normed.offset(row));
            if (experts != null) {
                experts.before.apply(k, x.data(), x.offset(row), expertIn.data(), expertIn.offset(row));
                experts.router.apply(k, x.data(), x.offset(row), routed.data(), routed.offset(row));
            }
        }
    }

    private void join(Step step, int from, int to) {
        RowKernels k = step.rowKernels();
        FloatRows x = Objects.requireNonNull(stream);
        for (int row = from; row < to; row++) {
            int at = branch.offset(row);
            if (experts != null) {
                experts.mlpOut.apply(k, branch.data(), at, branch.data(), at);
                experts.out.apply(k, expertOut.data(), expertOut.offset(row), expertOut.data(), expertOut.offset(row));
                k.add(branch.data(), at, expertOut.data(), expertOut.offset(row), x.cols());
            }
            norms.feedOut.apply(k, branch.data(), at, branch.data(), at);
            k.add(x.data(), x.offset(row), branch.data(), at, x.cols());
        }
    }

    private void end(Step step, int from, int to) {
        FloatRows x = Objects.requireNonNull(stream);
        for (int row = from; row < to; row++) {
            if (added != null) {
                step.rowKernels().add(x.data(), x.offset(row), added.data(), added.offset(row), x.cols());
            }
            step.rowKernels().scale(x.data(), x.offset(row), scale, x.cols());
        }
    }
}
