package ai.realm.server.http;

import ai.realm.core.sampling.SamplingParams;
import ai.realm.runtime.session.GenerateCommand.Priority;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request of either API as its JSON says: types and ranges are right, names and limits are not looked up yet.
 *
 * @param model null when the tenant's default is meant
 * @param prompts of completions; empty for chat
 * @param messages of chat; empty for completions
 * @param maxTokens null when not given
 * @param sampling everything about sampling but {@code max_tokens}
 * @param n answers to each prompt
 * @param priority null when the tenant's is meant
 * @param json the object itself, for the guest
 */
record CompletionRequest(Api api, @Nullable String model, List<PromptInput> prompts, List<Message> messages,
        @Nullable Integer maxTokens, SamplingParams sampling, int n, @Nullable Priority priority, boolean stream,
        boolean includeUsage, ObjectNode json) {

    /** One prompt: its text, or its token ids. */
    sealed interface PromptInput {
    }

    record Text(String text) implements PromptInput {}

    record Tokens(int[] ids) implements PromptInput {}

    /** One turn of a chat; its parts joined. */
    record Message(String role, String content) {}

    /** The same chat with this system message before it, unless it begins with its own or {@code system} is null. */
    CompletionRequest withSystem(@Nullable String system) {
        if (system == null || messages.isEmpty() || messages.getFirst().role().equals("system")) {
            return this;
        }
        List<Message> with = new ArrayList<>();
        with.add(new Message("system", system));
        with.addAll(messages);
        return new CompletionRequest(api, model, prompts, with, maxTokens, sampling, n, priority, stream, includeUsage, json);
    }
}
