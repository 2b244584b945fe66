package ai.realm.server.http.inference;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.grammar.Grammar;
import ai.realm.core.sampling.grammar.LarkGrammar;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What an answer must look like: {@code response_format} as OpenAI's API has it, {@code grammar} and {@code json_schema} as llama.cpp's
 * server has them, {@code structured_outputs} and {@code guided_…} as vLLM has them. All are compiled while the request is read, so that a malformed one is refused before any work.
 *
 * @param grammar GBNF, or null
 * @param jsonSchema a JSON schema's text, or null
 */
public record OutputShape(@Nullable String grammar, @Nullable String jsonSchema) {
    private static final String FORMAT = "response_format";
    private static final String ANY_OBJECT = "{\"type\":\"object\"}";
    private static final int MOST_CHOICES = 4096;
    private static final OutputShape NONE = new OutputShape(null, null);
    private static final Map<String, BiFunction<JsonNode, String, @Nullable OutputShape>> SOURCES = sources();

    /** What the fields ask for, of which only one may. */
    public static OutputShape read(JsonFields fields) {
        OutputShape found = null;
        String by = "";
        for (Map.Entry<String, BiFunction<JsonNode, String, @Nullable OutputShape>> source : SOURCES.entrySet()) {
            JsonNode value = fields.take(source.getKey());
            OutputShape shape = value == null ? null : source.getValue().apply(value, fields.path(source.getKey()));
            if (shape != null && found != null) {
                throw RealmException.badParam(source.getKey(), source.getKey() + " and " + by + " must not be given together");
            }
            by = shape == null ? by : source.getKey();
            found = shape == null ? found : shape;
        }
        return found == null ? NONE : found;
    }

    private static Map<String, BiFunction<JsonNode, String, @Nullable OutputShape>> sources() {
        Map<String, BiFunction<JsonNode, String, @Nullable OutputShape>> all = new LinkedHashMap<>();
        all.put(FORMAT, (v, at) -> format(JsonFields.of(v, at)));
        all.put("grammar", OutputShape::grammar);
        all.put("json_schema", OutputShape::ofSchema);
        all.put("guided_json", OutputShape::ofSchema);
        all.put("guided_regex", OutputShape::ofRegex);
        all.put("guided_choice", OutputShape::ofChoice);
        all.put("guided_grammar", OutputShape::grammar);
        all.put("structured_outputs", (v, at) -> structured(JsonFields.of(v, at)));
        return all;
    }

    /** vLLM's object, of which one field is set. */
    private static @Nullable OutputShape structured(JsonFields f) {
        f.refuse("structural_tag", _ -> false, "; use tools");
        JsonNode json = f.take("json");
        JsonNode regex = f.take("regex");
        JsonNode choice = f.take("choice");
        JsonNode grammar = f.take("grammar");
        boolean object = Boolean.TRUE.equals(f.bool("json_object"));
        List<OutputShape> all = Stream.of(json == null ? null : ofSchema(json, f.path("json")),
                regex == null ? null : ofRegex(regex, f.path("regex")),
                choice == null ? null : ofChoice(choice, f.path("choice")),
                grammar == null ? null : grammar(grammar, f.path("grammar")), object ? new OutputShape(null, ANY_OBJECT) : null)
                .filter(Objects::nonNull).toList();
        if (all.size() > 1) {
            throw RealmException.badParam("structured_outputs", "structured_outputs must ask for one thing, not " + all.size());
        }
        return all.isEmpty() ? null : all.getFirst();
    }

    /** A schema, or as clients of Python write it, its text. */
    private static @Nullable OutputShape ofSchema(JsonNode value, String at) {
        JsonNode schema = value;
        if (value.isTextual()) {
            schema = Json.objectOrEmpty(value.textValue());
            if (schema.isEmpty() && !value.textValue().strip().equals("{}")) {
                throw RealmException.badParam(at, at + " must be a JSON schema, as an object or its text");
            }
        }
        return new OutputShape(null, schema(schema, at));
    }

