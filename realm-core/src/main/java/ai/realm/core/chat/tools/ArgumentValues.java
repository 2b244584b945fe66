package ai.realm.core.chat.tools;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Values that a format writes as plain text, as the JSON that the tool's schema wants. */
final class ArgumentValues {
    private static final int MAX_REFERENCES = 16;

    private ArgumentValues() {
    }

    /** The value of an argument as JSON: a string where the schema has one, else what the text is, if it is JSON. */
    static String json(String text, @Nullable Tool tool, String argument) {
        Set<String> types = tool == null ? Set.of() : types(tool, argument);
        String plain = text.strip();
        if (types.contains("string")) {
            return types.contains("null") && plain.equals("null") ? "null" : quoted(text);
        }
        String json = switch (plain) {
            case "True" -> "true";
            case "False" -> "false";
            case "None" -> "null";
            default -> JsonScanner.json(plain);
        };
        return json == null ? quoted(text) : json;
    }

    /** Whether a string is what the schema has for this argument, so that its text is written without quotes. */
    static boolean isText(Tool tool, String argument) {
        return types(tool, argument).contains("string");
    }

    static String quoted(String text) {
        StringBuilder out = new StringBuilder();
        JsonText.quote(text, out);
        return out.toString();
    }

    private static Set<String> types(Tool tool, String argument) {
        Set<String> types = new HashSet<>();
        if (tool.parameters().get("properties") instanceof Map<?, ?> properties) {
            collect(properties.get(argument), tool.parameters(), types, 0);
        }
        return types;
    }

    private static void collect(@Nullable Object schema, Map<String, ?> root, Set<String> types, int depth) {
        if (!(schema instanceof Map<?, ?> s) || depth > MAX_REFERENCES) {
            return;
        }
        if (s.get("type") instanceof String type) {
            types.add(type);
        } else if (s.get("type") instanceof List<?> several) {
            several.forEach(t -> types.add(String.valueOf(t)));
        }
        if (s.get("const") instanceof String
                || s.get("enum") instanceof List<?> l && l.stream().anyMatch(String.class::isInstance)) {
            types.add("string");
        }
        if (s.get("$ref") instanceof String ref) {
            collect(resolve(ref, root), root, types, depth + 1);
        }
        for (String keyword : List.of("anyOf", "oneOf", "allOf")) {
            if (s.get(keyword) instanceof List<?> options && options.size() <= 64) {
                options.forEach(o -> collect(o, root, types, depth + 4));
            }
        }
    }

    private static @Nullable Object resolve(String ref, Map<String, ?> root) {
        Object at = ref.startsWith("#") ? root : null;
        for (String part : ref.substring(Math.min(1, ref.length())).split("/")) {
            if (!part.isEmpty()) {
                at = at instanceof Map<?, ?> m ? m.get(part.replace("~1", "/").replace("~0", "~")) : null;
            }
        }
        return at;
    }
}
