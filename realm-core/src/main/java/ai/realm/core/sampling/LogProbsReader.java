package ai.realm.core.sampling;

/** Reads log-probabilities out of raw rows of logits. One thread at a time. */
public final class LogProbsReader {
    private final int alternatives;
    private final int[] powers = new int[Exp.BLOCK];
    private final TopK top = new TopK();
    private float[] row = new float[0];
    private float[] exps = new float[0];

    /** @param alternatives likeliest tokens to name beside the one that is asked for; may be 0 */
    public LogProbsReader(int alternatives) {
        this.alternatives = alternatives;
    }

    /** Of {@code token} by the row {@code logits[offset … offset + count)}. */
    public TokenLogProbs read(float[] logits, int offset, int count, int token) {
        if (row.length < count) {
            row = new float[count];
            exps = new float[count];
        }
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            float v = logits[offset + i];
            row[i] = Float.isFinite(v) ? v : Float.NEGATIVE_INFINITY;
            max = Math.max(max, row[i]);
        }
        double logSum = max + Math.log(Exp.shifted(row, 0, exps, count, max, powers));
        int n = Math.min(alternatives, count);
        int[] tokens = new int[n];
        float[] logProbs = new float[n];
        top.gather(row, count, n);
        for (int i = 0; i < n; i++) {
            tokens[i] = top.index(i);
            logProbs[i] = (float) (top.value(i) - logSum);
        }
        return new TokenLogProbs(token, (float) (row[token] - logSum), tokens, logProbs);
    }

    /** Of {@code token} among what samplers left of a row. */
    TokenLogProbs read(Candidates left, int token) {
        float[] logits = new float[left.size()];
        int own = -1;
        for (int i = 0; i < logits.length; i++) {
            logits[i] = left.logit(i);
            own = left.id(i) == token ? i : own;
        }
        if (own < 0) {
            return certain(token);
        }
        TokenLogProbs at = read(logits, 0, logits.length, own);
        int[] tokens = new int[at.topTokens().length];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = left.id(at.topTokens()[i]);
        }
        return new TokenLogProbs(token, at.logProb(), tokens, at.topLogProbs());
    }

    /** Of a token that had to be chosen. */
    static TokenLogProbs certain(int token) {
        return new TokenLogProbs(token, 0, new int[]{token}, new float[1]);
    }
}
