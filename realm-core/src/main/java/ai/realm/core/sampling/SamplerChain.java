package ai.realm.core.sampling;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A sampler that passes the candidates through stages, the last of which chooses. With a {@link TokenConstraint} the chain runs
 * first over all tokens, and a second time over the allowed ones only if its choice is not allowed. That gives the same
 * distribution as masking at once, at a fraction of the cost while the model keeps to the grammar by itself.
 */
final class SamplerChain implements Sampler {
    /** What is next in the choice under way: over all tokens, whether that one is allowed, over the allowed ones, following it. */
    private enum Stage {
        CHOOSE,
        CHECK,
        MASK,
        FOLLOW
    }

    private final List<SamplerStage> stages;
    private final @Nullable TokenConstraint constraint;
    private final @Nullable LogProbsReader logProbs;
    private final boolean postSampling;
    private final long seed;
    /** Nothing but the largest logit counts, among those that {@link #steering} lets come. */
    private final boolean argMaxOnly;
    private final @Nullable SteeringStage steering;
    private final Candidates candidates = new Candidates();
    private Stage at = Stage.CHOOSE;
    private int chosen;
    private @Nullable TokenLogProbs last;

    /** @param postSampling whether log-probabilities are those of the candidates that the stages left */
    SamplerChain(List<SamplerStage> stages, @Nullable TokenConstraint constraint, int logProbs, boolean postSampling, long seed) {
        this.stages = List.copyOf(stages);
        this.constraint = constraint;
        this.logProbs = logProbs >= 0 ? new LogProbsReader(logProbs) : null;
        this.postSampling = postSampling;
        this.seed = seed;
        this.steering = stages.getFirst() instanceof SteeringStage first ? first : null;
        this.argMaxOnly = stages.size() == (steering == null ? 1 : 2) && stages.getLast() instanceof GreedyStage;
    }

    @Override
    public int sample(float[] logits, int offset, int vocabSize) {
        return sample(logits, offset, vocabSize, Long.MAX_VALUE);
    }

    @Override
    public int sample(float[] logits, int offset, int vocabSize, long steps) {
        if (at == Stage.CHOOSE) {
            chosen = argMaxOnly && (steering == null || !steering.biases())
                    ? argMax(logits, offset, vocabSize)
                    : run(logits, offset, vocabSize, null);
            at = Stage.CHECK;
        }
        TokenConstraint c = constraint;
        if (c != null && !hold(c, logits, offset, vocabSize, steps)) {
            return LATER;
        }
        at = Stage.CHOOSE;
        if (chosen < 0) {
            throw new RealmException(ErrorCode.INTERNAL, constraint == null
                    ? "the model gave no finite logit for any token"
                    : "no token of the vocabulary continues the output within its grammar");
        }
        last = logProbs == null
                ? null
                : postSampling && !(stages.getLast() instanceof GreedyStage)
                        ? logProbs.read(candidates, chosen)
                        : postSampling ? LogProbsReader.certain(chosen) : logProbs.read(logits, offset, vocabSize, chosen);
        return chosen;
    }

    /** Makes the choice one that the constraint allows; false when that takes more steps than these. */
    private boolean hold(TokenConstraint c, float[] logits, int offset, int vocabSize, long steps) {
        if (at == Stage.CHECK) {
            Boolean allowed = chosen < 0 ? Boolean.FALSE : c.allows(chosen, steps);
            if (allowed == null || allowed) {
                return allowed != null;
            }
            at = Stage.MASK;
        }
        if (at == Stage.MASK) {
            if (!c.prepareMask(steps)) {
                return false;
            }
            chosen = run(logits, offset, vocabSize, c);
            at = Stage.FOLLOW;
        }
        // so that to accept it costs next to nothing, which is done where others wait
        return chosen < 0 || c.allows(chosen, steps) != null;
    }

    private int run(float[] logits, int offset, int vocabSize, @Nullable TokenConstraint mask) {
        candidates.load(logits, offset, vocabSize);
        if (mask != null) {
            mask.mask(candidates);
        }
        for (int i = 0; i < stages.size(); i++) {
            stages.get(i).apply(candidates);
        }
        return candidates.selected() < 0 ? -1 : candidates.id(candidates.selected());
    }

    private int argMax(float[] logits, int offset, int count) {
        long[] mask = steering == null ? null : steering.mask();
        if (mask == null) {
            return argMax(logits, offset, 0, count, -1);
        }
        int best = -1;
        for (int word = 0; word < mask.length; word++) {
            int from = word << 6;
            int to = Math.min(from + 64, count);
            if (mask[word] == -1) {
                best = argMax(logits, offset, from, to, best);
            } else {
                for (long bits = mask[word]; bits != 0; bits &= bits - 1) {
                    int i = from + Long.numberOfTrailingZeros(bits);
                    best = i < to ? argMax(logits, offset, i, i + 1, best) : best;
                }
            }
        }
        return best;
    }

    /** The largest logit of a range or at {@code best}, the first of equals. */
    private static int argMax(float[] logits, int offset, int from, int to, int known) {
        int best = known;
        float max = known < 0 ? Float.NEGATIVE_INFINITY : logits[offset + known];
        for (int i = from; i < to; i++) {
            float v = logits[offset + i];
            if (v > max && v != Float.POSITIVE_INFINITY) {
                max = v;
                best = i;
            }
        }
        return best;
    }

    @Override
    public void restart() {
        at = Stage.CHOOSE;
    }

    @Override
    public void accept(int token) {
        restart();
        for (int i = 0; i < stages.size(); i++) {
            stages.get(i).accept(token);
        }
        if (constraint != null) {
            constraint.accept(token);
        }
    }

    @Override
    public long seed() {
        return seed;
    }

    @Override
    public @Nullable TokenLogProbs lastLogProbs() {
        return last;
    }

    @Override
    public @Nullable Drafts forced() {
        return constraint == null ? null : new ForcedDrafts(constraint);
    }

    @Override
    public long work() {
        return constraint == null ? 0 : constraint.work();
    }

    @Override
    public boolean isComplete() {
        return constraint == null || constraint.isComplete();
    }
}
