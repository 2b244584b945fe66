package ai.realm.server.http.openai;

import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * What clients of OpenAI's API, vLLM and llama.cpp's server send that Realm does not do. Hints cannot change the answer and are
 * let pass. Wishes would change it, and are refused by name unless their value asks for nothing.
 */
final class Unsupported {
    private static final Set<String> HINTS = Set.of("user", "metadata", "store", "prompt_cache_key", "prompt_cache_retention",
            "safety_identifier", "verbosity", "service_tier", "prediction", "moderation",
            "cache_prompt", "keep_alive", "continuous_usage_stats", "id_slot", "slot_id", "request_id",
            "return_progress", "min_keep", "penalize_nl", "n_keep", "n_discard", "t_max_predict_ms",
            "return_tokens_as_token_ids", "spaces_between_special_tokens", "cache_salt", "add_special_tokens");

    private static final Predicate<JsonNode> NEVER = _ -> false;
    private static final Predicate<JsonNode> EMPTY = v -> v.isContainerNode() && v.isEmpty()
            || v.isTextual() && v.asText().isEmpty();
    private static final Predicate<JsonNode> FALSE = v -> v.isBoolean() && !v.booleanValue();

    private static final Map<String, Predicate<JsonNode>> WISHES = Map.ofEntries(
            Map.entry("audio", NEVER),
            Map.entry("modalities", v -> v.isArray() && only(v, "text")),
            Map.entry("web_search_options", NEVER),
            Map.entry("chat_template", EMPTY),
            Map.entry("use_beam_search", FALSE),
            Map.entry("include_stop_str_in_output", FALSE),
            Map.entry("skip_special_tokens", v -> v.isBoolean() && v.booleanValue()),
            Map.entry("truncate_prompt_tokens", NEVER));

    private Unsupported() {
    }

    private static boolean only(JsonNode array, String wanted) {
        for (JsonNode one : array) {
            if (!wanted.equals(one.textValue())) {
                return false;
            }
        }
        return true;
    }

    /** @param n choices that are wanted: {@code best_of} of a chat may be that many */
    static void take(Api api, JsonFields fields, int n) {
        HINTS.forEach(fields::hint);
        WISHES.forEach((name, neutral) -> fields.refuse(name, neutral, "; leave it out"));
        if (api == Api.CHAT) {
            fields.refuse("echo", FALSE, " in chat; leave it out");
            fields.refuse("suffix", EMPTY, " in chat; leave it out");
            fields.refuse("best_of", v -> v.isIntegralNumber() && v.longValue() == n, " in chat unless it is n; use n");
        }
    }
}
