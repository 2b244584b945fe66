package ai.realm.runtime.scheduler;

import ai.realm.core.sampling.Sampler;

/** The likeliest token; throws when told to at its n-th call. */
public final class GreedySampler implements Sampler {
    private final int failAt;
    private int calls;
    /** Calls with a limit of steps that give no token, before each one that does. */
    public int laters;
    private int latersLeft;
    /** What it says it has worked. */
    long work;

    public GreedySampler() {
        this(-1);
    }

    public GreedySampler(int failAt) {
        this.failAt = failAt;
    }

    @Override
    public int sample(float[] logits, int offset, int vocabSize) {
        if (calls++ == failAt) {
            throw new IllegalStateException("the sampler was told to fail");
        }
        int best = 0;
        for (int i = 1; i < vocabSize; i++) {
            if (logits[offset + i] > logits[offset + best]) {
                best = i;
            }
        }
        return best;
    }

    @Override
    public int sample(float[] logits, int offset, int vocabSize, long steps) {
        if (latersLeft-- > 0) {
            return LATER;
        }
        latersLeft = laters;
        return sample(logits, offset, vocabSize);
    }

    @Override
    public void accept(int token) {
    }

    @Override
    public long work() {
        return work;
    }

    @Override
    public long seed() {
        return 0;
    }
}
