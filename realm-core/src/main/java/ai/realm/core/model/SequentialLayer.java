package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.RowKernels;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The usual layer, first mixer then feed-forward: {@code x += s * post1(mix(norm1(x)))}, {@code x += s * post2(ff(norm2(x)))}.
 * Each of the four norms may be absent.
 */
final class SequentialLayer implements Layer {
    private final Norms norms;
    private final Mixer mixer;
    private final FeedForward feedForward;
    private final float residualScale;
    private final FloatRows normed;
    private final FloatRows branch;
    private final Step.RowTask begin = this::begin;
    private final Step.RowTask between = this::between;
    private final Step.RowTask end = this::end;
    /** The residual stream of the pass under way. */
    private @Nullable FloatRows stream;

    /** The norms before and after each branch. */
    record Norms(@Nullable Norm mixer, @Nullable Norm mixerOut, @Nullable Norm feedForward, @Nullable Norm feedForwardOut) {}

    SequentialLayer(Norms norms, Mixer mixer, FeedForward feedForward, float residualScale, int width, Scratch scratch) {
        this.norms = norms;
        this.mixer = mixer;
        this.feedForward = feedForward;
        this.residualScale = residualScale;
        this.normed = scratch.rows("normed", width);
        this.branch = scratch.rows("branch", width);
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
        feedForward.apply(step, normed, branch, count);
        step.forRows(count, end);
    }

    private void begin(Step step, int from, int to) {
        normalise(step.rowKernels(), norms.mixer, from, to);
    }

    private void between(Step step, int from, int to) {
        addBranch(step.rowKernels(), norms.mixerOut, from, to);
        normalise(step.rowKernels(), norms.feedForward, from, to);
    }

    private void end(Step step, int from, int to) {
        addBranch(step.rowKernels(), norms.feedForwardOut, from, to);
    }

    private void normalise(RowKernels kernels, @Nullable Norm norm, int from, int to) {
        FloatRows x = Objects.requireNonNull(stream);
        if (norm == null) {
            System.arraycopy(x.data(), x.offset(from), normed.data(), normed.offset(from), (to - from) * x.cols());
            return;
        }
        for (int row = from; row < to; row++) {
            norm.apply(kernels, x.data(), x.offset(row), normed.data(), normed.offset(row));
        }
    }

    private void addBranch(RowKernels kernels, @Nullable Norm norm, int from, int to) {
        FloatRows x = Objects.requireNonNull(stream);
        for (int row = from; row < to; row++) {
            if (norm != null) {
                norm.apply(kernels, branch.data(), branch.offset(row), branch.data(), branch.offset(row));
            }
            if (residualScale == 1f) {
                kernels.add(x.data(), x.offset(row), branch.data(), branch.offset(row), x.cols());
            } else {
                kernels.addScaled(x.data(), x.offset(row), residualScale, branch.data(), branch.offset(row), x.cols());
            }
        }
    }
}
