package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestResult;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import ai.realm.server.accounts.Conversations;
import ai.realm.server.domain.StorageLimits;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** OpenAI's Responses and conversations over HTTP, with a guest that says the prompt again. */
class ResponsesTest {
    private static final String PATH = "/v1/responses";
    private static final String CONVERSATIONS = "/v1/conversations";
    private static final String TOOL = "\"tools\":[{\"type\":\"function\",\"name\":\"sum\",\"parameters\":{\"type\":\"object\"}}]";
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

    private static JsonNode ok(HttpResponse<String> answer) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return HttpFixture.json(answer.body());
    }

    private static JsonNode create(String body) {
        return ok(server.post(PATH, body));
    }

    private static String text(JsonNode response) {
        return response.at("/output/0/content/0/text").asText().replaceFirst("^you said: ", "");
    }

    private static HttpResponse<String> delete(String path) {
        return server.send(server.request(path).DELETE().build());
    }

    private static void says(String answer) {
        server.guestHost.behaviour = (_, output) -> {
            for (int i = 0; i < answer.length(); i += 3) {
                output.piece(answer.substring(i, Math.min(answer.length(), i + 3)));
            }
            return new GuestResult(FinishReason.STOP, new Usage(1, 1, 2), 1);
        };
    }

    private static List<JsonNode> events(String stream) {
        List<JsonNode> events = new ArrayList<>();
        for (String event : stream.split("\n\n")) {
            String[] lines = event.split("\n");
            assertThat(lines).hasSize(2);
            JsonNode data = HttpFixture.json(lines[1].substring("data: ".length()));
            assertThat(lines[0]).isEqualTo("event: " + data.path("type").asText());
            assertThat(data.path("sequence_number").asInt(-1)).isEqualTo(events.size());
            events.add(data);
        }
        return events;
    }

    @Test
    void create_ofText_isAResponseThatRepeatsItsRequest() {
        JsonNode r = create("{\"input\":\"hi\",\"instructions\":\"calm\",\"metadata\":{\"a\":\"b\"},\"temperature\":0.5}");
        assertThat(r.path("object").asText()).isEqualTo("response");
        assertThat(r.path("status").asText()).isEqualTo("completed");
        assertThat(text(r)).isEqualTo("<system>calm<user>hi");
        assertThat(r.path("instructions").asText()).isEqualTo("calm");
        assertThat(r.path("temperature").asDouble()).isEqualTo(0.5);
        assertThat(r.path("metadata")).hasToString("{\"a\":\"b\"}");
        assertThat(r.path("usage")).hasToString("{\"input_tokens\":20,\"input_tokens_details\":{\"cached_tokens\":1},"
                + "\"output_tokens\":2,\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":22}");
    }

    @Test
    void create_ofItems_areTheTurns() {
        assertThat(text(create("""
                {"input":[{"role":"developer","content":"calm"},
                 {"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_text","text":"b"}]},
                 {"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":null},
                 {"type":"message","id":"msg_1","role":"assistant","status":"completed",
                  "content":[{"type":"output_text","text":"c","annotations":[],"logprobs":[]}]},
                 {"role":"user","content":"d"}]}"""))).isEqualTo("<system>calm<user>ab<assistant>c<user>d");
    }

    @Test
    void create_withACall_isAnItemThatCanBeAnswered() {
        says("<tool_call>\n{\"name\": \"sum\", \"arguments\": {\"x\": 1}}\n</tool_call>");
        JsonNode r = create("{\"input\":\"hi\"," + TOOL + "}");
        JsonNode call = r.at("/output/0");
        assertThat(call.path("type").asText()).isEqualTo("function_call");
        assertThat(call.path("name").asText()).isEqualTo("sum");
        assertThat(HttpFixture.json(call.path("arguments").asText())).hasToString("{\"x\":1}");
        server.guestHost.behaviour = FakeGuests.ECHO;
        String output = "{\"type\":\"function_call_output\",\"call_id\":\"" + call.path("call_id").asText()
                + "\",\"output\":\"7\"}";
        assertThat(text(create("{\"previous_response_id\":\"" + r.path("id").asText() + "\",\"input\":[" + output + "]}")))
                .contains("<user>hi", "sum", "7");
        assertThat(text(create("{\"input\":[{\"role\":\"user\",\"content\":\"hi\"},{\"type\":\"item_reference\",\"id\":\""
                + call.path("id").asText() + "\"}," + output + "]}"))).contains("<user>hi", "sum", "7");
    }

    @Test
    void stream_isOpenAisEventsAndSaysTheSame() {
        HttpResponse<String> answer = server.post(PATH, "{\"input\":\"hi\",\"stream\":true}");
        List<JsonNode> events = events(answer.body());
        assertThat(events.stream().map(e -> e.path("type").asText())).containsExactly("response.created",
                "response.in_progress", "response.output_item.added", "response.content_part.added",
                "response.output_text.delta", "response.output_text.delta", "response.output_text.done",
                "response.content_part.done", "response.output_item.done", "response.completed");
        StringBuilder text = new StringBuilder();
        events.forEach(e -> text.append(e.path("delta").asText("")));
        JsonNode whole = events.getLast().path("response");
        assertThat(text).hasToString(whole.at("/output/0/content/0/text").asText()).hasToString("you said: <user>hi");
        assertThat(ok(server.get(PATH + "/" + whole.path("id").asText()))).isEqualTo(whole);
    }

    @Test
    void stream_ofACall_isItsArguments() {
        says("Well.<tool_call>\n{\"name\": \"sum\", \"arguments\": {\"x\": 1}}\n</tool_call>");
        List<JsonNode> events = events(server.post(PATH, "{\"input\":\"hi\",\"stream\":true," + TOOL + "}").body());
        StringBuilder arguments = new StringBuilder();
        events.stream().filter(e -> e.path("type").asText().equals("response.function_call_arguments.delta"))
                .forEach(e -> arguments.append(e.path("delta").asText()));
        JsonNode output = events.getLast().at("/response/output");
        assertThat(output.at("/0/content/0/text").asText()).isEqualTo("Well.");
        assertThat(output.at("/1/arguments").asText()).isEqualTo(arguments.toString());
        assertThat(HttpFixture.json(arguments.toString())).hasToString("{\"x\":1}");
    }

    @Test
    void stream_failsAfterItsFirstPiece_endsWithFailed() {
        server.guestHost.behaviour = (_, output) -> {
            output.piece("a");
            throw new RealmException(ErrorCode.GUEST_FAILED, "trapped");
        };
        JsonNode last = events(server.post(PATH, "{\"input\":\"hi\",\"stream\":true}").body()).getLast();
        assertThat(last.path("type").asText()).isEqualTo("response.failed");
        assertThat(last.at("/response/error")).hasToString("{\"code\":\"guest_error\",\"message\":\"trapped\"}");
        assertThat(server.get(PATH + "/" + last.at("/response/id").asText()).statusCode()).isEqualTo(404);
    }

    @Test
    void create_thatIsCut_isIncomplete() {
        server.guestHost.behaviour = (_, _) -> new GuestResult(FinishReason.LENGTH, Usage.NONE, 1);
        JsonNode r = create("{\"input\":\"hi\",\"max_output_tokens\":3}");
        assertThat(r.path("status").asText()).isEqualTo("incomplete");
        assertThat(r.at("/incomplete_details/reason").asText()).isEqualTo("max_output_tokens");
        assertThat(r.at("/output/0/status").asText()).isEqualTo("incomplete");
    }

    @Test
    void stored_isGoneOnFromReadListedAndDeleted() {
        says("fine");
        String first = create("{\"input\":\"a\",\"instructions\":\"calm\"}").path("id").asText();
        server.guestHost.behaviour = FakeGuests.ECHO;
        JsonNode second = create("{\"input\":\"b\",\"previous_response_id\":\"" + first + "\"}");
        assertThat(text(second)).as("instructions are not carried over")
                .isEqualTo("<user>a<assistant>fine<user>b");
        String path = PATH + "/" + second.path("id").asText();
        assertThat(ok(server.get(path))).isEqualTo(second);
        JsonNode page = ok(server.get(path + "/input_items?order=asc&limit=2"));
        assertThat(page.at("/data/0/content/0/text").asText()).isEqualTo("a");
        assertThat(page.path("has_more").asBoolean()).isTrue();
        JsonNode rest = ok(server.get(path + "/input_items?order=asc&after=" + page.path("last_id").asText()));
        assertThat(rest.path("data")).hasSize(1);
        assertThat(rest.at("/data/0/content/0/text").asText()).isEqualTo("b");
        assertThat(delete(PATH + "/" + first).statusCode()).isEqualTo(200);
        assertThat(delete(PATH + "/" + first).statusCode()).isEqualTo(404);
        HttpResponse<String> orphan = server.post(PATH,
                "{\"input\":\"c\",\"previous_response_id\":\"" + second.path("id").asText() + "\"}");
        assertThat(orphan.statusCode()).isEqualTo(404);
        assertThat(HttpFixture.error(orphan).path("param").asText()).isEqualTo("previous_response_id");
    }

    @Test
    void stored_ofAnotherTenant_isNotThere() {
        String id = create("{\"input\":\"a\"}").path("id").asText();
        for (String path : List.of("", "/input_items")) {
            HttpRequest get = server.request(PATH + "/" + id + path)
                    .setHeader("Authorization", "Bearer " + HttpFixture.LIMITED_KEY)
                    .GET().build();
            assertThat(server.send(get).statusCode()).isEqualTo(404);
        }
        HttpRequest goOn = server.request(PATH).setHeader("Authorization", "Bearer " + HttpFixture.LIMITED_KEY)
                .POST(HttpRequest.BodyPublishers.ofString("{\"input\":\"x\",\"previous_response_id\":\"" + id + "\"}")).build();
        assertThat(server.send(goOn).statusCode()).isEqualTo(404);
    }

    @Test
    void store_false_keepsNothing() {
        JsonNode r = create("{\"input\":\"a\",\"store\":false}");
        assertThat(r.path("store").asBoolean(true)).isFalse();
        assertThat(server.get(PATH + "/" + r.path("id").asText()).statusCode()).isEqualTo(404);
    }

    @Test
    void cancel_ofWhatIsComplete_isRefused() {
        String id = create("{\"input\":\"a\"}").path("id").asText();
        assertThat(server.post(PATH + "/" + id + "/cancel", "").statusCode()).isEqualTo(400);
        assertThat(server.post(PATH + "/resp_no/cancel", "").statusCode()).isEqualTo(404);
    }

    @Test
    void truncation_auto_leavesTheOldestTurnsOut() {
        String turns = "{\"role\":\"user\",\"content\":\"" + "x".repeat(900) + "\"},{\"role\":\"user\",\"content\":\"last\"}";
        String said = text(create("{\"truncation\":\"auto\",\"max_output_tokens\":10,\"instructions\":\"calm\",\"input\":["
                + (turns + ",").repeat(4) + turns + "]}"));
        assertThat(said).startsWith("<system>calm<user>").endsWith("<user>last");
        assertThat(said.length()).isLessThan(4000);
    }

    @Test
    void inputTokens_areCountedWithoutARun() {
        assertThat(ok(server.post(PATH + "/input_tokens", "{\"input\":\"hi\"}")))
                .hasToString("{\"object\":\"response.input_tokens\",\"input_tokens\":8}");
        assertThat(server.guestHost.calls).isEmpty();
    }

    @Test
    void format_ofASchema_isTheGuestsGrammar() {
        var _ = create(
                "{\"input\":\"a\",\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\",\"schema\":{\"type\":\"object\"}}}}");
        assertThat(server.guestHost.calls.getFirst().params().jsonSchema()).isEqualTo("{\"type\":\"object\"}");
    }

    @Test
    void conversation_ofMoreThanAResponseGoesOnFrom_is400WithItsBytes() {
        String id = ok(server.post(CONVERSATIONS, "{}")).path("id").asText();
        // A body may not be so large here, so that the items come by another way.
        Conversations conversations = new Conversations(server.database, Clock.systemUTC());
        String item = "{\"type\":\"message\",\"role\":\"user\",\"content\":\"" + "x".repeat(1_000_000) + "\"}";
        for (int i = 0; i < 9; i++) {
            conversations.append("acme", id, List.of(new Conversations.Item("msg_" + i, item)), StorageLimits.defaults());
        }
        for (String stream : List.of("false", "true")) {
            HttpResponse<String> r = server.post(PATH,
                    "{\"input\":\"b\",\"conversation\":\"" + id + "\",\"stream\":" + stream + "}");
            assertThat(r.statusCode()).isEqualTo(400);
            assertThat(HttpFixture.error(r).path("param").asText()).isEqualTo("conversation");
            assertThat(HttpFixture.error(r).path("message").asText()).contains("at most 8388608");
        }
        assertThat(server.guestHost.calls).isEmpty();
        assertThat(ok(server.get(CONVERSATIONS + "/" + id + "/items?limit=1")).path("data")).hasSize(1);
    }

    @Test
    void conversation_isGoneOnFromAndAddedTo() {
        JsonNode made = ok(server.post(CONVERSATIONS,
                "{\"metadata\":{\"k\":\"v\"},\"items\":[{\"role\":\"user\",\"content\":\"a\"}]}"));
        assertThat(made.path("object").asText()).isEqualTo("conversation");
        String path = CONVERSATIONS + "/" + made.path("id").asText();
        JsonNode r = create("{\"input\":\"b\",\"conversation\":\"" + made.path("id").asText() + "\"}");
        assertThat(text(r)).isEqualTo("<user>a<user>b");
        JsonNode items = ok(server.get(path + "/items?order=asc")).path("data");
        assertThat(items).hasSize(3);
        assertThat(items.get(2)).isEqualTo(r.at("/output/0"));
        String last = items.get(2).path("id").asText();
        assertThat(ok(server.get(path + "/items/" + last))).isEqualTo(items.get(2));
        assertThat(delete(path + "/items/" + last).statusCode()).isEqualTo(200);
        assertThat(server.get(path + "/items/" + last).statusCode()).isEqualTo(404);
        assertThat(ok(server.post(path + "/items", "{\"items\":[{\"role\":\"user\",\"content\":\"c\"}]}")).path("data"))
                .hasSize(1);
        assertThat(ok(server.post(path, "{\"metadata\":{\"k\":\"w\"}}")).at("/metadata/k").asText()).isEqualTo("w");
        assertThat(text(create("{\"input\":\"d\",\"conversation\":{\"id\":\"" + made.path("id").asText() + "\"}}")))
                .isEqualTo("<user>a<user>b<user>c<user>d");
        HttpRequest other = server.request(path).setHeader("Authorization", "Bearer " + HttpFixture.LIMITED_KEY).GET().build();
        assertThat(server.send(other).statusCode()).isEqualTo(404);
        assertThat(delete(path).statusCode()).isEqualTo(200);
        assertThat(server.get(path + "/items").statusCode()).isEqualTo(404);
        assertThat(server.post(PATH, "{\"input\":\"d\",\"conversation\":\"" + made.path("id").asText() + "\"}").statusCode())
                .isEqualTo(404);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "{ | 400 | ''",
            "{} | 400 | input",
            "{\"input\":[]} | 400 | input",
            "{\"input\":7} | 400 | input",
            "{\"input\":[7]} | 400 | input[0]",
            "{\"input\":[{\"role\":\"robot\",\"content\":\"x\"}]} | 400 | input[0].role",
            "{\"input\":[{\"type\":\"web_search_call\"}]} | 400 | input[0].type",
            "{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\"}]}]} | 400 | input[0].content[0].type",
            "{\"input\":[{\"type\":\"function_call\",\"name\":\"x\"}]} | 400 | input[0].call_id",
            "{\"input\":[{\"type\":\"reasoning\",\"content\":[7]}]} | 400 | input[0].content[0].text",
            "{\"input\":[{\"type\":\"item_reference\",\"id\":\"msg_x\"}]} | 400 | input[0].id",
            "{\"input\":[{\"type\":\"item_reference\",\"id\":\"msg_000000000000000000000000_99999\"}]} | 400 | input[0].id",
            "{\"input\":\"a\",\"max_output_tokens\":0} | 400 | max_output_tokens",
            "{\"input\":\"a\",\"background\":true,\"store\":false} | 400 | background",
            "{\"input\":\"a\",\"prompt\":{\"id\":\"p\"}} | 400 | prompt",
            "{\"input\":\"a\",\"truncation\":\"some\"} | 400 | truncation",
            "{\"input\":\"a\",\"metadata\":{\"a\":1}} | 400 | metadata value",
            "{\"input\":\"a\",\"tools\":[{\"type\":\"web_search\"}]} | 400 | tools[0].type",
            "{\"input\":\"a\",\"text\":{\"format\":{\"type\":\"xml\"}}} | 400 | text.format.type",
            "{\"input\":\"a\",\"previous_response_id\":\"resp_no\"} | 404 | previous_response_id",
            "{\"input\":\"a\",\"previous_response_id\":\"r\",\"conversation\":\"c\"} | 400 | conversation",
            "{\"input\":\"a\",\"conversation\":\"conv_no\"} | 404 | ''",
            "{\"input\":\"a\",\"model\":\"no\"} | 404 | model"})
    void malformedBodies_nameWhatIsWrong(String body, int status, String param) {
        HttpResponse<String> answer = server.post(PATH, body);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(HttpFixture.error(answer).path("param").asText("")).isEqualTo(param);
    }
}
