package ai.realm.core.sampling;

import ai.realm.core.error.RealmException;
import java.util.List;
import java.util.Set;

/**
 * Which tokens an output may have, whatever the model thinks of them.
 *
 * @param ignoreEnd whether what ends a generation is never chosen
 * @param minTokens tokens before which nothing ends the generation
 * @param allowed the only ids that may be chosen, beside those that end the generation; empty for all
 * @param badWords texts that the output does not come to hold, by the tokens that they become
 */
public record TokenRules(boolean ignoreEnd, int minTokens, Set<Integer> allowed, List<String> badWords) {
    private static final int MOST_WORDS = 256;
    private static final int MOST_CHARACTERS = 256;

    public static final TokenRules NONE = new TokenRules(false, 0, Set.of(), List.of());

    public TokenRules {
        if (minTokens < 0) {
            throw RealmException.badParam("min_tokens", "min_tokens must be 0 or more, not " + minTokens);
        }
        if (badWords.size() > MOST_WORDS) {
            throw RealmException.badParam("bad_words", "bad_words may hold " + MOST_WORDS + " texts, not " + badWords.size());
        }
        if (badWords.stream().anyMatch(w -> w.isEmpty() || w.length() > MOST_CHARACTERS)) {
            throw RealmException.badParam("bad_words", "bad_words must be texts of 1 to " + MOST_CHARACTERS + " characters");
        }
        allowed = Set.copyOf(allowed);
        badWords = List.copyOf(badWords);
    }
}
