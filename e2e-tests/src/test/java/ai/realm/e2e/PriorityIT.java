package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Priorities inside a tenant, on a server that runs one generation at a time: while a long one runs, others are queued, and the
 * log tells in which order they came to run.
 */
@Timeout(300)
class PriorityIT {
    private static final String INTERACTIVE = "rk-e2e-interactive";
    private static final String BATCH = "rk-e2e-batch";
    /** Seconds of work, for the milliseconds that queueing the others takes. */
    private static final int BLOCKING_TOKENS = 1_000;
    private static final String END_OF_TEXT = "0";
    private static final String END_OF_MESSAGE = "2";
    private static final Pattern SCHEDULED = Pattern.compile("step=6 .*request_id=(\\S+)");

    @TempDir
    private static Path dir;
    private static RealmProcess server;

    @BeforeAll
    static void start() throws IOException {
        Path model = RealmProcess.home().resolve("models").resolve(TestServer.MODEL + ".Q4_1.gguf");
        server = RealmProcess.serve(Files.writeString(dir.resolve("realm.yaml"), """
                server: {data: data}
                engine: {running: 1}
                models:
                  %s: {file: '%s'}
                tenants:
                  - {id: one, keys: ['%s']}
                  - {id: two, keys: ['%s'], priority: batch}
                """.formatted(TestServer.MODEL, model, TestServer.hash(INTERACTIVE), TestServer.hash(BATCH))));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void requests_ofOneTenant_runInteractiveBeforeBatchThenInTheirOrder() throws Exception {
        assertThat(order(INTERACTIVE, "one", "batch", null, "batch", "interactive", null))
                .containsExactly("one-1", "one-3", "one-4", "one-0", "one-2");
    }

    @Test
    void requests_thatDoNotSay_haveTheirTenantsPriority() throws Exception {
        assertThat(order(BATCH, "two", null, "interactive", "batch", "interactive"))
                .containsExactly("two-1", "two-3", "two-0", "two-2");
    }

    /** The ids of requests of these priorities, queued in this order, in the order in which they ran. */
    private static List<String> order(String key, String name, String... priorities) throws Exception {
        List<Future<Integer>> answers = new ArrayList<>();
        HttpResponse<InputStream> blocking = Api.CLIENT.send(
                request(key, name + "-blocking", body("interactive", BLOCKING_TOKENS).put("stream", true)),
                HttpResponse.BodyHandlers.ofInputStream());
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            try (BufferedReader lines = new BufferedReader(
                    new InputStreamReader(blocking.body(), StandardCharsets.UTF_8))) {
                assertThat(lines.readLine()).startsWith("data: ");
                Future<Long> rest = pool.submit(() -> lines.lines().filter("data: [DONE]"::equals).count());
                for (int i = 0; i < priorities.length; i++) {
                    HttpRequest request = request(key, name + "-" + i, body(priorities[i], 3));
                    answers.add(pool.submit(() -> new Api(server.url(), key).send(request).status()));
                    awaitWaiting(i + 1);
                }
                assertThat(rest.isDone()).as("the blocking request has ended").isFalse();
                blocking.body().close();
            }
            for (Future<Integer> status : answers) {
                assertThat(status.get()).isEqualTo(200);
            }
        }
        return server.log().stream().map(SCHEDULED::matcher).filter(Matcher::find).map(m -> m.group(1))
                .filter(id -> id.startsWith(name + "-") && !id.endsWith("blocking")).toList();
    }

    private static ObjectNode body(String priority, int maxTokens) {
        ObjectNode body = Api.completion("Once").put("max_tokens", maxTokens);
        body.putObject("logit_bias").put(END_OF_TEXT, -100).put(END_OF_MESSAGE, -100);
        return priority == null ? body : body.put("priority", priority);
    }

    private static HttpRequest request(String key, String id, ObjectNode body) {
        return new Api(server.url(), key).request("/v1/completions").header("x-request-id", id)
                .POST(HttpRequest.BodyPublishers.ofString(body.toString())).build();
    }

    private static void awaitWaiting(int wanted) {
        long end = System.nanoTime() + 60_000_000_000L;
        while (new Api(server.url(), INTERACTIVE).get("/metrics").body().lines()
                .noneMatch(("vllm:num_requests_waiting " + wanted + ".0")::equals)) {
            assertThat(System.nanoTime()).as("%d requests must wait", wanted).isLessThan(end);
        }
    }
}
