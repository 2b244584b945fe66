package ai.realm.core.sampling;

/** Keeps the k largest logits; 0 or less is off. */
final class TopKStage implements SamplerStage {
    private final int k;

    TopKStage(int k) {
        this.k = k;
    }

    @Override
    public void apply(Candidates c) {
        if (k > 0 && k < c.size()) {
            c.keepTop(k);
        }
    }
}
