package ai.realm.server.http.json;

import ai.realm.core.error.RealmException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a JSON object, each taken with its type and range. A null counts as absent. Fields that nobody took are refused by
 * {@link #end}, or told by {@link #ignored}. Errors name the field by its path and never repeat its text.
 */
public final class JsonFields {
    private static final int MAX_SHOWN = 64;

    private final ObjectNode node;
    private final String path;
    private final Set<String> taken = new HashSet<>();
    private final List<String> hints = new ArrayList<>();

    private JsonFields(ObjectNode node, String path) {
        this.node = node;
        this.path = path;
    }

    /** The fields of a request's body. */
    public static JsonFields of(ObjectNode body) {
        return new JsonFields(body, "");
    }

    /** The fields of {@code value}, which must be an object. */
    public static JsonFields of(JsonNode value, String path) {
        if (value instanceof ObjectNode object) {
            return new JsonFields(object, path + ".");
        }
        throw wrongType(path, "an object", value);
    }

    /** The object itself. */
    public ObjectNode node() {
        return node;
    }

    public String path(String name) {
        return path + name;
    }

    public @Nullable JsonNode take(String name) {
        taken.add(name);
        JsonNode value = node.get(name);
        return value == null || value.isNull() ? null : value;
    }

    public JsonNode require(String name) {
        JsonNode value = take(name);
        if (value == null) {
            throw RealmException.badParam(path(name), path(name) + " is required");
        }
        return value;
    }

    /** Takes what cannot change the answer, whatever it holds; {@link #ignored} names it. */
    public void hint(String name) {
        if (take(name) != null) {
            hints.add(name);
        }
    }

    /**
     * Takes what would change the answer and cannot be done.
     *
     * @param neutral accepts the values that ask for nothing
     * @param instead what the client can do, after "NAME is not supported"
     */
    public void refuse(String name, Predicate<JsonNode> neutral, String instead) {
        JsonNode value = take(name);
        if (value != null && !neutral.test(value)) {
            throw RealmException.badParam(path(name), path(name) + " is not supported" + instead);
        }
    }

    public @Nullable String string(String name) {
        JsonNode value = take(name);
        return value == null ? null : text(value, path(name));
    }

    /** A string that is well-formed Unicode. */
    public static String text(JsonNode value, String path) {
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

    public @Nullable Boolean bool(String name) {
        JsonNode value = take(name);
        if (value != null && !value.isBoolean()) {
            throw wrongType(path(name), "a boolean", value);
        }
        return value == null ? null : value.booleanValue();
    }

    public @Nullable Long integer(String name, long min, long max) {
        JsonNode value = take(name);
        return value == null ? null : integer(value, path(name), min, max);
    }

    public static long integer(JsonNode value, String path, long min, long max) {
        if (!value.isIntegralNumber()) {
            throw wrongType(path, "an integer", value);
        }
        if (!value.canConvertToLong() || value.longValue() < min || value.longValue() > max) {
            throw RealmException.badParam(path, path + " must be " + min + " to " + max + ", not " + value);
        }
        return value.longValue();
    }

    public @Nullable Double number(String name, double min, double max) {
        JsonNode value = take(name);
        return value == null ? null : number(value, path(name), min, max);
    }

    public static double number(JsonNode value, String path, double min, double max) {
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

    public static RealmException wrongType(String path, String wanted, JsonNode value) {
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

    /** Refuses every field that was not taken, but for those that are null. */
    public void end() {
        for (String name : unknown()) {
            throw RealmException.badParam(path(name), "unknown parameter " + path(name));
        }
    }

    /** The names of the hints that were given, then of the fields that nobody took; nulls are absent. Fit for headers and logs. */
    public List<String> ignored() {
        List<String> all = new ArrayList<>(hints);
        all.addAll(unknown());
        return all;
    }

    /** The hints that were given. */
    public List<String> hints() {
        return List.copyOf(hints);
    }

    private List<String> unknown() {
        List<String> names = new ArrayList<>();
        node.properties().forEach(e -> {
            if (!taken.contains(e.getKey()) && !e.getValue().isNull()) {
                names.add(shown(e.getKey()));
            }
        });
        return names;
    }

    /** A name from a client, cut, with nothing in it but what names are made of. */
    public static String shown(String name) {
        String cut = name.length() > MAX_SHOWN ? name.substring(0, MAX_SHOWN) + "..." : name;
        return cut.replaceAll("[^A-Za-z0-9._$-]", "?");
    }
}
