package ai.realm.runtime.session;

/**
 * Exact token counts.
 *
 * @param promptTokens tokens of the prompt
 * @param cachedTokens those of them that came from the prefix cache
 * @param generatedTokens sampled tokens, the end token included only when it is text
 */
public record Usage(int promptTokens, int cachedTokens, int generatedTokens) {
    public static final Usage NONE = new Usage(0, 0, 0);

    public Usage plus(Usage other) {
        return new Usage(promptTokens + other.promptTokens, cachedTokens + other.cachedTokens,
                generatedTokens + other.generatedTokens);
    }
}
