package ai.realm.core.sampling;

/**
 * Makes tokens of the last part of the history less likely: the logit divided by {@code repeat} if positive, multiplied if not
 * (Keskar et al. 2019, with the usual correction for negative logits), then lowered by {@code frequency} for each occurrence and
 * by {@code presence} once.
 */
final class PenaltiesStage implements SamplerStage {
    private final TokenWindow window;
    private final TokenCounts counts = new TokenCounts();
    private final float repeat;
    private final float frequency;
    private final float presence;
    private final boolean off;

    /** @param lastTokens how many tokens of the history count; 0 or less turns the stage off */
    PenaltiesStage(int lastTokens, float repeat, float frequency, float presence) {
        this.window = new TokenWindow(lastTokens);
        this.repeat = repeat;
        this.frequency = frequency;
        this.presence = presence;
        this.off = lastTokens <= 0 || repeat == 1 && frequency == 0 && presence == 0;
    }

    @Override
    public void accept(int token) {
        if (off) {
            return;
        }
        counts.add(token, 1);
        int left = window.push(token);
        if (left >= 0) {
            counts.add(left, -1);
        }
    }

    @Override
    public void apply(Candidates c) {
        if (off) {
            return;
        }
        for (int slot = 0; slot < counts.slots(); slot++) {
            int at = counts.tokenAt(slot) < 0 ? -1 : c.indexOf(counts.tokenAt(slot));
            if (at >= 0 && c.logit(at) != Float.NEGATIVE_INFINITY) {
                float logit = c.logit(at);
                float repeated = logit <= 0 ? logit * repeat : logit / repeat;
                c.setLogit(at, repeated - counts.valueAt(slot) * frequency - presence);
            }
        }
        c.orderChanged();
    }
}
