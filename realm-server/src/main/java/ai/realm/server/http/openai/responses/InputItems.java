package ai.realm.server.http.openai.responses;

import ai.realm.core.error.RealmException;
import ai.realm.server.http.inference.Ids;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Items of a conversation as clients write them, in one form: each has its type, an id and a status, messages have parts. What the
 * model cannot be shown is refused.
 */
final class InputItems {
    static final int MOST = 4096;
    private static final List<String> ROLES = List.of("user", "assistant", "system", "developer");

    /** The items that an item_reference may name, by their ids; null for one that there is not. */
    private final Function<String, @Nullable ObjectNode> stored;

    InputItems(Function<String, @Nullable ObjectNode> stored) {
        this.stored = stored;
    }

    /** A text, or an array of items. */
    ArrayNode read(JsonNode input, String at) {
        ArrayNode items = Json.mapper().createArrayNode();
        if (input.isTextual()) {
            items.add(message("user", part("input_text", JsonFields.text(input, at)), null));
            return items;
        }
        if (!input.isArray()) {
            throw JsonFields.wrongType(at, "a string or an array of items", input);
        }
        if (input.size() > MOST) {
            throw RealmException.badParam(at, at + " may hold " + MOST + " items, not " + input.size());
        }
        for (JsonNode item : input) {
            items.add(item(JsonFields.of(item, at + "[" + items.size() + "]")));
        }
        return items;
    }

    private ObjectNode item(JsonFields f) {
        String type = f.string("type");
        if (type == null) {
            type = f.take("role") == null && f.take("id") != null ? "item_reference" : "message";
        }
        return switch (type) {
            case "message" -> message(f);
            case "function_call" -> call(f);
            case "function_call_output" -> output(f);
            case "reasoning" -> reasoning(f);
            case "item_reference" -> reference(f);
            default -> throw RealmException.badParam(f.path("type"), f.path("type")
                    + " must be message, function_call, function_call_output, reasoning or item_reference; other items are not supported");
        };
    }

    private static ObjectNode message(JsonFields f) {
        String role = JsonFields.text(f.require("role"), f.path("role"));
        if (!ROLES.contains(role)) {
            throw RealmException.badParam(f.path("role"), f.path("role") + " must be user, assistant, system or developer");
        }
        JsonNode content = f.require("content");
        String at = f.path("content");
        String kind = role.equals("assistant") ? "output_text" : "input_text";
        ArrayNode parts = Json.mapper().createArrayNode();
        if (content.isTextual()) {
            parts.add(part(kind, JsonFields.text(content, at)));
        } else {
            parts.addAll(parts(content, kind, at));
        }
        ObjectNode message = message(role, parts, f.string("id"));
        return message;
    }

    private static ArrayNode parts(JsonNode content, String kind, String at) {
        if (!content.isArray()) {
            throw JsonFields.wrongType(at, "a string or an array of parts", content);
        }
        ArrayNode parts = Json.mapper().createArrayNode();
        for (JsonNode one : content) {
            JsonFields p = JsonFields.of(one, at + "[" + parts.size() + "]");
            String type = JsonFields.text(p.require("type"), p.path("type"));
            parts.add(switch (type) {
                case "input_text", "output_text", "text", "summary_text" ->
                    part(kind, JsonFields.text(p.require("text"), p.path("text")));
                case "refusal" -> part(kind, JsonFields.text(p.require("refusal"), p.path("refusal")));
                default -> throw RealmException.badParam(p.path("type"),
                        p.path("type") + " must be " + kind + ": the model takes no images, no audio and no files");
            });
        }
        return parts;
    }

    static ObjectNode part(String type, String text) {
        ObjectNode part = Json.mapper().createObjectNode().put("type", type).put("text", text);
        if (type.equals("output_text")) {
            part.putArray("annotations");
        }
        return part;
    }

    private static ObjectNode message(String role, JsonNode content, @Nullable String id) {
        ObjectNode item = Json.mapper().createObjectNode().put("id", id == null ? Ids.fresh("msg_") : id).put("type", "message")
                .put("status", "completed").put("role", role);
        if (content.isArray()) {
            item.set("content", content);
        } else {
            item.putArray("content").add(content);
        }
        return item;
    }

    private static ObjectNode call(JsonFields f) {
        JsonNode arguments = f.take("arguments");
        String text = arguments == null
                ? "{}"
                : arguments.isTextual() ? JsonFields.text(arguments, f.path("arguments")) : arguments.toString();
        return made(f, "fc_", "function_call").put("call_id", JsonFields.text(f.require("call_id"), f.path("call_id")))
                .put("name", JsonFields.text(f.require("name"), f.path("name"))).put("arguments", text);
    }

    private static ObjectNode output(JsonFields f) {
        JsonNode output = f.require("output");
        StringBuilder text = new StringBuilder();
        if (output.isTextual()) {
            text.append(JsonFields.text(output, f.path("output")));
        } else {
            parts(output, "input_text", f.path("output")).forEach(p -> text.append(p.path("text").textValue()));
        }
        return made(f, "fco_", "function_call_output").put("call_id", JsonFields.text(f.require("call_id"), f.path("call_id")))
                .put("output", text.toString());
    }

    private static ObjectNode reasoning(JsonFields f) {
        ObjectNode item = made(f, "rs_", "reasoning");
        for (Map.Entry<String, String> list : Map.of("summary", "summary_text", "content", "reasoning_text").entrySet()) {
            ArrayNode parts = item.putArray(list.getKey());
            JsonNode given = f.take(list.getKey());
            if (given != null && given.isArray()) {
                for (JsonNode p : given) {
                    parts.addObject().put("type", list.getValue())
                            .put("text",
                                    JsonFields.text(p.path("text"), f.path(list.getKey()) + "[" + (parts.size() - 1) + "].text"));
                }
            }
        }
        return item;
    }

    private static ObjectNode made(JsonFields f, String prefix, String type) {
        String id = f.string("id");
        return Json.mapper().createObjectNode().put("id", id == null ? Ids.fresh(prefix) : id).put("type", type).put("status",
                "completed");
    }

    private ObjectNode reference(JsonFields f) {
        String id = JsonFields.text(f.require("id"), f.path("id"));
        ObjectNode item = stored.apply(id);
        if (item == null) {
            throw RealmException.badParam(f.path("id"), f.path("id")
                    + " names no item that is stored: send the item itself, or store the response that has it");
        }
        return item;
    }
}
