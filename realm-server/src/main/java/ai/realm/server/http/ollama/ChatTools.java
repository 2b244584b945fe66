package ai.realm.server.http.ollama;

import ai.realm.core.chat.tools.ToolCall;
import ai.realm.server.http.inference.ReasoningUse;
import ai.realm.server.http.inference.ToolList;
import ai.realm.server.http.inference.ToolUse;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What Ollama's chat says of tools and of thinking. */
final class ChatTools {
    private ChatTools() {
    }

    static ToolUse read(JsonFields fields) {
        JsonNode given = fields.take("tools");
        ToolList list = new ToolList();
        if (given != null) {
            ToolList.checkCount(given, "tools");
            int i = 0;
            for (JsonNode one : given) {
                JsonFields f = JsonFields.of(one, "tools[" + i++ + "]");
                list.add(JsonFields.of(f.require("function"), f.path("function")), "parameters");
            }
        }
        return list.any(false, true, "tools");
    }

    /** True, false, or how much. */
    static ReasoningUse thinking(JsonFields fields) {
        JsonNode think = fields.take("think");
        if (think == null) {
            return ReasoningUse.DEFAULT;
        }
        if (think.isBoolean()) {
            return new ReasoningUse(think.booleanValue(), null, null, false);
        }
        return new ReasoningUse(true, JsonFields.text(think, "think"), null, false);
    }

    static List<ToolCall> calls(@Nullable JsonNode given, String at) {
        List<ToolCall> calls = new ArrayList<>();
        if (given != null) {
            ToolList.checkCount(given, at);
            for (JsonNode one : given) {
                JsonFields f = JsonFields.of(one, at + "[" + calls.size() + "]");
                JsonFields function = JsonFields.of(f.require("function"), f.path("function"));
                String name = JsonFields.text(function.require("name"), function.path("name"));
                String id = f.string("id");
                calls.add(new ToolCall(id == null ? name : id, name, ToolList.map(function.take("arguments"))));
            }
        }
        return calls;
    }
}
