package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.server.config.ApiSettings;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import ai.realm.server.http.json.Json;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies as clients write them: what cannot change the answer is let pass and named, what would change it is refused by name. */
class TolerantReaderTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String TEXT = "/v1/completions";
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
    }

    private static String ignored(HttpResponse<String> r) {
        return r.headers().firstValue("x-realm-ignored").orElse("");
    }

    private static String chat(String more) {
        return "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]" + (more.isEmpty() ? "" : "," + more) + "}";
    }

    @Test
    void nullValues_ofKnownAndUnknownNames_areAbsent() {
        HttpResponse<String> r = server.post(CHAT, chat("\"temperature\":null,\"max_tokens\":null,\"stop\":null,\"n\":null,"
                + "\"response_format\":null,\"tools\":null,\"audio\":null,\"stream\":null,\"stream_options\":null,\"user\":null,"
                + "\"logit_bias\":null,\"colour\":null,\"logprobs\":null,\"top_logprobs\":null,\"model\":null"));
        assertThat(r.statusCode()).isEqualTo(200);
        assertThat(ignored(r)).isEmpty();
    }

    @Test
    void unknownNamesAndHints_areNamedInTheHeaderAndCounted() {
        HttpResponse<String> r = server.post(TEXT,
                "{\"prompt\":\"x\",\"metadata\":{\"a\":\"b\"},\"colour\":1,\"b\\u0000\\n\":2}");
        assertThat(r.statusCode()).isEqualTo(200);
        assertThat(ignored(r)).isEqualTo("metadata,colour,b??");
        assertThat(server.services.metrics().text()).contains("realm_ignored_parameters_total{parameter=\"metadata\"} 1.0")
                .contains("realm_ignored_parameters_total{parameter=\"unknown\"} 2.0");
    }

    @Test
    void ignoredNames_ofAnyNumber_fitIntoTheHeader() {
        StringBuilder many = new StringBuilder();
        IntStream.range(0, 500).forEach(i -> many.append("\"parameter_").append(i).append("\":1,"));
        HttpResponse<String> r = server.post(TEXT, "{" + many + "\"prompt\":\"x\"}");
        assertThat(r.statusCode()).isEqualTo(200);
        assertThat(ignored(r)).hasSize(1024).startsWith("parameter_0,parameter_1,");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"store\":true", "\"prompt_cache_key\":\"k\"", "\"safety_identifier\":\"s\"",
            "\"verbosity\":\"low\"",
            "\"service_tier\":\"flex\"", "\"modalities\":[\"text\"]", "\"tools\":[]", "\"tool_choice\":\"none\"",
            "\"cache_prompt\":true", "\"keep_alive\":-1", "\"parallel_tool_calls\":true", "\"user\":\"u\"", "\"functions\":[]",
            "\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true}", "\"priority\":0",
            "\"prediction\":{\"type\":\"content\",\"content\":\"x\"}", "\"logprobs\":false", "\"best_of\":1",
            "\"n\":2,\"best_of\":2",
            "\"top_logprobs\":0", "\"max_tokens\":-1", "\"stop\":[\"\",\"a\"]",
            "\"response_format\":{\"type\":\"text\",\"x\":1}"})
    void hints_doNotChangeTheAnswer(String parameter) {
        HttpResponse<String> r = server.post(CHAT, chat(parameter));
        assertThat(r.statusCode()).as(r.body()).isEqualTo(200);
        assertThat(HttpFixture.json(r.body()).at("/choices/0/message/content").textValue()).isEqualTo("you said: <user>Hi");
    }

    @ParameterizedTest
    @ValueSource(strings = {"audio", "web_search_options", "truncate_prompt_tokens", "use_beam_search", "echo",
            "include_stop_str_in_output", "chat_template"})
    void wishes_thatWouldChangeTheAnswer_areRefusedByName(String name) {
        HttpResponse<String> r = server.post(CHAT, chat("\"" + name + "\":true"));
        assertThat(r.statusCode()).isEqualTo(400);
        assertThat(HttpFixture.error(r).path("param").textValue()).isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:x\"}}",
            "{\"type\":\"input_audio\",\"input_audio\":{}}", "{\"type\":\"file\",\"file\":{}}"})
    void parts_thatTheModelCannotSee_areRefusedByPlace(String part) {
        HttpResponse<String> r = server.post(CHAT,
                "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"What is this?\"}," + part + "]}]}");
        assertThat(r.statusCode()).isEqualTo(400);
        assertThat(HttpFixture.error(r).path("param").textValue()).isEqualTo("messages[0].content[1].type");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"content\":\"yo\",\"refusal\":null",
            "\"content\":\"yo\",\"refusal\":null,\"annotations\":[],\"audio\":null,\"function_call\":null,\"tool_calls\":null",
            "\"content\":\"yo\",\"tool_calls\":[],\"name\":\"bot\",\"id\":\"msg_1\",\"provider_specific_fields\":{\"a\":1}",
            "\"content\":[{\"type\":\"text\",\"text\":\"yo\",\"cache_control\":{\"type\":\"ephemeral\"},\"annotations\":[]}]",
            "\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\"},{\"type\":\"output_text\",\"text\":\"yo\"}]",
            "\"content\":[\"y\",\"o\"],\"reasoning_content\":\"hm\"", "\"content\":null,\"refusal\":\"yo\"",
            "\"content\":[{\"type\":\"refusal\",\"refusal\":\"yo\"}],\"prefix\":null"})
    void answers_sentBackByClients_areTurnsOfTheChat(String turn) {
        HttpResponse<String> r = server.post(CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\",\"name\":\"Ann\"},"
                + "{\"role\":\"assistant\"," + turn + "},{\"role\":\"user\",\"content\":\"more\"}]}");
        assertThat(r.statusCode()).as(r.body()).isEqualTo(200);
        assertThat(server.guestHost.calls.getFirst().prompt()).isEqualTo("<user>Hi<assistant>yo<user>more");
        assertThat(ignored(r)).isEmpty();
    }

    @Test
    void answer_wholeOrPutTogetherFromItsStream_isAcceptedInTheNextTurn() {
        JsonNode whole = HttpFixture.json(server.post(CHAT, chat("")).body()).at("/choices/0/message");
        ObjectNode joined = Json.mapper().createObjectNode();
        for (String event : HttpFixture.events(server.post(CHAT, chat("\"stream\":true")).body())) {
            if (!event.equals("[DONE]")) {
                HttpFixture.json(event).at("/choices/0/delta").properties().forEach(e -> joined.put(e.getKey(),
                        joined.path(e.getKey()).asText("") + e.getValue().asText()));
            }
        }
        for (JsonNode turn : List.of(whole, joined)) {
            HttpResponse<String> r = server.post(CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}," + turn
                    + ",{\"role\":\"user\",\"content\":\"more\"}]}");
            assertThat(r.statusCode()).as(r.body()).isEqualTo(200);
            assertThat(r.body()).contains("<user>Hi<assistant>you said: ");
        }
    }

    @Test
    void maxTokens_aboveWhatTheTenantMay_isCut() {
        assertThat(server.post(TEXT, "{\"prompt\":\"x\",\"max_tokens\":5000}").statusCode()).isEqualTo(200);
        assertThat(server.post(TEXT, "{\"prompt\":\"x\",\"max_tokens\":9223372036854775807}").statusCode()).isEqualTo(200);
        assertThat(server.post(TEXT, "{\"prompt\":\"x\",\"max_tokens\":-1}").statusCode()).isEqualTo(200);
        assertThat(server.guestHost.calls).extracting(c -> c.params().maxTokens()).containsExactly(1000, 1000, 128);
    }

    @Test
    void choices_upTo128_areAllAnswered() {
        HttpResponse<String> r = server.post(TEXT, "{\"prompt\":\"x\",\"n\":128}");
        assertThat(HttpFixture.json(r.body()).path("choices")).hasSize(128);
    }

    @Test
    void stops_upTo64_reachTheModelWithoutTheEmptyOnes() {
        List<String> stops = IntStream.range(0, 64).mapToObj(i -> "\"s" + i + "\"").toList();
        server.post(TEXT, "{\"prompt\":\"x\",\"stop\":[\"\"," + String.join(",", stops) + "]}");
        assertThat(server.guestHost.calls.getFirst().params().stopStrings()).hasSize(64).doesNotContain("");
        HttpResponse<String> r = server.post(TEXT, "{\"prompt\":\"x\",\"stop\":[\"64\"," + String.join(",", stops) + "]}");
        assertThat(r.statusCode()).isEqualTo(400);
        server.post(TEXT, "{\"prompt\":\"x\",\"stop\":\"\"}");
        assertThat(server.guestHost.calls.getLast().params().stopStrings()).isEmpty();
    }

    @Test
    void unknownNames_whereTheServerRefusesThem_are400() {
        try (HttpFixture strict = new HttpFixture(new ApiSettings(true, List.of()))) {
            HttpResponse<String> r = strict.post(TEXT, "{\"prompt\":\"x\",\"colour\":1}");
            assertThat(r.statusCode()).isEqualTo(400);
            assertThat(HttpFixture.error(r).path("param").textValue()).isEqualTo("colour");
            HttpResponse<String> hint = strict.post(TEXT, "{\"prompt\":\"x\",\"metadata\":{},\"colour\":null}");
            assertThat(hint.statusCode()).isEqualTo(200);
            assertThat(ignored(hint)).isEqualTo("metadata");
        }
    }
}
