package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.dylibso.chicory.wabt.Wat2Wasm;
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
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Hostile guests of several tenants in a running server, many requests at the same time: each fails its own request as it should, the
 * tenant beside them gets the answer that it always got, and afterwards the process holds what it held before.
 * {@code -Drealm.hostile.requests=10000} for as many.
 */
@Timeout(3600)
class HostileGuestsIT {
    private static final int REQUESTS = Integer.getInteger("realm.hostile.requests", 300);
    private static final int CLIENTS = 12;
    private static final String MODEL = "tiny";
    private static final String GOOD = "good";
    private static final long HEAP_NOISE = 16L << 20;
    /** The JVM's compiler and collector threads come and go. */
    private static final int THREAD_NOISE = 6;
    private static final int FILE_NOISE = 4;

    /** What {@code %s} is: functions and data, the body of {@code realm_alloc}, the body of {@code generate}. */
    private static final String GUEST = """
            (module
              (import "env" "realm_host_generate" (func $generate (param i32 i32 i32 i32 i32 i32) (result i32)))
              (import "env" "realm_host_result" (func $result (param i32 i32 i32) (result i32)))
              (import "env" "realm_host_emit" (func $emit (param i32 i32) (result i32)))
              (import "env" "realm_host_tokenize" (func $tokenize (param i32 i32 i32 i32 i32) (result i32)))
              (import "env" "realm_host_last_error" (func $last_error (param i32 i32) (result i32)))
              (import "env" "realm_host_log" (func $log (param i32 i32 i32)))
              (import "env" "realm_host_kv_get" (func $kv_get (param i32 i32 i32 i32) (result i32)))
              (import "env" "realm_host_kv_set" (func $kv_set (param i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              (global $next (mut i32) (i32.const 32768))
              (data (i32.const 8) "hostile")
              (data (i32.const 24) "half \\c3\\28 a character")
              %s
              (func (export "realm_alloc") (param $bytes i32) (result i32)
                (local $at i32)
                (local.set $at (global.get $next))
                (global.set $next (i32.and (i32.add (i32.add (local.get $at) (local.get $bytes)) (i32.const 7)) (i32.const -8)))
                %s
                (local.get $at))
              (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
                (local $i i32)
                %s))""";
    private static final String GENERATE = "(call $generate (i32.const 0) (local.get $prompt) (local.get $len) "
            + "(local.get $options) (i32.const 8192) (i32.const 8192))";
    private static final String EMIT = "(call $emit (i32.const 8) (i32.const 7))";

    @TempDir
    private static Path dir;
    private static RealmProcess server;

    /** How a client takes the answer. */
    private enum Client {
        WHOLE,
        STREAM,
        /** Goes away once the first piece is there. */
        LEAVES
    }

    /**
     * A hostile tenant.
     *
     * @param settings of its guest, under {@code guest_limits}
     * @param status of the answer as a whole; what ends a stream comes as an event once it has begun
     * @param says what the answer contains
     */
    private record Attack(String tenant, String settings, String module, Client client, int status, String says) {}

    private static Attack attack(String tenant, String settings, String body, int status, String says) {
        return new Attack(tenant, settings, GUEST.formatted("", "", body), Client.WHOLE, status, says);
    }

