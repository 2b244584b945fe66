package ai.realm.server.http.inference;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.grammar.Grammar;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What an answer must look like: {@code response_format} as OpenAI's API has it, or {@code grammar} as llama.cpp's server has it.
 * Both are compiled while the request is read, so that a malformed one is refused before any work.
 *
 * @param grammar GBNF, or null
 * @param jsonSchema a JSON schema's text, or null
 */
public record OutputShape(@Nullable String grammar, @Nullable String jsonSchema) {
    private static final String FORMAT = "response_format";
    private static final String ANY_OBJECT = "{\"type\":\"object\"}";

    static OutputShape read(JsonFields fields) {
        String grammar = fields.string("grammar");
        JsonNode format = fields.take(FORMAT);
        String schema = format == null ? null : format(JsonFields.of(format, FORMAT));
        if (grammar != null && schema != null) {
            throw RealmException.badParam("grammar", "grammar and " + FORMAT + " must not be given together");
        }
        if (schema != null) {
            check(() -> Grammar.jsonSchema(schema), FORMAT + ".json_schema.schema");
        }
        return new OutputShape(grammar, schema);
    }

    private static @Nullable String format(JsonFields format) {
        String type = JsonFields.text(format.require("type"), format.path("type"));
        return switch (type) {
            case "text" -> null;
            case "json_object" -> ANY_OBJECT;
            case "json_schema" -> text(JsonFields.of(format.require("json_schema"), format.path("json_schema")));
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

    /** A schema; its name and description steer nothing here, and it is held whether {@code strict} or not. */
    private static String text(JsonFields fields) {
        JsonNode schema = fields.require("schema");
        if (!(schema instanceof ObjectNode)) {
            throw JsonFields.wrongType(fields.path("schema"), "an object", schema);
        }
        return new String(Json.bytes(schema), StandardCharsets.UTF_8);
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
