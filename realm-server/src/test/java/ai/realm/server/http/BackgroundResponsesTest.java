package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestResult;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import ai.realm.server.accounts.StoredResponses;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Responses that go on without their client. */
class BackgroundResponsesTest {
    private static final String PATH = "/v1/responses";
    private static final String ASK = "{\"input\":\"a\",\"background\":true}";
    private HttpFixture server;
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);

    @BeforeEach
    void start() {
        server = new HttpFixture();
        server.guestHost.behaviour = (call, output) -> {
            output.piece("one ");
            begun.countDown();
            while (!goOn.await(5, TimeUnit.MILLISECONDS)) {
                RealmException cancelled = call.context().cancelled();
                if (cancelled != null) {
                    throw cancelled;
                }
            }
            output.piece("two");
            return new GuestResult(FinishReason.STOP, new Usage(1, 0, 2), 1);
        };
    }

    @AfterEach
    void nothingIsLeft() throws InterruptedException {
        goOn.countDown();
        assertThat(server.active.awaitNone(Duration.ofSeconds(5))).isTrue();
        assertThat(server.gate.running()).isZero();
        server.close();
    }

    private JsonNode ok(HttpResponse<String> answer) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return HttpFixture.json(answer.body());
    }

    private JsonNode get(String id) {
        return ok(server.get(PATH + "/" + id));
    }

    private JsonNode ended() throws InterruptedException {
        JsonNode queued = ok(server.post(PATH, ASK));
        goOn.countDown();
        assertThat(server.active.awaitNone(Duration.ofSeconds(5))).isTrue();
        return get(queued.path("id").asText());
    }

    @Test
    void create_inTheBackground_isQueuedThenInProgressThenComplete() throws InterruptedException {
        JsonNode queued = ok(server.post(PATH, ASK));
        assertThat(queued.path("status").asText()).isEqualTo("queued");
        assertThat(queued.path("background").asBoolean()).isTrue();
        String id = queued.path("id").asText();
        assertThat(begun.await(5, TimeUnit.SECONDS)).isTrue();
        assertThat(get(id).path("status").asText()).isEqualTo("in_progress");
        assertThat(HttpFixture.error(server.post(PATH, "{\"input\":\"b\",\"previous_response_id\":\"" + id + "\"}")).path("param")
                .asText())
                .isEqualTo("previous_response_id");
        goOn.countDown();
        assertThat(server.active.awaitNone(Duration.ofSeconds(5))).isTrue();
        JsonNode whole = get(id);
        assertThat(whole.path("status").asText()).isEqualTo("completed");
        assertThat(whole.at("/output/0/content/0/text").asText()).isEqualTo("one two");
        assertThat(whole.at("/usage/output_tokens").asInt()).isEqualTo(2);
        assertThat(ok(server.post(PATH, "{\"input\":\"b\",\"previous_response_id\":\"" + id + "\"}")).path("status").asText())
                .isEqualTo("completed");
        assertThat(ok(server.post(PATH + "/" + id + "/cancel", "{}")).path("status").asText()).as("stays").isEqualTo("completed");
        assertThat(server.get(PATH + "/" + id + "?stream=true").statusCode()).isEqualTo(400);
    }

    @Test
    void cancel_whileItRuns_endsIt() throws InterruptedException {
        String id = ok(server.post(PATH, ASK)).path("id").asText();
        assertThat(begun.await(5, TimeUnit.SECONDS)).isTrue();
        JsonNode cancelled = ok(server.post(PATH + "/" + id + "/cancel", "{}"));
        assertThat(cancelled.path("status").asText()).isEqualTo("cancelled");
        assertThat(cancelled.at("/output/0/content/0/text").asText()).isEqualTo("one ");
        assertThat(get(id)).isEqualTo(cancelled);
    }

    @Test
    void delete_whileItRuns_endsItAndItIsGone() throws InterruptedException {
        String id = ok(server.post(PATH, ASK)).path("id").asText();
        assertThat(begun.await(5, TimeUnit.SECONDS)).isTrue();
        assertThat(server.send(server.request(PATH + "/" + id).DELETE().build()).statusCode()).isEqualTo(200);
        assertThat(server.active.awaitNone(Duration.ofSeconds(5))).isTrue();
        assertThat(server.get(PATH + "/" + id).statusCode()).isEqualTo(404);
    }

    @Test
    void create_thatCannotBeRun_failsAtOnceAndLeavesNothing() {
        for (String body : List.of("{\"input\":\"a\",\"background\":true,\"model\":\"no\"}",
                "{\"input\":\"a\",\"background\":true,\"model\":\"encoder\"}", "{\"background\":true}",
                "{\"input\":\"a\",\"background\":7}")) {
            assertThat(server.post(PATH, body).statusCode()).as(body).isIn(400, 404);
        }
    }

    @Test
    void guest_thatFails_leavesAFailedResponse() throws InterruptedException {
        server.guestHost.behaviour = (_, output) -> {
            output.piece("one ");
            throw new IllegalStateException("broken");
        };
        JsonNode failed = ended();
        assertThat(failed.path("status").asText()).isEqualTo("failed");
        assertThat(failed.at("/error/code").asText()).isEqualTo("internal_error");
        assertThat(failed.at("/output/0/content/0/text").asText()).isEqualTo("one ");
    }

    private static List<JsonNode> events(String stream) {
        List<JsonNode> events = new ArrayList<>();
        for (String event : stream.split("\n\n")) {
            events.add(HttpFixture.json(event.split("\n")[1].substring("data: ".length())));
        }
        return events;
    }

    @Test
    void stream_ofOne_isResumedAfterAnyEvent() throws InterruptedException {
        goOn.countDown();
        List<JsonNode> all = events(server.post(PATH, ASK.replace("}", ",\"stream\":true}")).body());
        assertThat(all.getFirst().path("type").asText()).isEqualTo("response.created");
        assertThat(all.getLast().path("type").asText()).isEqualTo("response.completed");
        assertThat(server.active.awaitNone(Duration.ofSeconds(5))).isTrue();
        String id = all.getFirst().at("/response/id").asText();
        assertThat(get(id)).isEqualTo(all.getLast().path("response"));
        for (int after = 0; after < all.size() - 1; after++) {
            assertThat(events(server.get(PATH + "/" + id + "?stream=true&starting_after=" + after).body()))
                    .isEqualTo(all.subList(after + 1, all.size()));
        }
        assertThat(events(server.get(PATH + "/" + id + "?stream=true").body())).isEqualTo(all);
        for (String wrong : List.of("-1", "x", String.valueOf(all.size()))) {
            assertThat(HttpFixture.error(server.get(PATH + "/" + id + "?stream=true&starting_after=" + wrong)).path("param")
                    .asText())
                    .isEqualTo("starting_after");
        }
    }

    @Test
    void client_thatLeavesItsStream_isAccountedWhenTheResponseEnds() throws Exception {
        AtomicLong accounts = new AtomicLong(-1);
        CountDownLatch left = new CountDownLatch(1);
        server.guestHost.behaviour = (_, output) -> {
            output.piece("one ");
            left.await(5, TimeUnit.SECONDS);
            for (int i = 0; i < 100 && accounts.get() <= 0; i++) {
                output.piece("more ");
                goOn.await(5, TimeUnit.MILLISECONDS);
                accounts.set(server.accounts());
            }
            return new GuestResult(FinishReason.STOP, new Usage(1, 0, 2), 1);
        };
        String body = ASK.replace("}", ",\"stream\":true}");
        try (Socket client = new Socket("127.0.0.1", server.port)) {
            client.setSoLinger(true, 0);
            client.getOutputStream()
                    .write(("POST " + PATH + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + HttpFixture.KEY
                            + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body).getBytes(StandardCharsets.US_ASCII));
            assertThat(client.getInputStream().read()).isEqualTo('H');
        }
        left.countDown();
        assertThat(server.active.awaitNone(Duration.ofSeconds(5))).isTrue();
        assertThat(accounts).as("while it was made").hasValue(0);
        assertThat(server.accounts()).isEqualTo(1);
    }

    @Test
    void stream_thatIsFollowed_takesAPlaceOfItsTenants() throws InterruptedException {
        goOn.countDown();
        String first = server.send(limited(PATH).POST(HttpRequest.BodyPublishers.ofString(ASK.replace("}", ",\"stream\":true}")))
                .build()).body();
        String id = events(first).getFirst().at("/response/id").asText();
        assertThat(server.active.awaitNone(Duration.ofSeconds(5))).isTrue();
        HttpRequest follow = limited(PATH + "/" + id + "?stream=true").GET().build();
        assertThat(server.send(follow).statusCode()).isEqualTo(200);
        assertThat(server.send(follow).statusCode()).as("its third request in this minute, of two").isEqualTo(429);
        assertThat(server.send(limited(PATH + "/" + id).GET().build()).statusCode()).as("a look costs nothing").isEqualTo(200);
    }

    private HttpRequest.Builder limited(String path) {
        return server.request(path).setHeader("Authorization", "Bearer " + HttpFixture.LIMITED_KEY);
    }

    @Test
    void response_whoseServerIsGone_hasFailed() {
        StoredResponses responses = new StoredResponses(server.database, Clock.systemUTC());
        String json = "{\"id\":\"resp_0123\",\"status\":\"in_progress\",\"background\":true,\"output\":[]}";
        var limits = HttpFixture.tenantWithModels("acme", List.of("tiny")).limits().storage();
        responses.putRunning("acme", new StoredResponses.Stored("resp_0123", null, 1, "[]", json), limits, "gone",
                Duration.ofSeconds(-1));
        JsonNode failed = get("resp_0123");
        assertThat(failed.path("status").asText()).isEqualTo("failed");
        assertThat(failed.at("/error/code").asText()).isEqualTo("server_error");
        assertThat(responses.replace("acme", "resp_0123", json, limits, "gone", null)).as("its own end comes too late").isFalse();
        assertThat(get("resp_0123")).isEqualTo(failed);
    }

    @Test
    void cancel_ofAnotherServersResponse_isSeenByThatServer() {
        StoredResponses responses = new StoredResponses(server.database, Clock.systemUTC());
        String json = "{\"id\":\"resp_0456\",\"status\":\"in_progress\",\"background\":true,\"output\":[]}";
        var limits = HttpFixture.tenantWithModels("acme", List.of("tiny")).limits().storage();
        responses.putRunning("acme", new StoredResponses.Stored("resp_0456", null, 1, "[]", json), limits, "other",
                Duration.ofMinutes(1));
        List<String> ids = List.of("resp_0456");
        assertThat(responses.renew("other", Duration.ofMinutes(1), ids)).containsExactly("resp_0456");
        assertThat(ok(server.post(PATH + "/resp_0456/cancel", "{}")).path("status").asText()).isEqualTo("cancelled");
        assertThat(responses.renew("other", Duration.ofMinutes(1), ids)).isEmpty();
    }
}
