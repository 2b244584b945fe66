package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A layer of one branch, which is a mixer or a feed-forward part: {@code x += f(norm(x))}. */
final class SingleLayer implements Layer {
    /** The mixer of a layer without one: such a layer keeps nothing. */
    private static final Mixer NONE = (step, in, out) -> {
        throw new IllegalStateException("a layer without a mixer does not mix");
    };

    private final Norm norm;
    private final Mixer mixer;
    private final @Nullable FeedForward feedForward;
    private final FloatRows normed;
    private final FloatRows branch;
    private final Step.RowTask begin = this::normalise;
    private final Step.RowTask end = this::addBranch;
    private @Nullable FloatRows stream;

    private SingleLayer(Norm norm, Mixer mixer, @Nullable FeedForward feedForward, int width, Scratch scratch) {
        this.norm = norm;
        this.mixer = mixer;
        this.feedForward = feedForward;
        this.normed = scratch.rows("normed", width);
        this.branch = scratch.rows("branch", width);
    }

    static SingleLayer of(Norm norm, Mixer mixer, int width, Scratch scratch) {
        return new SingleLayer(norm, mixer, null, width, scratch);
    }

    static SingleLayer of(Norm norm, FeedForward feedForward, int width, Scratch scratch) {
        return new SingleLayer(norm, NONE, feedForward, width, scratch);
    }

    @Override
    public Mixer mixer() {
        return mixer;
    }

    @Override
    public void forward(Step step, FloatRows x, boolean last) {
        stream = x;
        int outputs = last ? step.batch().outputCount() : step.count();
        if (feedForward == null) {
            step.forRows(step.count(), begin);
            mixer.mix(step, normed, branch);
            if (last) {
                step.keepOutputs(x);
                step.keepOutputs(branch);
            }
        } else {
            if (last) {
                step.keepOutputs(x);
            }
            step.forRows(outputs, begin);
            feedForward.apply(step, normed, branch, outputs);
        }
        step.forRows(outputs, end);
    }

    private void normalise(Step step, int from, int to) {
        FloatRows x = Objects.requireNonNull(stream);
        for (int row = from; row < to; row++) {
            norm.apply(step.rowKernels(), x.data(), x.offset(row), normed.data(), normed.offset(row));
        }
    }

    private void addBranch(Step step, int from, int to) {
        FloatRows x = Objects.requireNonNull(stream);
        step.rowKernels().add(x.data(), x.offset(from), branch.data(), branch.offset(from), (to - from) * x.cols());
    }
}
