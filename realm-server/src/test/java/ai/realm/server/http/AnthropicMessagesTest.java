package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestResult;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Anthropic's Messages over HTTP, with a guest that says the prompt again. */
class AnthropicMessagesTest {
    private static final String PATH = "/v1/messages";
    private final HttpFixture server = new HttpFixture();

    @AfterEach
    void close() {
        server.close();
    }

    private static String body(String more) {
        return "{\"model\":\"tiny\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]" + more + "}";
    }

    private String said(String messages) {
        HttpResponse<String> answer = server.post(PATH, "{\"max_tokens\":9,\"messages\":" + messages + "}");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return HttpFixture.json(answer.body()).at("/content/0/text").asText().substring("you said: ".length());
    }

    /** Names and data of the events of a stream. */
    private static List<JsonNode> events(String stream) {
        List<JsonNode> events = new ArrayList<>();
        for (String event : stream.split("\n\n")) {
            String[] lines = event.split("\n");
            assertThat(lines).hasSize(2);
            JsonNode data = HttpFixture.json(lines[1].substring("data: ".length()));
            assertThat(lines[0]).isEqualTo("event: " + data.path("type").asText());
            events.add(data);
        }
        return events;
    }

    @Test
    void create_isAMessage() {
        HttpResponse<String> answer = server.post(PATH, body(",\"system\":\"calm\""));
        JsonNode m = HttpFixture.json(answer.body());
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(m.path("type").asText()).isEqualTo("message");
        assertThat(m.path("id").asText()).startsWith("msg_");
        assertThat(m.path("role").asText()).isEqualTo("assistant");
        assertThat(m.path("content").toString()).isEqualTo("[{\"type\":\"text\",\"text\":\"you said: <system>calm<user>hi\"}]");
        assertThat(m.path("stop_reason").asText()).isEqualTo("end_turn");
        assertThat(m.path("stop_sequence").isNull()).isTrue();
        assertThat(m.path("usage").toString()).isEqualTo("{\"input_tokens\":19,\"cache_creation_input_tokens\":0,"
                + "\"cache_read_input_tokens\":1,\"output_tokens\":2}");
    }

    @Test
    void create_blocksAndHints_areRead() {
        assertThat(said("""
                [{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"},"citations":null},
                  {"type":"document","title":"t","source":{"type":"text","media_type":"text/plain","data":"b"}}]},
                 {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"x"},{"type":"text","text":"c"}]},
                 {"role":"user","content":"d"}]""")).isEqualTo("<user>ab<assistant>c<user>d");
    }

    @Test
    void create_turnsOfTheSameRole_areOne() {
        assertThat(said("[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"user\",\"content\":\"b\"}]")).isEqualTo("<user>a\nb");
    }

    @Test
    void create_lastTurnIsTheAssistants_isContinued() {
        assertThat(said("[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"The \"}]"))
                .isEqualTo("<user>aThe ");
    }

    @Test
    void create_lengthAndSampling_areTheGuests() {
        server.guestHost.behaviour = (call, output) -> new GuestResult(FinishReason.LENGTH, Usage.NONE, 1);
        JsonNode m = HttpFixture.json(
                server.post(PATH, body(",\"top_k\":5,\"top_p\":0.5,\"temperature\":0.25,\"stop_sequences\":[\"x\"]")).body());
        assertThat(m.path("stop_reason").asText()).isEqualTo("max_tokens");
        assertThat(m.path("content")).isEmpty();
        var params = server.guestHost.calls.getFirst().params();
        assertThat(params.topK()).isEqualTo(5);
        assertThat(params.topP()).isEqualTo(0.5f);
        assertThat(params.temperature()).isEqualTo(0.25f);
        assertThat(params.stopStrings()).containsExactly("x");
        assertThat(params.maxTokens()).isEqualTo(9);
    }

    @Test
    void create_endsAtAStopSequence_saysWhich() {
        server.guestHost.stop = "x";
        JsonNode m = HttpFixture.json(server.post(PATH, body(",\"stop_sequences\":[\"x\"]")).body());
        assertThat(m.path("stop_reason").asText()).isEqualTo("stop_sequence");
        assertThat(m.path("stop_sequence").asText()).isEqualTo("x");
    }

    private static final String TOOLS = ",\"tools\":[{\"name\":\"sum\",\"input_schema\":{\"type\":\"object\"}}]";

    @Test
    void create_turnsWithCalls_areTheTemplates() {
        HttpResponse<String> answer = server.post(PATH,
                """
                        {"max_tokens":9,"tools":[{"name":"sum","description":"d","input_schema":{"type":"object"}}],"tool_choice":{"type":"none"},
                         "messages":[{"role":"user","content":"a"},
                          {"role":"assistant","content":[{"type":"text","text":"b"},{"type":"tool_use","id":"t1","name":"sum","input":{"x":1}}]},
                          {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"c"}]},
                           {"type":"text","text":"k"}]}]}""");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(server.guestHost.calls.getFirst().prompt()).contains("<user>a", "<assistant>b", "c", "<user>k");
    }

