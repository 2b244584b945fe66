package ai.realm.server.http;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.server.http.CompletionRequest.Message;
import ai.realm.server.http.CompletionRequest.PromptInput;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Step 2 of a request, first half: JSON to a {@link CompletionRequest}. What is not understood is refused by name; nothing is ignored.
 */
final class RequestReader {
    /** Prompts that one request may hold, and choices that it may ask for. */
    static final int MAX_PROMPTS = 32;
    private static final int MAX_MESSAGES = 4096;
    private static final int MAX_STOPS = 4;
    private static final int MAX_STOP_CHARS = 256;
    private static final int MAX_USER_CHARS = 256;
    private static final int MAX_BIASES = 1024;
    private static final int MAX_TOKENS = 1 << 24;
    private static final Set<String> ROLES = Set.of("system", "developer", "user", "assistant");

    private final Api api;
    private final ObjectNode json;
    private final JsonFields fields;

    private RequestReader(Api api, ObjectNode json) {
        this.api = api;
        this.json = json;
        this.fields = new JsonFields(json, "");
    }

    static CompletionRequest read(Api api, byte[] body) {
        return new RequestReader(api, Json.object(body)).read();
    }

    private CompletionRequest read() {
        refuseUnsupported();
        String model = fields.string("model");
        List<PromptInput> prompts = api == Api.COMPLETIONS
                ? PromptInputs.read(fields.require("prompt"), "prompt", MAX_PROMPTS)
                : List.of();
        List<Message> messages = api == Api.CHAT ? messages(fields.require("messages")) : List.of();
        Integer maxTokens = maxTokens();
        SamplingParams sampling = sampling();
        boolean stream = Boolean.TRUE.equals(fields.bool("stream"));
        boolean includeUsage = includeUsage(stream);
        int n = choices(Math.max(1, prompts.size()));
        Priority priority = priority();
        checkUser(fields.string("user"));
        fields.end();
        return new CompletionRequest(api, model, prompts, messages, maxTokens, sampling, n, priority, stream, includeUsage,
                json);
    }

    static void checkUser(@Nullable String user) {
        if (user != null && user.length() > MAX_USER_CHARS) {
            throw RealmException.badParam("user", "user may have " + MAX_USER_CHARS + " characters, not " + user.length());
        }
    }

    private void refuseUnsupported() {
        for (String name : api.unsupported) {
            if (fields.take(name) != null) {
                throw RealmException.badParam(name, name + " is not supported; leave it out");
            }
        }
        Api.NEUTRAL.forEach((name, neutral) -> {
            JsonNode value = fields.take(name);
            if (value != null && !value.toString().equals(neutral)) {
                throw RealmException.badParam(name, name + " is not supported; leave it out or set it to " + neutral);
            }
        });
    }

    private int choices(int prompts) {
        Long n = fields.integer("n", 1, MAX_PROMPTS);
        if (n != null && n * prompts > MAX_PROMPTS) {
            throw RealmException.badParam("n",
                    "a request may have " + MAX_PROMPTS + " choices, not " + n + " for each of " + prompts
                            + " prompts");
        }
        return n == null ? 1 : n.intValue();
    }

    private @Nullable Priority priority() {
        String given = fields.string("priority");
        Priority priority = given == null ? null : Priority.of(given);
        if (given != null && priority == null) {
            throw RealmException.badParam("priority", "priority must be interactive or batch");
        }
        return priority;
    }

    private @Nullable Integer maxTokens() {
        Long older = fields.integer("max_tokens", 1, MAX_TOKENS);
        Long newer = fields.integer("max_completion_tokens", 1, MAX_TOKENS);
        if (newer != null && api == Api.COMPLETIONS) {
            throw RealmException.badParam("max_completion_tokens", "max_completion_tokens belongs to chat; use max_tokens");
        }
        if (older != null && newer != null && !older.equals(newer)) {
            throw RealmException.badParam("max_completion_tokens",
                    "max_tokens and max_completion_tokens mean the same and must not differ");
        }
        Long given = newer != null ? newer : older;
        return given == null ? null : given.intValue();
    }

