package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the log tells of a request, and what it must not. */
class LogIT {
    private static final Pattern STEP = Pattern.compile("step=(\\d+) .*request_id=(\\S+)");

    private static RealmProcess server;
    private static Api acme;

    @BeforeAll
    static void start() {
        server = TestServer.get();
        acme = new Api(server.url(), TestServer.ACME);
    }

    private static void ask(String id, boolean stream) {
        HttpRequest request = acme.request("/v1/chat/completions").header("x-request-id", id).POST(HttpRequest.BodyPublishers
                .ofString(Api.chat("What is the capital of France? zebracrossing").put("stream", stream).toString())).build();
        assertThat(acme.send(request).status()).isEqualTo(200);
    }

    @Test
    void steps_ofARequest_areLoggedOnceEachInOrder() throws InterruptedException {
        for (boolean stream : new boolean[]{false, true}) {
            String id = "steps-" + stream;
            ask(id, stream);
            server.awaitLog(l -> l.contains("request ended") && l.contains("request_id=" + id));
            List<Integer> steps = server.log().stream().map(STEP::matcher).filter(Matcher::find)
                    .filter(m -> m.group(2).equals(id)).map(m -> Integer.valueOf(m.group(1))).toList();
            assertThat(steps).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
        }
    }

    @Test
    void end_ofARequest_isOneLineWithItsCounts() throws InterruptedException {
        ask("ended-1", false);
        String line = server.awaitLog(l -> l.contains("request ended request_id=ended-1"));
        assertThat(line).contains("tenant=acme").contains("model=" + TestServer.MODEL).containsPattern("guest=[0-9a-f]{12}")
                .containsPattern("prompt_tokens=\\d+").containsPattern("generated_tokens=\\d+").contains("finish_reason=");
    }

    @Test
    void failure_ofARequest_isLoggedWithItsCause() throws InterruptedException {
        Api trap = new Api(server.url(), TestServer.TRAP);
        trap.send(trap.request("/v1/chat/completions").header("x-request-id", "trap-1")
                .POST(HttpRequest.BodyPublishers.ofString(Api.chat("hi").toString())).build());
        assertThat(server.awaitLog(l -> l.contains("request failed request_id=trap-1"))).contains("error_code=GUEST_FAILED")
                .contains("unreachable");
    }

    @Test
    void log_atDebug_holdsNoPromptNoOutputNoKey() throws InterruptedException {
        ask("private-1", true);
        server.awaitLog(l -> l.contains("request ended request_id=private-1"));
        assertThat(server.log()).noneMatch(l -> l.contains("zebracrossing") || l.contains("Paris"));
        for (String ids : List.of("[123456789]", "[1, -123456789]", "[1.23456789e8]")) {
            assertThat(acme.post("/v1/completions", "{\"prompt\":" + ids + "}").status()).isEqualTo(400);
            assertThat(acme.post("/v1/embeddings", "{\"model\":\"bert\",\"input\":" + ids + "}").status()).isEqualTo(400);
        }
        assertThat(server.log()).noneMatch(l -> l.contains("23456789"));
        Stream.of(TestServer.ACME, TestServer.SUFFIX, TestServer.TRAP)
                .forEach(key -> assertThat(server.log()).noneMatch(l -> l.contains(key) || l.contains(TestServer.hash(key))));
    }

    @Test
    void start_saysWhichModelGuestKernelsAndLimits() {
        assertThat(server.log()).anyMatch(l -> l.contains("model=" + TestServer.MODEL) && l.contains("context="))
                .anyMatch(l -> l.contains("tenant=acme") && l.contains("guest_digest=") && l.contains("max_tokens="))
                .anyMatch(l -> l.contains("kernels")).anyMatch(l -> l.contains("ready url="));
    }
}
