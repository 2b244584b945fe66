package ai.realm.core.chat.tools;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The golden cases of every family: an answer's text and what it is parsed into. */
record Golden(String family, ChatFormat format, String text, String content, String reasoning, List<Call> calls, boolean grammar,
        String tail) {
    static final ObjectMapper JSON = new ObjectMapper();
    static final List<String> FAMILIES = List.of("hermes", "qwen3-coder", "glm", "minimax-m1", "minimax-m2", "llama",
            "llama-pythonic", "lfm2", "mistral-nemo", "mistral-v11", "deepseek-r1", "deepseek-v3.1", "kimi-k2", "granite",
            "phi-4-mini",
            "command-r7b", "functionary-v3.1", "functionary-v3.2", "harmony", "functiongemma", "gemma-3", "smollm3", "generic");
    static final List<Tool> TOOLS = List.of(new Tool("get_weather", "The weather of a city",
            schema("""
                    {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"},
                     "unit": {"type": "string", "enum": ["C", "F"]}}, "required": ["city"]}""")),
            new Tool("search", null,
                    schema("""
                            {"type": "object", "properties": {"query": {"type": "string"}, "filters": {"type": "object"},
                             "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}}, "exact": {"type": "boolean"}}, "required": ["query"],
                             "$defs": {"tag": {"type": "string"}}}""")),
            new Tool("now", null, Map.of()));

    /** @param id what the model called it, or null */
    record Call(String name, JsonNode arguments, String id) {}

    @SuppressWarnings("unchecked")
    static Map<String, ?> schema(String json) {
        try {
            return JSON.readValue(json, Map.class);
        } catch (IOException e) {
            throw new IllegalArgumentException(e);
        }
    }

    static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    static List<Golden> all() {
        List<Golden> all = new ArrayList<>();
        FAMILIES.forEach(f -> all.addAll(of(f)));
        return all;
    }

    static List<Golden> of(String family) {
        try (InputStream in = Golden.class.getResourceAsStream(family + ".json")) {
            JsonNode file = JSON.readTree(in);
            ChatFormat format = ChatFormats.of(file.get("template").asText());
            List<Golden> cases = new ArrayList<>();
            for (JsonNode c : file.get("cases")) {
                List<Call> calls = new ArrayList<>();
                c.get("calls").forEach(x -> calls.add(
                        new Call(x.get("name").asText(), x.get("arguments"), x.has("id") ? x.get("id").asText() : null)));
                String tail = c.path("tail").asBoolean() ? format.tail("prompt>>>") : "";
                cases.add(new Golden(family, format, c.get("text").asText(), c.get("content").asText(),
                        c.path("reasoning").asText(""), calls, c.path("grammar").asBoolean(true), tail));
            }
            return cases;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    ParserOptions options(boolean hold) {
        return new ParserOptions(TOOLS, true, hold, false, false, tail);
    }

    @Override
    public String toString() {
        return family + ": " + text.replace("\n", "\\n");
    }
}