    private static @Nullable OutputShape ofRegex(JsonNode value, String at) {
        return checked("root ::= %regex " + Json.mapper().getNodeFactory().textNode(JsonFields.text(value, at)), at);
    }

    private static @Nullable OutputShape ofChoice(JsonNode value, String at) {
        if (!value.isArray() || value.isEmpty() || value.size() > MOST_CHOICES) {
            throw RealmException.badParam(at, at + " must be an array of 1 to " + MOST_CHOICES + " strings");
        }
        List<String> choices = new ArrayList<>();
        for (JsonNode c : value) {
            choices.add(literal(JsonFields.text(c, at + "[" + choices.size() + "]")));
        }
        return checked("root ::= " + String.join(" | ", choices), at);
    }

    private static String literal(String text) {
        StringBuilder out = new StringBuilder("\"");
        text.codePoints().forEach(c -> out.append(c >= ' ' && c < 0x7F && c != '"' && c != '\\'
                ? Character.toString(c)
                : String.format("\\U%08X", c)));
        return out.append('"').toString();
    }

    /** GBNF, or a grammar in Lark's language. */
    private static @Nullable OutputShape grammar(JsonNode value, String at) {
        String text = JsonFields.text(value, at);
        if (text.isBlank()) {
            return null;
        }
        return text.contains("::=") ? new OutputShape(text, null) : checked(lark(text, at), at);
    }

    private static String lark(String text, String at) {
        try {
            return LarkGrammar.toGbnf(text);
        } catch (RealmException e) {
            throw new RealmException(e.code(), String.valueOf(e.getMessage()), at, e);
        }
    }

    private static OutputShape checked(String gbnf, String at) {
        check(() -> Grammar.gbnf(gbnf, null), at);
        return new OutputShape(gbnf, null);
    }

    private static @Nullable OutputShape format(JsonFields format) {
        String type = JsonFields.text(format.require("type"), format.path("type"));
        return switch (type) {
            case "text" -> null;
            case "json_object" -> {
                JsonNode schema = format.take("schema");
                yield new OutputShape(null, schema == null ? ANY_OBJECT : schema(schema, format.path("schema")));
            }
            case "json_schema" -> {
                JsonNode bare = format.take("schema");
                JsonFields inner = bare == null
                        ? JsonFields.of(format.require("json_schema"), format.path("json_schema"))
                        : format;
                yield new OutputShape(null, schema(inner));
            }
            case "regex" -> ofRegex(format.require("pattern"), format.path("pattern"));
            case "grammar" -> grammar(format.require("grammar"), format.path("grammar"));
            default -> throw RealmException.badParam(format.path("type"),
                    format.path("type") + " must be text, json_object or json_schema");
        };
    }

    /** Refuses a grammar that does not compile with the model's vocabulary, rather than in the guest's generation. */
    static void check(SamplingParams params, ModelLease model) {
        String grammar = params.grammar();
        Tokenizer tokenizer = model.tokenizer();
        if (grammar != null && tokenizer != null) {
            var _ = Grammar.gbnf(grammar, tokenizer.vocab());
        }
    }

    /** The text of the field {@code schema}, which must be a schema that can be held. */
    public static String schema(JsonFields fields) {
        return schema(fields.require("schema"), fields.path("schema"));
    }

    /** The text of a JSON schema that can be held. */
    public static String schema(JsonNode schema, String param) {
        if (!(schema instanceof ObjectNode)) {
            throw JsonFields.wrongType(param, "an object", schema);
        }
        String text = new String(Json.bytes(schema), StandardCharsets.UTF_8);
        check(() -> Grammar.jsonSchema(text), param);
        return text;
    }

    private static void check(Runnable compiled, String param) {
        try {
            compiled.run();
        } catch (RealmException e) {
            throw new RealmException(e.code(), String.valueOf(e.getMessage()), param, e);
        }
    }
}
