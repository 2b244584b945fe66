package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.testkit.PostgresServer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Servers on one PostgreSQL database that are replaced, and killed, while clients go on. What stands before them does what proxies do: it
 * asks whether each is ready, sends to those that are, and tries another where a connection is refused.
 */
@Tag("postgresql")
@Timeout(300)
class RollingRestartIT {
    private static final String KEY = "rk-e2e-rolling";
    private static final int CLIENTS = 6;
    private static final Duration PROBE = Duration.ofMillis(100);

    @TempDir
    private Path dir;
    private PostgresServer postgres;
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();
    private final List<String> servers = new CopyOnWriteArrayList<>();
    private final List<RealmProcess> started = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Queue<String> answered = new ConcurrentLinkedQueue<>();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final AtomicInteger asked = new AtomicInteger();
    private volatile List<String> ready = List.of();
    private volatile boolean over;

    @BeforeEach
    void start() throws Exception {
        postgres = PostgresServer.start();
        postgres.createDatabase("realm");
        TinyModel.write(dir.resolve("tiny.gguf"));
    }

    @AfterEach
    void stop() throws Exception {
        over = true;
        for (Thread t : threads) {
            t.join();
        }
        started.forEach(RealmProcess::close);
        http.close();
        postgres.close();
    }

    private RealmProcess serve() throws Exception {
        int n = started.size();
        Path config = Files.writeString(dir.resolve("realm-" + n + ".yaml"), """
                server: {data: data-%d, drain_delay_seconds: 1, database: '%s', database_user: '%s', database_password: '%s'}
                models:
                  tiny: {file: tiny.gguf}
                tenants:
                  - {id: acme, keys: ['%s']}
                """.formatted(n, postgres.url("realm"), postgres.user(), postgres.password(), TestServer.hash(KEY)));
        RealmProcess server = RealmProcess.serve("info", config);
        started.add(server);
        servers.add(server.url());
        return server;
    }

    /** Clients and what stands before the servers. */
    private void load() throws InterruptedException {
        threads.add(Thread.ofVirtual().start(this::probe));
        while (ready.isEmpty()) {
            Thread.onSpinWait();
        }
        for (int i = 0; i < CLIENTS; i++) {
            boolean stream = i % 2 == 0;
            threads.add(Thread.ofVirtual().start(() -> {
                while (!over) {
                    ask(stream);
                }
            }));
        }
    }

    private void probe() {
        while (!over) {
            ready = servers.stream().filter(this::isReady).toList();
            pause();
        }
    }

    /** As long as a proxy lets pass between two looks; a client that was refused waits as long. */
    private static void pause() {
        LockSupport.parkNanos(PROBE.toNanos());
    }

    private boolean isReady(String url) {
        try {
            return http.send(HttpRequest.newBuilder(URI.create(url + "/health/ready")).timeout(Duration.ofSeconds(2)).build(),
                    BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void ask(boolean stream) {
        int n = asked.incrementAndGet();
        String id = "rolling-" + n;
        String body = Api.completion("x").put("model", "tiny").put("max_tokens", 40).put("stream", stream).toString();
        for (int attempt = 0; attempt < 3; attempt++) {
            List<String> up = ready;
            if (up.isEmpty()) {
                failures.add(id + " nobody is ready");
                pause();
                return;
            }
            String url = up.get((n + attempt) % up.size());
            try {
                HttpResponse<String> answer = http.send(HttpRequest.newBuilder(URI.create(url + "/v1/completions"))
                        .header("Authorization", "Bearer " + KEY).header("Content-Type", "application/json")
                        .header("x-request-id", id)
                        .timeout(Duration.ofSeconds(60)).POST(BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
                boolean whole = answer.statusCode() == 200 && (!stream || answer.body().endsWith("data: [DONE]\n\n"));
                if (whole) {
                    answered.add(id);
                } else {
                    failures.add(id + " " + answer.statusCode() + " " + answer.body());
                    pause();
                }
                return;
            } catch (ConnectException e) {
                // Nothing was sent: another one is asked.
                continue;
            } catch (IOException e) {
                failures.add(id + " " + e);
                pause();
                return;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
        failures.add(id + " no server could be reached");
    }

    private void answersMore(int wanted) {
        int before = answered.size();
        long end = System.nanoTime() + Duration.ofSeconds(90).toNanos();
        while (answered.size() < before + wanted) {
            assertThat(System.nanoTime()).as(() -> "too few answers; failures: " + failures).isLessThan(end);
            Thread.onSpinWait();
        }
    }

    private Map<String, Integer> accounts() throws Exception {
        Map<String, Integer> rows = new HashMap<>();
        try (Connection c = DriverManager.getConnection(postgres.url("realm"), postgres.user(), postgres.password());
                Statement s = c.createStatement();
                ResultSet r = s
                        .executeQuery("SELECT request_id, count(*) FROM requests WHERE tenant = 'acme' GROUP BY request_id")) {
            while (r.next()) {
                rows.put(r.getString(1), r.getInt(2));
            }
        }
        return rows;
    }

    private void endLoad() throws InterruptedException {
        over = true;
        for (Thread t : threads) {
            t.join();
        }
        threads.clear();
    }

    @Test
    void servers_replacedOneByOneUnderLoad_failNoRequestAndAccountForEachOnce() throws Exception {
        List<RealmProcess> old = List.of(serve(), serve());
        load();
        answersMore(50);
        for (RealmProcess leaving : old) {
            serve();
            answersMore(30);
            leaving.terminate();
            assertThat(leaving.awaitExit()).isZero();
            servers.remove(leaving.url());
            answersMore(30);
        }
        endLoad();

        assertThat(failures).isEmpty();
        Map<String, Integer> rows = accounts();
        assertThat(rows.keySet()).containsAll(answered);
        assertThat(rows.values()).containsOnly(1);
        assertThat(rows).hasSize(answered.size());
    }

    @Test
    void servers_killedAndADatabaseRestarted_loseAndDoubleNoAccountOfWhatWasAnswered() throws Exception {
        RealmProcess first = serve();
        serve();
        load();
        answersMore(30);
        first.kill();
        servers.remove(first.url());
        answersMore(30);
        RealmProcess third = serve();
        postgres.crash();
        postgres.restart();
        answersMore(30);
        third.kill();
        servers.remove(third.url());
        answersMore(30);
        endLoad();
        // What waited for the database is there when nothing waits any more; what the killed ones left, the next ones take over.
        started.get(1).terminate();
        assertThat(started.get(1).awaitExit()).isZero();
        for (int killed : new int[]{0, 2}) {
            RealmProcess next = RealmProcess.serve("info", dir.resolve("realm-" + killed + ".yaml"));
            started.add(next);
            next.terminate();
            assertThat(next.awaitExit()).isZero();
        }

        Map<String, Integer> rows = accounts();
        assertThat(rows.keySet()).containsAll(answered);
        assertThat(rows.values()).containsOnly(1);
    }
}
