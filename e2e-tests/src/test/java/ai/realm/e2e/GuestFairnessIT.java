package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.dylibso.chicory.wabt.Wat2Wasm;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A tenant whose guests take all the memory, instances and places that they can get, and the tenant beside it. */
@Timeout(600)
class GuestFairnessIT {
    private static final String MODEL = "tiny";
    private static final int CLIENTS = 20;
    private static final String GREEDY = """
            (module (memory (export "memory") 1)
              (func (export "_initialize") (loop $l (br_if $l (i32.ge_s (memory.grow (i32.const 16)) (i32.const 0)))))
              (func (export "generate") (param i32 i32 i32 i32) (result i32) (loop $l (br $l)) (i32.const 8)))""";

    @TempDir
    private Path dir;

    private Path configuration() throws IOException {
        Path model = TinyModel.write(dir.resolve("tiny.gguf"));
        Path guest = Files.write(dir.resolve("greedy.wasm"), Wat2Wasm.parse(GREEDY));
        return Files.writeString(dir.resolve("realm.yaml"), """
                server: {data: data, concurrent_requests: 24, guests: {memory_mb: 64, instances: 16, cpu_share: 0.25}}
                models:
                  %s: {file: '%s'}
                tenants:
                  - {id: modest, keys: ['%s']}
                  - {id: greedy, keys: ['%s'], guest: '%s', guest_limits: {cpu_ms: 600000, deadline_ms: 600000}}
                """.formatted(MODEL, model, TestServer.hash("modest"), TestServer.hash("greedy"), guest));
    }

    private static ObjectNode completion() {
        return Api.completion("The lamps were lit, and").put("model", MODEL).put("max_tokens", 4);
    }

    @Test
    void tenantThatTakesAllItCanGet_leavesTheOtherTenantItsShare() throws Exception {
        try (RealmProcess server = RealmProcess.serve("error", configuration())) {
            Api modest = new Api(server.url(), "modest");
            Api greedy = new Api(server.url(), "greedy");
            List<CompletableFuture<HttpResponse<String>>> burning = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                burning.add(Api.CLIENT.sendAsync(greedy.request("/v1/completions")
                        .POST(HttpRequest.BodyPublishers.ofString(completion().toString())).build(),
                        HttpResponse.BodyHandlers.ofString()));
            }
            // Those beyond the tenant's share are refused; the others run for ever.
            CompletableFuture.anyOf(burning.toArray(CompletableFuture[]::new)).get();
            for (int i = 0; i < CLIENTS; i++) {
                Api.Answer answer = modest.complete(completion());
                assertThat(answer.status()).as(answer.body()).isEqualTo(200);
            }
            assertThat(burning).as("greedy requests that still run").anyMatch(b -> !b.isDone());
            burning.forEach(b -> b.cancel(true));
        }
    }
}