    @Test
    void create_choiceThatCannotBe_isRefused() {
        for (String choice : List.of("{\"type\":\"tool\",\"name\":\"other\"}", "{\"type\":\"tool\"}", "{\"type\":\"all\"}",
                "7")) {
            assertThat(server.post(PATH, body(TOOLS + ",\"tool_choice\":" + choice)).statusCode()).isEqualTo(400);
        }
        assertThat(server.post(PATH, body(",\"tool_choice\":{\"type\":\"any\"}")).statusCode()).isEqualTo(400);
        assertThat(server.post(PATH, body(",\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"w\"}]")).statusCode())
                .isEqualTo(400);
    }

    @Test
    void stream_isAnthropicsEventsAndSaysTheSame() {
        HttpResponse<String> answer = server.post(PATH, body(",\"stream\":true"));
        assertThat(answer.headers().firstValue("Content-Type").orElse("")).startsWith("text/event-stream");
        List<JsonNode> events = events(answer.body());
        assertThat(events.stream().map(e -> e.path("type").asText())).containsExactly("message_start", "ping",
                "content_block_start", "content_block_delta", "content_block_delta", "content_block_stop", "message_delta",
                "message_stop");
        assertThat(events.getFirst().at("/message/usage/input_tokens").asInt()).isEqualTo("<user>hi".length());
        StringBuilder text = new StringBuilder();
        events.forEach(e -> text.append(e.at("/delta/text").asText("")));
        assertThat(text).hasToString("you said: <user>hi");
        assertThat(events.get(6).at("/delta/stop_reason").asText()).isEqualTo("end_turn");
        assertThat(events.get(6).at("/usage/output_tokens").asInt()).isEqualTo(2);
    }

    @Test
    void stream_failsAfterItsFirstPiece_endsWithAnErrorEvent() {
        server.guestHost.behaviour = (call, output) -> {
            output.piece("a");
            throw new RealmException(ErrorCode.GUEST_FAILED, "trapped");
        };
        List<JsonNode> events = events(server.post(PATH, body(",\"stream\":true")).body());
        assertThat(events.getLast())
                .hasToString("{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"trapped\"}}");
    }

    @Test
    void countTokens_runsNothing() {
        HttpResponse<String> answer = server.post(PATH + "/count_tokens",
                "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
        assertThat(answer.body()).isEqualTo("{\"input_tokens\":8}");
        assertThat(server.guestHost.calls).isEmpty();
    }

    @Test
    void key_inAnthropicsHeader_isTaken() {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port + PATH))
                .header("anthropic-version", "2023-06-01").POST(HttpRequest.BodyPublishers.ofString(body("")));
        assertThat(server.send(request.copy().header("x-api-key", HttpFixture.KEY).build()).statusCode()).isEqualTo(200);
        HttpResponse<String> refused = server.send(request.copy().header("x-api-key", "wrong").build());
        assertThat(refused.statusCode()).isEqualTo(401);
        assertThat(HttpFixture.json(refused.body()).at("/error/type").asText()).isEqualTo("authentication_error");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "{ | 400 | invalid_request_error",
            "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]} | 400 | invalid_request_error",
            "{\"max_tokens\":0,\"messages\":[]} | 400 | invalid_request_error",
            "{\"max_tokens\":1,\"messages\":[]} | 400 | invalid_request_error",
            "{\"max_tokens\":1,\"messages\":{}} | 400 | invalid_request_error",
            "{\"max_tokens\":1,\"messages\":[{\"role\":\"robot\",\"content\":\"x\"}]} | 400 | invalid_request_error",
            "{\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\"}]}]} | 400 | invalid_request_error",
            "{\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":[7]}]} | 400 | invalid_request_error",
            "{\"max_tokens\":1,\"system\":7,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]} | 400 | invalid_request_error",
            "{\"max_tokens\":1,\"model\":\"no\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]} | 404 | not_found_error"})
    void malformedBodies_areAnthropicsErrors(String body, int status, String type) {
        HttpResponse<String> answer = server.post(PATH, body);
        assertThat(answer.statusCode()).isEqualTo(status);
        JsonNode error = HttpFixture.json(answer.body());
        assertThat(error.path("type").asText()).isEqualTo("error");
        assertThat(error.at("/error/type").asText()).isEqualTo(type);
        assertThat(error.at("/error/message").asText()).isNotBlank();
    }
}
