package ai.realm.server.http;

import ai.realm.core.error.RealmException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a JSON object, each taken once with its type and range; {@link #end} refuses those that nobody took. A null counts
 * as absent, as in OpenAI's API. Errors name the field by its path and never repeat its text.
 */
final class JsonFields {
    private final ObjectNode node;
    private final String path;
    private final Set<String> taken = new HashSet<>();

    JsonFields(ObjectNode node, String path) {
        this.node = node;
        this.path = path;
    }

    /** The fields of {@code value}, which must be an object. */
    static JsonFields of(JsonNode value, String path) {
        if (value instanceof ObjectNode object) {
            return new JsonFields(object, path + ".");
        }
        throw wrongType(path, "an object", value);
    }

    String path(String name) {
        return path + name;
    }

    @Nullable
    JsonNode take(String name) {
        taken.add(name);
        JsonNode value = node.get(name);
        return value == null || value.isNull() ? null : value;
    }

    JsonNode require(String name) {
        JsonNode value = take(name);
        if (value == null) {
            throw RealmException.badParam(path(name), path(name) + " is required");
        }
        return value;
    }

    @Nullable
    String string(String name) {
        JsonNode value = take(name);
        return value == null ? null : text(value, path(name));
    }

    /** A string that is well-formed Unicode. */
    static String text(JsonNode value, String path) {
        if (!value.isTextual()) {
            throw wrongType(path, "a string", value);
        }
        String text = value.textValue();
        try {
            StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
        } catch (CharacterCodingException e) {
            throw RealmException.badParam(path, path + " holds half of a surrogate pair, which is no character");
        }
        return text;
    }

    @Nullable
    Boolean bool(String name) {
        JsonNode value = take(name);
        if (value != null && !value.isBoolean()) {
            throw wrongType(path(name), "a boolean", value);
        }
        return value == null ? null : value.booleanValue();
    }

    @Nullable
    Long integer(String name, long min, long max) {
        JsonNode value = take(name);
        return value == null ? null : integer(value, path(name), min, max);
    }

    static long integer(JsonNode value, String path, long min, long max) {
        if (!value.isIntegralNumber()) {
            throw wrongType(path, "an integer", value);
        }
        if (!value.canConvertToLong() || value.longValue() < min || value.longValue() > max) {
            throw RealmException.badParam(path, path + " must be " + min + " to " + max + ", not " + value);
        }
        return value.longValue();
    }

    @Nullable
    Double number(String name, double min, double max) {
        JsonNode value = take(name);
        return value == null ? null : number(value, path(name), min, max);
    }

    static double number(JsonNode value, String path, double min, double max) {
        if (!value.isNumber()) {
            throw wrongType(path, "a number", value);
        }
        double d = value.doubleValue();
        if (!(d >= min && d <= max)) {
            throw RealmException.badParam(path, path + " must be " + plain(min) + " to " + plain(max) + ", not " + value);
        }
        return d;
    }

    private static String plain(double d) {
        return d == Math.rint(d) ? Long.toString((long) d) : Double.toString(d);
    }

    static RealmException wrongType(String path, String wanted, JsonNode value) {
        String found = switch (value.getNodeType()) {
            case ARRAY -> "an array";
            case BOOLEAN -> "a boolean";
            case NULL -> "null";
            case NUMBER -> "the number " + value;
            case OBJECT -> "an object";
            case STRING -> "a string";
            default -> "something else";
        };
        return RealmException.badParam(path, path + " must be " + wanted + ", not " + found);
    }

    /** Refuses every field that was not taken. */
    void end() {
        for (String name : (Iterable<String>) node::fieldNames) {
            if (!taken.contains(name)) {
                String shown = name.length() > 64 ? name.substring(0, 64) + "…" : name;
                throw RealmException.badParam(path(shown), "unknown parameter " + path(shown));
            }
        }
    }
}
