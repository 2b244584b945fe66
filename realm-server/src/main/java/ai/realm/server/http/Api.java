package ai.realm.server.http;

import java.util.Map;
import java.util.Set;

/**
 * OpenAI's two ways to ask for text, with the names they have in answers and the parameters of theirs that are not supported.
 */
enum Api {
    COMPLETIONS("/v1/completions", "text_completion", "text_completion", "cmpl-", Set.of("suffix")),
    CHAT("/v1/chat/completions", "chat.completion", "chat.completion.chunk", "chatcmpl-",
            Set.of("audio", "function_call", "functions", "metadata", "modalities", "moderation", "parallel_tool_calls",
                    "prediction",
                    "prompt_cache_key", "prompt_cache_retention", "reasoning_effort", "safety_identifier", "tool_choice", "tools",
                    "top_logprobs", "verbosity", "web_search_options"));

    /** Parameters of both that are accepted only with the value that asks for nothing. */
    static final Map<String, String> NEUTRAL = Map.of("best_of", "1", "echo", "false", "logprobs", "false", "store",
            "false", "service_tier", "\"auto\"");

    final String path;
    final String object;
    final String chunkObject;
    final String idPrefix;
    final Set<String> unsupported;

    Api(String path, String object, String chunkObject, String idPrefix, Set<String> unsupported) {
        this.path = path;
        this.object = object;
        this.chunkObject = chunkObject;
        this.idPrefix = idPrefix;
        this.unsupported = unsupported;
    }
}
