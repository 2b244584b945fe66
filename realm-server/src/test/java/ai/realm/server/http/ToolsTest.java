package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.sampling.grammar.Grammar;
import ai.realm.runtime.guest.GuestCall;
import ai.realm.runtime.guest.GuestResult;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tools in chat completions, with answers that a guest says word by word. The fake model's template knows no tools. */
class ToolsTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String WEATHER = "{\"type\":\"function\",\"function\":{\"name\":\"weather\",\"parameters\":{\"type\":\"object\","
            + "\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":[\"city\"]}}}";
    private static final String NOW = "{\"type\":\"function\",\"function\":{\"name\":\"now\"}}";
    private static final String CALL = "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Rome\"}}\n</tool_call>";
    private static HttpFixture server;

    @BeforeAll
    static void start() {
        server = new HttpFixture();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @BeforeEach
    void forget() {
        server.guestHost.calls.clear();
        server.guestHost.behaviour = FakeGuests.ECHO;
    }

    private static void says(String answer) {
        server.guestHost.behaviour = (call, output) -> {
            for (int i = 0; i < answer.length(); i += 3) {
                output.piece(answer.substring(i, Math.min(answer.length(), i + 3)));
            }
            return new GuestResult(FinishReason.STOP, new Usage(1, 1, 2), 1);
        };
    }

    private static String chat(String more) {
        return "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]," + more + "}";
    }

    private static String tools(String more) {
        return chat("\"tools\":[" + WEATHER + "," + NOW + "]" + (more.isEmpty() ? "" : "," + more));
    }

    private static JsonNode choice(String body) {
        HttpResponse<String> r = server.post(CHAT, body);
        assertThat(r.statusCode()).as(r.body()).isEqualTo(200);
        return HttpFixture.json(r.body()).at("/choices/0");
    }

    private static GuestCall lastCall() {
        return server.guestHost.calls.getLast();
    }

    private static Grammar grammar() {
        return Grammar.gbnf(String.valueOf(lastCall().params().grammar()), null);
    }

    @Test
    void answer_withACall_isReadIntoToolCalls() {
        says("Let me see.\n" + CALL);
        JsonNode choice = choice(tools(""));
        assertThat(choice.path("finish_reason").asText()).isEqualTo("tool_calls");
        assertThat(choice.at("/message/content").asText()).isEqualTo("Let me see.");
        JsonNode call = choice.at("/message/tool_calls/0");
        assertThat(call.path("id").asText()).startsWith("call_").hasSize(29);
        assertThat(call.path("type").asText()).isEqualTo("function");
        assertThat(call.at("/function/name").asText()).isEqualTo("weather");
        assertThat(call.at("/function/arguments").asText()).isEqualTo("{\"city\": \"Rome\"}");
    }

    @Test
    void answer_withACallAlone_hasNullContent() {
        says(CALL);
        JsonNode choice = choice(tools(""));
        assertThat(choice.path("message").has("content")).isTrue();
        assertThat(choice.at("/message/content").isNull()).isTrue();
    }

    @Test
    void answer_streamed_isTheWholeOneInPieces() {
        says("Wait.\n" + CALL + "\n" + CALL);
        StringBuilder content = new StringBuilder();
        StringBuilder[] arguments = {new StringBuilder(), new StringBuilder()};
        String reason = "";
        int begun = 0;
        for (String event : HttpFixture.events(server.post(CHAT, tools("\"stream\":true")).body())) {
            if (event.equals("[DONE]")) {
                continue;
            }
            JsonNode choice = HttpFixture.json(event).at("/choices/0");
            content.append(choice.at("/delta/content").asText());
            for (JsonNode call : choice.at("/delta/tool_calls")) {
                if (call.has("id")) {
                    assertThat(call.path("index").asInt()).isEqualTo(begun++);
                    assertThat(call.at("/function/name").asText()).isEqualTo("weather");
                }
                arguments[call.path("index").asInt()].append(call.at("/function/arguments").asText());
            }
            reason = choice.path("finish_reason").isNull() ? reason : choice.path("finish_reason").asText();
        }
        assertThat(content).hasToString("Wait.");
        assertThat(begun).isEqualTo(2);
        assertThat(arguments).allSatisfy(a -> assertThat(a).hasToString("{\"city\": \"Rome\"}"));
        assertThat(reason).isEqualTo("tool_calls");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"<tool_call>{bad}</tool_call>", "<tool_call>",
            "<tool_call>{\"name\": \"nothing\"}</tool_call>",
            "<tool_call>{\"name\": \"weather\"", "{\"name\": \"weather\", \"x\": 1}"})
    void answer_withABrokenCall_isContent(String text) {
        says(text);
        JsonNode choice = choice(tools(""));
        assertThat(choice.at("/message/content").asText()).isEqualTo(text);
        assertThat(choice.path("message").has("tool_calls")).isFalse();
        assertThat(choice.path("finish_reason").asText()).isEqualTo("stop");
    }

    @Test
    void toolChoice_steersTheGrammar() {
        choice(tools(""));
        assertThat(grammar().matches("free text")).isTrue();
        assertThat(grammar().matches(CALL)).isTrue();
        assertThat(grammar().matches(CALL.replace("\"Rome\"", "1"))).isFalse();
        assertThat(grammar().matches(CALL + "\n" + CALL)).isTrue();
        choice(tools("\"parallel_tool_calls\":false"));
        assertThat(grammar().matches(CALL + "\n" + CALL)).isFalse();
        choice(tools("\"tool_choice\":\"required\""));
        assertThat(grammar().matches("free text")).isFalse();
        assertThat(grammar().matches(CALL)).isTrue();
        assertThat(grammar().matches(CALL + "\n" + CALL)).as("what is forced is one call unless more are asked for").isFalse();
        choice(tools("\"tool_choice\":\"required\",\"parallel_tool_calls\":true"));
        assertThat(grammar().matches(CALL + "\n" + CALL)).isTrue();
        choice(tools("\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"now\"}}"));
        assertThat(grammar().matches(CALL)).isFalse();
        choice(tools("\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"required\",\"tools\":["
                + "{\"type\":\"function\",\"function\":{\"name\":\"weather\"}}]}}"));
        assertThat(grammar().matches(CALL)).isTrue();
        assertThat(grammar().matches(CALL.replace("weather", "now"))).isFalse();
    }

    @Test
    void toolChoiceNone_looksForNoCalls() {
        says(CALL);
        JsonNode choice = choice(tools("\"tool_choice\":\"none\""));
        assertThat(choice.at("/message/content").asText()).isEqualTo(CALL);
        assertThat(lastCall().params().grammar()).isNull();
        assertThat(lastCall().prompt()).isEqualTo("<user>Hi");
    }

    @Test
    void responseFormat_besideTools_holdsWhatIsNoCall() {
        choice(tools(
                "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{\"type\":\"object\","
                        + "\"properties\":{\"n\":{\"type\":\"integer\"}},\"required\":[\"n\"]}}}"));
        assertThat(grammar().matches("{\"n\": 1}")).isTrue();
        assertThat(grammar().matches(CALL)).isTrue();
        assertThat(grammar().matches("free text")).isFalse();
    }

    @Test
    void prompt_ofAChatWithCalls_tellsToolsCallsAndResults() {
        says("It is hot.");
        String turns = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":["
                + "{\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"weather\",\"arguments\":\"{\\\"city\\\":\\\"Rome\\\"}\"}}]},"
                + "{\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"content\":\"hot\"}],\"tools\":[" + WEATHER + "]}";
        choice(turns);
        assertThat(lastCall().prompt()).startsWith("<system>You may call functions").contains("\"name\": \"weather\"")
                .endsWith("<user>Hi<assistant>" + CALL + "<tool>hot");
    }

    @Test
    void functions_ofOldClients_areAnsweredAsTheyKnowIt() {
        says(CALL);
        JsonNode choice = choice(
                chat("\"functions\":[{\"name\":\"weather\",\"parameters\":{\"type\":\"object\"}}],\"function_call\":"
                        + "{\"name\":\"weather\"}"));
        assertThat(choice.at("/message/function_call/name").asText()).isEqualTo("weather");
        assertThat(choice.path("finish_reason").asText()).isEqualTo("function_call");
        assertThat(grammar().matches("free")).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"\"tools\":3|tools", "\"tools\":[{\"type\":\"web_search\"}]|tools[0].type",
            "\"tools\":[{\"type\":\"function\",\"function\":{}}]|tools[0].function.name",
            "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a b\"}}]|tools[0].function.name",
            "\"tool_choice\":\"required\"|tool_choice",
            "\"tools\":[{\"function\":{\"name\":\"a\"}}],\"tool_choice\":\"b\"|tool_choice",
            "\"tools\":[{\"function\":{\"name\":\"a\"}}],\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"b\"}}|tool_choice.function.name",
            "\"tools\":[{\"function\":{\"name\":\"a\"}}],\"grammar\":\"root ::= [a]\"|grammar",
            "\"tools\":[{\"function\":{\"name\":\"a\",\"strict\":true,\"parameters\":{\"type\":\"nothing\"}}}]|tools[0].function.parameters",
            "\"chat_template_kwargs\":1|chat_template_kwargs", "\"reasoning_format\":\"loud\"|reasoning_format"})
    void request_thatCannotBe_namesItsParameter(String fields, String param) {
        HttpResponse<String> r = server.post(CHAT, chat(fields));
        assertThat(r.statusCode()).as(r.body()).isEqualTo(400);
        assertThat(HttpFixture.error(r).path("param").asText()).isEqualTo(param);
    }

    @Test
    void answer_appendedByAClient_isAcceptedInTheNextTurn() {
        says("Hm. " + CALL);
        HttpResponse<String> first = server.post(CHAT, tools(""));
        JsonNode message = HttpFixture.json(first.body()).at("/choices/0/message");
        says("Done.");
        String next = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}," + message + ",{\"role\":\"tool\",\"tool_call_id\":"
                + message.at("/tool_calls/0/id") + ",\"content\":[{\"type\":\"text\",\"text\":\"hot\"}]}],\"tools\":[" + WEATHER
                + "]}";
        assertThat(choice(next).at("/message/content").asText()).isEqualTo("Done.");
        assertThat(lastCall().prompt()).contains("<assistant>Hm.\n" + CALL);
    }
}
