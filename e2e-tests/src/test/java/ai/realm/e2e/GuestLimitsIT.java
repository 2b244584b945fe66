package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.realm.runtime.guest.GuestLimit;
import com.dylibso.chicory.wabt.Wat2Wasm;
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
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every limit of a guest, reached by a tenant that has it small: the answer says which it was, which setting allowed how much, and what
 * was reached; and the limit's metric has moved by one.
 */
class GuestLimitsIT {
    private static final String ADMIN = "ra-e2e-limits";
    private static final String MODEL = "tiny";

    private static final String GUEST = """
            (module
              (import "env" "realm_host_generate" (func $generate (param i32 i32 i32 i32 i32 i32) (result i32)))
              (import "env" "realm_host_kv_set" (func $kv_set (param i32 i32 i32 i32) (result i32)))
              (import "env" "realm_host_log" (func $log (param i32 i32 i32)))
              (import "env" "realm_host_last_error" (func $last_error (param i32 i32) (result i32)))
              %s
              (memory (export "memory") 2)
              (func $loop (loop $l (br $l)))
              (func $recurse (call $recurse))
              %s
              (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
                %s))""";
    private static final String EMIT = "(import \"env\" \"realm_host_emit\" (func $emit (param i32 i32) (result i32)))";
    private static final String GENERATE = "(drop (call $generate (i32.const 0) (local.get $prompt) (local.get $len) "
            + "(local.get $options) (i32.const 4096) (i32.const 4096)))";

    /** Opens a sequence, feeds it the prompt and keeps its handle as {@code $len}. */
    private static final String FED = "(local.set $model (local.get $len)) (local.set $len (call $open (i32.const 0) (i32.const 0))) "
            + "(drop (call $feed (local.get $len) (local.get $prompt) (local.get $model) (i32.const 0)))";

    @TempDir
    private static Path dir;
    private static RealmProcess server;

    /**
     * One limit and what runs into it.
     *
     * @param settings of the tenant, under {@code guest_limits}
     * @param module in text
     * @param pushed whether the module is to be refused when it is pushed; otherwise it is the tenant's guest, and a request fails
     * @param says what the error must contain
     */
    private record Case(GuestLimit limit, String variant, String settings, String module, boolean pushed, int status, String code,
            String says) {
        String tenant() {
            return limit.label().replace('_', '-') + variant;
        }

        @Override
        public String toString() {
            return tenant();
        }
    }

    private static Case request(GuestLimit limit, String variant, String settings, String body, int status, String says) {
        String code = switch (status) {
            case 504 -> "deadline_exceeded";
            case 429 -> "rate_limit_exceeded";
            default -> "guest_error";
        };
        return new Case(limit, variant, settings, body.startsWith("(module") ? body : GUEST.formatted("", "", body), false,
                status,
                code, says);
    }

    private static Case pushed(GuestLimit limit, String settings, String module, String says) {
        return new Case(limit, "", settings, module, true, 400, "guest_refused", says);
    }

    /** One that no rule would allow, with a body of so many bytes. */
    private static String http(int body) {
        return "(drop (call $http (i32.const 0) (i32.const 0) (i32.const 64) (i32.const " + body
                + ") (i32.const 4096) (i32.const 64)))";
    }

    private static String asking(String body) {
        return GUEST.formatted("(import \"env\" \"realm_host_http\" (func $http (param i32 i32 i32 i32 i32 i32) (result i32)))",
                "",
                body + "(i32.const 0)");
    }

    private static String steering(String body) {
        return GUEST.formatted("(import \"env\" \"realm_host_seq_open\" (func $open (param i32 i32) (result i32))) "
                + "(import \"env\" \"realm_host_seq_feed\" (func $feed (param i32 i32 i32 i32) (result i32))) "
                + "(import \"env\" \"realm_host_seq_fork\" (func $fork (param i32) (result i32)))", "", body + "(i32.const 0)");
    }

