package ai.realm.server.http.ollama;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.server.http.inference.OutputShape;
import ai.realm.server.http.inference.SamplingFields;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The object {@code options} and the field {@code format}. What is absent is what Ollama's documentation says, but for the penalty
 * of repetitions, which is off.
 *
 * @param maxTokens null for what the context leaves
 */
record Options(SamplingParams sampling, @Nullable Integer maxTokens) {
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
        String schema = schema(body.take("format"));
        return new Options(schema == null ? b.build() : b.jsonSchema(schema).build(), most);
    }

    private static void sampling(JsonFields f, SamplingParams.Builder b) {
        number(f, "temperature", 0, 2, b::temperature);
        number(f, "top_p", 0, 1, v -> b.topP(v == 0 ? 1 : v));
        number(f, "min_p", 0, 1, b::minP);
        number(f, "typical_p", 0, 1, v -> b.typicalP(v == 0 ? 1 : v));
        number(f, "repeat_penalty", 0, 100, v -> b.repetitionPenalty(v == 0 ? 1 : v));
        number(f, "frequency_penalty", -2, 2, b::frequencyPenalty);
        number(f, "presence_penalty", -2, 2, b::presencePenalty);
        integer(f, "top_k", -1, v -> b.topK((int) Math.max(0, v)));
        integer(f, "repeat_last_n", -1, v -> b.repeatWindow((int) v.longValue()));
        Long seed = f.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE);
        // -1 asks for a random one.
        b.seed(seed == null || seed == -1 ? null : seed);
        JsonNode stop = f.take("stop");
        if (stop != null) {
            b.stopStrings(SamplingFields.stops(stop, f.path("stop")));
        }
        Long mirostat = f.integer("mirostat", 0, 2);
        f.take("mirostat_tau");
        f.take("mirostat_eta");
        if (mirostat != null && mirostat != 0) {
            throw RealmException.badParam(f.path("mirostat"),
                    f.path("mirostat") + " is not supported; leave it out or set it to 0");
        }
    }

    private static void number(JsonFields f, String name, double min, double max, Consumer<Float> use) {
        Double value = f.number(name, min, max);
        if (value != null) {
            use.accept(value.floatValue());
        }
    }

    private static void integer(JsonFields f, String name, long min, Consumer<Long> use) {
        Long value = f.integer(name, min, Integer.MAX_VALUE);
        if (value != null) {
            use.accept(value);
        }
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
