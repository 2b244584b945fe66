package ai.realm.server.http.openai.responses;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.server.http.inference.GenerationRequest;
import ai.realm.server.http.inference.GenerationRequest.Chat;
import ai.realm.server.http.inference.GenerationRequest.Input;
import ai.realm.server.http.inference.GenerationRequest.Shortened;
import ai.realm.server.http.inference.OutputShape;
import ai.realm.server.http.inference.SamplingFields;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import ai.realm.server.http.openai.ReasoningFields;
import ai.realm.server.http.openai.ToolFields;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A body of Responses, read into a {@link GenerationRequest} and into what its response says and is stored with. */
final class ResponsesReader {
    private static final int MAX_TOKENS = 1 << 30;
    private static final List<String> HINTS = List.of("max_tool_calls", "prompt_cache_key", "prompt_cache_retention",
            "safety_identifier", "service_tier", "stream_options", "user", "context_management", "client_metadata");
    private static final String TEXT_LOG_PROBS = "message.output_text.logprobs";
    private static final String ANY_OBJECT = "{\"type\":\"object\"}";

    private final JsonFields fields;
    private final Memory memory;

    /** @param memory what the tenant has stored */
    ResponsesReader(JsonFields fields, Memory memory) {
        this.fields = fields;
        this.memory = memory;
    }

    /**
     * @param head of the response
     * @param input the items that came with the request
     * @param store whether the response is to be kept
     * @param background whether it is made without its client
     */
    record Read(GenerationRequest request, ObjectNode head, ArrayNode input, boolean store, boolean background,
            @Nullable String previous, @Nullable String conversation) {}

    Read read() {
        String model = fields.string("model");
        String previous = fields.string("previous_response_id");
        String conversation = conversation(fields.take("conversation"));
        if (previous != null && conversation != null) {
            throw RealmException.badParam("conversation", "conversation and previous_response_id must not be given together");
        }
        JsonNode given = fields.take("input");
        ArrayNode input = given == null
                ? Json.mapper().createArrayNode()
                : new InputItems(memory::item).read(given, "input");
        Chat chat = chat(input, previous, conversation);
        Long most = fields.integer("max_output_tokens", 1, Long.MAX_VALUE);
        boolean stream = Boolean.TRUE.equals(fields.bool("stream"));
        boolean store = !Boolean.FALSE.equals(fields.bool("store"));
        boolean background = Boolean.TRUE.equals(fields.bool("background"));
        if (background && !store) {
            throw RealmException.badParam("background",
                    "a response in the background is stored: store must not be false beside it");
        }
        ObjectNode head = ResponseHead.of(fields, background, previous, conversation);
        SamplingParams params = sampling();
        GenerationRequest request = new GenerationRequest(model, truncated(chat),
                most == null ? null : (Integer) (int) Math.min(most, MAX_TOKENS), params, 1, null, stream, fields.node());
        rest();
        return new Read(request, head, input, store, background, previous, conversation);
    }

    private Chat chat(ArrayNode input, @Nullable String previous, @Nullable String conversation) {
        Turns turns = new Turns();
        String instructions = fields.string("instructions");
        if (instructions != null && !instructions.isEmpty()) {
            turns.system(instructions);
        }
        if (previous != null) {
            memory.before(previous).forEach(turns::add);
        }
        if (conversation != null) {
            turns.add(memory.conversation(conversation));
        }
        turns.add(input);
        if (turns.messages().isEmpty()) {
            throw RealmException.badParam("input", "input is required: a text, or at least one item");
        }
        return new Chat(turns.messages(), "", ToolFields.read(fields), ReasoningFields.read(fields),
                ReasoningFields.variables(fields));
    }

    private static @Nullable String conversation(@Nullable JsonNode given) {
        if (given == null || given.isTextual()) {
            return given == null ? null : JsonFields.text(given, "conversation");
        }
        JsonFields f = JsonFields.of(given, "conversation");
        return JsonFields.text(f.require("id"), f.path("id"));
    }

    private Input truncated(Chat chat) {
        String truncation = fields.string("truncation");
        return switch (truncation) {
            case null -> chat;
            case "disabled" -> chat;
            case "auto" -> new Shortened(chat);
            default -> throw RealmException.badParam("truncation", "truncation must be auto or disabled");
        };
    }

    private SamplingParams sampling() {
        SamplingParams params = SamplingFields.read(fields).toBuilder().logProbs(logProbs()).build();
        JsonNode text = fields.take("text");
        JsonNode format = text == null ? null : JsonFields.of(text, "text").take("format");
        String schema = format == null ? null : schema(JsonFields.of(format, "text.format"));
        return schema == null ? params : params.toBuilder().jsonSchema(schema).build();
    }

    /** Likeliest tokens with each token of the text; to ask for some asks for log-probabilities, as including them does. */
    private int logProbs() {
        boolean included = false;
        JsonNode include = fields.take("include");
        if (include != null) {
            if (!include.isArray()) {
                throw RealmException.badParam("include", "include must be a list of strings");
            }
            for (JsonNode name : include) {
                included |= name.asText().equals(TEXT_LOG_PROBS);
            }
        }
        Long top = fields.integer("top_logprobs", 0, SamplingParams.MOST_LOG_PROBS);
        return top != null && top > 0 ? (int) (long) top : included ? 0 : SamplingParams.NO_LOG_PROBS;
    }

    private static @Nullable String schema(JsonFields format) {
        String type = JsonFields.text(format.require("type"), format.path("type"));
        return switch (type) {
            case "text" -> null;
            case "json_object" -> ANY_OBJECT;
            case "json_schema" -> OutputShape.schema(format);
            default -> throw RealmException.badParam(format.path("type"),
                    format.path("type") + " must be text, json_object or json_schema");
        };
    }

    private void rest() {
        HINTS.forEach(fields::hint);
        fields.refuse("prompt", _ -> false, "; send its text as instructions");
    }

    /** What a tenant has stored, as a request needs it. */
    interface Memory {
        /** Nothing is stored. */
        Memory NONE = new Memory() {
            @Override
            public List<JsonNode> before(String previous) {
                throw StoredItems.notFound("response", previous);
            }

            @Override
            public JsonNode conversation(String id) {
                throw StoredItems.notFound("conversation", id);
            }

            @Override
            public @Nullable ObjectNode item(String id) {
                return null;
            }
        };

        /** The items of a response and of those before it, lists of them in their order. */
        List<JsonNode> before(String previous);

        /** The items of a conversation. */
        JsonNode conversation(String id);

        /** An item by its id, or null. */
        @Nullable
        ObjectNode item(String id);
    }

}
