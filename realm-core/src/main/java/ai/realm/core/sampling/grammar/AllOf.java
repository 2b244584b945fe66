package ai.realm.core.sampling.grammar;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Merges the parts of an allOf into one schema: properties together, enumerations cut, the first of other keywords. */
final class AllOf {
    private static final int MAX_DEPTH = 50;

    private static final int MAX_PARTS = 1000;

    private final Function<String, @Nullable Object> resolve;
    private int parts;

    AllOf(Function<String, @Nullable Object> resolve) {
        this.resolve = resolve;
    }

    Map<String, @Nullable Object> merge(Map<?, ?> schema) {
        Map<String, @Nullable Object> out = new LinkedHashMap<>();
        add(schema, out, true, 0);
        return out;
    }

    /** @param all whether the part must hold; of an anyOf within, properties are optional */
    private void add(Map<?, ?> part, Map<String, @Nullable Object> out, boolean all, int depth) {
        if (depth > MAX_DEPTH || ++parts > MAX_PARTS) {
            throw SchemaJson.bad("allOf has more than " + MAX_PARTS + " parts, or refers to itself");
        }
        part.forEach((key, value) -> {
            if (JsonSchemaGrammar.SILENT.contains(key)) {
                return;
            }
            switch (String.valueOf(key)) {
                case "$ref" -> addPart(resolve.apply(String.valueOf(value)), out, all, depth);
                case "allOf" -> each(value, out, all, depth);
                case "anyOf", "oneOf" -> each(value, out, false, depth);
                case "properties" -> merged(out, "properties").putAll(strings(value));
                case "required" -> {
                    if (all && value instanceof List<?> names) {
                        List<Object> required = out.get("required") instanceof List<?> l ? new ArrayList<>(l) : new ArrayList<>();
                        names.forEach(required::add);
                        out.put("required", required);
                    }
                }
                case "enum" -> cut(value, out);
                case "not" -> out.merge("not", value == null ? Boolean.TRUE : value, (a, b) -> Map.of("anyOf", List.of(a, b)));
                case "minimum", "exclusiveMinimum", "minLength", "minItems" -> stricter(out, String.valueOf(key), value, 1);
                case "maximum", "exclusiveMaximum", "maxLength", "maxItems" -> stricter(out, String.valueOf(key), value, -1);
                case "multipleOf" -> {
                    Object before = out.putIfAbsent("multipleOf", value);
                    if (before != null && !SchemaJson.write(before).equals(SchemaJson.write(value))) {
                        throw SchemaJson.bad("the parts of allOf must not have different multipleOf");
                    }
                }
                default -> out.putIfAbsent(String.valueOf(key), value);
            }
        });
    }

    /** The larger of two lower bounds (sign 1), or the smaller of two upper ones (-1); what is no number is refused elsewhere. */
    private static void stricter(Map<String, @Nullable Object> out, String key, @Nullable Object value, int sign) {
        Object before = out.putIfAbsent(key, value);
        if (before instanceof SchemaJson.Num a && value instanceof SchemaJson.Num b
                && Integer.signum(Negation.number(b).compareTo(Negation.number(a))) == sign) {
            out.put(key, value);
        }
    }

    private void each(@Nullable Object parts, Map<String, @Nullable Object> out, boolean all, int depth) {
        if (!(parts instanceof List<?> list)) {
            throw SchemaJson.bad("allOf must be a list");
        }
        for (Object part : list) {
            addPart(part, out, all, depth);
        }
    }

    private void addPart(@Nullable Object part, Map<String, @Nullable Object> out, boolean all, int depth) {
        if (!(part instanceof Map<?, ?> m)) {
            throw SchemaJson.bad("a part of allOf must be an object");
        }
        add(m, out, all, depth + 1);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, @Nullable Object> merged(Map<String, @Nullable Object> out, String key) {
        Object there = out.computeIfAbsent(key, k -> new LinkedHashMap<String, Object>());
        return (Map<String, @Nullable Object>) java.util.Objects.requireNonNull(there);
    }

    private static Map<String, @Nullable Object> strings(@Nullable Object value) {
        if (!(value instanceof Map<?, ?> m)) {
            throw SchemaJson.bad("properties must be an object");
        }
        Map<String, @Nullable Object> out = new LinkedHashMap<>();
        m.forEach((k, v) -> out.put(String.valueOf(k), v));
        return out;
    }

    private static void cut(@Nullable Object value, Map<String, @Nullable Object> out) {
        if (!(value instanceof List<?> values)) {
            throw SchemaJson.bad("enum must be a list");
        }
        List<Object> kept = new ArrayList<>(values);
        if (out.get("enum") instanceof List<?> before) {
            kept.retainAll(before);
        }
        if (kept.isEmpty()) {
            throw SchemaJson.bad("the parts of allOf have no value of their enums in common");
        }
        out.put("enum", kept);
    }
}
