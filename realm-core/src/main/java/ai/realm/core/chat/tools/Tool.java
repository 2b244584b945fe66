package ai.realm.core.chat.tools;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A function that the model may call.
 *
 * @param parameters the JSON schema of its arguments, as Map, List, String, Number, Boolean and null; empty for none
 */
public record Tool(String name, @Nullable String description, Map<String, ?> parameters) {
    /** The schema as grammars need it: an object, whatever the tool left out. */
    Map<String, ?> argumentSchema() {
        if (parameters.isEmpty()) {
            return Map.of("type", "object", "properties", Map.of(), "additionalProperties", false);
        }
        if (parameters.containsKey("type") || parameters.containsKey("$ref") || parameters.containsKey("anyOf")
                || parameters.containsKey("oneOf") || parameters.containsKey("allOf")) {
            return parameters;
        }
        Map<String, Object> typed = new java.util.LinkedHashMap<>();
        typed.put("type", "object");
        typed.putAll(parameters);
        return typed;
    }
}
