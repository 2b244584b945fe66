package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A layer whose mixer and feed-forward part see the same rows: {@code x += mix(norm(x)) + ff(norm(x))}; the mixer may have a
 * norm of its own.
 */
final class ParallelLayer implements Layer {
    private final Norm norm;
    private final @Nullable Norm mixerNorm;
    private final Mixer mixer;
    private final FeedForward feedForward;
    private final FloatRows normed;
    private final FloatRows mixerIn;
    private final FloatRows mixed;
    private final FloatRows branch;
    private final Step.RowTask begin = this::normalise;
    private final Step.RowTask end = this::addBranches;
    /** The residual stream of the pass under way. */
    private @Nullable FloatRows stream;

    /** @param mixerNorm what the mixer sees, if not the same as the feed-forward part */
    ParallelLayer(Norm norm, @Nullable Norm mixerNorm, Mixer mixer, FeedForward feedForward, int width, Scratch scratch) {
        this.norm = norm;
        this.mixerNorm = mixerNorm;
        this.mixer = mixer;
        this.feedForward = feedForward;
        this.normed = scratch.rows("normed", width);
        this.mixerIn = scratch.rows("mixerIn", width);
        this.mixed = scratch.rows("mixerOut", width);
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
        mixer.mix(step, mixerIn, mixed);
        if (last) {
            step.keepOutputs(x);
            step.keepOutputs(normed);
            step.keepOutputs(mixed);
        }
        int count = last ? step.batch().outputCount() : step.count();
        if (count == 0) {
            return;
        }
        feedForward.apply(step, normed, branch, count);
        step.forRows(count, end);
    }

    private void addBranches(Step step, int from, int to) {
        FloatRows x = Objects.requireNonNull(stream);
        int n = (to - from) * x.cols();
        step.rowKernels().add(x.data(), x.offset(from), mixed.data(), mixed.offset(from), n);
        step.rowKernels().add(x.data(), x.offset(from), branch.data(), branch.offset(from), n);
    }

    private void normalise(Step step, int from, int to) {
        FloatRows x = Objects.requireNonNull(stream);
        for (int row = from; row < to; row++) {
            norm.apply(step.rowKernels(), x.data(), x.offset(row), normed.data(), normed.offset(row));
            if (mixerNorm != null) {
                mixerNorm.apply(step.rowKernels(), x.data(), x.offset(row), mixerIn.data(), mixerIn.offset(row));
            } else {
                System.arraycopy(normed.data(), normed.offset(row), mixerIn.data(), mixerIn.offset(row), x.cols());
            }
        }
    }
}
