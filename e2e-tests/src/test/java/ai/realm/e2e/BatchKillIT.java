package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.e2e.Ledger.Used;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A batch whose server is killed with SIGKILL in its middle, more than once: the next start goes on, and the accounts are exact. */
@Timeout(300)
class BatchKillIT {
    private static final int REQUESTS = 120;
    private static final int KILLS = 2;
    private static final String KEY = "rk-e2e-batch";

    @TempDir
    private Path dir;

    private Path configuration() throws Exception {
        TinyModel.write(dir.resolve("tiny.gguf"));
        return Files.writeString(dir.resolve("realm.yaml"), """
                server: {data: data}
                models:
                  tiny: {file: tiny.gguf}
                tenants:
                  - {id: batcher, keys: ['%s']}
                """.formatted(TestServer.hash(KEY)));
    }

    private static String lines() {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < REQUESTS; i++) {
            ObjectNode line = Api.JSON.createObjectNode().put("custom_id", "r" + i).put("method", "POST").put("url",
                    "/v1/completions");
            line.set("body", Api.completion("once ".repeat(i % 7 + 1)).put("model", "tiny").put("max_tokens", 16)
                    .put("temperature", i % 10 == 9 ? 9 : 1));
            lines.append(line).append('\n');
        }
        return lines.toString();
    }

    private static String begin(Api api) {
        String form = "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--b\r\n"
                + "Content-Disposition: form-data; name=\"file\"; filename=\"in.jsonl\"\r\n\r\n" + lines() + "\r\n--b--\r\n";
        Api.Answer file = api.send(api.request("/v1/files").setHeader("Content-Type", "multipart/form-data; boundary=b")
                .POST(BodyPublishers.ofString(form)).build());
        assertThat(file.status()).as(file.body()).isEqualTo(200);
        Api.Answer batch = api.post("/v1/batches", Api.JSON.createObjectNode()
                .put("input_file_id", file.json().path("id").asText()).put("endpoint", "/v1/completions")
                .put("completion_window", "24h"));
        assertThat(batch.status()).as(batch.body()).isEqualTo(200);
        return batch.json().path("id").asText();
    }

    private static int done(JsonNode batch) {
        return batch.at("/request_counts/completed").asInt() + batch.at("/request_counts/failed").asInt();
    }

    @Test
    void batch_whoseServerIsKilled_losesNoRequestAndAccountsForNoneTwice() throws Exception {
        Path config = configuration();
        String id = null;
        for (int kill = 0; kill < KILLS; kill++) {
            try (RealmProcess server = RealmProcess.serve("info", config)) {
                Api api = new Api(server.url(), KEY);
                id = id == null ? begin(api) : id;
                int wanted = REQUESTS * (kill + 1) / (KILLS + 2);
                while (done(api.get("/v1/batches/" + id).json()) < wanted) {
                    Thread.onSpinWait();
                }
                server.kill();
                server.awaitExit();
            }
        }
        try (RealmProcess server = RealmProcess.serve("info", config)) {
            Api api = new Api(server.url(), KEY);
            JsonNode batch = api.get("/v1/batches/" + id).json();
            assertThat(batch.path("status").asText()).isEqualTo("in_progress");
            assertThat(done(batch)).isLessThan(REQUESTS);
            while (!batch.path("status").asText().equals("completed")) {
                batch = api.get("/v1/batches/" + id).json();
            }
            assertThat(batch.path("request_counts")).hasToString("{\"total\":120,\"completed\":108,\"failed\":12}");
            compare(id, results(api, batch.path("output_file_id").asText()), 108);
            compare(id, results(api, batch.path("error_file_id").asText()), 12);
        }
    }

    private static Map<String, JsonNode> results(Api api, String file) {
        Map<String, JsonNode> results = new HashMap<>();
        api.get("/v1/files/" + file + "/content").body().lines().map(Api::parse).forEach(l -> assertThat(
                results.put(l.at("/response/request_id").asText(), l.path("response"))).isNull());
        return results;
    }

    /** Each result has one account, which says what the result says. */
    private void compare(String batch, Map<String, JsonNode> results, int wanted) throws Exception {
        assertThat(results).hasSize(wanted);
        try (Ledger ledger = new Ledger(dir.resolve("data"))) {
            for (Map.Entry<String, JsonNode> r : results.entrySet()) {
                assertThat(r.getKey()).startsWith(batch);
                Used seen = r.getValue().path("status_code").asInt() == 200
                        ? Used.of(r.getValue().at("/body/usage"))
                        : new Used(0, 0, 0);
                assertThat(ledger.of(r.getKey())).as(r.getKey()).isEqualTo(seen);
            }
        }
    }
}
