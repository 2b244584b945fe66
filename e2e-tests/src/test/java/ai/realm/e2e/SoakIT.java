package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.e2e.Ledger.Used;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many requests of patient clients, of clients that leave and of tenants whose deadline is short, on KV memory so small that
 * sequences are preempted all the time. {@code -Drealm.soak=10000} for as many.
 */
@Timeout(1800)
class SoakIT {
    private static final int REQUESTS = Integer.getInteger("realm.soak", 600);
    private static final long SEED = 4242;
    private static final int CLIENTS = 24;
    private static final String MODEL = "tiny";
    /** Leaves after some pieces. */
    private static final int LEAVES_ONE_IN = 4;
    private static final int HURRIED_ONE_IN = 16;

    @TempDir
    private static Path dir;
    private static RealmProcess server;

    /** How a request ended for its client. */
    private enum End {
        COMPLETE,
        LEFT,
        TOO_LATE
    }

    /** What a client saw of its request. */
    private record Seen(String id, End end, int pieces, Used usage) {}

    @BeforeAll
    static void start() throws IOException {
        Path model = TinyModel.write(dir.resolve("tiny.gguf"));
        StringBuilder yaml = new StringBuilder("""
                server: {data: data}
                engine: {kv_mb: 1, running: 16}
                models:
                  tiny: {file: '%s'}
                tenants:
                  - {id: hurried, keys: ['%s'], limits: {deadline_seconds: 1}}
                """.formatted(model, TestServer.hash("hurried")));
        for (String id : List.of("a", "b", "c", "d")) {
            yaml.append("  - {id: ").append(id).append(", keys: ['").append(TestServer.hash(id)).append("']}\n");
        }
        server = RealmProcess.serve("error", Files.writeString(dir.resolve("realm.yaml"), yaml));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void requests_completedCancelledLateAndPreempted_areAccountedForAndLeaveNothing() throws Exception {
        List<Seen> seen = new CopyOnWriteArrayList<>();
        List<String> problems = new CopyOnWriteArrayList<>();
        Semaphore places = new Semaphore(CLIENTS);
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < REQUESTS; i++) {
                SplittableRandom random = new SplittableRandom(SEED + i);
                String id = "soak-" + i;
                places.acquire();
                pool.execute(() -> {
                    try {
                        seen.add(ask(id, random));
                    } catch (IOException | RuntimeException | AssertionError e) {
                        problems.add(id + ": " + e);
                    } finally {
                        places.release();
                    }
                });
            }
        }
        assertThat(problems).isEmpty();
        Api api = new Api(server.url(), "a");
        for (String m : List.of("realm_requests_running", "vllm:num_requests_running", "vllm:num_requests_waiting",
                "vllm:kv_cache_usage_perc")) {
            api.awaitMetric(m, 0);
        }
        reconcile(seen);
        Map<End, Long> ends = seen.stream().collect(Collectors.groupingBy(Seen::end, Collectors.counting()));
        double preemptions = api.metric("vllm:num_preemptions_total");
        System.out.printf("soak: %d requests from seed %d: %s, %.0f preemptions%n", seen.size(), SEED, ends, preemptions);
        assertThat(seen).hasSize(REQUESTS);
        assertThat(ends).containsOnlyKeys(End.values());
        assertThat(ends.get(End.COMPLETE)).isGreaterThan(REQUESTS / 4);
        assertThat(ends.get(End.LEFT)).isGreaterThan(REQUESTS / 10);
        assertThat(preemptions).isGreaterThan(REQUESTS / 10.0);
    }

    /** The accounts have what clients saw: all of it where an answer was complete, no less where it was not. */
    private static void reconcile(List<Seen> seen) throws Exception {
        try (Ledger ledger = new Ledger(dir.resolve("data"))) {
            for (Seen s : seen) {
                Used kept = ledger.of(s.id);
                assertThat(kept).as(s.id).isNotNull();
                if (s.end == End.COMPLETE) {
                    assertThat(kept).as(s.id).isEqualTo(s.usage);
                } else {
                    assertThat(kept.generated()).as(s.id).isGreaterThanOrEqualTo(s.pieces);
                }
            }
        }
    }

    private static Seen ask(String id, SplittableRandom random) throws IOException {
        int leaveAfter = random.nextInt(LEAVES_ONE_IN) == 0 ? 1 + random.nextInt(20) : Integer.MAX_VALUE;
        boolean hurried = random.nextInt(HURRIED_ONE_IN) == 0;
        String tenant = hurried ? "hurried" : List.of("a", "b", "c", "d").get(random.nextInt(4));
        ObjectNode body = Api.completion("Story " + random.nextInt(30) + " of " + "a long road ".repeat(random.nextInt(30)))
                .put("model", MODEL).put("max_tokens", hurried ? 3000 : 2 + random.nextInt(200)).put("stream", true);
        body.put("priority", random.nextBoolean() ? "batch" : "interactive").putObject("stream_options").put("include_usage",
                true);
        URI url = URI.create(server.url());
        byte[] bytes = body.toString().getBytes(StandardCharsets.UTF_8);
        int pieces = 0;
        String last = "{}";
        try (Socket socket = new Socket(url.getHost(), url.getPort())) {
            socket.setSoTimeout(120_000);
            socket.getOutputStream()
                    .write(("POST /v1/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer " + tenant
                            + "\r\nx-request-id: " + id + "\r\nContent-Length: " + bytes.length + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(bytes);
            BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (line.equals("data: [DONE]")) {
                    return new Seen(id, End.COMPLETE, pieces, Used.of(Api.parse(last).path("usage")));
                }
                if (line.startsWith("data: ") || line.startsWith("{\"error\"")) {
                    last = line.substring(line.indexOf('{'));
                    pieces += Api.parse(last).at("/choices/0/text").asText("").isEmpty() ? 0 : 1;
                }
                if (pieces >= leaveAfter) {
                    return new Seen(id, End.LEFT, pieces, Used.of(Api.JSON.nullNode()));
                }
            }
        }
        JsonNode error = Api.parse(last).path("error");
        assertThat(error.path("code").asText()).as(last).isEqualTo("deadline_exceeded");
        return new Seen(id, End.TOO_LATE, pieces, Used.of(Api.JSON.nullNode()));
    }
}
