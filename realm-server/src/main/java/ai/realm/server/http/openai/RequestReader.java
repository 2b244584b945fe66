package ai.realm.server.http.openai;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.server.http.inference.ChatPrompt;
import ai.realm.server.http.inference.GenerationRequest;
import ai.realm.server.http.inference.GenerationRequest.Chat;
import ai.realm.server.http.inference.GenerationRequest.Infill;
import ai.realm.server.http.inference.GenerationRequest.Input;
import ai.realm.server.http.inference.GenerationRequest.Message;
import ai.realm.server.http.inference.GenerationRequest.PromptInput;
import ai.realm.server.http.inference.GenerationRequest.Prompts;
import ai.realm.server.http.inference.PromptInputs;
import ai.realm.server.http.inference.SamplingFields;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Bodies of completions and chat, read into one {@link GenerationRequest}. */
final class RequestReader {
    private static final int MAX_TOKENS = 1 << 30;

    private final Api api;
    private final JsonFields fields;

    RequestReader(Api api, JsonFields fields) {
        this.api = api;
        this.fields = fields;
    }

    /** @param options what the client wants to see beside the text */
    record Read(GenerationRequest request, AnswerOptions options) {}

    Read read() {
        String model = fields.string("model");
        boolean legacy = api == Api.CHAT && ToolFields.isLegacy(fields);
        Input input = api == Api.CHAT ? chat() : prompts();
        boolean stream = Boolean.TRUE.equals(fields.bool("stream"));
        JsonNode given = fields.take("stream_options");
        JsonFields ofStream = given == null ? null : JsonFields.of(given, "stream_options");
        int n = choices("n", 1, input.prompts());
        int made = api == Api.CHAT ? n : choices("best_of", n, input.prompts());
        if (stream && made != n) {
            throw RealmException.badParam("best_of", "best_of must be n in a stream: the best is known at the end");
        }
        AnswerOptions options = new AnswerOptions(asks(ofStream, "include_usage"), asks(ofStream, "events"), legacy,
                LogProbFields.read(api, fields),
                api == Api.COMPLETIONS && Boolean.TRUE.equals(fields.bool("echo")), LogProbFields.ofPrompt(fields),
                Boolean.TRUE.equals(fields.bool("post_sampling_probs")),
                Boolean.TRUE.equals(fields.bool("timings_per_token")) && stream, n);
        GenerationRequest request = new GenerationRequest(model, input, maxTokens(),
                sampling(options, made > n || options.timings()), made,
                priority(),
                stream, fields.node());
        Unsupported.take(api, fields, n);
        return new Read(request, options);
    }

    /** @param tokens whether those of the answer are to be known, whatever is shown of them */
    private SamplingParams sampling(AnswerOptions options, boolean tokens) {
        return SamplingFields.read(fields).toBuilder().logProbs(Math.max(options.logProbs(), tokens ? 0 : AnswerOptions.NONE))
                .promptLogProbs(options.ofPrompt()).postSampling(options.probabilities()).build();
    }

    private Input prompts() {
        List<PromptInput> prompts = PromptInputs.read(fields.require("prompt"), "prompt", GenerationRequest.MAX_CHOICES);
        String suffix = fields.string("suffix");
        if (suffix == null || suffix.isEmpty()) {
            return new Prompts(prompts);
        }
        if (prompts.size() != 1 || !(prompts.getFirst() instanceof GenerationRequest.Text text)) {
            throw RealmException.badParam("suffix", "suffix goes with one prompt that is a text");
        }
        return new Infill(text.text(), suffix, List.of());
    }

    private Chat chat() {
        List<Message> messages = Messages.read(fields.require("messages"));
        Map<String, Object> variables = new HashMap<>(ReasoningFields.variables(fields));
        Boolean generation = fields.bool("add_generation_prompt");
        boolean goesOn = Boolean.TRUE.equals(fields.bool("continue_final_message"));
        String begun = "";
        if (goesOn) {
            Message last = messages.getLast();
            if (Boolean.TRUE.equals(generation)) {
                throw RealmException.badParam("continue_final_message",
                        "continue_final_message and add_generation_prompt must not both be true");
            }
            if (!last.role().equals("assistant") || messages.size() < 2) {
                throw RealmException.badParam("continue_final_message",
                        "continue_final_message needs a last message of the assistant's after another");
            }
            begun = last.content();
            messages = messages.subList(0, messages.size() - 1);
        } else if (Boolean.FALSE.equals(generation)) {
            variables.put(ChatPrompt.GENERATION, false);
        }
        return new Chat(messages, begun, ToolFields.read(fields), ReasoningFields.read(fields), variables);
    }

    private int choices(String name, int least, int prompts) {
        int most = GenerationRequest.MAX_CHOICES;
        Long n = fields.integer(name, 1, most);
        if (n != null && n < least) {
            throw RealmException.badParam(name, name + " must be at least n, which is " + least + ", not " + n);
        }
        if (n != null && n * prompts > most) {
            throw RealmException.badParam(name,
                    "a request may have " + most + " choices, not " + n + " for each of " + prompts + " prompts");
        }
        return n == null ? least : n.intValue();
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

    /** Null when it is absent, or -1, as llama.cpp spells that. A completion of no tokens shows what the model makes of the prompt. */
    private @Nullable Integer maxTokens(String name) {
        Long given = fields.integer(name, -1, Long.MAX_VALUE);
        if (given != null && given == 0 && api == Api.CHAT) {
            throw RealmException.badParam(name, name + " must be at least 1, or -1 for what the context leaves, not 0");
        }
        return given == null || given == -1 ? null : (int) Math.min(given, MAX_TOKENS);
    }

    /** Options of a stream say nothing where there is none, and none of the others changes the text. */
    private static boolean asks(@Nullable JsonFields options, String name) {
        return options != null && Boolean.TRUE.equals(options.bool(name));
    }
}
