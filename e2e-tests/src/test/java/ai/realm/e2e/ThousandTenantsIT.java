package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A thousand tenants on one guest module, made through the admin API while the server runs: what they cost in heap and whether
 * requests of all of them are served as fast as the same requests of one. The model is tiny, so that the time is the server's own.
 * {@code -Drealm.tenants.requests=4000} for a measurement of longer rounds.
 */
@Timeout(600)
class ThousandTenantsIT {
    private static final String ADMIN = "ra-e2e-admin";
    private static final String FIRST = "rk-e2e-first";
    private static final int TENANTS = 1_000;
    private static final int REQUESTS = Integer.getInteger("realm.tenants.requests", 1_000);
    private static final int ROUNDS = 4;
    private static final int CLIENTS = 16;
    private static final long MOST_BYTES = 64L << 20;
    /** Of the throughput of one tenant: what a busy machine may take away between two rounds. */
    private static final double LEAST_RATIO = 0.75;

    @TempDir
    private static Path dir;
    private static RealmProcess server;

    @BeforeAll
    static void start() throws IOException {
        Path model = TinyModel.write(dir.resolve("tiny.gguf"));
        server = RealmProcess.serve("info", Files.writeString(dir.resolve("realm.yaml"), """
                server: {data: data}
                admin: {key: '%s'}
                models:
                  tiny: {file: '%s'}
                tenants:
                  - {id: first, keys: ['%s']}
                """.formatted(TestServer.hash(ADMIN), model, TestServer.hash(FIRST))));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void tenants_aThousandOnOneModule_costLittleHeapAndNoThroughput() throws Exception {
        List<String> first = List.of(FIRST);
        round(first);
        long before = server.usedHeap();
        List<String> keys = IntStream.range(0, TENANTS).mapToObj(ThousandTenantsIT::create).toList();
        round(keys);
        double[] one = new double[ROUNDS];
        double[] all = new double[ROUNDS];
        for (int r = 0; r < ROUNDS; r++) {
            // The server gets faster as it is compiled: each goes first in turn.
            boolean oneFirst = r % 2 == 0;
            one[r] = oneFirst ? round(first) : 0;
            all[r] = round(keys);
            one[r] = oneFirst ? one[r] : round(first);
        }
        long grown = server.usedHeap() - before;
        double ratio = Arrays.stream(all).sum() / Arrays.stream(one).sum();
        System.out.printf("a thousand tenants: heap +%.1f MB; requests/s of one %s, of a thousand %s: %.3f%n",
                grown / (double) (1 << 20), Arrays.toString(one), Arrays.toString(all), ratio);
        assertThat(grown).as("bytes of heap").isLessThan(MOST_BYTES);
        assertThat(ratio).as("throughput of a thousand by that of one: %s by %s", Arrays.toString(all), Arrays.toString(one))
                .isGreaterThan(LEAST_RATIO);
    }

    /** A new tenant's key. */
    private static String create(int number) {
        Api admin = new Api(server.url(), ADMIN);
        Api.Answer answer = admin.send(admin.request("/admin/tenants")
                .POST(HttpRequest.BodyPublishers.ofString("{\"id\":\"tenant-" + number + "\"}")).build());
        assertThat(answer.status()).as(answer.body()).isEqualTo(201);
        return answer.json().path("key").asText();
    }

    /** Requests a second, by clients that take the tenants in turn. */
    private static double round(List<String> keys) {
        List<String> problems = new CopyOnWriteArrayList<>();
        AtomicInteger next = new AtomicInteger();
        long begun = System.nanoTime();
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int c = 0; c < CLIENTS; c++) {
                clients.execute(() -> {
                    for (int i = next.getAndIncrement(); i < REQUESTS; i = next.getAndIncrement()) {
                        ask(keys.get(i % keys.size()), i, problems);
                    }
                });
            }
        }
        assertThat(problems).isEmpty();
        return REQUESTS / ((System.nanoTime() - begun) / 1e9);
    }

    private static void ask(String key, int number, List<String> problems) {
        try {
            Api.Answer answer = new Api(server.url(), key)
                    .complete(Api.completion("Request " + number).put("model", "tiny").put("max_tokens", 8));
            if (answer.status() != 200) {
                problems.add(answer.body());
            }
        } catch (RuntimeException e) {
            problems.add(e.toString());
        }
    }
}
