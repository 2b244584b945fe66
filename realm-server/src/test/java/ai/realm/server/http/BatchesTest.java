package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.Usage;
import ai.realm.server.accounts.FaultyConnections;
import ai.realm.server.config.ServerSettings;
import ai.realm.server.error.RetryableException;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** OpenAI's files and batches over HTTP, with a guest that says the prompt again. */
@Timeout(60)
class BatchesTest {
    private static final String FILES = "/v1/files";
    private static final String BATCHES = "/v1/batches";
    private static final String CHAT = "/v1/chat/completions";
    private static final Set<String> ENDED = Set.of("completed", "failed", "expired", "cancelled");
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

    private static HttpResponse<String> upload(String purpose, String content) {
        String form = "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n" + purpose
                + "\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"in.jsonl\"\r\n"
                + "Content-Type: application/octet-stream\r\n\r\n" + content + "\r\n--b--\r\n";
        return server.send(server.request(FILES).setHeader("Content-Type", "multipart/form-data; boundary=b")
                .POST(HttpRequest.BodyPublishers.ofString(form)).build());
    }

    private static JsonNode ok(HttpResponse<String> answer) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return HttpFixture.json(answer.body());
    }

    private static String line(String id, String url, String body) {
        return "{\"custom_id\":\"" + id + "\",\"method\":\"POST\",\"url\":\"" + url + "\",\"body\":" + body + "}\n";
    }

    private static String chat(String said, String more) {
        return "{\"messages\":[{\"role\":\"user\",\"content\":\"" + said + "\"}]" + more + "}";
    }

    private static HttpResponse<String> create(String fileId, String endpoint) {
        return server.post(BATCHES, "{\"input_file_id\":\"" + fileId + "\",\"endpoint\":\"" + endpoint
                + "\",\"completion_window\":\"24h\",\"metadata\":{\"a\":\"b\"}}");
    }

    private static String begin(String endpoint, String lines) {
        return ok(create(ok(upload("batch", lines)).path("id").asText(), endpoint)).path("id").asText();
    }

    private static JsonNode ended(String id) {
        while (true) {
            JsonNode b = ok(server.get(BATCHES + "/" + id));
            if (ENDED.contains(b.path("status").asText())) {
                return b;
            }
        }
    }

    private static List<JsonNode> lines(JsonNode batch, String file) {
        List<JsonNode> lines = new ArrayList<>();
        String id = batch.path(file).asText("null");
        if (!id.equals("null")) {
            server.get(FILES + "/" + id + "/content").body().lines().forEach(l -> lines.add(HttpFixture.json(l)));
        }
        return lines;
    }

    private static List<String> ids(List<JsonNode> lines) {
        return lines.stream().map(l -> l.path("custom_id").asText()).toList();
    }

    @Test
    void batch_isRunLineByLineAtLowPriority_andItsResultsAreFiles() {
        long before = server.accounts();
        String id = begin(CHAT, line("a", CHAT, chat("one", "")) + "\n" + line("b", CHAT, chat("two", ",\"temperature\":9"))
                + line("c", CHAT, chat("three", ",\"priority\":\"interactive\"")));
        JsonNode b = ended(id);
        assertThat(b.path("status").asText()).isEqualTo("completed");
        assertThat(b.path("request_counts")).hasToString("{\"total\":3,\"completed\":2,\"failed\":1}");
        assertThat(b.at("/metadata/a").asText()).isEqualTo("b");
        List<JsonNode> good = lines(b, "output_file_id");
        assertThat(ids(good)).containsExactly("a", "c");
        assertThat(good.getFirst().at("/response/body/choices/0/message/content").asText()).isEqualTo("you said: <user>one");
        List<JsonNode> bad = lines(b, "error_file_id");
        assertThat(ids(bad)).containsExactly("b");
        assertThat(bad.getFirst().at("/response/status_code").asInt()).isEqualTo(400);
        assertThat(bad.getFirst().at("/response/body/error/param").asText()).isEqualTo("temperature");
        assertThat(server.guestHost.calls).allSatisfy(c -> assertThat(c.priority()).isEqualTo(Priority.BATCH));
        assertThat(server.accounts() - before).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "/v1/completions | {\"prompt\":\"x\"} | /choices/0/text",
            "/v1/responses | {\"input\":\"x\"} | /output/0/content/0/text",
            "/v1/messages | {\"max_tokens\":3,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]} | /content/0/text",
            "/v1/embeddings | {\"model\":\"encoder\",\"input\":\"x\"} | /data/0/object"})
    void batch_ofEveryRoute_isAnsweredInItsShape(String endpoint, String body, String at) {
        JsonNode b = ended(begin(endpoint, line("a", endpoint, body)));
        assertThat(lines(b, "error_file_id")).isEmpty();
        assertThat(lines(b, "output_file_id").getFirst().path("response").path("body").at(at).asText()).isNotBlank();
    }

    @Test
    void batch_whoseRequestIsToStream_saysSoForThatRequest() {
        JsonNode b = ended(begin(CHAT, line("a", CHAT, chat("x", ",\"stream\":true"))));
        assertThat(lines(b, "error_file_id").getFirst().at("/response/body/error/param").asText()).isEqualTo("stream");
    }

    @Test
    void request_thatCannotBeRunNow_isAskedAgainAndAccountedForOnce() {
        AtomicInteger asked = new AtomicInteger();
        server.guestHost.behaviour = (call, output) -> {
            if (asked.incrementAndGet() == 1) {
                throw new RealmException(ErrorCode.OVERLOADED, "full");
            }
            return FakeGuests.ECHO.run(call, output);
        };
        long before = server.accounts();
        String id = begin(CHAT, line("a", CHAT, chat("x", "")));
        assertThat(ended(id).path("request_counts")).hasToString("{\"total\":1,\"completed\":1,\"failed\":0}");
        assertThat(asked).hasValue(2);
        assertThat(server.accounts() - before).isEqualTo(1);
    }

    /** One request is answered while the other is about to be asked again, and the database is away for both. */
    @Test
    void databaseThatFailsForAMoment_losesNoBatchNoResultAndNoAccount() throws Exception {
        FaultyConnections connections = FaultyConnections.inMemory();
        HttpFixture before = server;
        try (HttpFixture faulty = new HttpFixture(ServerSettings.defaults(), false, connections.database())) {
            server = faulty;
            AtomicInteger asked = new AtomicInteger();
            CyclicBarrier both = new CyclicBarrier(2, () -> connections.lose(12));
            faulty.guestHost.behaviour = (call, output) -> {
                if (asked.incrementAndGet() <= 2) {
                    both.await(20, TimeUnit.SECONDS);
                    if (call.prompt().contains("again")) {
                        throw new RealmException(ErrorCode.OVERLOADED, "full");
                    }
                }
                return FakeGuests.ECHO.run(call, output);
            };
            String id = begin(CHAT, line("a", CHAT, chat("once", "")) + line("b", CHAT, chat("again", "")));
            assertThat(connections.awaitRecovery(Duration.ofSeconds(30))).isTrue();
            JsonNode b = ended(id);
            assertThat(b.path("request_counts")).hasToString("{\"total\":2,\"completed\":2,\"failed\":0}");
            assertThat(asked).as("neither is run a second time for nothing").hasValue(3);
            assertThat(faulty.accounts()).isEqualTo(2);
        } finally {
            server = before;
        }
    }

    @Test
    void attempt_thatUsedTokensBeforeItIsAskedAgain_hasItsOwnAccount() {
        AtomicInteger asked = new AtomicInteger();
        server.guestHost.behaviour = (call, output) -> {
            if (asked.incrementAndGet() > 1) {
                return FakeGuests.ECHO.run(call, output);
            }
            server.guestHost.count(call, new Usage(7, 0, 5));
            throw new RealmException(ErrorCode.DEADLINE_EXCEEDED, "too late");
        };
        long before = server.accounts();
        JsonNode b = ended(begin(CHAT, line("a", CHAT, chat("x", ""))));
        assertThat(b.path("request_counts")).hasToString("{\"total\":1,\"completed\":1,\"failed\":0}");
        assertThat(asked).hasValue(2);
        assertThat(server.accounts() - before).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 2 * 86_400})
    void quota_thatIsNotFreeWithinTheBatchesTime_isTheRequestsResult(long retrySeconds) {
        server.guestHost.behaviour = (call, output) -> {
            if (!call.prompt().contains("much")) {
                return FakeGuests.ECHO.run(call, output);
            }
            throw retrySeconds == 0
                    ? new RealmException(ErrorCode.INSUFFICIENT_QUOTA, "never")
                    : new RetryableException(ErrorCode.INSUFFICIENT_QUOTA, "not today", retrySeconds);
        };
        JsonNode b = ended(begin(CHAT, line("a", CHAT, chat("much", "")) + line("b", CHAT, chat("x", ""))));
        assertThat(b.path("request_counts")).hasToString("{\"total\":2,\"completed\":1,\"failed\":1}");
        assertThat(lines(b, "error_file_id").getFirst().at("/response/status_code").asInt()).isEqualTo(429);
    }

    @Test
    void quota_thatIsFreeAgainSoon_isWaitedFor() {
        AtomicInteger asked = new AtomicInteger();
        server.guestHost.behaviour = (call, output) -> {
            if (asked.incrementAndGet() == 1) {
                throw new RetryableException(ErrorCode.INSUFFICIENT_QUOTA, "soon", 1);
            }
            return FakeGuests.ECHO.run(call, output);
        };
        JsonNode b = ended(begin(CHAT, line("a", CHAT, chat("x", ""))));
        assertThat(b.path("request_counts")).hasToString("{\"total\":1,\"completed\":1,\"failed\":0}");
    }

    /** The tenant's bodies may have 10000 bytes. */
    @Test
    void line_thatIsLongerThanABodyMayBe_failsTheBatchBeforeItIsParsed() {
        JsonNode b = ended(begin(CHAT, line("a", CHAT, chat("x", "")) + "[".repeat(14_097) + "\n"));
        assertThat(b.path("status").asText()).isEqualTo("failed");
        assertThat(b.at("/errors/data")).hasSize(1);
        assertThat(b.at("/errors/data/0/code").asText()).isEqualTo("line_too_long");
        assertThat(b.at("/errors/data/0/line").asInt()).isEqualTo(2);
        assertThat(b.at("/errors/data/0/message").asText()).contains("line 2", "14097", "14096");
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/plain; charset=bogus", "text/plain; charset=\"a b\"", "text/plain; charset="})
    void upload_whoseFieldHasACharsetThatIsNone_isRefused(String type) {
        String form = "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\nContent-Type: " + type + "\r\n\r\nbatch"
                + "\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"in.jsonl\"\r\n\r\nx\r\n--b--\r\n";
        assertThat(server.send(server.request(FILES).setHeader("Content-Type", "multipart/form-data; boundary=b")
                .POST(HttpRequest.BodyPublishers.ofString(form)).build()).statusCode()).isIn(200, 400);
    }

    @Test
    void cancel_endsWhatRunsAndNamesWhatWasNotRun() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        server.guestHost.behaviour = (call, output) -> {
            CountDownLatch cancelled = new CountDownLatch(1);
            try (var _ = call.context().onCancel(cancelled::countDown)) {
                begun.countDown();
                cancelled.await();
            }
            call.context().check();
            throw new AssertionError("the request was to be cancelled");
        };
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            lines.append(line("r" + i, CHAT, chat("x", "")));
        }
        String id = begin(CHAT, lines.toString());
        assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(ok(server.post(BATCHES + "/" + id + "/cancel", "")).path("status").asText()).isEqualTo("cancelling");
        JsonNode b = ended(id);
        assertThat(b.path("status").asText()).isEqualTo("cancelled");
        assertThat(b.path("request_counts")).hasToString("{\"total\":20,\"completed\":0,\"failed\":20}");
        assertThat(lines(b, "error_file_id")).hasSize(20)
                .allSatisfy(l -> assertThat(l.at("/error/code").asText()).isEqualTo("batch_cancelled"));
        assertThat(ok(server.post(BATCHES + "/" + id + "/cancel", "")).path("status").asText()).isEqualTo("cancelled");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n\n", "no json\n", "{\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{}}\n",
            "{\"custom_id\":\"a\",\"method\":\"GET\",\"url\":\"/v1/chat/completions\",\"body\":{}}\n",
            "{\"custom_id\":\"a\",\"method\":\"POST\",\"url\":\"/v1/embeddings\",\"body\":{}}\n",
            "{\"custom_id\":\"a\",\"body\":7}\n", "{\"custom_id\":\"a\",\"body\":{}}\n{\"custom_id\":\"a\",\"body\":{}}\n"})
    void file_thatIsNoBatch_failsItWithTheLine(String content) {
        JsonNode b = ended(begin(CHAT, content));
        assertThat(b.path("status").asText()).isEqualTo("failed");
        assertThat(b.at("/errors/data/0/message").asText()).isNotBlank();
        assertThat(server.guestHost.calls).isEmpty();
    }

    @Test
    void files_areListedReadAndDeleted_byTheirTenantOnly() {
        JsonNode file = ok(upload("batch", "content \u00e4\n"));
        String path = FILES + "/" + file.path("id").asText();
        assertThat(file.path("bytes").asInt()).isEqualTo(11);
        assertThat(file.path("filename").asText()).isEqualTo("in.jsonl");
        assertThat(ok(server.get(path))).isEqualTo(file);
        assertThat(server.get(path + "/content").body()).isEqualTo("content \u00e4\n");
        assertThat(ok(server.get(FILES + "?limit=1")).at("/data/0")).isEqualTo(file);
        for (String route : List.of(path, path + "/content")) {
            HttpRequest other = server.request(route).setHeader("Authorization", "Bearer " + HttpFixture.LIMITED_KEY).GET()
                    .build();
            assertThat(server.send(other).statusCode()).isEqualTo(404);
        }
        HttpRequest delete = server.request(path).DELETE().build();
        assertThat(ok(server.send(delete)).path("deleted").asBoolean()).isTrue();
        assertThat(server.send(delete).statusCode()).isEqualTo(404);
        assertThat(create(file.path("id").asText(), CHAT).statusCode()).isEqualTo(404);
    }

    @Test
    void batch_ofAnotherTenant_isNotThere() {
        String id = begin(CHAT, line("a", CHAT, chat("x", "")));
        for (HttpRequest.Builder r : List.of(server.request(BATCHES + "/" + id).GET(),
                server.request(BATCHES + "/" + id + "/cancel").POST(HttpRequest.BodyPublishers.noBody()))) {
            assertThat(server.send(r.setHeader("Authorization", "Bearer " + HttpFixture.LIMITED_KEY).build()).statusCode())
                    .isEqualTo(404);
        }
        var _ = ended(id);
    }

    @Test
    void badUploadsAndBatches_nameWhatIsWrong() {
        assertThat(HttpFixture.error(upload("fine-tune", "x")).path("param").asText()).isEqualTo("purpose");
        assertThat(server.post(FILES, "{}").statusCode()).isEqualTo(400);
        HttpResponse<String> broken = server.send(server.request(FILES)
                .setHeader("Content-Type", "multipart/form-data; boundary=b").POST(HttpRequest.BodyPublishers.ofString("--b"))
                .build());
        assertThat(broken.statusCode()).isEqualTo(400);
        String file = ok(upload("batch", "x")).path("id").asText();
        assertThat(HttpFixture.error(create(file, "/v1/none")).path("param").asText()).isEqualTo("endpoint");
        assertThat(HttpFixture.error(server.post(BATCHES, "{\"input_file_id\":\"" + file + "\",\"endpoint\":\"" + CHAT
                + "\",\"completion_window\":\"soon\"}")).path("param").asText()).isEqualTo("completion_window");
    }
}
