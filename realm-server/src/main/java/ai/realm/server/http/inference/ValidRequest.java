package ai.realm.server.http.inference;

import ai.realm.core.sampling.SamplingParams;
import ai.realm.runtime.session.GenerateCommand.Priority;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request that can be run: its model is granted, its prompts are what the guest gets, its limits are within the tenant's.
 *
 * @param model the name of the model that is meant
 * @param prompts in their order; the choices of the first come first
 * @param n choices for each prompt
 * @param openEnded whether the client gave no {@code max_tokens}
 * @param reading how the answer's text is read, or null when it is content as it is
 * @param chat whether it is a conversation, whose answer may call tools
 * @param requestJson what {@code realm_host_request} gives
 */
public record ValidRequest(String model, List<Prompt> prompts, SamplingParams params, int n, Priority priority, boolean stream,
        boolean openEnded, @Nullable AnswerReading reading, String requestJson, boolean chat) {
    /** What an answer without a {@code max_tokens} of its own is expected to use; what it uses beyond is charged at its end. */
    private static final int EXPECTED_TOKENS = 256;

    /** @param ids the token ids that the prompt was given as, or null */
    public record Prompt(String text, int @Nullable [] ids) {}

    public int choices() {
        return prompts.size() * n;
    }

    /** The prompt that a choice answers. */
    Prompt promptOf(int choice) {
        return prompts.get(choice / n);
    }

    /** Which of the answers to its prompt a choice is, from 0. */
    int choiceOf(int choice) {
        return choice % n;
    }

    /** Tokens to set aside for each generation. */
    int expectedTokens() {
        return openEnded ? Math.min(EXPECTED_TOKENS, params.maxTokens()) : params.maxTokens();
    }
}
