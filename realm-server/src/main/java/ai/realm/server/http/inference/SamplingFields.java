package ai.realm.server.http.inference;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The fields about sampling by the names that OpenAI, vLLM and llama.cpp give them. */
public final class SamplingFields {
    private static final int MAX_STOPS = 64;
    private static final int MAX_STOP_CHARS = 256;
    private static final int MAX_BIASES = 1024;

    private SamplingFields() {
    }

    /** Everything but {@code max_tokens}. */
    public static SamplingParams read(JsonFields fields) {
        SamplingParams.Builder b = SamplingParams.defaults().toBuilder();
        ifSet(fields.number("temperature", 0, 2), v -> b.temperature(v.floatValue()));
        ifSet(aboveZero(fields, "top_p", 1), v -> b.topP(v.floatValue()));
        // -1 is how vLLM spells "off".
        ifSet(fields.integer("top_k", -1, Integer.MAX_VALUE), v -> b.topK(Math.max(0, v.intValue())));
        ifSet(fields.number("min_p", 0, 1), v -> b.minP(v.floatValue()));
        ifSet(aboveZero(fields, "repetition_penalty", 100), v -> b.repetitionPenalty(v.floatValue()));
        ifSet(fields.number("frequency_penalty", -2, 2), v -> b.frequencyPenalty(v.floatValue()));
        ifSet(fields.number("presence_penalty", -2, 2), v -> b.presencePenalty(v.floatValue()));
        ifSet(fields.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE), b::seed);
        ifSet(fields.take("stop"), v -> b.stopStrings(stops(v, "stop")));
        ifSet(fields.take("logit_bias"), v -> b.logitBias(biases(v)));
        OutputShape shape = OutputShape.read(fields);
        return b.grammar(shape.grammar()).jsonSchema(shape.jsonSchema()).build();
    }

    private static @Nullable Double aboveZero(JsonFields fields, String name, double max) {
        Double value = fields.number(name, 0, max);
        if (value != null && value.floatValue() == 0) {
            throw RealmException.badParam(name, name + " must be above 0 and at most " + (long) max + ", not " + value);
        }
        return value;
    }

    private static <T> void ifSet(@Nullable T value, Consumer<T> use) {
        if (value != null) {
            use.accept(value);
        }
    }

    /** A string or an array of strings; empty ones end nothing and are left out. */
    public static List<String> stops(JsonNode stop, String name) {
        List<String> stops = new ArrayList<>();
        if (stop.isArray()) {
            int i = 0;
            for (JsonNode s : stop) {
                stops.add(JsonFields.text(s, name + "[" + i++ + "]"));
            }
        } else if (stop.isTextual()) {
            stops.add(JsonFields.text(stop, name));
        } else {
            throw JsonFields.wrongType(name, "a string or an array of strings", stop);
        }
        stops.removeIf(String::isEmpty);
        if (stops.size() > MAX_STOPS) {
            throw RealmException.badParam(name, name + " may hold " + MAX_STOPS + " strings, not " + stops.size());
        }
        for (String s : stops) {
            if (s.length() > MAX_STOP_CHARS) {
                throw RealmException.badParam(name,
                        "a string of " + name + " may have " + MAX_STOP_CHARS + " characters, not " + s.length());
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
            if (!e.getValue().isNull()) {
                double bias = JsonFields.number(e.getValue(), "logit_bias." + e.getKey(), -100, 100);
                biases.put(Integer.valueOf(e.getKey()), (float) bias);
            }
        });
        return biases;
    }
}
