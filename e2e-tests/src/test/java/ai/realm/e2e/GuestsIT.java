package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.guest.Guests;
import com.dylibso.chicory.wabt.Wat2Wasm;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Guests of a running server: what they store, and new versions of them while requests run. */
class GuestsIT {
    private static final String KEY = "rk-e2e-guests";
    private static final String ADMIN = "ra-e2e-guests";
    private static final String COUNTER = """
            (module
              (import "env" "realm_host_kv_get" (func $get (param i32 i32 i32 i32) (result i32)))
              (import "env" "realm_host_kv_set" (func $set (param i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              (data (i32.const 0) "n")
              (data (i32.const 8) "0")
              (func (export "generate") (param i32 i32 i32 i32) (result i32)
                (drop (call $get (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 1)))
                (i32.store8 (i32.const 8) (i32.add (i32.load8_u (i32.const 8)) (i32.const 1)))
                (if (call $set (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 1)) (then unreachable))
                (i32.const 8)))""";

    @TempDir
    private Path dir;

    private Path configuration(String guest) throws IOException {
        Files.write(dir.resolve("counter.wasm"), Wat2Wasm.parse(COUNTER));
        Path file = dir.resolve("realm.yaml");
        Files.writeString(file, """
                server: {data: data}
                admin: {key: '%s'}
                tenants:
                  - {id: swap, keys: ['%s'], guest: %s}
                """.formatted(TestServer.hash(ADMIN), TestServer.hash(KEY), guest));
        return file;
    }

    @Test
    void store_outlivesAServerThatIsKilled() throws Exception {
        Path config = configuration("counter.wasm");
        try (RealmProcess server = RealmProcess.serve(config)) {
            Api api = new Api(server.url(), KEY);
            assertThat(api.complete(Api.completion("x")).text()).isEqualTo("1");
            assertThat(api.complete(Api.completion("x")).text()).isEqualTo("2");
            server.kill();
            server.awaitExit();
        }
        Path compiled = dir.resolve("data").resolve("compiled-guests");
        try (var files = Files.list(compiled)) {
            for (Path f : files.filter(f -> f.toString().endsWith(".guest")).toList()) {
                byte[] damaged = Files.readAllBytes(f);
                damaged[damaged.length / 2] ^= 1;
                Files.write(f, damaged);
            }
        }
        try (RealmProcess server = RealmProcess.serve(config)) {
            assertThat(new Api(server.url(), KEY).complete(Api.completion("x")).text()).isEqualTo("3");
            server.awaitLog(l -> l.contains("a compiled guest on disk is damaged"));
        }
    }

    private static Api.Answer push(Api admin, byte[] wasm) {
        return admin.send(admin.request("/admin/tenants/swap/guests").POST(HttpRequest.BodyPublishers.ofByteArray(wasm)).build());
    }

    @Test
    void versionsPushedAndRolledBackUnderLoad_dropNoRequest() throws Exception {
        try (RealmProcess server = RealmProcess.serve(configuration("default"));
                RealmProcess load = RealmProcess.launch(List.of("load", "--url", server.url(), "--tenant",
                        "swap=" + KEY + ":4:5:6", "--duration", "8", "--seed", "7", "--json"))) {
            Api admin = new Api(server.url(), ADMIN);
            server.awaitLog(l -> l.contains("request ended") && l.contains("tenant=swap"));
            Set<String> pushed = new TreeSet<>();
            int swaps = 0;
            while (!load.endsWithin(Duration.ofMillis(300))) {
                Api.Answer answer = swaps % 3 == 2
                        ? admin.post("/admin/tenants/swap/guests/rollback", "{}")
                        : push(admin, Guests.load(swaps % 3 == 0 ? "suffix" : "default"));
                assertThat(answer.status()).as(answer.body()).isBetween(200, 201);
                if (swaps % 3 != 2) {
                    pushed.add(answer.json().path("digest").asText().substring(0, 12));
                }
                swaps++;
            }
            JsonNode total = load.awaitLine().path("total");
            assertThat(total.path("errors")).as(total.toString()).isEmpty();
            assertThat(total.path("completed").asInt()).isEqualTo(total.path("requests").asInt()).isPositive();
            assertThat(swaps).isGreaterThan(5);
            everywhere(server, admin, pushed);
        }
    }

    private static List<String> ended(RealmProcess server) {
        return server.log().stream().filter(l -> l.contains("request ended") && l.contains("tenant=swap")).toList();
    }

    /** The versions that have answered are in the log, in the metrics and in the accounts. */
    private static void everywhere(RealmProcess server, Api admin, Set<String> versions) {
        Set<String> logged = new TreeSet<>();
        Pattern guest = Pattern.compile(" guest=([0-9a-f]{12}) ");
        ended(server).forEach(l -> guest.matcher(l).results().forEach(r -> logged.add(r.group(1))));
        List<String> accounted = new ArrayList<>();
        admin.get("/admin/usage?tenant=swap").json().path("data").forEach(row -> accounted.add(row.path("guest").asText()));
        String metrics = admin.get("/metrics").body();
        for (String version : versions) {
            assertThat(logged).contains(version);
            assertThat(accounted).contains(version);
            assertThat(metrics)
                    .contains("realm_guest_requests_total{failed=\"false\",guest=\"" + version + "\",tenant=\"swap\"}");
        }
    }
}
