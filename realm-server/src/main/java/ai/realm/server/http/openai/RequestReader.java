package ai.realm.server.http.openai;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.server.http.inference.GenerationRequest;
import ai.realm.server.http.inference.GenerationRequest.Chat;
import ai.realm.server.http.inference.GenerationRequest.Input;
import ai.realm.server.http.inference.GenerationRequest.Prompts;
import ai.realm.server.http.inference.PromptInputs;
import ai.realm.server.http.inference.SamplingFields;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/** Bodies of completions and chat, read into one {@link GenerationRequest}. */
final class RequestReader {
    private static final int MAX_TOKENS = 1 << 30;

    private final Api api;
    private final JsonFields fields;
    private boolean legacy;

    RequestReader(Api api, JsonFields fields) {
        this.api = api;
        this.fields = fields;
    }

    /**
     * @param includeUsage whether a stream ends with a chunk of the usage
     * @param legacy whether a call is answered as {@code function_call}
     */
    record Read(GenerationRequest request, boolean includeUsage, boolean legacy) {}

    Read read() {
        String model = fields.string("model");
        Input input = api == Api.CHAT
                ? chat()
                : new Prompts(PromptInputs.read(fields.require("prompt"), "prompt", GenerationRequest.MAX_CHOICES));
        boolean stream = Boolean.TRUE.equals(fields.bool("stream"));
        boolean includeUsage = includeUsage();
        int n = choices(input.prompts());
        GenerationRequest request = new GenerationRequest(model, input, maxTokens(), SamplingFields.read(fields), n, priority(),
                stream, fields.node());
        Unsupported.take(fields, n);
        return new Read(request, includeUsage, legacy);
    }

    private Chat chat() {
        legacy = ToolFields.isLegacy(fields);
        return new Chat(Messages.read(fields.require("messages")), "", ToolFields.read(fields), ReasoningFields.read(fields),
                ReasoningFields.variables(fields));
    }

    private int choices(int prompts) {
        int most = GenerationRequest.MAX_CHOICES;
        Long n = fields.integer("n", 1, most);
        if (n != null && n * prompts > most) {
            throw RealmException.badParam("n",
                    "a request may have " + most + " choices, not " + n + " for each of " + prompts + " prompts");
        }
        return n == null ? 1 : n.intValue();
    }

    /** vLLM's numbers order the requests of a server's one user; here they steer nothing. */
    private @Nullable Priority priority() {
        JsonNode given = fields.take("priority");
        if (given != null && given.isIntegralNumber()) {
            fields.hint("priority");
            return null;
        }
        Priority priority = given == null ? null : Priority.of(JsonFields.text(given, "priority"));
        if (given != null && priority == null) {
            throw RealmException.badParam("priority", "priority must be interactive or batch");
        }
        return priority;
    }

    private @Nullable Integer maxTokens() {
        Integer older = maxTokens("max_tokens");
        Integer newer = maxTokens("max_completion_tokens");
        if (older != null && newer != null && !older.equals(newer)) {
            throw RealmException.badParam("max_completion_tokens",
                    "max_tokens and max_completion_tokens mean the same and must not differ");
        }
        return newer != null ? newer : older;
    }

    /** Null when it is absent, or -1, as llama.cpp spells that. */
    private @Nullable Integer maxTokens(String name) {
        Long given = fields.integer(name, -1, Long.MAX_VALUE);
        if (given != null && given == 0) {
            throw RealmException.badParam(name, name + " must be at least 1, or -1 for what the context leaves, not 0");
        }
        return given == null || given == -1 ? null : (int) Math.min(given, MAX_TOKENS);
    }

    /** Options of a stream say nothing where there is none, and none of the others changes the text. */
    private boolean includeUsage() {
        JsonNode options = fields.take("stream_options");
        return options != null && Boolean.TRUE.equals(JsonFields.of(options, "stream_options").bool("include_usage"));
    }
}
