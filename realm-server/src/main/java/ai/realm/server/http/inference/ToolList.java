package ai.realm.server.http.inference;

import ai.realm.core.chat.tools.Tool;
import ai.realm.core.error.RealmException;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The tools of one request while they are read. */
public final class ToolList {
    private static final int MAX_TOOLS = 256;
    private static final int MAX_NAMED = 20;
    private static final String NAME = "[a-zA-Z0-9_][a-zA-Z0-9_.:/-]{0,127}";

    private final List<Tool> tools = new ArrayList<>();
    private final Set<String> names = new LinkedHashSet<>();
    private final Set<String> strict = new LinkedHashSet<>();

    /** Refuses what is no list, or a list of too many. */
    public static void checkCount(JsonNode list, String at) {
        if (!list.isArray()) {
            throw JsonFields.wrongType(at, "an array", list);
        }
        if (list.size() > MAX_TOOLS) {
            throw RealmException.badParam(at, at + " may hold " + MAX_TOOLS + ", not " + list.size());
        }
    }

    /**
     * @param f has {@code name} and {@code description}, and may have {@code strict}
     * @param schemaName the field with the schema of the arguments
     */
    public void add(JsonFields f, String schemaName) {
        String name = JsonFields.text(f.require("name"), f.path("name"));
        if (!name.matches(NAME)) {
            throw RealmException.badParam(f.path("name"),
                    f.path("name") + " must be 1 to 128 letters, digits, _, -, ., : or /");
        }
        if (!names.add(name)) {
            throw RealmException.badParam(f.path("name"), f.path("name") + " is the name of another tool already");
        }
        if (Boolean.TRUE.equals(f.bool("strict"))) {
            strict.add(name);
        }
        JsonNode schema = f.take(schemaName);
        if (schema != null && !(schema instanceof ObjectNode)) {
            throw JsonFields.wrongType(f.path(schemaName), "an object", schema);
        }
        tools.add(new Tool(name, f.string("description"), map(schema)));
    }

    /**
     * The arguments of a call that a client sends back, an object or its text. What was cut off, or is no object, is kept as text
     * under one name.
     */
    public static Map<String, ?> arguments(@Nullable JsonNode given) {
        if (given == null || given.isTextual() && given.textValue().isBlank()) {
            return Map.of();
        }
        JsonNode object = given;
        if (given.isTextual()) {
            try {
                object = Json.mapper().readTree(given.textValue());
            } catch (JsonProcessingException e) {
                return Map.of("arguments", given.textValue());
            }
        }
        return object instanceof ObjectNode ? map(object) : Map.of("arguments", object.toString());
    }

    /** A JSON object as a map; none is an empty one. */
    @SuppressWarnings("unchecked")
    public static Map<String, ?> map(@Nullable JsonNode object) {
        return object instanceof ObjectNode ? Json.mapper().convertValue(object, Map.class) : Map.of();
    }

    /** The model may call tools, or must. */
    public ToolUse any(boolean required, boolean parallel, String at) {
        if (required && tools.isEmpty()) {
            throw RealmException.badParam(at, at + " must not ask for a call without tools");
        }
        return new ToolUse(tools, names, strict, required, parallel);
    }

    /** The model is told of the tools and may call none. */
    public ToolUse none() {
        return new ToolUse(tools, Set.of(), strict, false, true);
    }

    /** The model may call only these, which are known, or must. */
    public ToolUse some(Set<String> callable, boolean required, boolean parallel) {
        return new ToolUse(tools, callable, strict, required, parallel);
    }

    /** The model must call this one. */
    public ToolUse named(String name, boolean parallel, String at) {
        checkKnown(name, at);
        return some(Set.of(name), true, parallel);
    }

    /** Refuses what is the name of none of them. */
    public void checkKnown(String name, String at) {
        if (!names.contains(name)) {
            throw RealmException.badParam(at, at + " must be the name of one of the tools"
                    + (names.isEmpty() ? "" : ": " + names.stream().limit(MAX_NAMED).collect(Collectors.joining(", "))));
        }
    }
}