    private SamplingParams sampling() {
        SamplingParams.Builder b = SamplingParams.defaults().toBuilder();
        ifSet(fields.number("temperature", 0, 2), v -> b.temperature(v.floatValue()));
        Double topP = fields.number("top_p", 0, 1);
        if (topP != null && topP.floatValue() == 0) {
            throw RealmException.badParam("top_p", "top_p must be above 0 and at most 1, not " + topP);
        }
        ifSet(topP, v -> b.topP(v.floatValue()));
        // -1 is how vLLM spells "off".
        ifSet(fields.integer("top_k", -1, Integer.MAX_VALUE), v -> b.topK(Math.max(0, v.intValue())));
        ifSet(fields.number("min_p", 0, 1), v -> b.minP(v.floatValue()));
        Double repetition = fields.number("repetition_penalty", 0, 100);
        if (repetition != null && repetition.floatValue() == 0) {
            throw RealmException.badParam("repetition_penalty", "repetition_penalty must be above 0, not 0");
        }
        ifSet(repetition, v -> b.repetitionPenalty(v.floatValue()));
        ifSet(fields.number("frequency_penalty", -2, 2), v -> b.frequencyPenalty(v.floatValue()));
        ifSet(fields.number("presence_penalty", -2, 2), v -> b.presencePenalty(v.floatValue()));
        ifSet(fields.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE), b::seed);
        ifSet(fields.take("stop"), v -> b.stopStrings(stops(v)));
        ifSet(fields.take("logit_bias"), v -> b.logitBias(biases(v)));
        OutputShape shape = OutputShape.read(fields);
        return b.grammar(shape.grammar()).jsonSchema(shape.jsonSchema()).build();
    }

    private static <T> void ifSet(@Nullable T value, java.util.function.Consumer<T> use) {
        if (value != null) {
            use.accept(value);
        }
    }

    private static List<String> stops(JsonNode stop) {
        List<String> stops = new ArrayList<>();
        if (stop.isArray()) {
            for (JsonNode s : stop) {
                stops.add(JsonFields.text(s, "stop[" + stops.size() + "]"));
            }
        } else if (stop.isTextual()) {
            stops.add(JsonFields.text(stop, "stop"));
        } else {
            throw JsonFields.wrongType("stop", "a string or an array of strings", stop);
        }
        if (stops.size() > MAX_STOPS) {
            throw RealmException.badParam("stop", "stop may hold " + MAX_STOPS + " strings, not " + stops.size());
        }
        for (String s : stops) {
            if (s.isEmpty() || s.length() > MAX_STOP_CHARS) {
                throw RealmException.badParam("stop",
                        "a stop string must have 1 to " + MAX_STOP_CHARS + " characters, not " + s.length());
            }
        }
        return stops;
    }

    private static Map<Integer, Float> biases(JsonNode value) {
        if (!(value instanceof ObjectNode object)) {
            throw JsonFields.wrongType("logit_bias", "an object of token ids and numbers", value);
        }
        if (object.size() > MAX_BIASES) {
            throw RealmException.badParam("logit_bias", "logit_bias may hold " + MAX_BIASES + " tokens, not " + object.size());
        }
        Map<Integer, Float> biases = new HashMap<>();
        object.properties().forEach(e -> {
            if (!e.getKey().matches("[0-9]{1,9}")) {
                throw RealmException.badParam("logit_bias", "the keys of logit_bias must be token ids");
            }
            double bias = JsonFields.number(e.getValue(), "logit_bias." + e.getKey(), -100, 100);
            biases.put(Integer.valueOf(e.getKey()), (float) bias);
        });
        return biases;
    }

    private boolean includeUsage(boolean stream) {
        JsonNode options = fields.take("stream_options");
        if (options == null) {
            return false;
        }
        if (!stream) {
            throw RealmException.badParam("stream_options", "stream_options needs \"stream\": true");
        }
        JsonFields inner = JsonFields.of(options, "stream_options");
        boolean include = Boolean.TRUE.equals(inner.bool("include_usage"));
        Boolean obfuscation = inner.bool("include_obfuscation");
        if (Boolean.TRUE.equals(obfuscation)) {
            throw RealmException.badParam("stream_options.include_obfuscation", "include_obfuscation is not supported");
        }
        inner.end();
        return include;
    }

    private static List<Message> messages(JsonNode array) {
        if (!array.isArray()) {
            throw JsonFields.wrongType("messages", "an array", array);
        }
        if (array.isEmpty() || array.size() > MAX_MESSAGES) {
            throw RealmException.badParam("messages",
                    "messages must hold 1 to " + MAX_MESSAGES + " messages, not " + array.size());
        }
        List<Message> messages = new ArrayList<>();
        for (JsonNode m : array) {
            messages.add(message(JsonFields.of(m, "messages[" + messages.size() + "]")));
        }
        return messages;
    }

    private static Message message(JsonFields m) {
        String role = JsonFields.text(m.require("role"), m.path("role"));
        if (!ROLES.contains(role)) {
            throw RealmException.badParam(m.path("role"),
                    m.path("role") + " must be system, developer, user or assistant; other roles are not supported");
        }
        String content = content(m.require("content"), m.path("content"));
        m.end();
        return new Message(role.equals("developer") ? "system" : role, content);
    }

    private static String content(JsonNode content, String at) {
        if (!content.isArray()) {
            if (!content.isTextual()) {
                throw JsonFields.wrongType(at, "a string or an array of text parts", content);
            }
            return JsonFields.text(content, at);
        }
        StringBuilder text = new StringBuilder();
        int i = 0;
        for (JsonNode part : content) {
            JsonFields p = JsonFields.of(part, at + "[" + i++ + "]");
            String type = JsonFields.text(p.require("type"), p.path("type"));
            if (!type.equals("text")) {
                throw RealmException.badParam(p.path("type"), p.path("type") + " must be text; other parts are not supported");
            }
            text.append(JsonFields.text(p.require("text"), p.path("text")));
            p.end();
        }
        return text.toString();
    }
}
