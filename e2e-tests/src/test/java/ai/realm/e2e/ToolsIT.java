package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Tools with a real model that was not trained on them: what it must call, it calls by the grammar. */
class ToolsIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static Api acme;

    @BeforeAll
    static void start() {
        acme = new Api(TestServer.get().url(), TestServer.ACME);
    }

    private static ObjectNode request(int seed) {
        ObjectNode chat = Api.chat("How warm is it in Rome?").put("temperature", 1).put("seed", seed).put("max_tokens", 120)
                .put("tool_choice", "required");
        ObjectNode function = chat.putArray("tools").addObject().put("type", "function").putObject("function");
        function.put("name", "weather");
        ObjectNode schema = function.putObject("parameters").put("type", "object");
        schema.putObject("properties").putObject("unit").put("type", "string").putArray("enum").add("C").add("F");
        ((ObjectNode) schema.get("properties")).putObject("days").put("type", "integer").put("minimum", 1).put("maximum", 9);
        schema.putArray("required").add("unit").add("days");
        schema.put("additionalProperties", false);
        return chat;
    }

    private static void assertValid(JsonNode function) throws Exception {
        assertThat(function.path("name").asText()).isEqualTo("weather");
        JsonNode arguments = JSON.readTree(function.path("arguments").asText());
        assertThat(arguments.path("unit").asText()).isIn("C", "F");
        assertThat(arguments.path("days").isInt()).isTrue();
        assertThat(arguments.path("days").asInt()).isBetween(1, 9);
        assertThat(arguments).hasSize(2);
    }

    @Test
    void requiredCall_sampled_satisfiesTheSchema() throws Exception {
        for (int seed = 0; seed < 5; seed++) {
            Api.Answer a = acme.chat(request(seed).put("parallel_tool_calls", false));
            assertThat(a.status()).as(String.valueOf(a.json())).isEqualTo(200);
            assertThat(a.finishReason()).isEqualTo("tool_calls");
            assertThat(a.json().at("/choices/0/message/tool_calls")).hasSize(1);
            assertValid(a.json().at("/choices/0/message/tool_calls/0/function"));
        }
    }

    @Test
    void requiredCall_streamed_isTheWholeOne() throws Exception {
        JsonNode whole = acme.chat(request(3).put("parallel_tool_calls", false)).json();
        Api.Answer stream = acme.chat(request(3).put("parallel_tool_calls", false).put("stream", true));
        StringBuilder arguments = new StringBuilder();
        for (String event : stream.events()) {
            if (!event.equals("[DONE]")) {
                arguments.append(JSON.readTree(event).at("/choices/0/delta/tool_calls/0/function/arguments").asText());
            }
        }
        assertValid(whole.at("/choices/0/message/tool_calls/0/function"));
        assertThat(arguments).hasToString(whole.at("/choices/0/message/tool_calls/0/function/arguments").asText());
    }
}
