package ai.realm.server.http.openai;

import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The JSON of one answer, whole or in chunks, as OpenAI's API has it. Immutable. */
final class AnswerJson {
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Api api;
    private final String id;
    private final long created;
    private final String model;

    AnswerJson(Api api, String model) {
        this.api = api;
        this.model = model;
        byte[] random = new byte[12];
        RANDOM.nextBytes(random);
        this.id = api.idPrefix + HexFormat.of().formatHex(random);
        this.created = System.currentTimeMillis() / 1000;
    }

    private ObjectNode head(String object) {
        return Json.mapper().createObjectNode().put("id", id).put("object", object).put("created", created).put("model", model);
    }

    ObjectNode whole(String[] texts, FinishReason[] reasons, Usage usage) {
        ObjectNode answer = head(api.object);
        ArrayNode choices = answer.putArray("choices");
        for (int i = 0; i < texts.length; i++) {
            ObjectNode choice = choices.addObject().put("index", i);
            if (api == Api.CHAT) {
                choice.putObject("message").put("role", "assistant").put("content", texts[i]).putNull("refusal");
            } else {
                choice.put("text", texts[i]);
            }
            choice.putNull("logprobs").put("finish_reason", name(reasons[i]));
        }
        answer.set("usage", usage(usage));
        return answer;
    }

    /** The chunk that opens a choice of a chat. */
    ObjectNode role(int index, boolean usageComes) {
        ObjectNode delta = Json.mapper().createObjectNode().put("role", "assistant").put("content", "");
        return chatChunk(index, delta, null, usageComes);
    }

    ObjectNode piece(int index, String text, boolean usageComes) {
        return api == Api.CHAT
                ? chatChunk(index, Json.mapper().createObjectNode().put("content", text), null, usageComes)
                : textChunk(index, text, null, usageComes);
    }

    ObjectNode end(int index, FinishReason reason, boolean usageComes) {
        return api == Api.CHAT
                ? chatChunk(index, Json.mapper().createObjectNode(), reason, usageComes)
                : textChunk(index, "", reason, usageComes);
    }

    /** The chunk that has no choice, only the usage. */
    ObjectNode usageChunk(Usage usage) {
        ObjectNode chunk = head(api.chunkObject);
        chunk.putArray("choices");
        chunk.set("usage", usage(usage));
        return chunk;
    }

    private ObjectNode chatChunk(int index, ObjectNode delta, @Nullable FinishReason reason, boolean usageComes) {
        ObjectNode chunk = head(api.chunkObject);
        ObjectNode choice = chunk.putArray("choices").addObject().put("index", index);
        choice.set("delta", delta);
        return close(chunk, choice, reason, usageComes);
    }

    private ObjectNode textChunk(int index, String text, @Nullable FinishReason reason, boolean usageComes) {
        ObjectNode chunk = head(api.chunkObject);
        ObjectNode choice = chunk.putArray("choices").addObject().put("index", index).put("text", text);
        return close(chunk, choice, reason, usageComes);
    }

    private static ObjectNode close(ObjectNode chunk, ObjectNode choice, @Nullable FinishReason reason, boolean usageComes) {
        choice.putNull("logprobs").put("finish_reason", reason == null ? null : name(reason));
        if (usageComes) {
            chunk.putNull("usage");
        }
        return chunk;
    }

    private static String name(FinishReason reason) {
        return reason.name().toLowerCase(Locale.ROOT);
    }

    private static ObjectNode usage(Usage usage) {
        ObjectNode node = Json.mapper().createObjectNode().put("prompt_tokens", usage.promptTokens())
                .put("completion_tokens", usage.generatedTokens())
                .put("total_tokens", usage.promptTokens() + usage.generatedTokens());
        node.putObject("prompt_tokens_details").put("cached_tokens", usage.cachedTokens());
        return node;
    }
}
