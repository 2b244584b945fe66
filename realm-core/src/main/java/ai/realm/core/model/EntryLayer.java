package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A layer that remembers its input until after attention: {@code x += mix(norm1(x))}, {@code x += ff(norm2(x))}, and where there is another
 * feed-forward part {@code x += other(norm3(input))}. A part may also have taken the rows that it routes by from {@link #entry}.
 */
final class EntryLayer implements Layer {
    private final Norm mixerNorm;
    private final Norm feedNorm;
    private final @Nullable Norm entryNorm;
    private final Mixer mixer;
    private final FeedForward feedForward;
    private final @Nullable FeedForward entryFeed;
    private final FloatRows entry;
    private final FloatRows normed;
    private final FloatRows branch;
    private final Step.RowTask begin = this::begin;
    private final Step.RowTask between = this::between;
    private final Step.RowTask end = this::addBranch;
    private @Nullable FloatRows stream;

    /**
     * @param entryNorm of the input for {@code entryFeed}; null when the rows of {@link #entry} are the input itself
     * @param entryFeed null for none
     */
    EntryLayer(Norm mixerNorm, Mixer mixer, Norm feedNorm, FeedForward feedForward, @Nullable Norm entryNorm,
            @Nullable FeedForward entryFeed, int width, Scratch scratch) {
        this.mixerNorm = mixerNorm;
        this.feedNorm = feedNorm;
        this.entryNorm = entryNorm;
        this.mixer = mixer;
        this.feedForward = feedForward;
        this.entryFeed = entryFeed;
        this.entry = entry(width, scratch);
        this.normed = scratch.rows("normed", width);
        this.branch = scratch.rows("branch", width);
    }

    /** The rows where such layers keep their input. */
    static FloatRows entry(int width, Scratch scratch) {
        return scratch.rows("entry", width);
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
            step.keepOutputs(entry);
        }
        int count = last ? step.batch().outputCount() : step.count();
        if (count == 0) {
            return;
        }
        step.forRows(count, between);
        feedForward.apply(step, normed, branch, count);
        step.forRows(count, end);
        if (entryFeed != null) {
            entryFeed.apply(step, entry, branch, count);
            step.forRows(count, end);
        }
    }

    private void begin(Step step, int from, int to) {
        FloatRows x = Objects.requireNonNull(stream);
        for (int row = from; row < to; row++) {
            if (entryNorm == null) {
                System.arraycopy(x.data(), x.offset(row), entry.data(), entry.offset(row), x.cols());
            } else {
                entryNorm.apply(step.rowKernels(), x.data(), x.offset(row), entry.data(), entry.offset(row));
            }
            mixerNorm.apply(step.rowKernels(), x.data(), x.offset(row), normed.data(), normed.offset(row));
        }
    }

    private void between(Step step, int from, int to) {
        addBranch(step, from, to);
        FloatRows x = Objects.requireNonNull(stream);
        for (int row = from; row < to; row++) {
            feedNorm.apply(step.rowKernels(), x.data(), x.offset(row), normed.data(), normed.offset(row));
        }
    }

    private void addBranch(Step step, int from, int to) {
        FloatRows x = Objects.requireNonNull(stream);
        step.rowKernels().add(x.data(), x.offset(from), branch.data(), branch.offset(from), (to - from) * x.cols());
    }
}
