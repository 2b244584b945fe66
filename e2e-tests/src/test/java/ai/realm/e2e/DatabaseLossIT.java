package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.testkit.PostgresServer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real server whose PostgreSQL crashes under it and comes back: what is told meanwhile, and that the accounts are exact after it. */
@Tag("postgresql")
@Timeout(300)
class DatabaseLossIT {
    private static final String ADMIN = "ra-e2e-admin";
    private static final String KEY = "rk-e2e-key";
    private static final int TOKENS = 6_000;

    @TempDir
    private Path dir;

    private Path configuration(PostgresServer postgres) throws Exception {
        return Files.writeString(dir.resolve("realm.yaml"), """
                server: {data: data, database: '%s', database_user: '%s', database_password: '%s'}
                admin: {key: '%s'}
                models:
                  tiny: {file: tiny.gguf}
                tenants:
                  - {id: acme, keys: ['%s'], limits: {max_tokens: %d}}
                """.formatted(postgres.url("realm"), postgres.user(), postgres.password(), TestServer.hash(ADMIN),
                TestServer.hash(KEY), TOKENS));
    }

    private static ObjectNode prompt(int tokens) {
        return Api.completion("x").put("model", "tiny").put("max_tokens", tokens).put("temperature", 0);
    }

    private static void until(BooleanSupplier wanted) {
        long begun = System.nanoTime();
        while (!wanted.getAsBoolean()) {
            assertThat(System.nanoTime() - begun).as("nanoseconds waited").isLessThan(30_000_000_000L);
        }
    }

    @Test
    void database_thatCrashesAndComesBack_losesNoAccountAndTellsNothingOfItself() throws Exception {
        TinyModel.write(dir.resolve("tiny.gguf"));
        try (PostgresServer postgres = PostgresServer.start()) {
            postgres.createDatabase("realm");
            Path config = configuration(postgres);
            try (RealmProcess server = RealmProcess.serve("info", config);
                    ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
                Api api = new Api(server.url(), KEY);
                assertThat(api.complete(prompt(3)).status()).isEqualTo(200);
                Future<Api.Answer> running = pool.submit(() -> api.complete(prompt(TOKENS).put("stream", true)));
                until(() -> api.metric("realm_requests_running") > 0);
                postgres.crash();
                until(() -> api.get("/health/ready").status() == 503);
                for (String key : List.of(KEY, "rk-unknown")) {
                    Api.Answer refused = new Api(server.url(), key).complete(prompt(3));
                    assertThat(refused.status()).as(refused.body()).isEqualTo(503);
                    assertThat(refused.header("Retry-After")).isNotEmpty();
                    assertThat(refused.body()).contains("service_unavailable")
                            .doesNotContainIgnoringCase("jdbc").doesNotContainIgnoringCase("hikari")
                            .doesNotContainIgnoringCase("connection").doesNotContain("total=");
                }
                assertThat(running.get().events().getLast()).isEqualTo("[DONE]");
                assertThat(api.metric("realm_accounts_waiting")).isEqualTo(1);
                postgres.restart();
                until(() -> api.get("/health/ready").status() == 200);
                assertThat(api.complete(prompt(3)).status()).isEqualTo(200);
                JsonNode total = api.get("/v1/usage").json().path("total");
                assertThat(total.path("requests").intValue()).as(total.toString()).isEqualTo(3);
                assertThat(total.path("completion_tokens").intValue()).isEqualTo(3 + TOKENS + 3);
                assertThat(api.metric("realm_accounts_waiting")).isZero();
            }
        }
    }

    @Test
    void start_beforeTheDatabaseIsThere_waitsForIt() throws Exception {
        TinyModel.write(dir.resolve("tiny.gguf"));
        try (PostgresServer postgres = PostgresServer.start()) {
            postgres.createDatabase("realm");
            Path config = configuration(postgres);
            postgres.crash();
            try (RealmProcess server = RealmProcess
                    .launch(List.of("serve", "--json", "--port", "0", "--config", config.toString()))) {
                server.awaitLog(l -> l.contains("cannot be reached, it is tried again"));
                postgres.restart();
                server.awaitReady();
                assertThat(new Api(server.url(), KEY).complete(prompt(3)).status()).isEqualTo(200);
            }
        }
    }
}
