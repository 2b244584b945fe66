package ai.realm.server.http.openai;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.server.http.inference.Answer;
import ai.realm.server.http.inference.ApiShape;
import ai.realm.server.http.inference.Client;
import ai.realm.server.http.inference.GenerationRequest;
import ai.realm.server.http.inference.GenerationRequest.ContextFile;
import ai.realm.server.http.inference.GenerationRequest.Infill;
import ai.realm.server.http.inference.GenerationRequest.Input;
import ai.realm.server.http.inference.GenerationRequest.Prompts;
import ai.realm.server.http.inference.OutputShape;
import ai.realm.server.http.inference.PromptInputs;
import ai.realm.server.http.inference.SamplingFields;
import ai.realm.server.http.inference.ValidRequest;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The own API of llama.cpp's server: {@code POST /completion}, and {@code POST /infill} for models that fill gaps. */
public final class NativeShape implements ApiShape {
    private static final int MAX_TOKENS = 1 << 30;
    private static final int MAX_FILES = 256;
    private static final int MAX_SHOWN = 256;
    private static final float TEMPERATURE = 0.8f;
    private static final int TOP_K = 40;
    private static final float TOP_P = 0.95f;
    private static final float MIN_P = 0.05f;
    private static final List<String> HINTS = List.of("cache_prompt", "id_slot", "n_keep", "n_discard", "min_keep",
            "t_max_predict_ms",
            "return_progress", "n_indent", "lora", "samplers_seq",
            "backend_sampling", "penalize_nl", "t_max_prompt_ms", "n_cache_reuse", "speculative.n_max", "speculative.n_min");

    private final boolean infill;

    private NativeShape(boolean infill) {
        this.infill = infill;
    }

    public static NativeShape completion() {
        return new NativeShape(false);
    }

    public static NativeShape infill() {
        return new NativeShape(true);
    }

    @Override
    public List<String> paths() {
        return List.of(infill ? "/infill" : "/completion");
    }

    @Override
    public Asked read(JsonFields fields) {
        String model = fields.string("model");
        Input input = infill
                ? gap(fields)
                : new Prompts(
                        PromptInputs.read(fields.require("prompt"), "prompt", GenerationRequest.MAX_CHOICES));
        boolean stream = Boolean.TRUE.equals(fields.bool("stream"));
        if (stream && input.prompts() > 1) {
            throw RealmException.badParam("stream", "stream goes with one prompt");
        }
        Long shown = fields.integer("n_probs", 0, SamplingParams.MOST_LOG_PROBS);
        int top = shown == null || shown == 0 ? AnswerOptions.NONE : shown.intValue();
        boolean probabilities = Boolean.TRUE.equals(fields.bool("post_sampling_probs"));
        boolean timings = Boolean.TRUE.equals(fields.bool("timings_per_token")) && stream;
        boolean tokens = Boolean.TRUE.equals(fields.bool("return_tokens")) || stream;
        SamplingParams sampling = sampling(fields, tokens ? Math.max(top, 0) : top, probabilities);
        GenerationRequest request = new GenerationRequest(model, input, maxTokens(fields), sampling, 1, null, stream,
                fields.node());
        HINTS.forEach(fields::hint);
        return new AskedNative(request, shown(fields.take("response_fields")),
                new AnswerOptions(false, false, false, top, false, AnswerOptions.NONE, probabilities, timings, 1));
    }

    /** The names that the answer is to have, with a / before those of what it holds; empty for all. */
    private static List<String> shown(@Nullable JsonNode given) {
        List<String> names = new ArrayList<>();
        if (given != null && !given.isArray()) {
            throw JsonFields.wrongType("response_fields", "an array of names", given);
        }
        if (given != null) {
            for (JsonNode name : given) {
                names.add(JsonFields.text(name, "response_fields[" + names.size() + "]"));
            }
        }
        if (names.size() > MAX_SHOWN) {
            throw RealmException.badParam("response_fields",
                    "response_fields may hold " + MAX_SHOWN + " names, not " + names.size());
        }
        return names;
    }

    private static SamplingParams sampling(JsonFields fields, int top, boolean probabilities) {
        SamplingParams.Builder b = SamplingParams.defaults().toBuilder().temperature(TEMPERATURE).topK(TOP_K).topP(TOP_P)
                .minP(MIN_P);
        SamplingFields.read(fields, b, true);
        Long seed = fields.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE);
        // -1, and the same as 32 bits without a sign, ask for a random one.
        b.seed(seed == null || seed == -1 || seed == 0xFFFFFFFFL ? null : seed);
        OutputShape shape = OutputShape.read(fields);
        return b.grammar(shape.grammar()).jsonSchema(shape.jsonSchema()).logProbs(top).postSampling(probabilities).build();
    }

    /** Absent and -1 are what the context leaves; -2 is until the context is full, which is the same here. */
    private static @Nullable Integer maxTokens(JsonFields fields) {
        Long own = fields.integer("n_predict", -2, Long.MAX_VALUE);
        Long openAi = fields.integer("max_tokens", -1, Long.MAX_VALUE);
        Long given = own != null ? own : openAi;
        return given == null || given < 0 ? null : (Integer) (int) Math.min(given, MAX_TOKENS);
    }

    private static Infill gap(JsonFields fields) {
        String before = JsonFields.text(fields.require("input_prefix"), "input_prefix");
        String after = JsonFields.text(fields.require("input_suffix"), "input_suffix");
        String prompt = fields.string("prompt");
        List<ContextFile> files = new ArrayList<>();
        JsonNode extra = fields.take("input_extra");
        if (extra != null && (!extra.isArray() || extra.size() > MAX_FILES)) {
            throw RealmException.badParam("input_extra", "input_extra must be an array of at most " + MAX_FILES + " files");
        }
        if (extra != null) {
            for (JsonNode one : extra) {
                JsonFields f = JsonFields.of(one, "input_extra[" + files.size() + "]");
                String name = f.string("filename");
                files.add(new ContextFile(name == null ? "tmp" : name, JsonFields.text(f.require("text"), f.path("text"))));
            }
        }
        return new Infill(before + (prompt == null ? "" : prompt), after, files);
    }

    private record AskedNative(GenerationRequest request, List<String> shown, AnswerOptions options) implements Asked {
        @Override
        public Answer answer(ValidRequest valid, Client client) {
            return new NativeAnswer(client, options, shown, valid.stream());
        }
    }
}
