package ai.realm.server.http.ollama;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.server.http.inference.OutputShape;
import ai.realm.server.http.inference.SamplingFields;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The object {@code options} and the field {@code format}. What is absent is what Ollama's documentation says, but for the penalty
 * of repetitions, which is off.
 *
 * @param maxTokens null for what the context leaves
 */
record Options(SamplingParams sampling, @Nullable Integer maxTokens) {
    /** No log-probabilities are wanted. */
    private static final int NONE = -1;
    private static final String NAME = "options";
    private static final String ANY_OBJECT = "{\"type\":\"object\"}";
    private static final float TEMPERATURE = 0.8f;
    private static final int TOP_K = 40;
    private static final float TOP_P = 0.9f;
    private static final int LAST_N = 64;
    private static final int MAX_TOKENS = 1 << 30;
    /** How Ollama would load a model, which is settled here, and what has no meaning any more. */
    private static final List<String> HINTS = List.of("num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "numa",
            "low_vram", "f16_kv", "vocab_only", "use_mmap", "use_mlock", "embedding_only", "num_keep", "penalize_newline",
            "tfs_z", "logits_all");

    static Options read(JsonFields body) {
        SamplingParams.Builder b = SamplingParams.defaults().toBuilder().temperature(TEMPERATURE).topK(TOP_K).topP(TOP_P)
                .repeatWindow(LAST_N);
        Integer most = null;
        JsonNode given = body.take(NAME);
        if (given != null) {
            JsonFields options = JsonFields.of(given, NAME);
            sampling(options, b);
            Long predict = options.integer("num_predict", -2, MAX_TOKENS);
            most = predict == null || predict <= 0 ? null : predict.intValue();
            HINTS.forEach(options::take);
        }
        Boolean logProbs = body.bool("logprobs");
        Long top = body.integer("top_logprobs", 0, SamplingParams.MOST_LOG_PROBS);
        b.logProbs(!Boolean.TRUE.equals(logProbs) ? NONE : top == null ? 0 : top.intValue());
        String schema = schema(body.take("format"));
        return new Options(schema == null ? b.build() : b.jsonSchema(schema).build(), most);
    }

    private static void sampling(JsonFields f, SamplingParams.Builder b) {
        SamplingFields.read(f, b, true);
        Long seed = f.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE);
        // -1 asks for a random one.
        b.seed(seed == null || seed == -1 ? null : seed);
    }

    private static @Nullable String schema(@Nullable JsonNode format) {
        if (format == null || format.isTextual() && format.textValue().isEmpty()) {
            return null;
        }
        if (format.isTextual() && format.textValue().equals("json")) {
            return ANY_OBJECT;
        }
        if (!format.isObject()) {
            throw RealmException.badParam("format", "format must be json or a JSON schema");
        }
        return OutputShape.schema(format, "format");
    }
}