    static List<Case> cases() {
        return List.of(
                request(GuestLimit.MEMORY_PAGES, "", "memory_pages: 4", "(drop (memory.grow (i32.const 100))) unreachable", 502,
                        "memory_pages: 4 allowed by guest_limits.memory_pages, 104 reached"),
                pushed(GuestLimit.TABLE_ELEMENTS, "table_elements: 10",
                        GUEST.formatted("", "(table 20 funcref)", "(i32.const 8)"),
                        "its tables start with 20 elements; wanted: at most 10 (guest_limits.table_elements)"),
                request(GuestLimit.STACK_BYTES, "", "stack_bytes: 262144", "(call $recurse) (i32.const 8)", 502,
                        "stack_bytes: 262144 bytes allowed by guest_limits.stack_bytes, all of them reached"),
                request(GuestLimit.DEADLINE, "", "deadline_ms: 200, cpu_ms: 60000", "(call $loop) (i32.const 8)", 504,
                        "deadline: 200 ms allowed by guest_limits.deadline_ms, "),
                request(GuestLimit.CPU_TIME, "", "cpu_ms: 20", "(call $loop) (i32.const 8)", 502,
                        "cpu_time: 20 ms allowed by guest_limits.cpu_ms, "),
                request(GuestLimit.GENERATIONS, "", "generations: 2", GENERATE.repeat(4) + "(i32.const 0)", 502,
                        "generations: 2 allowed by guest_limits.generations, 3 reached"),
                request(GuestLimit.GENERATED_TOKENS, "", "generated_tokens: 5", GENERATE.repeat(3) + "(i32.const 0)", 502,
                        "generated_tokens: 5 allowed by guest_limits.generated_tokens, 5 reached"),
                request(GuestLimit.OUTPUT_BYTES, "", "output_bytes: 100",
                        "(memory.fill (i32.const 64) (i32.const 65) (i32.const 200)) (i32.const 64)", 502,
                        "output_bytes: 100 bytes allowed by guest_limits.output_bytes, more than 100 bytes reached"),
                request(GuestLimit.OUTPUT_BYTES, "-in-pieces", "output_bytes: 100",
                        GUEST.formatted(EMIT, "",
                                "(memory.fill (i32.const 64) (i32.const 65) (i32.const 30)) "
                                        + "(loop $l (br_if $l (i32.eqz (call $emit (i32.const 64) (i32.const 30))))) (i32.const 0)"),
                        502, "output_bytes: 100 bytes allowed by guest_limits.output_bytes, 120 bytes reached"),
                request(GuestLimit.LOG_LINES, "", "log_lines: 3",
                        "(call $log (i32.const 2) (i32.const 8) (i32.const 1))".repeat(6)
                                + "(drop (call $last_error (i32.const 64) (i32.const 500))) (i32.const 64)",
                        200, "log_lines: 3 allowed by guest_limits.log_lines, 4 reached"),
                request(GuestLimit.KV_BYTES, "", "kv_bytes: 100",
                        "(drop (call $kv_set (i32.const 0) (i32.const 4) (i32.const 64) (i32.const 200))) (i32.const 0)", 502,
                        "kv_bytes: 100 bytes allowed by guest_limits.kv_bytes, 204 bytes for one entry reached"),
                request(GuestLimit.KV_BYTES, "-in-entries", "kv_bytes: 200",
                        "(drop (call $kv_set (i32.const 0) (i32.const 4) (i32.const 64) (i32.const 60))) "
                                + "(drop (call $kv_set (i32.const 0) (i32.const 3) (i32.const 64) (i32.const 60))) (i32.const 0)",
                        502, "kv_bytes: 200 bytes allowed by guest_limits.kv_bytes, 128 bytes and 63 for this entry reached"),
                request(GuestLimit.KV_UPDATES, "", "kv_updates: 2",
                        GUEST.formatted("(import \"env\" \"realm_host_kv_add\" (func $add (param i32 i32 i64 i32) (result i32)))",
                                "",
                                "(drop (call $add (i32.const 0) (i32.const 4) (i64.const 1) (i32.const 64)))".repeat(3)
                                        + "(i32.const 0)"),
                        502, "kv_updates: 2 allowed by guest_limits.kv_updates, 3 reached"),
                request(GuestLimit.EMBEDDINGS, "", "embeddings: 1",
                        GUEST.formatted(
                                "(import \"env\" \"realm_host_embed\" (func $embed (param i32 i32 i32 i32 i32) (result i32)))",
                                "",
                                "(drop (call $embed (i32.const 0) (local.get $prompt) (local.get $len) (i32.const 64) (i32.const 4)))"
                                        .repeat(2)
                                        + "(i32.const 0)"),
                        502, "embeddings: 1 allowed by guest_limits.embeddings, 2 reached"),
                request(GuestLimit.HTTP_REQUESTS, "", "http_requests: 1", asking(http(0).repeat(2)), 502,
                        "http_requests: 1 allowed by guest_limits.http_requests, 2 reached"),
                request(GuestLimit.HTTP_BYTES, "", "http_bytes: 1000", asking(http(2000)), 502,
                        "http_bytes: 1000 bytes allowed by guest_limits.http_bytes, 2000 bytes reached"),
                request(GuestLimit.SEQUENCES, "", "sequences: 1",
                        steering("(drop (call $open (i32.const 0) (i32.const 0)))".repeat(2)), 502,
                        "sequences: 1 allowed by guest_limits.sequences, 2 reached"),
                request(GuestLimit.FORKS, "", "forks: 1",
                        steering(FED + "(drop (call $fork (local.get $len)))".repeat(2)), 502,
                        "forks: 1 allowed by guest_limits.forks, 2 reached"),
                request(GuestLimit.KV_POSITIONS, "", "kv_positions: 3", steering(FED), 502,
                        "kv_positions: 3 allowed by guest_limits.kv_positions, "),
                pushed(GuestLimit.MODULE_BYTES, "module_bytes: 1000",
                        GUEST.formatted("", "(data (i32.const 0) \"" + "x".repeat(2000) + "\")", "(i32.const 8)"),
                        "module_bytes: 1000 bytes allowed by guest_limits.module_bytes, 2"),
                pushed(GuestLimit.COMPILE_TIME, "compile_ms: 1",
                        GUEST.formatted("", "(func (result i32) (i32.const 1))".repeat(5000), "(i32.const 8)"),
                        "compile_time: 1 ms allowed by guest_limits.compile_ms, more than 1 ms of processor time reached"));
    }

