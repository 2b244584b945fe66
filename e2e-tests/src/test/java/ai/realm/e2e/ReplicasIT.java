package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.testkit.PostgresServer;
import com.dylibso.chicory.wabt.Wat2Wasm;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three real servers on one PostgreSQL database: what the admin changes on one holds on all within a second, and stays so. */
@Tag("postgresql")
@Timeout(300)
class ReplicasIT {
    private static final String ADMIN = "ra-e2e-admin";
    private static final String SEED = "rk-e2e-seed";
    private static final long SECOND = 1_000_000_000L;
    private static final String GUEST_SILENT = """
            (module (memory (export "memory") 1)
              (func (export "generate") (param i32 i32 i32 i32) (result i32) (i32.const 0)))""";

    @TempDir
    private static Path dir;
    private static PostgresServer postgres;
    private static final List<RealmProcess> REPLICAS = new ArrayList<>();

    @BeforeAll
    static void start() throws Exception {
        postgres = PostgresServer.start();
        postgres.createDatabase("realm");
        TinyModel.write(dir.resolve("tiny.gguf"));
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<RealmProcess>> starting = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Path config = configuration(i);
                starting.add(pool.submit(() -> RealmProcess.serve("info", config)));
            }
            for (Future<RealmProcess> replica : starting) {
                REPLICAS.add(replica.get());
            }
        }
    }

    private static Path configuration(int replica) throws Exception {
        return Files.writeString(dir.resolve("realm-" + replica + ".yaml"), """
                server: {data: data-%d, database: '%s', database_user: '%s', database_password: '%s'}
                admin: {key: '%s'}
                models:
                  tiny: {file: tiny.gguf}
                tenants:
                  - {id: seed, keys: ['%s']}
                """.formatted(replica, postgres.url("realm"), postgres.user(), postgres.password(), TestServer.hash(ADMIN),
                TestServer.hash(SEED)));
    }

    @AfterAll
    static void stop() throws Exception {
        REPLICAS.forEach(RealmProcess::close);
        postgres.close();
    }

    private static Api.Answer admin(int replica, String method, String path, String body) {
        Api api = new Api(REPLICAS.get(replica).url(), ADMIN);
        return api.send(api.request(path).method(method, BodyPublishers.ofString(body)).build());
    }

    private static JsonNode create(int replica, String id) {
        Api.Answer made = admin(replica, "POST", "/admin/tenants", "{\"id\":\"" + id + "\"}");
        assertThat(made.status()).as(made.body()).isEqualTo(201);
        return made.json();
    }

    private static int ask(int replica, String key) {
        return new Api(REPLICAS.get(replica).url(), key).complete(Api.completion("x").put("model", "tiny").put("max_tokens", 2))
                .status();
    }

    /** The time until it is so. */
    private static long until(BooleanSupplier wanted) {
        long begun = System.nanoTime();
        while (!wanted.getAsBoolean()) {
            assertThat(System.nanoTime() - begun).as("nanoseconds waited").isLessThan(20 * SECOND);
        }
        return System.nanoTime() - begun;
    }

    @Test
    void key_removedOnOne_isRefusedByAllWithinASecondAndStaysRemoved() throws Exception {
        JsonNode made = create(0, "revoked");
        String key = made.path("key").asText();
        assertThat(List.of(ask(0, key), ask(1, key), ask(2, key))).as("a key that was made a moment ago on the first")
                .containsOnly(200);
        String hash = made.at("/keys/0").asText();
        assertThat(admin(0, "DELETE", "/admin/tenants/revoked/keys/" + hash, "").status()).isEqualTo(200);
        assertThat(until(() -> ask(1, key) == 401 && ask(2, key) == 401)).isLessThan(SECOND);
        Api.Answer patched = admin(1, "PATCH", "/admin/tenants/revoked", "{\"name\":\"Another name\"}");
        assertThat(patched.json().path("keys")).as(patched.body()).isEmpty();
        try (RealmProcess again = RealmProcess.serve("info", configuration(3))) {
            Api api = new Api(again.url(), key);
            assertThat(api.complete(Api.completion("x").put("model", "tiny")).status()).isEqualTo(401);
        }
        assertThat(List.of(ask(0, key), ask(1, key), ask(2, key))).containsOnly(401);
    }

    @Test
    void suspension_onOne_holdsOnAllWithinASecond() {
        String key = create(1, "suspended").path("key").asText();
        admin(2, "PATCH", "/admin/tenants/suspended", "{\"suspended\":true}");
        assertThat(until(() -> ask(0, key) == 403 && ask(1, key) == 403 && ask(2, key) == 403)).isLessThan(SECOND);
        admin(0, "PATCH", "/admin/tenants/suspended", "{\"suspended\":false}");
        assertThat(until(() -> ask(1, key) == 200 && ask(2, key) == 200)).isLessThan(2 * SECOND);
    }

    @Test
    void guest_pushedOnOne_runsOnAll() throws Exception {
        String key = create(0, "guested").path("key").asText();
        assertThat(List.of(ask(0, key), ask(1, key), ask(2, key))).containsOnly(200);
        Api api = new Api(REPLICAS.get(0).url(), ADMIN);
        Api.Answer pushed = api.send(api.request("/admin/tenants/guested/guests")
                .POST(BodyPublishers.ofByteArray(Wat2Wasm.parse(GUEST_SILENT))).build());
        assertThat(pushed.status()).as(pushed.body()).isEqualTo(201);
        String digest = pushed.json().path("digest").asText();
        for (int replica = 0; replica < 3; replica++) {
            int at = replica;
            until(() -> ran(at, "guested", key).equals(digest.substring(0, 12)));
        }
    }

    /** The guest of a tenant's newest request, as its replica logged it. */
    private static String ran(int replica, String tenant, String key) {
        ask(replica, key);
        List<String> lines = REPLICAS.get(replica).log().stream()
                .filter(l -> l.contains("request ended") && l.contains("tenant=" + tenant + " ")).toList();
        return lines.isEmpty() ? "" : lines.getLast().replaceAll(".* guest=(\\S+) .*", "$1");
    }

    @Test
    void pushes_onAllAtOnce_areOneVersionEach() throws Exception {
        create(0, "pushing");
        byte[] wasm = Wat2Wasm.parse(GUEST_SILENT);
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Api.Answer>> all = new ArrayList<>();
            for (int i = 0; i < 9; i++) {
                Api api = new Api(REPLICAS.get(i % 3).url(), ADMIN);
                HttpRequest push = api.request("/admin/tenants/pushing/guests").POST(BodyPublishers.ofByteArray(wasm)).build();
                all.add(pool.submit(() -> api.send(push)));
            }
            List<Integer> versions = new ArrayList<>();
            for (Future<Api.Answer> f : all) {
                assertThat(f.get().status()).as(f.get().body()).isEqualTo(201);
                versions.add(f.get().json().path("version").intValue());
            }
            assertThat(versions).containsExactlyInAnyOrder(1, 2, 3, 4, 5, 6, 7, 8, 9);
        }
    }

    @Test
    void change_ofAVersionThatAnotherHasChanged_is409WithTheNewerOne() {
        create(0, "versioned");
        admin(0, "PATCH", "/admin/tenants/versioned", "{\"weight\":2}");
        Api api = new Api(REPLICAS.get(1).url(), ADMIN);
        Api.Answer refused = api.send(api.request("/admin/tenants/versioned").header("If-Match", "\"1\"")
                .method("PATCH", BodyPublishers.ofString("{\"weight\":3}")).build());
        assertThat(refused.status()).as(refused.body()).isEqualTo(409);
        assertThat(refused.errorCode()).isEqualTo("conflict");
        assertThat(refused.json().at("/current/weight").intValue()).isEqualTo(2);
        assertThat(refused.json().at("/current/version").intValue()).isEqualTo(2);
    }

    @Test
    void model_addedOnOne_canBeGrantedAndUsedOnAll() throws Exception {
        Path file = TinyModel.write(dir.resolve("second.gguf"));
        String key = create(0, "modelled").path("key").asText();
        assertThat(admin(0, "POST", "/admin/models", "{\"name\":\"second\",\"file\":\"" + file + "\"}").status()).isEqualTo(201);
        until(() -> admin(1, "GET", "/admin/models/second", "").status() == 200);
        assertThat(
                admin(1, "PATCH", "/admin/tenants/modelled", "{\"models\":[\"second\"],\"default_model\":\"second\"}").status())
                .isEqualTo(200);
        until(() -> new Api(REPLICAS.get(2).url(), key)
                .complete(Api.completion("x").put("model", "second").put("max_tokens", 2)).status() == 200);
    }

    private static JsonNode limited(int replica, String id, String limits) {
        Api.Answer made = admin(replica, "POST", "/admin/tenants", "{\"id\":\"" + id + "\",\"limits\":" + limits + "}");
        assertThat(made.status()).as(made.body()).isEqualTo(201);
        return made.json();
    }

    private static String failures(String tenant) {
        return REPLICAS.stream().flatMap(r -> r.log().stream())
                .filter(l -> l.contains("failed") && l.contains(tenant) || l.contains("SharedMeter")
                        || l.matches("(\\s+at |Caused by|.*(Error|Exception)).*"))
                .collect(Collectors.joining("\n"));
    }

    @Test
    void requestsAMinute_overThreeReplicas_areTheLimitAndNoMore() throws Exception {
        String key = limited(0, "twelve", "{\"requests_per_minute\":12}").path("key").asText();
        long begun = System.nanoTime();
        List<Integer> statuses = new ArrayList<>();
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> all = new ArrayList<>();
            for (int i = 0; i < 45; i++) {
                int at = i % 3;
                all.add(pool.submit(() -> ask(at, key)));
            }
            for (Future<Integer> f : all) {
                statuses.add(f.get());
            }
        }
        int refilled = (int) ((System.nanoTime() - begun) / (5 * SECOND));
        assertThat(statuses).as(() -> failures("twelve")).containsOnly(200, 429);
        assertThat(statuses.stream().filter(s -> s == 200).count()).isBetween(12L, 12L + refilled);
    }

    @Test
    void tokensADay_overThreeReplicas_areNotExceeded() throws Exception {
        String key = limited(1, "daily", "{\"tokens_per_day\":300}").path("key").asText();
        ObjectNode body = Api.completion("x").put("model", "tiny").put("max_tokens", 10);
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int client = 0; client < 6; client++) {
                Api api = new Api(REPLICAS.get(client % 3).url(), key);
                all.add(pool.submit(() -> {
                    for (int i = 0; i < 20; i++) {
                        api.complete(body.deepCopy());
                    }
                }));
            }
            for (Future<?> f : all) {
                f.get();
            }
        }
        JsonNode total = admin(2, "GET", "/admin/usage?tenant=daily", "").json().path("total");
        long used = total.path("prompt_tokens").asLong() + total.path("completion_tokens").asLong();
        assertThat(used).as(total.toString()).isBetween(250L, 300L);
    }

    @Test
    void placeOfAReplicaThatWasKilled_isFreeWithinItsLease() throws Exception {
        String key = limited(0, "narrow", "{\"concurrent_requests\":1}").path("key").asText();
        String body = Api.completion("x").put("model", "tiny").put("max_tokens", 4000).put("stream", true).toString();
        try (RealmProcess victim = RealmProcess.serve("info", configuration(4))) {
            Api api = new Api(victim.url(), key);
            Thread.ofVirtual().start(() -> {
                try {
                    api.send(api.request("/v1/completions").POST(BodyPublishers.ofString(body)).build());
                } catch (RuntimeException | AssertionError e) {
                    // It is killed.
                }
            });
            Api metrics = new Api(victim.url(), ADMIN);
            until(() -> metrics.send(metrics.request("/metrics").GET().build()).body().contains("realm_requests_running 1.0\n"));
            assertThat(ask(0, key)).isEqualTo(429);
            victim.kill();
        }
        List<Integer> statuses = new ArrayList<>();
        long begun = System.nanoTime();
        while (!statuses.contains(200) && System.nanoTime() - begun < 20 * SECOND) {
            statuses.add(ask(1, key));
        }
        assertThat(statuses).as(() -> failures("narrow")).contains(200);
    }
}