    private static final List<Attack> ATTACKS = List.of(
            attack("loop", "cpu_ms: 10", "(loop $l (br $l)) (i32.const 8)", 502, "cpu_time"),
            attack("host-calls", "cpu_ms: 10",
                    "(loop $l (drop (call $result (i32.const 0) (i32.const -1) (i32.const -1))) (br $l)) "
                            + "(i32.const 8)",
                    502, "cpu_time"),
            attack("long-texts", "cpu_ms: 20",
                    """
                            (drop (memory.grow (i32.const 20))) (memory.fill (i32.const 0) (i32.const 97) (i32.const 1048576))
                            (loop $l (drop (call $tokenize (i32.const 0) (i32.const 0) (i32.const 1048576) (i32.const 0) (i32.const 0))) (br $l))
                            (i32.const 8)""",
                    502, "cpu_time"),
            new Attack("recursion", "", GUEST.formatted("(func $f (call $f))", "", "(call $f) (i32.const 8)"), Client.WHOLE, 502,
                    "stack_bytes"),
            attack("growth", "memory_pages: 64", """
                    (loop $l (br_if $l (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0))))
                    (memory.fill (i32.const 0) (i32.const 65) (i32.const 4194304)) unreachable""", 502, "memory_pages"),
            attack("pointers", "", sweep() + "(i32.const 65536)", 502, "must lie within the memory"),
            attack("log", "log_lines: 3", """
                    (loop $l (call $log (i32.const 0) (i32.const 8) (i32.const 60000))
                      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 500))))
                    (i32.const 8)""", 200, "hostile"),
            new Attack("re-entry", "", GUEST.formatted("", "(drop (call $generate (i32.const 0) (i32.const 8) (i32.const 7) "
                    + "(i32.const 0) (i32.const 64) (i32.const 64)))", "(i32.const 0)"), Client.WHOLE, 502,
                    "not be called from realm_alloc"),
            attack("encoding", "", "(i32.const 24)", 502, "is not UTF-8"),
            attack("store", "kv_bytes: 4096", """
                    (loop $l (i32.store (i32.const 100) (local.get $i))
                      (local.set $i (i32.add (local.get $i) (i32.const 1)))
                      (br_if $l (i32.eqz (call $kv_set (i32.const 100) (i32.const 4) (i32.const 0) (i32.const 500)))))
                    (i32.const 0)""", 502, "kv_bytes"),
            attack("output", "output_bytes: 5000", "(loop $l (br_if $l (i32.eqz " + EMIT + "))) (i32.const 0)", 502,
                    "output_bytes"),
            attack("generations", "generations: 5",
                    "(loop $l (br_if $l (i32.gt_s " + GENERATE + " (i32.const 0)))) (i32.const 0)", 502, "generations"),
            new Attack("cut", "", GUEST.formatted("", "", "(drop " + EMIT + ") (drop " + GENERATE + ") unreachable"),
                    Client.STREAM, 200,
                    "guest_error"),
            new Attack("late", "deadline_ms: 50, cpu_ms: 60000",
                    GUEST.formatted("", "", "(drop " + EMIT + ") (loop $l (drop " + GENERATE + ") (br $l)) (i32.const 8)"),
                    Client.STREAM,
                    200, "deadline"),
            new Attack("gone-in-a-loop", "cpu_ms: 60000",
                    GUEST.formatted("", "", "(drop " + EMIT + ") (loop $l (br $l)) (i32.const 8)"),
                    Client.LEAVES, 200, "hostile"),
            new Attack("gone-in-a-generation", "generations: 1000000",
                    GUEST.formatted("", "", "(loop $l (br_if $l (i32.gt_s " + GENERATE + " (i32.const 0)))) (i32.const 8)"),
                    Client.LEAVES,
                    200, "text"));

    /** Each import with pointers and lengths at the memory's boundaries. */
    private static String sweep() {
        List<String> boundaries = List.of("0", "1", "65535", "65536", "65537", "2147483647", "-2147483648", "-1");
        return boundaries.stream()
                .flatMap(p -> boundaries.stream()
                        .map(l -> """
                                (drop (call $generate (i32.const 0) (i32.const 9) (i32.const 0) (i32.const %1$s) (i32.const %1$s) (i32.const %2$s)))
                                (drop (call $result (i32.const %1$s) (i32.const %1$s) (i32.const %2$s)))
                                (drop (call $tokenize (i32.const %1$s) (i32.const %1$s) (i32.const %2$s) (i32.const %1$s) (i32.const %2$s)))
                                (drop (call $last_error (i32.const %1$s) (i32.const %2$s)))
                                (drop (call $kv_get (i32.const %1$s) (i32.const %2$s) (i32.const %1$s) (i32.const %2$s)))
                                """
                                .formatted(p, l)))
                .collect(Collectors.joining());
    }

