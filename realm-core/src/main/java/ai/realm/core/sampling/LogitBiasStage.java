package ai.realm.core.sampling;

/** Adds a fixed bias to the logits of some tokens. */
final class LogitBiasStage implements SamplerStage {
    private final int[] tokens;
    private final float[] biases;

    LogitBiasStage(int[] tokens, float[] biases) {
        this.tokens = tokens;
        this.biases = biases;
    }

    @Override
    public void apply(Candidates c) {
        for (int i = 0; i < tokens.length; i++) {
            int at = c.indexOf(tokens[i]);
            if (at >= 0) {
                c.setLogit(at, c.logit(at) + biases[i]);
            }
        }
        c.orderChanged();
    }
}
