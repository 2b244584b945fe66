package ai.realm.server.http.openai.responses;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.Usage;
import ai.realm.server.error.HttpError;
import ai.realm.server.http.inference.Ids;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The JSON of one response in each of its states. Immutable. */
final class ResponseJson {
    private final ObjectNode head;
    private final String id = Ids.fresh(StoredItems.RESPONSE);
    private final String model;
    private final boolean store;
    private final long created = Instant.now().getEpochSecond();

    ResponseJson(ObjectNode head, String model, boolean store) {
        this.head = head;
        this.model = model;
        this.store = store;
    }

    String id() {
        return id;
    }

    /** It will be begun. */
    ObjectNode queued() {
        return of("queued", Json.mapper().createArrayNode(), null);
    }

    /** Its tenant wanted no more of it. */
    ObjectNode cancelled(ArrayNode output) {
        return of("cancelled", output, null);
    }

    ObjectNode inProgress() {
        return of("in_progress", Json.mapper().createArrayNode(), null);
    }

    /**
     * @param cut whether the answer was ended by its bound of tokens
     * @param reasoning tokens of what the model thought
     */
    ObjectNode complete(ArrayNode output, boolean cut, Usage usage, int reasoning) {
        ObjectNode whole = of(cut ? "incomplete" : "completed", output, cut ? "max_output_tokens" : null);
        whole.put("completed_at", Instant.now().getEpochSecond());
        ObjectNode used = whole.putObject("usage").put("input_tokens", usage.promptTokens());
        used.putObject("input_tokens_details").put("cached_tokens", usage.cachedTokens());
        used.put("output_tokens", usage.generatedTokens());
        used.putObject("output_tokens_details").put("reasoning_tokens", Math.min(reasoning, usage.generatedTokens()));
        used.put("total_tokens", usage.promptTokens() + usage.generatedTokens());
        return whole;
    }

    ObjectNode failed(ArrayNode output, RealmException error) {
        ObjectNode failed = of("failed", output, null);
        failed.putObject("error").put("code", HttpError.of(error).code()).put("message", error.getMessage());
        return failed;
    }

    private ObjectNode of(String status, ArrayNode output, @Nullable String incomplete) {
        ObjectNode r = Json.mapper().createObjectNode().put("id", id).put("object", "response").put("created_at", created)
                .put("status", status);
        r.putNull("error");
        r.putNull("incomplete_details");
        if (incomplete != null) {
            r.putObject("incomplete_details").put("reason", incomplete);
        }
        r.put("model", model);
        r.set("output", output);
        r.setAll(head);
        r.put("store", store);
        r.putNull("usage");
        return r;
    }
}
