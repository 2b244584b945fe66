package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.e2e.Ledger.Used;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The server under load, killed with SIGKILL again and again: whatever a client saw complete is in the accounts with the same
 * numbers. {@code -Drealm.kills=20} for as many; the random numbers have a seed, {@code -Drealm.kills.seed}.
 */
@Timeout(3600)
class KillIT {
    private static final int KILLS = Integer.getInteger("realm.kills", 3);
    private static final long SEED = Long.getLong("realm.kills.seed", 20261);
    private static final int CLIENTS = 5;
    private static final int MOST_BEFORE_A_KILL = 25;

    @TempDir
    private Path dir;

    private final Map<String, Used> complete = new ConcurrentHashMap<>();
    private final List<String> problems = new CopyOnWriteArrayList<>();

    @Test
    void accounts_afterKillsAtRandomMoments_holdWhateverAClientSawComplete() throws Exception {
        Random random = new Random(SEED);
        Path config = TestServer.configuration(dir, 30);
        for (int round = 0; round < KILLS; round++) {
            try (RealmProcess server = RealmProcess.serve(config);
                    ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
                CountDownLatch enough = new CountDownLatch(1 + random.nextInt(MOST_BEFORE_A_KILL));
                for (int c = 0; c < CLIENTS; c++) {
                    int client = c;
                    String name = "kill-" + round + "-" + client;
                    Random own = new Random(random.nextLong());
                    pool.execute(
                            () -> ask(server.url(), client % 2 == 0 ? TestServer.ACME : TestServer.SUFFIX, name, own, enough));
                }
                assertThat(enough.await(120, TimeUnit.SECONDS)).isTrue();
                server.kill();
                server.awaitExit();
            }
        }
        assertThat(problems).isEmpty();
        assertThat(complete.size()).isGreaterThanOrEqualTo(KILLS);
        assertThat(differences()).isEmpty();
    }

    /** Asks until the server is gone. */
    private void ask(String url, String key, String name, Random random, CountDownLatch enough) {
        for (int i = 0;; i++) {
            String id = name + "-" + i;
            boolean stream = random.nextBoolean();
            ObjectNode body = Api.completion("Story " + random.nextInt(5) + ": " + "once ".repeat(random.nextInt(60)))
                    .put("max_tokens", 1 + random.nextInt(12)).put("temperature", 1);
            if (stream) {
                body.put("stream", true).putObject("stream_options").put("include_usage", true);
            }
            Api api = new Api(url, key);
            HttpRequest request = api.request("/v1/completions").header("x-request-id", id)
                    .POST(HttpRequest.BodyPublishers.ofString(body.toString())).build();
            try {
                keep(id, stream, api.send(request));
                enough.countDown();
            } catch (UncheckedIOException e) {
                return;
            } catch (AssertionError e) {
                problems.add(id + ": " + e.getMessage());
            }
        }
    }

    private void keep(String id, boolean stream, Api.Answer answer) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        if (!stream) {
            complete.put(id, Used.of(answer.json().path("usage")));
            return;
        }
        List<String> events = answer.events();
        assertThat(events.getLast()).isEqualTo("[DONE]");
        complete.put(id, Used.of(Api.parse(events.get(events.size() - 2)).path("usage")));
    }

    private List<String> differences() throws Exception {
        List<String> wrong = new ArrayList<>();
        try (Ledger ledger = new Ledger(dir.resolve("data"))) {
            for (Map.Entry<String, Used> e : complete.entrySet()) {
                Used kept = ledger.of(e.getKey());
                if (!e.getValue().equals(kept)) {
                    wrong.add(e.getKey() + ": the client saw " + e.getValue() + ", the accounts have " + kept);
                }
            }
        }
        return wrong;
    }
}
