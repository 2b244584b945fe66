package ai.realm.server.http.inference;

import org.jspecify.annotations.Nullable;

/**
 * What is done with the reasoning of models that think before they answer.
 *
 * @param thinking whether they think at all; null as their template has it
 * @param effort how much, in the template's own word; null for its default
 * @param budget tokens at most, after which the end of the reasoning is forced; null for no bound
 * @param inContent whether the reasoning and its marks stay in the content
 */
public record ReasoningUse(@Nullable Boolean thinking, @Nullable String effort, @Nullable Integer budget, boolean inContent) {
    public static final ReasoningUse DEFAULT = new ReasoningUse(null, null, null, false);
}
