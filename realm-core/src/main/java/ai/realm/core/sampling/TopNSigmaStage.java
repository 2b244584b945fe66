package ai.realm.core.sampling;

/** Makes impossible what lies more than n standard deviations of the logits below the largest (Tang et al. 2024). */
final class TopNSigmaStage implements SamplerStage {
    private final float n;

    TopNSigmaStage(float n) {
        this.n = n;
    }

    @Override
    public void apply(Candidates c) {
        if (n <= 0 || c.size() <= 1) {
            return;
        }
        double sum = 0;
        double squares = 0;
        int possible = 0;
        for (int i = 0; i < c.size(); i++) {
            double logit = c.logit(i);
            if (logit != Double.NEGATIVE_INFINITY) {
                sum += logit;
                possible++;
            }
        }
        double mean = sum / possible;
        for (int i = 0; i < c.size(); i++) {
            double logit = c.logit(i);
            squares += logit == Double.NEGATIVE_INFINITY ? 0 : (logit - mean) * (logit - mean);
        }
        float threshold = (float) (c.maxLogit() - n * Math.sqrt(squares / possible));
        for (int i = 0; i < c.size(); i++) {
            if (c.logit(i) < threshold) {
                c.setLogit(i, Float.NEGATIVE_INFINITY);
            }
        }
    }
}
