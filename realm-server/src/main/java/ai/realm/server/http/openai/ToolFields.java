package ai.realm.server.http.openai;

import ai.realm.core.chat.tools.Tool;
import ai.realm.core.error.RealmException;
import ai.realm.server.http.inference.ToolUse;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a request says of tools: {@code tools}, {@code tool_choice}, {@code parallel_tool_calls}, and the {@code functions} and
 * {@code function_call} of old clients.
 */
public final class ToolFields {
    private static final int MAX_TOOLS = 256;
    private static final String NAME = "[a-zA-Z0-9_][a-zA-Z0-9_.:/-]{0,127}";
    private static final String RULE = " must be 1 to 128 letters, digits, _, -, ., : or /";

    private final List<Tool> tools = new ArrayList<>();
    private final Set<String> names = new LinkedHashSet<>();
    private final Set<String> strict = new LinkedHashSet<>();

    private ToolFields() {
    }

    /** Whether the request speaks of functions as old clients do, and is to be answered so. */
    static boolean isLegacy(JsonFields fields) {
        return isEmpty(fields.take("tools")) && !isEmpty(fields.take("functions"));
    }

    private static boolean isEmpty(@Nullable JsonNode list) {
        return list == null || list.isArray() && list.isEmpty();
    }

    public static ToolUse read(JsonFields fields) {
        ToolFields read = new ToolFields();
        boolean legacy = isLegacy(fields);
        String name = legacy ? "functions" : "tools";
        JsonNode given = fields.take(name);
        if (given != null) {
            read.list(given, name, legacy);
        }
        JsonNode choice = fields.take(legacy ? "function_call" : "tool_choice");
        JsonNode other = fields.take(legacy ? "tool_choice" : "function_call");
        if (choice == null && other != null && other.isTextual()) {
            choice = other;
        }
        Boolean parallel = fields.bool("parallel_tool_calls");
        parallel = legacy ? Boolean.FALSE : parallel;
        return read.choose(choice, legacy ? "function_call" : "tool_choice", parallel);
    }

    private void list(JsonNode given, String at, boolean bare) {
        if (!given.isArray()) {
            throw JsonFields.wrongType(at, "an array", given);
        }
        if (given.size() > MAX_TOOLS) {
            throw RealmException.badParam(at, at + " may hold " + MAX_TOOLS + ", not " + given.size());
        }
        for (JsonNode one : given) {
            String path = at + "[" + tools.size() + "]";
            JsonFields f = JsonFields.of(one, path);
            if (!bare) {
                String type = f.string("type");
                if (type != null && !type.equals("function")) {
                    throw RealmException.badParam(f.path("type"),
                            f.path("type") + " must be function; other tools are not supported");
                }
                JsonNode function = f.take("function");
                f = function == null ? f : JsonFields.of(function, f.path("function"));
            }
            add(f);
        }
    }

    private void add(JsonFields f) {
        String name = JsonFields.text(f.require("name"), f.path("name"));
        if (!name.matches(NAME)) {
            throw RealmException.badParam(f.path("name"), f.path("name") + RULE);
        }
        if (!names.add(name)) {
            throw RealmException.badParam(f.path("name"), f.path("name") + " is the name of another tool already");
        }
        if (Boolean.TRUE.equals(f.bool("strict"))) {
            strict.add(name);
        }
        tools.add(new Tool(name, f.string("description"), schema(f.take("parameters"), f.path("parameters"))));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, ?> schema(@Nullable JsonNode parameters, String at) {
        if (parameters == null) {
            return Map.of();
        }
        if (!(parameters instanceof ObjectNode)) {
            throw JsonFields.wrongType(at, "an object", parameters);
        }
        return Json.mapper().convertValue(parameters, Map.class);
    }

    private ToolUse choose(@Nullable JsonNode choice, String at, @Nullable Boolean parallel) {
        if (choice == null) {
            return use(names, false, parallel);
        }
        if (choice.isTextual()) {
            return switch (choice.textValue()) {
                case "auto" -> use(names, false, parallel);
                case "none" -> use(Set.of(), false, parallel);
                case "required", "any" -> use(names, true, parallel);
                default ->
                    throw RealmException.badParam(at, at + " must be auto, none, required, or an object that names a tool");
            };
        }
        JsonFields f = JsonFields.of(choice, at);
        String type = f.string("type");
        if ("allowed_tools".equals(type)) {
            JsonNode inner = f.take("allowed_tools");
            return allowed(inner == null ? f : JsonFields.of(inner, f.path("allowed_tools")), parallel);
        }
        if (type != null && !type.equals("function")) {
            throw RealmException.badParam(f.path("type"), f.path("type") + " must be function or allowed_tools");
        }
        return use(Set.of(named(f)), true, parallel);
    }

    private ToolUse allowed(JsonFields f, @Nullable Boolean parallel) {
        String mode = f.string("mode");
        if (mode != null && !mode.equals("auto") && !mode.equals("required")) {
            throw RealmException.badParam(f.path("mode"), f.path("mode") + " must be auto or required");
        }
        JsonNode list = f.require("tools");
        if (!list.isArray() || list.isEmpty()) {
            throw JsonFields.wrongType(f.path("tools"), "an array of tools", list);
        }
        Set<String> some = new LinkedHashSet<>();
        for (JsonNode one : list) {
            some.add(named(JsonFields.of(one, f.path("tools") + "[" + some.size() + "]")));
        }
        return use(some, "required".equals(mode), parallel);
    }

    /** The tool that a choice names. */
    private String named(JsonFields choice) {
        JsonNode function = choice.take("function");
        JsonFields f = function == null ? choice : JsonFields.of(function, choice.path("function"));
        String name = JsonFields.text(f.require("name"), f.path("name"));
        if (!names.contains(name)) {
            throw RealmException.badParam(f.path("name"), f.path("name") + " must be the name of one of the tools: "
                    + names.stream().limit(20).collect(Collectors.joining(", ")));
        }
        return name;
    }

    private ToolUse use(Set<String> callable, boolean required, @Nullable Boolean parallel) {
        if (required && tools.isEmpty()) {
            throw RealmException.badParam("tool_choice", "tool_choice must not ask for a call without tools");
        }
        return new ToolUse(tools, callable, strict, required, ToolUse.parallel(parallel, required));
    }
}
