package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The original transformer's layer, normalised after each sum: {@code x = norm1(x + mix(x))}, {@code x = norm2(x + ff(x))}; or with x added a second time before another norm. */
final class PostNormLayer implements Layer {
    private final Mixer mixer;
    private final Norm mixerNorm;
    private final @Nullable Norm againNorm;
    private final FeedForward feedForward;
    private final Norm feedForwardNorm;
    private final FloatRows branch;
    private final Step.RowTask afterMixer = this::afterMixer;
    private final Step.RowTask afterFeedForward = this::afterFeedForward;
    /** The rows of the pass under way. */
    private @Nullable FloatRows rows;

    /** @param againNorm of what {@code mixerNorm} gives and the layer's input, or null */
    PostNormLayer(Mixer mixer, Norm mixerNorm, @Nullable Norm againNorm, FeedForward feedForward, Norm feedForwardNorm, int width,
            Scratch scratch) {
        this.mixer = mixer;
        this.mixerNorm = mixerNorm;
        this.againNorm = againNorm;
        this.feedForward = feedForward;
        this.feedForwardNorm = feedForwardNorm;
        this.branch = scratch.rows("branch", width);
    }

    @Override
    public Mixer mixer() {
        return mixer;
    }

    /** Every row goes on, {@code last} or not: a text's vector is made of all of them. */
    @Override
    public void forward(Step step, FloatRows x, boolean last) {
        rows = x;
        mixer.mix(step, x, branch);
        step.forRows(step.count(), afterMixer);
        feedForward.apply(step, x, branch, step.count());
        step.forRows(step.count(), afterFeedForward);
    }

    private void afterMixer(Step step, int from, int to) {
        if (againNorm == null) {
            join(step, mixerNorm, from, to);
            return;
        }
        FloatRows x = Objects.requireNonNull(rows);
        for (int row = from; row < to; row++) {
            step.rowKernels().add(branch.data(), branch.offset(row), x.data(), x.offset(row), x.cols());
            mixerNorm.apply(step.rowKernels(), branch.data(), branch.offset(row), branch.data(), branch.offset(row));
        }
        join(step, againNorm, from, to);
    }

    private void afterFeedForward(Step step, int from, int to) {
        join(step, feedForwardNorm, from, to);
    }

    private void join(Step step, Norm norm, int from, int to) {
        FloatRows x = Objects.requireNonNull(rows);
        for (int row = from; row < to; row++) {
            step.rowKernels().add(x.data(), x.offset(row), branch.data(), branch.offset(row), x.cols());
            norm.apply(step.rowKernels(), x.data(), x.offset(row), x.data(), x.offset(row));
        }
    }
}
