package ai.realm.core.sampling;

/**
 * Natural log-probabilities of a chosen token and of the likeliest ones, from the model's own distribution: before biases,
 * penalties, truncation and temperature.
 *
 * @param topTokens ids by falling probability; may or may not contain {@code token}
 * @param topLogProbs one for each of {@code topTokens}
 */
@SuppressWarnings("ArrayRecordComponent")
public record TokenLogProbs(int token, float logProb, int[] topTokens, float[] topLogProbs) {}
