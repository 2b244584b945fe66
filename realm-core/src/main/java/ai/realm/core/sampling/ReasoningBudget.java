package ai.realm.core.sampling;

import java.util.List;

/**
 * A bound on the tokens that a model may think: after them the mark that ends reasoning is forced.
 *
 * @param tokens at most, from the one after the mark that begins reasoning; 0 ends it at once
 * @param open the mark that begins reasoning, at the beginning of the answer
 * @param close the mark that ends it
 * @param closeTokens the ids that {@code close} is written with, at least one
 * @param begun whether the prompt began the reasoning already
 */
public record ReasoningBudget(int tokens, String open, String close, List<Integer> closeTokens, boolean begun) {
    public ReasoningBudget {
        closeTokens = List.copyOf(closeTokens);
        if (tokens < 0 || open.isEmpty() || close.isEmpty() || closeTokens.isEmpty()) {
            throw new IllegalArgumentException("a budget of reasoning needs 0 or more tokens and its marks, not " + tokens);
        }
    }
}
