package ai.realm.core.sampling;

/** Nucleus sampling (Holtzman et al. 2019): keeps the likeliest tokens until their probabilities reach p; 1 is off. */
final class TopPStage implements SamplerStage {
    private static final int FIRST_GUESS = 256;

    private final float p;
    private final int minKeep;

    TopPStage(float p, int minKeep) {
        this.p = p;
        this.minKeep = minKeep;
    }

    @Override
    public void apply(Candidates c) {
        if (p >= 1 || c.size() == 0) {
            return;
        }
        double total = c.expSum();
        if (total == 0) {
            return;
        }
        float max = c.maxLogit();
        if (c.isSorted()) {
            c.truncate(cut(c, c.size(), total, max));
            return;
        }
        for (int k = Math.min(FIRST_GUESS, c.size());; k = Math.min(8 * k, c.size())) {
            c.gatherTop(k);
            int kept = cut(c, k, total, max);
            if (kept <= k || k == c.size()) {
                c.keepGathered(Math.min(kept, k));
                return;
            }
        }
    }

    /** How many of the first {@code count} to keep; {@code count + 1} when they are not enough. */
    private int cut(Candidates c, int count, double total, float max) {
        boolean sorted = c.isSorted();
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += Exp.exp((sorted ? c.logit(i) : c.gatheredLogit(i)) - max) / total;
            if (sum >= p && i + 1 >= minKeep) {
                return i + 1;
            }
        }
        return sorted ? count : count + 1;
    }
}
