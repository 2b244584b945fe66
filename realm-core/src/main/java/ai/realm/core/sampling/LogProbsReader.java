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
}
