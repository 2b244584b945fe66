package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.GenerateCommand.TokenPrompt;
import ai.realm.server.accounts.Accounts;
import ai.realm.server.accounts.UsageRow;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EmbeddingsTest {
    private static final String PATH = "/v1/embeddings";
    private static HttpFixture server;

    @BeforeAll
    static void start() {
        server = new HttpFixture();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @AfterEach
    void nothingIsLeftBehind() throws InterruptedException {
        server.embedder.behaviour = FakeEmbedder.NONE;
        server.embedder.commands.clear();
        assertThat(server.active.awaitNone(Duration.ofSeconds(5))).isTrue();
        assertThat(server.gate.running()).isZero();
        assertThat(server.models.leases).hasValue(0);
    }

    /** What the encoder was used for today so far. */
    private static UsageRow used() {
        LocalDate today = LocalDate.now(ZoneOffset.UTC);
        return new Accounts(server.database, Clock.systemUTC()).usage("acme", today, today).stream()
                .filter(r -> r.model().equals("encoder")).findFirst()
                .orElse(new UsageRow("acme", "", "encoder", "-", 0, 0, 0, 0, 0, 0, 0));
    }

    @Test
    void embeddings_ofTexts_answersAsOpenAiDoes() {
        HttpResponse<String> r = server.post(PATH, "{\"model\":\"encoder\",\"input\":[\"Hello\",\"Hi\"],\"user\":\"u\"}");
        assertThat(r.statusCode()).isEqualTo(200);
        assertThat(r.headers().firstValue("content-type")).hasValueSatisfying(t -> assertThat(t).startsWith("application/json"));
        JsonNode answer = HttpFixture.json(r.body());
        assertThat(answer.path("object").textValue()).isEqualTo("list");
        assertThat(answer.path("model").textValue()).isEqualTo("encoder");
        assertThat(answer.path("data")).hasSize(2);
        assertThat(answer.at("/data/1/object").textValue()).isEqualTo("embedding");
        assertThat(answer.at("/data/1/index").intValue()).isEqualTo(1);
        assertThat(answer.at("/data/1/embedding")).hasToString("[2.0,0.5,-0.25]");
        assertThat(answer.path("usage")).hasToString("{\"prompt_tokens\":7,\"total_tokens\":7}");
        assertThat(server.embedder.commands.getFirst().inputs().getFirst()).isInstanceOfSatisfying(TokenPrompt.class,
                t -> assertThat(t.ids()).containsExactly('H', 'e', 'l', 'l', 'o'));
    }

    @Test
    void embeddings_asBase64_areLittleEndianFloats() {
        HttpResponse<String> r = server.post(PATH,
                "{\"model\":\"encoder\",\"input\":\"abcd\",\"encoding_format\":\"base64\",\"dimensions\":3}");
        byte[] bytes = Base64.getDecoder().decode(HttpFixture.json(r.body()).at("/data/0/embedding").textValue());
        ByteBuffer floats = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(bytes).hasSize(12);
        assertThat(new float[]{floats.getFloat(), floats.getFloat(), floats.getFloat()}).containsExactly(4, 0.5f, -0.25f);
    }

    @Test
    void embeddings_ofTokenIds_takesBothShapes() {
        server.post(PATH, "{\"model\":\"encoder\",\"input\":[5,6,7]}");
        server.post(PATH, "{\"model\":\"encoder\",\"input\":[[5],[6,7]]}");
        assertThat(server.embedder.commands.get(0).inputs()).singleElement()
                .satisfies(p -> assertThat(((TokenPrompt) p).ids()).containsExactly(5, 6, 7));
        assertThat(server.embedder.commands.get(1).inputs()).hasSize(2);
    }

    @Test
    void embeddings_whenDone_areOneRowWithTheirTokens() {
        UsageRow before = used();
        server.post(PATH, "{\"model\":\"encoder\",\"input\":\"exactly nineteen ch\"}");
        UsageRow after = used();
        assertThat(after.requests() - before.requests()).isEqualTo(1);
        assertThat(after.failed() - before.failed()).isZero();
        assertThat(after.promptTokens() - before.promptTokens()).isEqualTo(19);
        assertThat(after.generatedTokens()).isZero();
        assertThat(after.engineNanos() - before.engineNanos()).isEqualTo(1000);
        assertThat(after.guest()).isEqualTo("-");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "{\"input\":\"a\",\"model\":\"tiny\"}|400|model|makes no embeddings",
            "{\"input\":\"a\"}|400|model|makes no embeddings",
            "{\"input\":\"a\",\"model\":\"nope\"}|404|model|does not exist",
            "{\"model\":\"encoder\"}|400|input|input is required",
            "{\"model\":\"encoder\",\"input\":\"\"}|400|input|must not be an empty string",
            "{\"model\":\"encoder\",\"input\":[\"a\",\"\"]}|400|input|input 1 must not be",
            "{\"model\":\"encoder\",\"input\":[]}|400|input|empty array",
            "{\"model\":\"encoder\",\"input\":[[]]}|400|input[0]|at least one token id",
            "{\"model\":\"encoder\",\"input\":[\"a\",true]}|400|input[1]|must be a string, an array of token ids",
            "{\"model\":\"encoder\",\"input\":{}}|400|input|a string, an array",
            "{\"model\":\"encoder\",\"input\":[-1]}|400|input[0]|must be a token id",
            "{\"model\":\"encoder\",\"input\":[1.5]}|400|input[0]|must be a token id",
            "{\"model\":\"encoder\",\"input\":[4294967296]}|400|input[0]|must be a token id",
            "{\"model\":\"encoder\",\"input\":\"a\",\"encoding_format\":\"hex\"}|400|encoding_format|float or base64",
            "{\"model\":\"encoder\",\"input\":\"a\",\"dimensions\":4}|400|dimensions|must be 3",
            "{\"model\":\"encoder\",\"input\":\"a\",\"dimensions\":0}|400|dimensions|must be 1 to"})
    void embeddings_thatCannotBe_areRefusedByName(String body, int status, String param, String message) {
        HttpResponse<String> r = server.post(PATH, body);
        assertThat(r.statusCode()).isEqualTo(status);
        assertThat(HttpFixture.error(r).path("param").textValue()).isEqualTo(param);
        assertThat(HttpFixture.error(r).path("message").textValue()).contains(message);
        assertThat(server.embedder.commands).isEmpty();
    }

    @Test
    void embeddings_ofTooManyInputs_areRefused() {
        HttpResponse<String> r = server.post(PATH, "{\"model\":\"encoder\",\"input\":[" + "\"a\",".repeat(2048) + "\"a\"]}");
        assertThat(r.statusCode()).isEqualTo(400);
        assertThat(HttpFixture.error(r).path("message").textValue()).contains("2048 inputs, not 2049");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "/v1/chat/completions|{\"model\":\"encoder\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}",
            "/v1/completions|{\"model\":\"encoder\",\"prompt\":\"Hi\"}"})
    void text_fromAnEncoder_isRefusedWithTheRouteToUse(String path, String body) {
        HttpResponse<String> r = server.post(path, body);
        assertThat(r.statusCode()).isEqualTo(400);
        assertThat(HttpFixture.error(r).path("param").textValue()).isEqualTo("model");
        assertThat(HttpFixture.error(r).path("message").textValue()).contains("makes embeddings", "/v1/embeddings");
    }

    @Test
    void embeddings_beyondTheTokenRate_are429AndAreNotComputed() {
        HttpRequest request = server.request(PATH).setHeader("Authorization", "Bearer " + HttpFixture.LIMITED_KEY)
                .POST(HttpRequest.BodyPublishers.ofString("{\"model\":\"encoder\",\"input\":\"" + "x".repeat(60) + "\"}"))
                .build();
        HttpResponse<String> first = server.send(request);
        assertThat(first.statusCode()).isEqualTo(200);
        assertThat(first.headers().firstValue("x-ratelimit-limit-tokens")).hasValue("100");
        HttpResponse<String> second = server.send(request);
        assertThat(second.statusCode()).isEqualTo(429);
        assertThat(second.headers().firstValue("retry-after")).isPresent();
        assertThat(server.embedder.commands).hasSize(1);
    }

    @Test
    void embeddings_thatFail_areAccountedForWithTheirError() {
        server.embedder.behaviour = _ -> {
            throw new RealmException(ErrorCode.DEADLINE_EXCEEDED, "the request's deadline has passed");
        };
        UsageRow before = used();
        HttpResponse<String> r = server.post(PATH, "{\"model\":\"encoder\",\"input\":\"too late\"}");
        assertThat(r.statusCode()).isEqualTo(504);
        UsageRow after = used();
        assertThat(after.failed() - before.failed()).isEqualTo(1);
        assertThat(after.promptTokens() - before.promptTokens()).isEqualTo(8);
    }

    @Test
    void embeddings_whenTheClientGoesAway_areCancelled() throws IOException, InterruptedException {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch cancelled = new CountDownLatch(1);
        server.embedder.behaviour = command -> {
            running.countDown();
            try (var _ = command.context().onCancel(cancelled::countDown)) {
                assertThat(cancelled.await(20, TimeUnit.SECONDS)).isTrue();
            }
            command.context().check();
        };
        String body = "{\"model\":\"encoder\",\"input\":\"never read\"}";
        try (Socket socket = new Socket("127.0.0.1", server.port)) {
            socket.getOutputStream().write(("POST " + PATH + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + HttpFixture.KEY
                    + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body).getBytes(StandardCharsets.US_ASCII));
            running.await();
        }
        assertThat(cancelled.await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void models_listsTheEncoderToo() {
        assertThat(server.get("/v1/models").body()).contains("\"id\":\"encoder\"");
    }
}
