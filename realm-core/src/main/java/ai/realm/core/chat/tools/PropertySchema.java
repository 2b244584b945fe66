package ai.realm.core.chat.tools;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The arguments of a tool one by one, as a grammar; for formats that do not write them as one JSON object. */
final class PropertySchema {
    private static final String ROOT = "#/$defs/tool";

    private PropertySchema() {
    }

    /** JSON of the argument's schema; what that refers to is found where the whole schema has it. */
    static String json(Tool tool, String argument) {
        Object own = tool.parameters().get("properties") instanceof Map<?, ?> all ? all.get(argument) : null;
        if (own instanceof Map<?, ?> && !JsonText.of(own).contains("\"$ref\"")) {
            return "%json " + JsonText.of(own);
        }
        return "%json {\"$ref\": " + JsonText.of(ROOT + "/properties/" + argument.replace("~", "~0").replace("/", "~1"))
                + ", \"$defs\": {\"tool\": " + JsonText.of(moved(tool.parameters())) + "}}";
    }

    /** The schema with its references pointing to where it stands now. */
    private static @Nullable Object moved(@Nullable Object schema) {
        return switch (schema) {
            case Map<?, ?> m -> {
                Map<String, @Nullable Object> out = new LinkedHashMap<>();
                m.forEach((k, v) -> out.put(String.valueOf(k), "$ref".equals(k) && v instanceof String ref && ref.startsWith("#")
                        ? ROOT + ref.substring(1)
                        : moved(v)));
                yield out;
            }
            case List<?> l -> {
                List<@Nullable Object> out = new ArrayList<>();
                l.forEach(v -> out.add(moved(v)));
                yield out;
            }
            case null, default -> schema;
        };
    }

    /** The few texts that the schema allows for an argument, as literals, or null when they are not few. */
    static @Nullable String choices(Tool tool, String argument) {
        if (!(tool.parameters().get("properties") instanceof Map<?, ?> all) || !(all.get(argument) instanceof Map<?, ?> s)) {
            return null;
        }
        List<?> values = s.get("enum") instanceof List<?> l ? l : s.containsKey("const") ? Arrays.asList(s.get("const")) : null;
        if (values == null || values.isEmpty()) {
            return null;
        }
        List<String> out = new ArrayList<>();
        values.forEach(v -> out.add(GrammarWriter.literal(v instanceof String text ? text : JsonText.of(v))));
        return "(" + String.join(" | ", out) + ")";
    }

    /**
     * All required arguments in the schema's order, then any of the others in theirs.
     *
     * @param separator between two of them
     * @param each the grammar of one, by its name
     */
    static String arguments(GrammarWriter g, Tool t, String separator, UnaryOperator<String> each) {
        List<String> required = new ArrayList<>();
        List<String> optional = new ArrayList<>();
        Set<Object> names = t.parameters().get("required") instanceof List<?> l ? new HashSet<>(l) : Set.of();
        if (t.parameters().get("properties") instanceof Map<?, ?> properties) {
            properties.keySet()
                    .forEach(key -> (names.contains(key) ? required : optional).add(g.rule(each.apply(String.valueOf(key)))));
        }
        if (!required.isEmpty()) {
            StringBuilder out = new StringBuilder(String.join(" " + separator + " ", required));
            optional.forEach(o -> out.append(" (").append(separator).append(' ').append(o).append(")?"));
            return out.toString();
        }
        List<String> starts = new ArrayList<>();
        String rest = "";
        for (String o : optional.reversed()) {
            String after = rest.isEmpty() ? "" : g.rule(rest);
            starts.addFirst(o + " " + after);
            rest = "(" + separator + " " + o + ")? " + after;
        }
        return starts.isEmpty() ? "" : "(" + String.join(" | ", starts) + ")?";
    }
}
