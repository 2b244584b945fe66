package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
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
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tenants beside each other on one server: their cache, their limits, their choices; models and tenants changed under way. */
@Timeout(600)
class TenancyIT {
    private static final String ADMIN = "ra-e2e-admin";
    private static final String COMMON = "You are a helpful assistant of the common kind. ".repeat(8);
    private static final String MAIN = "main";
    private static final String SPARE = "spare";

    @TempDir
    private static Path dir;
    private static RealmProcess server;

    @BeforeAll
    static void start() throws IOException {
        Path file = RealmProcess.home().resolve("models").resolve("SmolLM2-135M-Instruct.Q4_1.gguf");
        StringBuilder yaml = new StringBuilder("""
                server: {data: data, drain_seconds: 5}
                admin: {key: '%s'}
                engine: {memory_mb: 300, kv_mb: 64, shared_prefixes: ["%s"]}
                models:
                  main: {file: '%s'}
                  spare: {file: '%s', context: 512, preload: false}
                tenants:
                """.formatted(TestServer.hash(ADMIN), COMMON, file, file));
        for (String id : List.of("a", "b", "c", "d", "e")) {
            yaml.append("  - {id: ").append(id).append(", keys: ['").append(TestServer.hash(key(id))).append("']}\n");
        }
        yaml.append("  - {id: short, keys: ['").append(TestServer.hash(key("short"))).append(
                "'], limits: {context_length: 24}}\n");
        server = RealmProcess.serve(Files.writeString(dir.resolve("realm.yaml"), yaml));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @AfterEach
    void nothingIsLeftBehind() {
        api("a").awaitMetric("vllm:num_requests_running", 0);
        api("a").awaitMetric("vllm:num_requests_waiting", 0);
        api("a").awaitMetric("vllm:kv_cache_usage_perc", 0);
        api("a").awaitMetric("realm_requests_running", 0);
    }

    private static String key(String tenant) {
        return "rk-e2e-tenancy-" + tenant;
    }

    private static Api api(String tenant) {
        return new Api(server.url(), key(tenant));
    }

    private static ObjectNode prompt(String text, int maxTokens) {
        return Api.completion(text).put("model", MAIN).put("max_tokens", maxTokens);
    }

    private static JsonNode admin(String method, String path, String body) {
        Api admin = new Api(server.url(), ADMIN);
        Api.Answer answer = admin.send(admin.request(path).method(method, HttpRequest.BodyPublishers.ofString(body)).build());
        assertThat(answer.status()).as(answer.body()).isBetween(200, 202);
        return answer.json();
    }

    /** Positions computed for a request of one token, and its usage. */
    private record Cost(double forwarded, int prompt, int cached) {}

    private static Cost cost(String tenant, String text) {
        double before = api("a").metric("realm_engine_forwarded_tokens_total");
        JsonNode usage = api(tenant).complete(prompt(text, 1)).json().path("usage");
        api("a").awaitMetric("vllm:num_requests_running", 0);
        return new Cost(api("a").metric("realm_engine_forwarded_tokens_total") - before, usage.path("prompt_tokens").asInt(),
                usage.at("/prompt_tokens_details/cached_tokens").asInt(-1));
    }

    @Test
    void prefixCache_ofOneTenant_isNeitherSeenNorTimedByAnother() {
        String text = " the quick brown fox jumps over the lazy dog".repeat(12);
        Cost never = cost("b", "One" + text);
        cost("a", "Two" + text);
        Cost sentByAnother = cost("b", "Two" + text);
        assertThat(never.cached).isZero();
        assertThat(sentByAnother).isEqualTo(never);
        Cost again = cost("a", "Two" + text);
        assertThat(again.cached).isGreaterThan(again.prompt - 33);
        assertThat(again.forwarded).isEqualTo(again.prompt - again.cached);
    }

    @Test
    void prefixCache_ofADeclaredPrefix_isHitByAllTenants() {
        Cost first = cost("c", COMMON + "First of all");
        Cost other = cost("d", COMMON + "Something else");
        assertThat(first.cached).isZero();
        assertThat(other.cached).isGreaterThanOrEqualTo(32).isLessThan(other.prompt);
        assertThat(other.forwarded).isEqualTo(other.prompt - other.cached);
    }

    @Test
    void choices_severalForOnePrompt_computeItOnceAndRepeatThemselves() {
        String text = "A sailor, a baker, two lawyers and an old clown met at the harbour one evening in autumn. None of them had a coat. "
                + "The lamps were lit, the fish market was closed, and from the hill one could hear a brass band practise. Each "
                + "told what the year had brought. The sailor began, in a low voice: \"";
        ObjectNode body = prompt(text, 8).put("n", 3).put("seed", 11).put("temperature", 1.5);
        untilCompiled(body);
        double before = api("a").metric("realm_engine_forwarded_tokens_total");
        Api.Answer whole = api("e").complete(body);
        int promptTokens = whole.json().at("/usage/prompt_tokens").asInt();
        api("a").awaitMetric("vllm:num_requests_running", 0);
        double forwarded = api("a").metric("realm_engine_forwarded_tokens_total") - before;
        List<String> texts = whole.json().path("choices").findValuesAsText("text");
        assertThat(texts).hasSize(3);
        assertThat(new HashSet<>(texts)).as("seeds differ").hasSizeGreaterThan(1);
        assertThat(promptTokens).isEqualTo(api("e").complete(prompt(text, 1)).json().at("/usage/prompt_tokens").asInt());
        assertThat(whole.json().at("/usage/completion_tokens").asInt()).isLessThanOrEqualTo(24);
        assertThat(forwarded).as("the prompt once and a token a step").isLessThanOrEqualTo(promptTokens + 3 * 7);
        assertThat(joinedByIndex(api("e").complete(body.put("stream", true)))).containsExactlyElementsOf(texts);
        assertThat(texts.get(1)).isEqualTo(api("e").complete(prompt(text, 8).put("seed", 12).put("temperature", 1.5)).text());
    }

    /**
     * Asks until answers repeat themselves: the sum of a vector's lanes has another order, and so other last bits, in code that is
     * not compiled yet, which at a high temperature are other texts.
     */
    private static void untilCompiled(ObjectNode body) {
        String last = "";
        int same = 0;
        for (int i = 0; i < 100 && same < 10; i++) {
            String next = api("d").complete(body).json().path("choices").toString();
            same = next.equals(last) ? same + 1 : 0;
            last = next;
        }
        assertThat(same).as("equal answers in a row").isEqualTo(10);
    }

    private static List<String> joinedByIndex(Api.Answer stream) {
        Map<Integer, StringBuilder> texts = new HashMap<>();
        for (String event : stream.events()) {
            if (!event.equals("[DONE]")) {
                JsonNode choice = Api.parse(event).at("/choices/0");
                texts.computeIfAbsent(choice.path("index").asInt(), _ -> new StringBuilder())
                        .append(choice.path("text").asText());
            }
        }
        return texts.values().stream().map(StringBuilder::toString).toList();
    }

    @Test
    void contextLength_ofATenant_isItsLimitBelowTheModels() {
        Api.Answer cut = api("short").complete(prompt("The capital of France is", 100));
        assertThat(cut.json().at("/usage/total_tokens").asInt()).isLessThanOrEqualTo(24);
        Api.Answer refused = api("short").complete(prompt("word ".repeat(60), 1));
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.errorCode()).isEqualTo("context_length_exceeded");
        assertThat(refused.errorMessage()).contains("tenant's limit of 24");
        assertThat(api("a").complete(prompt("word ".repeat(60), 1)).status()).isEqualTo(200);
    }

