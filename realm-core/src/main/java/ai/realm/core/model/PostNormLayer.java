package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;

/** The original transformer's layer, normalised after each sum: {@code x = norm1(x + mix(x))}, {@code x = norm2(x + ff(x))}. */
final class PostNormLayer implements Layer {
    private final Mixer mixer;
    private final Norm mixerNorm;
    private final FeedForward feedForward;
    private final Norm feedForwardNorm;
    private final FloatRows branch;

    PostNormLayer(Mixer mixer, Norm mixerNorm, FeedForward feedForward, Norm feedForwardNorm, int width, Scratch scratch) {
        this.mixer = mixer;
        this.mixerNorm = mixerNorm;
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
        mixer.mix(step, x, branch);
        step.compute().forRows(step.count(), (from, to) -> join(step, x, mixerNorm, from, to));
        feedForward.apply(step, x, branch, step.count());
        step.compute().forRows(step.count(), (from, to) -> join(step, x, feedForwardNorm, from, to));
    }

    private void join(Step step, FloatRows x, Norm norm, int from, int to) {
        for (int row = from; row < to; row++) {
            step.kernels().add(x.data(), x.offset(row), branch.data(), branch.offset(row), x.cols());
            norm.apply(step.kernels(), x.data(), x.offset(row), x.data(), x.offset(row));
        }
    }
}
