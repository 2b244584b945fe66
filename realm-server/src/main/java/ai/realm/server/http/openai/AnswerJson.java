package ai.realm.server.http.openai;

import ai.realm.core.chat.tools.AnswerEvent;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import ai.realm.server.http.inference.Client;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The JSON of one answer, whole or in chunks, as OpenAI's API has it. Immutable. */
final class AnswerJson {
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Api api;
    private final String id;
    private final long created;
    private final Client client;
    private final AnswerOptions options;
    private final String fingerprint;

    AnswerJson(Api api, AnswerOptions options, Client client) {
        this.api = api;
        this.options = options;
        this.client = client;
        this.fingerprint = client.fingerprint();
        byte[] random = new byte[12];
        RANDOM.nextBytes(random);
        this.id = api.idPrefix + HexFormat.of().formatHex(random);
        this.created = System.currentTimeMillis() / 1000;
    }

    private ObjectNode head(String object) {
        return Json.mapper().createObjectNode().put("id", id).put("object", object).put("created", created)
                .put("model", client.request().model()).put("system_fingerprint", fingerprint);
    }

    ObjectNode whole(List<ChoiceState> states, Usage usage) {
        ObjectNode answer = head(api.object);
        ArrayNode choices = answer.putArray("choices");
        for (ChoiceState c : states) {
            ObjectNode choice = choices.addObject().put("index", choices.size() - 1);
            if (api == Api.CHAT) {
                choice.set("message", message(c.message));
            } else {
                choice.put("text", c.echo() + c.message.content);
            }
            choice.set("logprobs", c.logProbs(true));
            choice.put("finish_reason", name(c.reason, !c.message.calls.isEmpty()));
            // A chat has one prompt, which all its choices answer.
            if (c.wantsPromptLogProbs() && (api != Api.CHAT || choices.size() == 1)) {
                (api == Api.CHAT ? answer : choice).set("prompt_logprobs", c.promptLogProbs());
            }
        }
        answer.set("usage", usage(usage));
        answer.set("timings", client.timings(usage).json());
        return answer;
    }

    private ObjectNode message(ChatMessage m) {
        ObjectNode message = Json.mapper().createObjectNode().put("role", "assistant");
        message.put("content", m.content.isEmpty() && !m.calls.isEmpty() ? null : m.content.toString()).putNull("refusal");
        if (!m.reasoning.isEmpty()) {
            message.put("reasoning_content", m.reasoning.toString());
        }
        if (options.legacy() && !m.calls.isEmpty()) {
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
    ObjectNode event(int index, AnswerEvent event, ChoiceState state) {
        ObjectNode delta = Json.mapper().createObjectNode();
        switch (event) {
            case AnswerEvent.Content c -> delta.put("content", c.text());
            case AnswerEvent.Reasoning r -> delta.put("reasoning_content", r.text());
            case AnswerEvent.CallBegin b -> call(delta, b.index(), ChatMessage.callId(b.id()), function(b.name(), ""));
            case AnswerEvent.CallArguments a -> call(delta, a.index(), null,
                    Json.mapper().createObjectNode().put("arguments", a.text()));
            case AnswerEvent.CallEnd _ -> throw new IllegalArgumentException("the end of a call is not told");
        }
        return chunk(index, delta, state.logProbs(false), null);
    }

    private void call(ObjectNode delta, int index, @Nullable String callId, ObjectNode function) {
        if (options.legacy()) {
            delta.set("function_call", function);
            return;
        }
        ObjectNode call = delta.putArray("tool_calls").addObject().put("index", index);
        if (callId != null) {
            call.put("id", callId).put("type", "function");
        }
        call.set("function", function);
    }

    /** The chunk that opens a choice: the role of a chat, the echo of a prompt; null when there is none. */
    @Nullable
    ObjectNode open(int index, ChoiceState state) {
        if (api == Api.CHAT) {
            ObjectNode delta = Json.mapper().createObjectNode().put("role", "assistant").put("content", "");
            return chunk(index, delta, Json.mapper().nullNode(), null);
        }
        if (!options.echo() && !state.wantsPromptLogProbs()) {
            return null;
        }
        ObjectNode chunk = chunk(index, text(state.echo()), state.logProbs(false), null);
        if (state.wantsPromptLogProbs()) {
            ((ObjectNode) chunk.get("choices").get(0)).set("prompt_logprobs", state.promptLogProbs());
        }
        return chunk;
    }

    ObjectNode piece(int index, String text, ChoiceState state) {
        return chunk(index, text(text), state.logProbs(false), null);
    }

    private ObjectNode text(String text) {
        return Json.mapper().createObjectNode().put(api == Api.CHAT ? "content" : "text", text);
    }

    ObjectNode end(int index, ChoiceState state) {
        ObjectNode nothing = Json.mapper().createObjectNode();
        return chunk(index, api == Api.CHAT ? nothing : nothing.put("text", ""), state.logProbs(false),
                name(state.reason, state.called));
    }

    /** Adds to the last chunk what is known of the whole answer. */
    ObjectNode last(ObjectNode chunk, Usage usage) {
        chunk.set("timings", client.timings(usage).json());
        return chunk;
    }

    /** Adds to a chunk before the last how long it has taken until so many tokens, where that is wanted. */
    void timed(ObjectNode chunk, int tokens) {
        if (options.timings()) {
            chunk.set("timings", client.timingsSoFar(tokens));
        }
    }

    /** The chunk that has no choice, only the usage. */
    ObjectNode usageChunk(Usage usage) {
        ObjectNode chunk = head(api.chunkObject);
        chunk.putArray("choices");
        chunk.set("usage", usage(usage));
        return chunk;
    }

    /** @param part of the choice: a chat's delta, a completion's fields */
    private ObjectNode chunk(int index, ObjectNode part, JsonNode logProbs, @Nullable String reason) {
        ObjectNode chunk = head(api.chunkObject);
        ObjectNode choice = chunk.putArray("choices").addObject().put("index", index);
        if (api == Api.CHAT) {
            choice.set("delta", part);
        } else {
            choice.setAll(part);
        }
        choice.set("logprobs", logProbs);
        choice.put("finish_reason", reason);
        if (options.includeUsage()) {
            chunk.putNull("usage");
        }
        return chunk;
    }

    private String name(FinishReason reason, boolean called) {
        if (called && reason == FinishReason.STOP) {
            return options.legacy() ? "function_call" : "tool_calls";
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
