package ai.realm.core.sampling;

/**
 * Mirostat (Basu et al. 2020), versions 1 and 2: truncates so that the surprise of the chosen tokens stays near {@code tau}, and
 * chooses. Mu, the largest surprise allowed, starts at 2 tau and follows every choice.
 */
public final class MirostatStage implements SamplerStage {
    private final float tau;
    private final float eta;
    /** How many tokens version 1 estimates the distribution's shape from; 0 for version 2. */
    private final int shapeTokens;
    private final int vocabSize;
    private final SeededRandom random;
    private float mu;
    private float muBefore;

    MirostatStage(float tau, float eta, int shapeTokens, int vocabSize, long seed) {
        this.tau = tau;
        this.eta = eta;
        this.shapeTokens = shapeTokens;
        this.vocabSize = vocabSize;
        this.random = new SeededRandom(seed);
        this.mu = 2 * tau;
        this.muBefore = mu;
    }

    /** Mu as it stands, after the last choice. */
    public float mu() {
        return mu;
    }

    /** Mu as it would have become if the last {@link #apply} had chosen the candidate at this index. */
    public float muIfChosen(Candidates c, int index) {
        return muBefore - eta * ((float) (-Math.log(c.prob(index)) / Math.log(2)) - tau);
    }

    @Override
    public void apply(Candidates c) {
        c.sort();
        c.softmax();
        muBefore = mu;
        if (c.size() == 0 || c.prob(0) == 0) {
            return;
        }
        c.truncate(shapeTokens > 0 ? keptByShape(c) : keptBySurprise(c));
        c.softmax();
        int index = c.draw(random.nextDouble());
        c.softmax();
        c.select(index);
        mu = muIfChosen(c, index);
    }

    private int keptBySurprise(Candidates c) {
        int kept = 0;
        while (kept < c.size() && -Math.log(c.prob(kept)) / Math.log(2) <= mu) {
            kept++;
        }
        return Math.max(1, kept);
    }

    /** Estimates the exponent of Zipf's law from the likeliest tokens, and from it how many to keep. */
    private int keptByShape(Candidates c) {
        double products = 0;
        double squares = 0;
        for (int i = 0; i < shapeTokens - 1 && i < c.size() - 1 && c.prob(i + 1) > 0; i++) {
            double t = Math.log((i + 2.0) / (i + 1.0));
            products += t * Math.log(c.prob(i) / c.prob(i + 1));
            squares += t * t;
        }
        double shape = products / squares;
        double epsilon = shape - 1;
        double k = Math.pow(epsilon * Math.pow(2, mu) / (1 - Math.pow(vocabSize, -epsilon)), 1 / shape);
        return k >= 1 ? (int) Math.min(k, c.size()) : 1;
    }
}
