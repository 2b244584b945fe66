package ai.realm.runtime.session;

/**
 * Exact token counts, and the engine's time.
 *
 * @param promptTokens tokens of the prompt
 * @param cachedTokens those of them that came from the prefix cache
 * @param generatedTokens sampled tokens, the end token included only when it is text
 * @param engineNanos this generation's part of the steps that it took part in, by tokens
 */
public record Usage(int promptTokens, int cachedTokens, int generatedTokens, long engineNanos) {
    public static final Usage NONE = new Usage(0, 0, 0, 0);

    public Usage(int promptTokens, int cachedTokens, int generatedTokens) {
        this(promptTokens, cachedTokens, generatedTokens, 0);
    }

    public Usage plus(Usage other) {
        return new Usage(promptTokens + other.promptTokens, cachedTokens + other.cachedTokens,
                generatedTokens + other.generatedTokens, engineNanos + other.engineNanos);
    }
}
