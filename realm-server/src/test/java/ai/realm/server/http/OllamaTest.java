package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.config.ApiSettings;
import ai.realm.server.domain.AnonymousTenant;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ollama's API over HTTP, with a guest that says the prompt again. */
class OllamaTest {
    private static final String CHAT = "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]%s}";
    private final HttpFixture server = new HttpFixture(
            new ApiSettings(false, List.of("*"), new AnonymousTenant("acme", false), true));

    @AfterEach
    void close() {
        server.close();
    }

    private static List<JsonNode> lines(HttpResponse<String> answer) {
        assertThat(answer.headers().firstValue("Content-Type").orElse("")).startsWith("application/x-ndjson");
        return answer.body().lines().map(HttpFixture::json).toList();
    }

    private JsonNode whole(String path, String body) {
        HttpResponse<String> answer = server.post(path, body);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return HttpFixture.json(answer.body());
    }

    @Test
    void chat_streamsUnlessTold() {
        List<JsonNode> lines = lines(server.post("/api/chat", CHAT.formatted("")));
        StringBuilder text = new StringBuilder();
        lines.forEach(l -> text.append(l.at("/message/content").asText()));
        assertThat(text).hasToString("you said: <user>hi");
        JsonNode last = lines.getLast();
        assertThat(lines.stream().filter(l -> l.path("done").asBoolean())).containsExactly(last);
        assertThat(last.path("done_reason").asText()).isEqualTo("stop");
        assertThat(last.path("prompt_eval_count").asInt()).isEqualTo("<user>hi".length());
        assertThat(last.path("eval_count").asInt()).isEqualTo(2);
        assertThat(last.path("total_duration").asLong())
                .isEqualTo(last.path("load_duration").asLong() + last.path("prompt_eval_duration").asLong()
                        + last.path("eval_duration").asLong());
    }

    @Test
    void chat_whole_isOneObject() {
        JsonNode reply = whole("/api/chat", CHAT.formatted(",\"stream\":false,\"keep_alive\":\"5m\""));
        assertThat(reply.at("/message/content").asText()).isEqualTo("you said: <user>hi");
        assertThat(reply.at("/message/role").asText()).isEqualTo("assistant");
        assertThat(reply.path("done").asBoolean()).isTrue();
    }

    @Test
    void chat_latestTag_meansTheModelItself() {
        String body = CHAT.formatted(",\"stream\":false").replace("\"tiny\"", "\"tiny:latest\"");
        assertThat(whole("/api/chat", body).path("model").asText()).isEqualTo("tiny");
    }

    @Test
    void chat_options_areTheGuests() {
        var _ = whole("/api/chat",
                CHAT.formatted(",\"stream\":false,\"options\":{\"temperature\":0,\"top_k\":7,\"num_predict\":5,"
                        + "\"num_ctx\":4096,\"seed\":3,\"stop\":[\"x\"],\"repeat_penalty\":1.5}"));
        var params = server.guestHost.calls.getFirst().params();
        assertThat(params.temperature()).isZero();
        assertThat(params.topK()).isEqualTo(7);
        assertThat(params.topP()).isEqualTo(0.9f);
        assertThat(params.maxTokens()).isEqualTo(5);
        assertThat(params.seed()).isEqualTo(3L);
        assertThat(params.stopStrings()).containsExactly("x");
        assertThat(params.repetitionPenalty()).isEqualTo(1.5f);
    }

    @Test
    void chat_format_isJsonOrASchema() {
        var _ = whole("/api/chat", CHAT.formatted(",\"stream\":false,\"format\":\"json\""));
        var _ = whole("/api/chat", CHAT.formatted(",\"stream\":false,\"format\":{\"type\":\"boolean\"}"));
        assertThat(server.guestHost.calls.get(0).params().jsonSchema()).isEqualTo("{\"type\":\"object\"}");
        assertThat(server.guestHost.calls.get(1).params().jsonSchema()).isEqualTo("{\"type\":\"boolean\"}");
    }

    @Test
    void chat_withoutMessages_onlyLoadsTheModel() {
        JsonNode reply = whole("/api/chat", "{\"model\":\"tiny\"}");
        assertThat(reply.path("done_reason").asText()).isEqualTo("load");
        assertThat(server.guestHost.calls).isEmpty();
    }

    @Test
    void generate_contextOfAnAnswer_isGoneOnFrom() {
        JsonNode first = whole("/api/generate", "{\"model\":\"tiny\",\"prompt\":\"a\",\"system\":\"k\",\"stream\":false}");
        assertThat(first.path("response").asText()).isEqualTo("you said: <system>k<user>a");
        String before = "<system>k<user>ayou said: <system>k<user>a";
        assertThat(first.path("context").toString()).isEqualTo(ids(before));
        JsonNode second = whole("/api/generate",
                "{\"model\":\"tiny\",\"prompt\":\"b\",\"stream\":false,\"context\":" + first.path("context") + "}");
        assertThat(second.path("response").asText()).isEqualTo("you said: " + before + "<user>b");
    }

    private static String ids(String text) {
        return IntStream.of(text.chars().toArray()).boxed().toList().toString().replace(" ", "");
    }

