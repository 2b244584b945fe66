package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.dylibso.chicory.wabt.Wat2Wasm;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What guests that never end cost the tenant beside them: no more than the share of the processors that the operator set for all
 * guests. Writes what it measured to {@code target/guest-share.txt}. {@code -Drealm.share.rounds=12} measures as long as one likes,
 * {@code -Drealm.share.tokens=80} with longer
 * answers, {@code -Drealm.share.noise=1} allows nothing for a machine that others use, {@code -Drealm.share=0.1,0.25} sets the shares.
 */
@Timeout(1200)
class GuestShareIT {
    private static final int ROUNDS = Integer.getInteger("realm.share.rounds", 2);
    private static final int REQUESTS = 5;
    private static final int TOKENS = Integer.getInteger("realm.share.tokens", 24);
    private static final double NOISE = Double.parseDouble(System.getProperty("realm.share.noise", "1.25"));
    private static final String INNOCENT = "rk-e2e-innocent";

    private static final String GUEST = """
            (module
              (import "env" "realm_host_generate" (func $generate (param i32 i32 i32 i32 i32 i32) (result i32)))
              (import "env" "realm_host_kv_set" (func $set (param i32 i32 i32 i32) (result i32)))
              (import "env" "realm_host_tokenize" (func $tokenize (param i32 i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 2)
              (func $loop (loop $l (br $l)))
              %s)""";
    private static final String IN_GENERATE = """
            (func (export "generate") (param i32 i32 i32 i32) (result i32) (call $loop) (i32.const 0))""";
    private static final String IN_ON_TOKEN = """
            (func (export "on_token") (param i32 i32) (result i32) (call $loop) (i32.const 0))
            (func (export "generate") (param $p i32) (param $n i32) (param $m i32) (param $o i32) (result i32)
              (call $generate (local.get $m) (local.get $p) (local.get $n) (local.get $o) (i32.const 65536) (i32.const 4096)))""";
    private static final String IN_HOST_CALLS = """
            (func (export "generate") (param i32 i32 i32 i32) (result i32)
              (loop $l (drop (call $set (i32.const 0) (i32.const 8) (i32.const 8) (i32.const 999))) (br $l)) (i32.const 0))""";
    private static final String IN_LONG_HOST_CALLS = """
            (func (export "generate") (param i32 i32 i32 i32) (result i32)
              (drop (memory.grow (i32.const 20))) (memory.fill (i32.const 0) (i32.const 97) (i32.const 1048576))
              (loop $l (drop (call $tokenize (i32.const 0) (i32.const 0) (i32.const 1048576) (i32.const 0) (i32.const 0)))
                (br $l)) (i32.const 0))""";
    private static final List<String> BURNERS = List.of(IN_GENERATE, IN_ON_TOKEN, IN_HOST_CALLS, IN_LONG_HOST_CALLS);

    @TempDir
    private Path dir;

    private int asked;

    static Stream<Double> shares() {
        return Stream.of(System.getProperty("realm.share", "0.25").split(",")).map(Double::valueOf);
    }

    @ParameterizedTest
    @MethodSource("shares")
    void guestsThatNeverEnd_slowTheTenantBesideThemByNoMoreThanTheirShare(double share) throws Exception {
        List<Double> alone = new ArrayList<>();
        List<Double> beside = new ArrayList<>();
        try (RealmProcess server = RealmProcess.serve(configuration(share))) {
            Api innocent = new Api(server.url(), INNOCENT);
            measure(innocent, new ArrayList<>());
            for (int round = 0; round < ROUNDS; round++) {
                measure(innocent, alone);
                List<CompletableFuture<HttpResponse<String>>> burning = burn(server, innocent);
                measure(innocent, beside);
                assertThat(burning).as("guests that still run").noneMatch(CompletableFuture::isDone);
                burning.forEach(b -> b.cancel(true));
                innocent.awaitMetric("realm_requests_running", 0);
            }
            report(share, alone, beside);
        }
        double explained = 1 / (1 - share);
        assertThat(median(beside) / median(alone)).isLessThan(explained * NOISE);
    }

    private Path configuration(double share) throws IOException {
        StringBuilder yaml = new StringBuilder(String.format(Locale.ROOT, """
                server: {data: data, guests: {cpu_share: %s}}
                tenants:
                  - {id: innocent, keys: ['%s']}
                """, share, TestServer.hash(INNOCENT)));
        for (int i = 0; i < BURNERS.size(); i++) {
            Files.write(dir.resolve("burner-" + i + ".wasm"), Wat2Wasm.parse(GUEST.formatted(BURNERS.get(i))));
            yaml.append("  - {id: burner-").append(i).append(", keys: ['").append(TestServer.hash(key(i)))
                    .append("'], guest: burner-").append(i)
                    .append(".wasm, guest_limits: {cpu_ms: 600000, deadline_ms: 600000}}\n");
        }
        Path file = dir.resolve("realm.yaml");
        Files.writeString(file, yaml);
        return file;
    }

    private static String key(int burner) {
        return "rk-e2e-burner-" + burner;
    }

    /** Two requests of each hostile tenant, which run until they are cancelled. */
    private List<CompletableFuture<HttpResponse<String>>> burn(RealmProcess server, Api innocent) {
        List<CompletableFuture<HttpResponse<String>>> burning = new ArrayList<>();
        for (int i = 0; i < 2 * BURNERS.size(); i++) {
            Api api = new Api(server.url(), key(i % BURNERS.size()));
            burning.add(Api.CLIENT.sendAsync(api.request("/v1/completions")
                    .POST(HttpRequest.BodyPublishers.ofString(Api.completion("x").put("max_tokens", 1).toString()))
                    .build(), HttpResponse.BodyHandlers.ofString()));
        }
        innocent.awaitMetric("realm_requests_running", burning.size());
        return burning;
    }

    /** Streams some answers, one after the other; every prompt is a new one. */
    private void measure(Api innocent, List<Double> millis) {
        for (int i = 0; i < REQUESTS; i++) {
            ObjectNode body = Api.completion(String.format("Story %05d: ", asked++) + "it was a long road, ".repeat(6))
                    .put("max_tokens", TOKENS).put("stream", true);
            long begin = System.nanoTime();
            Api.Answer answer = innocent.complete(body);
            millis.add((System.nanoTime() - begin) / 1e6);
            if (answer.status() != 200 || !answer.finishReason().equals("length")) {
                throw new AssertionError(answer.body());
            }
        }
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }

    private static void report(double share, List<Double> alone, List<Double> beside) {
        String line = String.format(Locale.ROOT, "share %.2f: median alone %.0f ms, beside %.0f ms, ratio %.3f, explained %.3f%n",
                share, median(alone), median(beside), median(beside) / median(alone), 1 / (1 - share));
        try {
            Path file = Path.of("target/guest-share.txt");
            Files.writeString(file, (Files.exists(file) ? Files.readString(file) : "") + line);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