    /** Begins a long stream, does something after its first event, and gives the rest of it. */
    private static String during(String tenant, Runnable action) throws Exception {
        Api api = api(tenant);
        ObjectNode body = prompt("Once upon a time", 1500).put("stream", true);
        HttpRequest request = api.request("/v1/completions").POST(HttpRequest.BodyPublishers.ofString(body.toString())).build();
        HttpResponse<InputStream> response = Api.CLIENT.send(request, HttpResponse.BodyHandlers.ofInputStream());
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
            assertThat(lines.readLine()).startsWith("data: ");
            action.run();
            return lines.lines().collect(Collectors.joining("\n"));
        }
    }

    @Test
    void tenant_suspendedDuringAStream_endsItWithTheReason() throws Exception {
        String rest = during("d", () -> admin("PATCH", "/admin/tenants/d", "{\"suspended\":true}"));
        assertThat(rest).contains("tenant_suspended").doesNotContain("[DONE]");
        assertThat(api("d").complete(prompt("x", 1)).status()).isEqualTo(403);
        admin("PATCH", "/admin/tenants/d", "{\"suspended\":false}");
        assertThat(api("d").complete(prompt("x", 1)).status()).isEqualTo(200);
    }

    @Test
    void model_unloadedDuringAStream_endsItAndIsLoadedAgainWhenWanted() throws Exception {
        String rest = during("a", () -> assertThat(
                admin("POST", "/admin/models/main/unload", "").path("state").asText()).isEqualTo("absent"));
        assertThat(rest).contains("model_unloaded").doesNotContain("[DONE]");
        assertThat(api("a").metric("vllm:num_requests_running")).isZero();
        untilServed("a", MAIN);
    }

    /** A request for a model that is being loaded waits, or is told to come back. */
    private static void untilServed(String tenant, String model) {
        for (int i = 0; i < 20; i++) {
            Api.Answer answer = api(tenant).complete(prompt("The capital of France is", 3).put("model", model));
            if (answer.status() == 200) {
                return;
            }
            assertThat(answer.errorCode()).as(answer.body()).isEqualTo("model_loading");
            assertThat(answer.header("Retry-After")).isNotEmpty();
        }
        throw new AssertionError("model " + model + " was never loaded");
    }

    @Test
    void models_thatDoNotFitTogether_makeRoomForEachOther() {
        untilServed("a", MAIN);
        untilServed("b", SPARE);
        assertThat(admin("GET", "/admin/models/main", "").path("state").asText()).isEqualTo("absent");
        JsonNode spare = admin("GET", "/admin/models/spare", "");
        assertThat(spare.path("state").asText()).isEqualTo("ready");
        assertThat(spare.path("bytes").asLong()).isBetween(100L << 20, 300L << 20);
        admin("POST", "/admin/models", "{\"name\":\"third\",\"catalog\":\"SmolLM2-135M-Instruct\",\"context\":256}");
        Set<String> names = new HashSet<>(admin("GET", "/admin/models", "").path("data").findValuesAsText("name"));
        assertThat(names).contains(MAIN, SPARE, "third");
        admin("PATCH", "/admin/tenants/c", "{\"models\":[\"main\",\"third\"],\"default_model\":\"main\"}");
        untilServed("c", "third");
        admin("PATCH", "/admin/tenants/c", "{\"models\":[\"main\",\"spare\"]}");
        admin("DELETE", "/admin/models/third", "");
        untilServed("a", MAIN);
    }

    @Test
    void metrics_afterARequest_haveEveryNameThatRoutersKnow() {
        untilServed("a", MAIN);
        List<String> lines = api("a").get("/metrics").body().lines().toList();
        for (String name : List.of("num_requests_running", "num_requests_waiting", "kv_cache_usage_perc", "cache_config_info",
                "time_to_first_token_seconds_bucket", "inter_token_latency_seconds_bucket", "e2e_request_latency_seconds_bucket",
                "request_queue_time_seconds_bucket", "prompt_tokens_total", "generation_tokens_total",
                "prefix_cache_queries_total",
                "prefix_cache_hits_total", "num_preemptions_total", "request_success_total")) {
            assertThat(lines).as(name).anyMatch(l -> l.startsWith("vllm:" + name + " ") || l.startsWith("vllm:" + name + "{"));
        }
        for (String name : List.of("realm_requests_total", "realm_tokens_total", "realm_guest_requests_total",
                "realm_guest_cpu_seconds_total")) {
            assertThat(lines).as(name).anyMatch(l -> l.startsWith(name + "{") && l.contains("tenant=\"a\""));
        }
        for (String name : List.of("realm_model_sequences_running", "realm_model_kv_cache_usage",
                "realm_model_prompt_tokens_total", "realm_model_prefix_cache_hits_total", "realm_engine_steps_total",
                "realm_model_time_to_first_token_seconds_count", "realm_model_ready")) {
            assertThat(lines).as(name).anyMatch(l -> l.startsWith(name + "{model_name=\"" + MAIN + "\"}"));
            // Of a model that nobody has loaded too.
            assertThat(lines).as(name).anyMatch(l -> l.startsWith(name + "{model_name=\"" + SPARE + "\"}"));
        }
        assertThat(lines).anyMatch(l -> l.startsWith("jvm_memory_used_bytes{"))
                .anyMatch(l -> l.startsWith("process_resident_memory_bytes "))
                .anyMatch(l -> l.startsWith("vllm:lora_requests_info{"))
                .anyMatch(l -> l.startsWith("vllm:gpu_cache_usage_perc "));
        assertThat(lines).noneMatch(l -> l.contains("rk-e2e"));
    }
}
