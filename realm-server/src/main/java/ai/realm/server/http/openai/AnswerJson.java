package ai.realm.server.http.openai;

import ai.realm.core.chat.tools.AnswerEvent;
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
    private final boolean legacy;

    /** @param legacy whether a call is written as {@code function_call}, for clients that asked with {@code functions} */
    AnswerJson(Api api, String model, boolean legacy) {
        this.legacy = legacy;
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

    ObjectNode whole(ChatMessage[] messages, FinishReason[] reasons, Usage usage) {
        ObjectNode answer = head(api.object);
        ArrayNode choices = answer.putArray("choices");
        for (int i = 0; i < messages.length; i++) {
            ObjectNode choice = choices.addObject().put("index", i);
            if (api == Api.CHAT) {
                choice.set("message", message(messages[i]));
            } else {
                choice.put("text", messages[i].content.toString());
            }
            choice.putNull("logprobs").put("finish_reason", name(reasons[i], !messages[i].calls.isEmpty()));
        }
        answer.set("usage", usage(usage));
        return answer;
    }

    private ObjectNode message(ChatMessage m) {
        ObjectNode message = Json.mapper().createObjectNode().put("role", "assistant");
        message.put("content", m.content.isEmpty() && !m.calls.isEmpty() ? null : m.content.toString()).putNull("refusal");
        if (!m.reasoning.isEmpty()) {
            message.put("reasoning_content", m.reasoning.toString());
        }
        if (legacy && !m.calls.isEmpty()) {
            message.set("function_call", function(m.calls.getFirst().name(), m.calls.getFirst().arguments()));
        } else if (!m.calls.isEmpty()) {
            ArrayNode calls = message.putArray("tool_calls");
            for (ChatMessage.Call c : m.calls) {
                calls.addObject().put("id", c.id()).put("type", "function").set("function", function(c.name(), c.arguments()));
            }
        }
        return message;
    }

    private static ObjectNode function(String name, CharSequence arguments) {
        return Json.mapper().createObjectNode().put("name", name).put("arguments", arguments.toString());
    }

    /** The chunk of a part of a chat's answer; the end of a call has none. */
    ObjectNode event(int index, AnswerEvent event, boolean usageComes) {
        ObjectNode delta = Json.mapper().createObjectNode();
        switch (event) {
            case AnswerEvent.Content c -> delta.put("content", c.text());
            case AnswerEvent.Reasoning r -> delta.put("reasoning_content", r.text());
            case AnswerEvent.CallBegin b -> call(delta, b.index(), ChatMessage.newCallId(), function(b.name(), ""));
            case AnswerEvent.CallArguments a -> call(delta, a.index(), null,
                    Json.mapper().createObjectNode().put("arguments", a.text()));
            case AnswerEvent.CallEnd _ -> throw new IllegalArgumentException("the end of a call is not told");
        }
        return chatChunk(index, delta, null, usageComes);
    }

    private void call(ObjectNode delta, int index, @Nullable String callId, ObjectNode function) {
        if (legacy) {
            delta.set("function_call", function);
            return;
        }
        ObjectNode call = delta.putArray("tool_calls").addObject().put("index", index);
        if (callId != null) {
            call.put("id", callId).put("type", "function");
        }
        call.set("function", function);
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

    /** @param called whether the choice called tools */
    ObjectNode end(int index, FinishReason reason, boolean called, boolean usageComes) {
        String name = name(reason, called);
        return api == Api.CHAT
                ? chatChunk(index, Json.mapper().createObjectNode(), name, usageComes)
                : textChunk(index, "", name, usageComes);
    }

    /** The chunk that has no choice, only the usage. */
    ObjectNode usageChunk(Usage usage) {
        ObjectNode chunk = head(api.chunkObject);
        chunk.putArray("choices");
        chunk.set("usage", usage(usage));
        return chunk;
    }

    private ObjectNode chatChunk(int index, ObjectNode delta, @Nullable String reason, boolean usageComes) {
        ObjectNode chunk = head(api.chunkObject);
        ObjectNode choice = chunk.putArray("choices").addObject().put("index", index);
        choice.set("delta", delta);
        return close(chunk, choice, reason, usageComes);
    }

    private ObjectNode textChunk(int index, String text, @Nullable String reason, boolean usageComes) {
        ObjectNode chunk = head(api.chunkObject);
        ObjectNode choice = chunk.putArray("choices").addObject().put("index", index).put("text", text);
        return close(chunk, choice, reason, usageComes);
    }

    private static ObjectNode close(ObjectNode chunk, ObjectNode choice, @Nullable String reason, boolean usageComes) {
        choice.putNull("logprobs").put("finish_reason", reason);
        if (usageComes) {
            chunk.putNull("usage");
        }
        return chunk;
    }

    private String name(FinishReason reason, boolean called) {
        if (called && reason == FinishReason.STOP) {
            return legacy ? "function_call" : "tool_calls";
        }
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
