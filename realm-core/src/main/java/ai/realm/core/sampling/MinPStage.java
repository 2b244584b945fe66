package ai.realm.core.sampling;

/** Keeps the tokens that are at least p times as likely as the likeliest, and that one (Nguyen et al. 2024); 0 is off. */
final class MinPStage implements SamplerStage {
    private final float p;
    private final int minKeep;

    MinPStage(float p, int minKeep) {
        this.p = p;
        this.minKeep = Math.max(1, minKeep);
    }

    @Override
    public void apply(Candidates c) {
        if (p <= 0 || c.size() == 0) {
            return;
        }
        float threshold = c.maxLogit() + (float) Math.log(p);
        if (c.countFrom(threshold) >= minKeep) {
            c.keepFrom(threshold);
        } else {
            c.keepTop(minKeep);
        }
    }
}
