package ai.realm.core.sampling;

/**
 * Divides the logits by a temperature; 0 or less leaves only the largest possible. With a positive {@code delta} the temperature
 * follows the entropy of the distribution, from {@code temperature - delta} to {@code temperature + delta}.
 */
final class TemperatureStage implements SamplerStage {
    private final float temperature;
    private final float delta;
    private final float exponent;

    TemperatureStage(float temperature, float delta, float exponent) {
        this.temperature = temperature;
        this.delta = delta;
        this.exponent = exponent;
    }

    @Override
    public void apply(Candidates c) {
        if (delta <= 0) {
            scale(c, temperature);
        } else if (c.size() > 1) {
            scale(c, dynamic(c));
        }
    }

    private float dynamic(Candidates c) {
        c.softmax();
        double entropy = 0;
        for (int i = 0; i < c.size(); i++) {
            entropy -= c.prob(i) > 0 ? c.prob(i) * Math.log(c.prob(i)) : 0;
        }
        double lowest = Math.max(0, temperature - delta);
        return (float) (lowest + (temperature + delta - lowest) * Math.pow(entropy / Math.log(c.size()), exponent));
    }

    private static void scale(Candidates c, float by) {
        if (by > 0) {
            // where the quotient of the largest would overflow, logits relative to it say the same
            float from = Float.isInfinite(c.maxLogit() / by) ? c.maxLogit() : 0;
            for (int i = 0; i < c.size(); i++) {
                c.setLogit(i, c.logit(i) == Float.NEGATIVE_INFINITY ? Float.NEGATIVE_INFINITY : (c.logit(i) - from) / by);
            }
            return;
        }
        int best = c.argMax();
        for (int i = 0; i < c.size(); i++) {
            if (i != best) {
                c.setLogit(i, Float.NEGATIVE_INFINITY);
            }
        }
        c.orderChanged();
    }
}
