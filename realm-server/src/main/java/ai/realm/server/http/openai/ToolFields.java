package ai.realm.server.http.openai;

import ai.realm.core.error.RealmException;
import ai.realm.server.http.inference.ToolList;
import ai.realm.server.http.inference.ToolUse;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a request says of tools: {@code tools}, {@code tool_choice}, {@code parallel_tool_calls}, and the {@code functions} and
 * {@code function_call} of old clients.
 */
public final class ToolFields {
    private final ToolList tools = new ToolList();

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
        ToolList.checkCount(given, at);
        int read = 0;
        for (JsonNode one : given) {
            String path = at + "[" + read++ + "]";
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
            tools.add(f, "parameters");
        }
    }

    private ToolUse choose(@Nullable JsonNode choice, String at, @Nullable Boolean parallel) {
        if (choice == null) {
            return tools.any(false, ToolUse.parallel(parallel, false), at);
        }
        if (choice.isTextual()) {
            return switch (choice.textValue()) {
                case "auto" -> tools.any(false, ToolUse.parallel(parallel, false), at);
                case "none" -> tools.none();
                case "required", "any" -> tools.any(true, ToolUse.parallel(parallel, true), at);
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
        return tools.some(Set.of(named(f)), true, ToolUse.parallel(parallel, true));
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
        boolean required = "required".equals(mode);
        return tools.some(some, required, ToolUse.parallel(parallel, required));
    }

    /** The tool that a choice names. */
    private String named(JsonFields choice) {
        JsonNode function = choice.take("function");
        JsonFields f = function == null ? choice : JsonFields.of(function, choice.path("function"));
        String name = JsonFields.text(f.require("name"), f.path("name"));
        tools.checkKnown(name, f.path("name"));
        return name;
    }
}
