package ai.realm.core.sampling.grammar;

import ai.realm.core.sampling.grammar.SchemaJson.Num;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns a schema with {@code not} into one without, where a grammar can hold it: types are taken away, values too. What is left to
 * say by {@link #EXCLUDED} (values that a type must not have) is the writer's.
 */
final class Negation {
    /** Key of the list of values that are not allowed; no schema can hold this key itself. */
    static final Object EXCLUDED = new Object();

    private static final List<String> TYPES = List.of("object", "array", "string", "number", "boolean", "null");

    private final Map<Object, @Nullable Object> schema;

    private Negation(Map<?, ?> schema) {
        this.schema = new LinkedHashMap<>(schema);
    }

    static Map<Object, @Nullable Object> without(Map<?, ?> schema) {
        Negation n = new Negation(schema);
        n.deny(n.schema.remove("not"));
        return n.schema;
    }

    private void deny(@Nullable Object denied) {
        if (Boolean.FALSE.equals(denied)) {
            return;
        }
        if (!(denied instanceof Map<?, ?> m)) {
            throw nothingLeft();
        }
        Map<Object, @Nullable Object> keys = new LinkedHashMap<>(m);
        keys.keySet().removeAll(JsonSchemaGrammar.SILENT);
        if (keys.isEmpty()) {
            throw nothingLeft();
        }
        if (keys.size() == 1 && keys.get("anyOf") instanceof List<?> all) {
            all.forEach(this::deny);
        } else if (keys.size() == 1 && keys.get("type") instanceof Object type) {
            denyTypes(type instanceof List<?> l ? l : List.of(type));
        } else if (keys.size() == 1 && (keys.containsKey("const") || keys.get("enum") instanceof List<?>)) {
            denyValues(keys.get("enum") instanceof List<?> l ? l : java.util.Collections.singletonList(keys.get("const")));
        } else {
            throw SchemaJson
                    .bad("not is supported with one of type, const, enum, or an anyOf of these, in it; it has " + keys.keySet());
        }
    }

    private static RuntimeException nothingLeft() {
        return SchemaJson.bad("a not that denies everything leaves no value");
    }

    private @Nullable List<Object> ownValues() {
        if (schema.containsKey("const")) {
            return java.util.Collections.singletonList(schema.get("const"));
        }
        return schema.get("enum") instanceof List<?> l ? new ArrayList<>(l) : null;
    }

    private void keepValues(List<Object> kept) {
        if (kept.isEmpty()) {
            throw nothingLeft();
        }
        schema.remove("const");
        schema.put("enum", kept);
    }

    private void denyTypes(List<?> types) {
        List<Object> own = ownValues();
        if (own != null) {
            own.removeIf(v -> types.stream().anyMatch(t -> isOf(v, String.valueOf(t))));
            keepValues(own);
            return;
        }
        List<Object> left = new ArrayList<>(types());
        if (types.contains("integer") && !types.contains("number") && left.contains("number")) {
            throw SchemaJson.bad("not with the type integer is supported where the type is not number");
        }
        left.removeAll(types);
        if (types.contains("number")) {
            left.remove("integer");
        }
        if (left.isEmpty()) {
            throw nothingLeft();
        }
        schema.put("type", left);
    }

    private List<?> types() {
        Object type = schema.get("type");
        return type == null ? TYPES : type instanceof List<?> l ? l : List.of(type);
    }

    private void denyValues(List<?> values) {
        List<Object> own = ownValues();
        if (own != null) {
            own.removeIf(v -> values.stream().anyMatch(d -> same(v, d)));
            keepValues(own);
            return;
        }
        List<Object> types = new ArrayList<>(types());
        List<Object> excluded = schema.get(EXCLUDED) instanceof List<?> l ? new ArrayList<>(l) : new ArrayList<>();
        for (Object value : values) {
            if (value == null) {
                types.remove("null");
            } else if (value instanceof List<?> && types.contains("array")
                    || value instanceof Map<?, ?> && types.contains("object")) {
                throw SchemaJson.bad("not with an array or object as a value is supported beside an enum only");
            } else {
                excluded.add(value);
            }
        }
        if (types.isEmpty()) {
            throw nothingLeft();
        }
        schema.put("type", types);
        schema.put(EXCLUDED, excluded);
    }

    /** Whether a value is of a type, as JSON Schema has it: 1.0 is an integer. */
    static boolean isOf(@Nullable Object value, String type) {
        return switch (type) {
            case "null" -> value == null;
            case "boolean" -> value instanceof Boolean;
            case "string" -> value instanceof String;
            case "array" -> value instanceof List<?>;
            case "object" -> value instanceof Map<?, ?>;
            case "number" -> value instanceof Num;
            case "integer" -> value instanceof Num n && number(n).stripTrailingZeros().scale() <= 0;
            default -> false;
        };
    }

    /** Numbers by their value, the rest by how they are written. */
    private static boolean same(@Nullable Object a, @Nullable Object b) {
        return a instanceof Num x && b instanceof Num y
                ? number(x).compareTo(number(y)) == 0
                : SchemaJson.write(a).equals(SchemaJson.write(b));
    }

    static BigDecimal number(Num n) {
        if (n.text().length() > 40 || n.text().matches(".*[eE].*\\d{3}.*")) {
            throw SchemaJson.bad("a number may have 40 characters and an exponent of 2 digits, not " + n.text());
        }
        return new BigDecimal(n.text());
    }

    /** The excluded values of one kind. */
    static <T> List<T> excluded(Map<?, ?> s, Class<T> kind) {
        List<T> out = new ArrayList<>();
        if (s.get(EXCLUDED) instanceof List<?> l) {
            l.forEach(v -> {
                if (kind.isInstance(v)) {
                    out.add(kind.cast(v));
                }
            });
        }
        return out;
    }
}
