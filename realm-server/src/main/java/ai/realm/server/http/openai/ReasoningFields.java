package ai.realm.server.http.openai;

import ai.realm.core.error.RealmException;
import ai.realm.server.http.inference.ChatPrompt;
import ai.realm.server.http.inference.ReasoningUse;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a request says of reasoning and of the template, by the names that OpenAI, vLLM, llama.cpp and others give it. */
public final class ReasoningFields {
    private static final int MAX_EFFORT = 32;

    private ReasoningFields() {
    }

    public static ReasoningUse read(JsonFields fields) {
        String effort = effort(fields);
        Boolean thinking = fields.bool("enable_thinking");
        Integer budget = null;
        for (String name : List.of("thinking_budget", "thinking_budget_tokens", "thinking_token_budget", "reasoning_budget")) {
            Integer given = tokens(fields, name);
            budget = given == null ? budget : given;
        }
        JsonNode object = fields.take("thinking");
        if (object != null && object.isBoolean()) {
            thinking = object.booleanValue();
        } else if (object != null) {
            JsonFields f = JsonFields.of(object, "thinking");
            String type = f.string("type");
            thinking = type == null ? thinking : Boolean.valueOf(!type.equals("disabled"));
            Integer given = tokens(f, "budget_tokens");
            budget = given == null ? budget : given;
        }
        if ("none".equals(effort) || budget != null && budget == 0) {
            thinking = false;
        }
        return new ReasoningUse(thinking, effort, budget, inContent(fields));
    }

    private static @Nullable String effort(JsonFields fields) {
        String effort = fields.string("reasoning_effort");
        JsonNode object = fields.take("reasoning");
        if (effort == null && object instanceof ObjectNode o) {
            effort = JsonFields.of(o, "reasoning").string("effort");
        }
        if (effort != null && !effort.matches("[a-z]{1," + MAX_EFFORT + "}")) {
            throw RealmException.badParam("reasoning_effort",
                    "reasoning_effort must be a word like none, minimal, low, medium or high");
        }
        return effort;
    }

    /** -1, as llama.cpp has it, is no bound. */
    private static @Nullable Integer tokens(JsonFields fields, String name) {
        Long given = fields.integer(name, -1, Integer.MAX_VALUE);
        return given == null || given < 0 ? null : (Integer) given.intValue();
    }

    private static boolean inContent(JsonFields fields) {
        String format = fields.string("reasoning_format");
        if (format == null) {
            return false;
        }
        return switch (format) {
            case "none" -> true;
            case "auto", "deepseek" -> false;
            default -> throw RealmException.badParam("reasoning_format", "reasoning_format must be none, auto or deepseek");
        };
    }

    /** Variables for the template. */
    @SuppressWarnings("unchecked")
    public static Map<String, ?> variables(JsonFields fields) {
        JsonNode given = fields.take("chat_template_kwargs");
        if (given == null) {
            return Map.of();
        }
        if (!(given instanceof ObjectNode object)) {
            throw JsonFields.wrongType("chat_template_kwargs", "an object", given);
        }
        Map<String, ?> variables = Json.mapper().convertValue(object, Map.class);
        variables.keySet().removeAll(List.of("messages", "tools", ChatPrompt.GENERATION, "bos_token", "eos_token"));
        return variables;
    }
}
