package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.Kernels;
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
        step.compute().forRows(step.count(), (from, to) -> normalise(step.kernels(), norms.mixer, x, from, to));
        mixer.mix(step, normed, branch);
        if (last) {
            step.keepOutputs(x);
            step.keepOutputs(branch);
        }
        int count = last ? step.batch().outputCount() : step.count();
        if (count == 0) {
            return;
        }
        step.compute().forRows(count, (from, to) -> {
            addBranch(step.kernels(), norms.mixerOut, x, from, to);
            normalise(step.kernels(), norms.feedForward, x, from, to);
        });
        feedForward.apply(step, normed, branch, count);
        step.compute().forRows(count, (from, to) -> addBranch(step.kernels(), norms.feedForwardOut, x, from, to));
    }

    private void normalise(Kernels kernels, @Nullable Norm norm, FloatRows x, int from, int to) {
        if (norm == null) {
            System.arraycopy(x.data(), x.offset(from), normed.data(), normed.offset(from), (to - from) * x.cols());
            return;
        }
        for (int row = from; row < to; row++) {
            norm.apply(kernels, x.data(), x.offset(row), normed.data(), normed.offset(row));
        }
    }

    private void addBranch(Kernels kernels, @Nullable Norm norm, FloatRows x, int from, int to) {
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
