package ai.realm.server.http.anthropic;

import ai.realm.core.error.RealmException;
import ai.realm.server.http.inference.ReasoningUse;
import ai.realm.server.http.inference.ToolList;
import ai.realm.server.http.inference.ToolUse;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/** What a Messages body says of tools and of thinking. */
final class ToolReader {
    private static final String CHOICE = "tool_choice";

    private ToolReader() {
    }

    static ToolUse tools(JsonFields fields) {
        ToolList list = new ToolList();
        JsonNode given = fields.take("tools");
        if (given != null) {
            ToolList.checkCount(given, "tools");
            int i = 0;
            for (JsonNode one : given) {
                JsonFields f = JsonFields.of(one, "tools[" + i++ + "]");
                String type = f.string("type");
                if (type != null && !type.equals("custom")) {
                    throw RealmException.badParam(f.path("type"),
                            f.path("type") + " must be custom: tools of the server's are not there");
                }
                list.add(f, "input_schema");
            }
        }
        JsonNode choice = fields.take(CHOICE);
        return choice == null ? list.any(false, true, CHOICE) : choose(list, JsonFields.of(choice, CHOICE));
    }

    private static ToolUse choose(ToolList list, JsonFields choice) {
        String type = JsonFields.text(choice.require("type"), choice.path("type"));
        Boolean disabled = choice.bool("disable_parallel_tool_use");
        boolean parallel = ToolUse.parallel(disabled == null ? null : (Boolean) !disabled, !type.equals("auto"));
        return switch (type) {
            case "auto" -> list.any(false, parallel, CHOICE);
            case "any" -> list.any(true, parallel, CHOICE);
            case "none" -> list.none();
            case "tool" ->
                list.named(JsonFields.text(choice.require("name"), choice.path("name")), parallel, choice.path("name"));
            default ->
                throw RealmException.badParam(choice.path("type"), choice.path("type") + " must be auto, any, tool or none");
        };
    }

    static ReasoningUse thinking(@Nullable JsonNode given) {
        if (given == null) {
            return ReasoningUse.DEFAULT;
        }
        JsonFields f = JsonFields.of(given, "thinking");
        String type = JsonFields.text(f.require("type"), f.path("type"));
        Long budget = f.integer("budget_tokens", 1, Integer.MAX_VALUE);
        return switch (type) {
            case "disabled" -> new ReasoningUse(false, null, null, false);
            case "enabled" -> new ReasoningUse(true, null, budget == null ? null : (Integer) budget.intValue(), false);
            default -> ReasoningUse.DEFAULT;
        };
    }
}