    @BeforeAll
    static void start() throws IOException {
        Path model = TinyModel.write(dir.resolve("tiny.gguf"));
        StringBuilder yaml = new StringBuilder("""
                server: {data: data, guests: {cpu_share: 0.5}}
                models:
                  %s: {file: '%s'}
                tenants:
                  - {id: %s, keys: ['%s']}
                """.formatted(MODEL, model, GOOD, TestServer.hash(GOOD)));
        for (Attack a : ATTACKS) {
            Files.write(dir.resolve(a.tenant() + ".wasm"), Wat2Wasm.parse(a.module()));
            yaml.append("  - {id: ").append(a.tenant()).append(", keys: ['").append(TestServer.hash(a.tenant()))
                    .append("'], guest: ").append(a.tenant()).append(".wasm, guest_limits: {").append(a.settings())
                    .append("}}\n");
        }
        server = RealmProcess.serve("error", Files.writeString(dir.resolve("realm.yaml"), yaml));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static ObjectNode completion(boolean stream) {
        return Api.completion("The lamps were lit, and").put("model", MODEL).put("max_tokens", 40).put("stream", stream);
    }

    private static Api good() {
        return new Api(server.url(), GOOD);
    }

    /** What the process holds once every request has ended. */
    private record Held(long heap, long threads, long files) {
        static Held now() throws Exception {
            for (String m : List.of("realm_requests_running", "vllm:num_requests_running", "vllm:num_requests_waiting",
                    "vllm:kv_cache_usage_perc", "realm_model_leases")) {
                good().awaitMetric(m, 0);
            }
            return new Held(server.usedHeap(), count("task"), count("fd"));
        }

        private static long count(String what) throws IOException {
            try (Stream<Path> entries = Files.list(Path.of("/proc", Long.toString(server.pid()), what))) {
                return entries.count();
            }
        }
    }

    @Test
    void hostileGuests_failTheirOwnRequests_changeNoOtherAnswerAndLeaveNothingBehind() throws Exception {
        String whole = good().complete(completion(false)).text();
        assertThat(whole).hasSize(40);
        attack(Math.max(ATTACKS.size() * 8, 2 * CLIENTS), whole);
        Held before = Held.now();
        long begun = System.nanoTime();
        int answers = attack(REQUESTS, whole);
        double seconds = (System.nanoTime() - begun) / 1e9;
        Held after = Held.now();
        System.out.printf(Locale.ROOT,
                "hostile guests: %d requests in %.0f s, %d unchanged answers beside them; heap %.1f to %.1f MB, threads %d to %d, open "
                        + "files %d to %d%n",
                REQUESTS, seconds, answers, before.heap() / 1e6, after.heap() / 1e6, before.threads(), after.threads(),
                before.files(), after.files());
        assertThat(answers).isPositive();
        assertThat(after.heap() - before.heap()).as("bytes of heap").isLessThan(HEAP_NOISE);
        assertThat(after.threads()).as("threads").isLessThanOrEqualTo(before.threads() + THREAD_NOISE);
        assertThat(after.files()).as("open files").isLessThanOrEqualTo(before.files() + FILE_NOISE);
    }

    /** Sends hostile requests, and the good tenant's beside them; returns how often that was answered, each time as ever. */
    private static int attack(int requests, String whole) throws InterruptedException {
        List<String> problems = new CopyOnWriteArrayList<>();
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger answers = new AtomicInteger();
        Thread beside = Thread.ofVirtual().start(() -> {
            try {
                while (!over.get()) {
                    boolean stream = answers.get() % 2 == 0;
                    Api.Answer a = good().complete(completion(stream));
                    String text = a.status() != 200 ? a.body() : stream ? a.joined() : a.text();
                    if (!text.equals(whole)) {
                        problems.add("the good tenant got: " + text);
                    }
                    answers.incrementAndGet();
                }
            } catch (RuntimeException | AssertionError e) {
                problems.add("the good tenant: " + e);
            }
        });
        Semaphore places = new Semaphore(CLIENTS);
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < requests && problems.isEmpty(); i++) {
                Attack attack = ATTACKS.get(i % ATTACKS.size());
                places.acquire();
                clients.execute(() -> {
                    try {
                        ask(attack, problems);
                    } catch (IOException | RuntimeException e) {
                        problems.add(attack.tenant() + ": " + e);
                    } finally {
                        places.release();
                    }
                });
            }
        }
        over.set(true);
        beside.join();
        assertThat(problems).isEmpty();
        return answers.get();
    }

    private static void ask(Attack attack, List<String> problems) throws IOException {
        if (attack.client() == Client.LEAVES) {
            String first = leave(attack.tenant());
            if (!first.contains(attack.says())) {
                problems.add(attack.tenant() + ": " + first);
            }
            return;
        }
        Api.Answer a = new Api(server.url(), attack.tenant()).complete(completion(attack.client() == Client.STREAM));
        if (attack.client() == Client.WHOLE && a.status() != attack.status() || !a.body().contains(attack.says())) {
            problems.add(attack.tenant() + ": " + a.status() + " " + a.body());
        }
    }

    /** Asks for a stream and closes the connection when its first event has come; returns the event. */
    private static String leave(String key) throws IOException {
        URI url = URI.create(server.url());
        byte[] body = completion(true).toString().getBytes(StandardCharsets.UTF_8);
        try (Socket socket = new Socket(url.getHost(), url.getPort())) {
            socket.setSoTimeout(120_000);
            socket.getOutputStream().write(("POST /v1/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + key
                    + "\r\nContent-Length: " + body.length + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(body);
            BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            return in.lines().filter(l -> l.startsWith("data: ") || l.startsWith("{")).findFirst().orElse("nothing");
        }
    }
}
