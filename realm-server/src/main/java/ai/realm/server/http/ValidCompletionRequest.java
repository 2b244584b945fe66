package ai.realm.server.http;

import ai.realm.core.sampling.SamplingParams;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request that can be run: its model is granted, its prompts are what the guest gets, its limits are within the tenant's.
 *
 * @param model the name of the model that is meant
 * @param prompts one for each choice of the answer
 * @param requestJson what {@code realm_host_request} gives
 */
record ValidCompletionRequest(Api api, String model, List<Prompt> prompts, SamplingParams params, boolean stream,
        boolean includeUsage, String requestJson) {

    /** @param ids the token ids that the prompt was given as, or null */
    record Prompt(String text, int @Nullable [] ids) {}

    /** Tokens that it can use at most: no token of a prompt is shorter than a byte of it, give or take its beginning. */
    long tokenBound() {
        long bound = 0;
        for (Prompt p : prompts) {
            bound += (p.ids != null ? p.ids.length : utf8Length(p.text)) + 1L + params.maxTokens();
        }
        return bound;
    }

    private static long utf8Length(String text) {
        long bytes = text.length();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            // A surrogate pair is two chars and four bytes; other chars above ASCII have two or three.
            bytes += c < 0x80 ? 0 : c < 0x800 || Character.isSurrogate(c) ? 1 : 2;
        }
        return bytes;
    }
}
