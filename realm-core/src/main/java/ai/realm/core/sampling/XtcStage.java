package ai.realm.core.sampling;

/**
 * "Exclude top choices" (p-e-w 2024): with some probability removes all but the least likely of the tokens that reach a
 * threshold.
 */
final class XtcStage implements SamplerStage {
    private final float probability;
    private final float threshold;
    private final int minKeep;
    private final SeededRandom random;

    XtcStage(float probability, float threshold, int minKeep, long seed) {
        this.probability = probability;
        this.threshold = threshold;
        this.minKeep = minKeep;
        this.random = new SeededRandom(seed);
    }

    @Override
    public void apply(Candidates c) {
        // two tokens cannot both be above one half
        if (probability <= 0 || threshold > 0.5f || c.size() < 2 || random.nextDouble() >= probability) {
            return;
        }
        c.sort();
        c.softmax();
        int reaching = 0;
        while (reaching < c.size() && c.prob(reaching) >= threshold) {
            reaching++;
        }
        int removed = Math.max(0, reaching - 1);
        if (removed > 0 && c.size() - removed >= minKeep) {
            c.dropFirst(removed);
        }
    }
}