    @Test
    void generate_raw_isThePromptAlone() {
        List<JsonNode> lines = lines(server.post("/api/generate", "{\"model\":\"tiny\",\"prompt\":\"a\",\"raw\":true}"));
        StringBuilder text = new StringBuilder();
        lines.forEach(l -> text.append(l.path("response").asText()));
        assertThat(text).hasToString("you said: a");
        assertThat(lines.getLast().has("context")).isFalse();
    }

    @Test
    void stream_failsAfterItsFirstLine_endsWithAnErrorLine() {
        server.guestHost.behaviour = (call, output) -> {
            output.piece("a");
            throw new RealmException(ErrorCode.GUEST_FAILED, "trapped");
        };
        assertThat(lines(server.post("/api/chat", CHAT.formatted(""))).getLast()).hasToString("{\"error\":\"trapped\"}");
    }

    @Test
    void embed_andItsOlderForm_areTheSameVector() {
        JsonNode both = whole("/api/embed", "{\"model\":\"encoder\",\"input\":[\"a\",\"b\"],\"truncate\":true}");
        assertThat(both.path("embeddings")).hasSize(2);
        assertThat(whole("/api/embeddings", "{\"model\":\"encoder\",\"prompt\":\"a\"}").path("embedding"))
                .isEqualTo(both.at("/embeddings/0"));
    }

    @Test
    void tags_showAndPs_tellOfTheTenantsModels() {
        JsonNode tags = HttpFixture.json(server.get("/api/tags").body());
        assertThat(tags.at("/models/0/name").asText()).isEqualTo("tiny");
        assertThat(tags.path("models")).hasSize(3);
        assertThat(whole("/api/show", "{\"model\":\"tiny\"}").has("details")).isTrue();
        assertThat(server.post("/api/show", "{\"model\":\"no\"}").statusCode()).isEqualTo(404);
        assertThat(HttpFixture.json(server.get("/api/ps").body()).at("/models/0/name").asText()).isEqualTo("tiny");
        assertThat(HttpFixture.json(server.get("/api/version").body()).path("version").asText()).isNotBlank();
        assertThat(server.get("/").body()).isEqualTo("Ollama is running");
    }

    @ParameterizedTest
    @ValueSource(strings = {"pull", "push", "create", "copy"})
    void changesOfModels_areRefusedClearly(String what) {
        HttpResponse<String> answer = server.post("/api/" + what, "{\"model\":\"tiny\"}");
        assertThat(answer.statusCode()).isEqualTo(403);
        assertThat(HttpFixture.json(answer.body()).path("error").asText()).contains("operator");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"/api/chat | {", "/api/chat | {\"model\":\"tiny\",\"messages\":7}",
            "/api/chat | {\"model\":\"tiny\",\"messages\":[{\"role\":\"x\"}]}",
            "/api/chat | {\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"options\":7}",
            "/api/chat | {\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"format\":7}",
            "/api/chat | {\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"a\",\"images\":[\"a\"]}]}",
            "/api/chat | {\"model\":\"encoder\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}",
            "/api/generate | {\"model\":\"tiny\",\"prompt\":\"a\",\"context\":[-1]}",
            "/api/generate | {\"model\":\"tiny\",\"prompt\":\"a\",\"context\":[999]}",
            "/api/generate | {\"model\":\"tiny\",\"prompt\":\"a\",\"options\":{\"top_p\":2}}",
            "/api/embed | {\"model\":\"encoder\",\"input\":[]}", "/api/embed | {\"model\":\"tiny\",\"input\":\"a\"}"})
    void malformedBodies_areOllamasErrors(String path, String body) {
        HttpResponse<String> answer = server.post(path, body);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(400);
        assertThat(HttpFixture.json(answer.body()).path("error").isTextual()).isTrue();
    }

    private HttpRequest.Builder keyless(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port + path));
    }

    @Test
    void withoutAKey_isTheAnonymousTenantOnThisMachineOnly() {
        assertThat(server.send(keyless("/api/tags").build()).statusCode()).isEqualTo(200);
        assertThat(server.send(keyless("/v1/models").build()).statusCode()).isEqualTo(200);
        assertThat(server.send(keyless("/api/tags").header("X-Forwarded-For", "1.2.3.4").build()).statusCode()).isEqualTo(401);
        assertThat(server.send(keyless("/api/tags").header("Authorization", "Bearer wrong").build()).statusCode()).isEqualTo(401);
    }

    @Test
    void withoutAKey_pagesOfOtherSites_areRefused() {
        assertThat(server.send(keyless("/api/tags").header("Origin", "http://localhost:3000").build()).statusCode())
                .isEqualTo(200);
        for (String origin : List.of("https://evil.example", "null", "http://localhost.evil.example")) {
            assertThat(server.send(keyless("/api/tags").header("Origin", origin).build()).statusCode()).isEqualTo(401);
        }
    }

    @Test
    void withoutAKey_aNameThatWasMadeToLeadHere_isRefused() throws IOException {
        try (Socket socket = new Socket("127.0.0.1", server.port)) {
            socket.getOutputStream().write("GET /api/tags HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8)).startsWith("HTTP/1.1 401");
        }
    }
}
