package ai.realm.server.http.inference;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplerKind;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.TokenRules;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The fields about sampling by the names that OpenAI, vLLM, llama.cpp and Ollama give them. */
public final class SamplingFields {
    private static final int MAX_STOPS = 64;
    private static final int MAX_STOP_CHARS = 256;
    private static final int MAX_IDS = 1024;
    private static final int MAX_ALLOWED = 1 << 18;
    private static final int MAX_SAMPLERS = 32;

    private SamplingFields() {
    }

    /** Everything but {@code max_tokens} and log-probabilities, as OpenAI's API and vLLM have it. */
    public static SamplingParams read(JsonFields fields) {
        SamplingParams.Builder b = SamplingParams.defaults().toBuilder();
        ifSet(fields.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE), b::seed);
        read(fields, b, false);
        OutputShape shape = OutputShape.read(fields);
        return b.grammar(shape.grammar()).jsonSchema(shape.jsonSchema()).build();
    }

    /**
     * Everything that is the same in all APIs: no seed, no format of the output.
     *
     * @param zeroIsOff whether 0 switches samplers off that OpenAI's API switches off with 1
     */
    public static void read(JsonFields fields, SamplingParams.Builder b, boolean zeroIsOff) {
        SamplerTable.read(fields, b, zeroIsOff);
        ifSet(fields.take("stop"), v -> b.stopStrings(stops(v, fields.path("stop"))));
        ifSet(fields.take("logit_bias"), v -> BiasFields.read(v, fields.path("logit_bias"), b));
        ifSet(fields.take("stop_token_ids"),
                v -> b.stopTokens(List.copyOf(ids(v, fields.path("stop_token_ids"), MAX_IDS))));
        ifSet(fields.take("samplers"), v -> b.extras(e -> e.order = order(v, fields.path("samplers"))));
        ifSet(fields.take("dry_sequence_breakers"),
                v -> b.extras(e -> e.dryBreakers = texts(v, fields.path("dry_sequence_breakers"))));
        b.tokenRules(tokenRules(fields));
    }

    private static TokenRules tokenRules(JsonFields fields) {
        boolean ignoreEnd = Boolean.TRUE.equals(fields.bool("ignore_eos"));
        Long minTokens = fields.integer("min_tokens", 0, Integer.MAX_VALUE);
        JsonNode allowed = fields.take("allowed_token_ids");
        JsonNode words = fields.take("bad_words");
        return new TokenRules(ignoreEnd, minTokens == null ? 0 : minTokens.intValue(),
                allowed == null ? Set.of() : ids(allowed, fields.path("allowed_token_ids"), MAX_ALLOWED),
                words == null ? List.of() : texts(words, fields.path("bad_words")));
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
            stops.addAll(texts(stop, name));
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

    private static List<String> texts(JsonNode array, String name) {
        if (!array.isArray()) {
            throw JsonFields.wrongType(name, "an array of strings", array);
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode s : array) {
            texts.add(JsonFields.text(s, name + "[" + texts.size() + "]"));
        }
        return texts;
    }

    private static Set<Integer> ids(JsonNode array, String name, int most) {
        if (!array.isArray()) {
            throw JsonFields.wrongType(name, "an array of token ids", array);
        }
        if (array.size() > most) {
            throw RealmException.badParam(name, name + " may hold " + most + " token ids, not " + array.size());
        }
        Set<Integer> ids = new LinkedHashSet<>();
        int i = 0;
        for (JsonNode id : array) {
            ids.add((int) JsonFields.integer(id, name + "[" + i++ + "]", 0, Integer.MAX_VALUE));
        }
        return ids;
    }

    /** Names in an array or with semicolons between them, or letters in a string, as llama.cpp has it; unknown names are left out. */
    private static List<SamplerKind> order(JsonNode value, String name) {
        List<String> names;
        if (value.isTextual()) {
            String text = value.textValue();
            names = text.contains(";") || SamplerKind.of(text).isPresent() && text.length() > 1
                    ? List.of(text.split(";"))
                    : text.chars().mapToObj(c -> String.valueOf((char) c)).toList();
        } else if (value.isArray()) {
            names = texts(value, name);
        } else {
            throw JsonFields.wrongType(name, "an array of names", value);
        }
        List<SamplerKind> order = names.stream().flatMap(n -> SamplerKind.of(n).stream()).distinct().toList();
        if (names.size() > MAX_SAMPLERS || order.isEmpty() && !names.isEmpty()) {
            throw RealmException.badParam(name, name + " may name "
                    + List.of(SamplerKind.values()).stream().map(SamplerKind::label).collect(Collectors.joining(", ")));
        }
        return order;
    }
}