    @BeforeAll
    static void start() throws IOException {
        Path model = TinyModel.write(dir.resolve("tiny.gguf"));
        StringBuilder yaml = new StringBuilder("""
                server: {data: data}
                admin: {key: '%s'}
                models:
                  %s: {file: '%s'}
                tenants:
                  - {id: observer, keys: ['%s']}
                """.formatted(TestServer.hash(ADMIN), MODEL, model, TestServer.hash("observer")));
        for (Case c : cases()) {
            tenant(yaml, c.tenant(), c.pushed() ? "default" : guest(c.tenant(), c.module()), c.settings());
        }
        tenant(yaml, "concurrent-instances", guest("concurrent-instances", GUEST.formatted(EMIT, "(data (i32.const 8) \"first\")",
                "(drop (call $emit (i32.const 8) (i32.const 5))) (call $loop) (i32.const 8)")),
                "concurrent_instances: 1, cpu_ms: 60000");
        tenant(yaml, "cpu-time-account", guest("cpu-time-account", GUEST.formatted("", "", "(call $loop) (i32.const 8)")),
                "cpu_ms: 20");
        server = RealmProcess.serve("error", Files.writeString(dir.resolve("realm.yaml"), yaml));
    }

    private static String guest(String name, String module) throws IOException {
        return Files.write(dir.resolve(name + ".wasm"), Wat2Wasm.parse(module)).toString();
    }

