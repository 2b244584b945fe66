package ai.realm.core.sampling;

/**
 * Locally typical sampling (Meister et al. 2022): keeps the tokens whose surprise is nearest to the entropy, until their
 * probabilities exceed p; 1 is off.
 */
final class TypicalStage implements SamplerStage {
    private static final int FIRST_GUESS = 256;

    private final float p;
    private final int minKeep;
    private final TopK nearest = new TopK();
    private float[] scores = new float[0];

    TypicalStage(float p, int minKeep) {
        this.p = p;
        this.minKeep = minKeep;
    }

    @Override
    public void apply(Candidates c) {
        if (p >= 1 || c.size() == 0) {
            return;
        }
        c.softmax();
        score(c);
        for (int k = Math.min(FIRST_GUESS, c.size());; k = Math.min(8 * k, c.size())) {
            nearest.gather(scores, c.size(), k);
            double sum = 0;
            for (int i = 0; i < k; i++) {
                sum += c.prob(nearest.index(i));
                if (sum > p && i >= minKeep - 1) {
                    c.keepOrder(nearest, i + 1);
                    return;
                }
            }
            if (k == c.size()) {
                c.keepOrder(nearest, k);
                return;
            }
        }
    }

    /** The nearer a token's surprise is to the entropy, the larger its score. */
    private void score(Candidates c) {
        if (scores.length < c.size()) {
            scores = new float[c.size()];
        }
        double entropy = 0;
        for (int i = 0; i < c.size(); i++) {
            double log = c.prob(i) > 0 ? Math.log(c.prob(i)) : Double.NEGATIVE_INFINITY;
            scores[i] = (float) -log;
            entropy -= c.prob(i) > 0 ? c.prob(i) * log : 0;
        }
        for (int i = 0; i < c.size(); i++) {
            scores[i] = (float) -Math.abs(scores[i] - entropy);
        }
    }
}