    private static void tenant(StringBuilder yaml, String id, String guest, String settings) {
        yaml.append("  - {id: ").append(id).append(", keys: ['").append(TestServer.hash(id)).append("'], guest: '").append(guest)
                .append("', guest_limits: {").append(settings).append("}}\n");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static ObjectNode completion() {
        return Api.completion("Once upon a time").put("model", MODEL);
    }

    private static Api.Answer push(String tenant, byte[] module) {
        Api admin = new Api(server.url(), ADMIN);
        return admin.send(admin.request("/admin/tenants/" + tenant + "/guests")
                .POST(HttpRequest.BodyPublishers.ofByteArray(module)).build());
    }

    private static double reached(String tenant, GuestLimit limit) {
        return new Api(server.url(), "observer")
                .metric("realm_guest_limit_reached_total{limit=\"" + limit.label() + "\",tenant=\"" + tenant + "\"}");
    }

    @ParameterizedTest
    @MethodSource("cases")
    void limit_thatIsReached_isNamedWithItsSettingAndCountedOnce(Case c) {
        double before = reached(c.tenant(), c.limit());
        Api.Answer answer = c.pushed()
                ? push(c.tenant(), Wat2Wasm.parse(c.module()))
                : new Api(server.url(), c.tenant()).complete(completion());
        assertThat(answer.status()).as(answer.body()).isEqualTo(c.status());
        if (c.status() == 200) {
            assertThat(answer.text()).contains(c.says());
        } else {
            assertThat(answer.errorCode()).isEqualTo(c.code());
            assertThat(answer.errorMessage()).contains(c.says());
        }
        assertThat(reached(c.tenant(), c.limit()) - before).as("the limit's metric").isEqualTo(1);
    }

    @Test
    void concurrentInstances_oneTooMany_isNamedWithItsSettingAndCountedOnce() throws Exception {
        String tenant = "concurrent-instances";
        Api api = new Api(server.url(), tenant);
        HttpResponse<InputStream> first = Api.CLIENT.send(api.request("/v1/completions")
                .POST(HttpRequest.BodyPublishers.ofString(completion().put("stream", true).toString())).build(),
                HttpResponse.BodyHandlers.ofInputStream());
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(first.body(), StandardCharsets.UTF_8))) {
            assertThat(lines.readLine()).contains("first");
            Api.Answer second = api.complete(completion());
            assertThat(second.status()).as(second.body()).isEqualTo(429);
            assertThat(second.errorCode()).isEqualTo("rate_limit_exceeded");
            assertThat(second.errorMessage())
                    .contains("concurrent_instances: 1 allowed by guest_limits.concurrent_instances, 2 reached");
            assertThat(reached(tenant, GuestLimit.CONCURRENT_INSTANCES)).isEqualTo(1);
        }
    }

    @Test
    void processorTimeOfRequestsThatFailed_isInTheirTenantsAccount() {
        String tenant = "cpu-time-account";
        Api api = new Api(server.url(), tenant);
        for (int choices = 1; choices <= 3; choices++) {
            assertThat(api.complete(completion().put("n", choices)).errorMessage()).contains("cpu_time: 20 ms allowed");
        }
        double account = api.get("/v1/usage").json().at("/total/guest_cpu_seconds").asDouble();
        assertThat(account).as("three requests of 20 ms at least").isGreaterThan(0.06);
        assertThat(account).isEqualTo(api.metric("realm_guest_cpu_seconds_total{tenant=\"" + tenant + "\"}"), within(1e-6));
    }

    @Test
    void cases_coverEveryLimit() {
        List<GuestLimit> covered = cases().stream().map(Case::limit).toList();
        assertThat(Arrays.stream(GuestLimit.values()).filter(l -> !covered.contains(l)))
                // The first needs two requests; the second a host that is slow: OutboundHttpTest has one.
                .containsExactlyInAnyOrder(GuestLimit.CONCURRENT_INSTANCES, GuestLimit.HTTP_TIME);
    }
}
