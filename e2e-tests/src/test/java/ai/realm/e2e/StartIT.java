package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a start costs: the AOT cache that the launcher has made, and memory once the server runs. */
class StartIT {
    private static final Path MODEL = RealmProcess.home().resolve("models/SmolLM2-135M-Instruct.Q4_1.gguf");
    private static final long MEGABYTE = 1 << 20;
    /** Of the KV memory only what has been used is resident: for the requests of this test that is less. */
    private static final long KV = 16 * MEGABYTE;

    @TempDir
    private Path dir;

    private List<String> serve() {
        return List.of("serve", "--json", "--port", "0", "--data", dir.resolve("data").toString());
    }

    /** With {@code AOTMode=on} a JVM that cannot use its cache does not start. */
    @Test
    void aotCache_ofATrainingRun_isUsedByTheServer() throws Exception {
        Path cache = dir.resolve("realm.aot");
        try (RealmProcess training = RealmProcess.launch(List.of("-XX:AOTCacheOutput=" + cache), List.of("train"))) {
            assertThat(training.awaitExit()).as("the log: %s", training.log()).isZero();
        }
        assertThat(cache).isNotEmptyFile();
        try (RealmProcess server = RealmProcess.launch(List.of("-XX:AOTCache=" + cache, "-XX:AOTMode=on"), serve())) {
            server.awaitReady();
            server.terminate();
            assertThat(server.awaitExit()).isZero();
        }
    }

    @Test
    void aotCache_thatIsNone_isPassedOverInSilence() throws Exception {
        Path cache = Files.writeString(dir.resolve("broken.aot"), "no cache at all");
        for (Path file : List.of(cache, dir.resolve("absent.aot"))) {
            try (RealmProcess models = RealmProcess.launch(List.of("-XX:AOTCache=" + file), List.of("--help"))) {
                assertThat(models.awaitExit()).isZero();
                assertThat(models.log()).noneMatch(l -> l.contains("aot") || l.contains("AOT"));
            }
        }
    }

    /** The server's own first requests: the log says that there were some, and nothing else knows of them. */
    @Test
    void warmUp_leavesNoTrace() throws Exception {
        try (RealmProcess server = RealmProcess.launch(serve())) {
            server.awaitReady();
            Api demo = new Api(server.url(), server.ready().path("key").textValue());
            String metrics = demo.get("/metrics").body();
            assertThat(metrics).doesNotContain("warm-up");
            for (String name : List.of("realm_requests_total", "realm_tokens_total", "realm_guest_requests_total",
                    "vllm:prompt_tokens_total", "vllm:generation_tokens_total", "vllm:request_success_total")) {
                assertThat(demo.metric(name)).as(name).isZero();
            }
            assertThat(server.log()).filteredOn(l -> l.contains("warmed up requests=")).hasSize(1);
            assertThat(server.log()).noneMatch(l -> l.contains("request ended") || l.contains("tenant=warm-up"));
        }
    }

    /** The file 1.3 times, the KV memory, and 250 MB for all the rest. */
    @Test
    void memory_afterSomeRequests_isWithinTheBound() throws Exception {
        try (RealmProcess server = RealmProcess.launch(serve())) {
            server.awaitReady();
            Api demo = new Api(server.url(), server.ready().path("key").textValue());
            for (int i = 0; i < 6; i++) {
                Api.Answer answer = demo.post("/v1/completions", Api.completion("Story " + i + ": once upon a time")
                        .put("max_tokens", 40).put("stream", i % 2 == 1));
                assertThat(answer.status()).isEqualTo(200);
            }
            assertThat(resident(server.pid())).isPositive().isLessThan(Files.size(MODEL) * 13 / 10 + KV + 250 * MEGABYTE);
        }
    }

    private static long resident(long pid) throws IOException {
        Path status = Path.of("/proc", Long.toString(pid), "status");
        String kilobytes = Files.exists(status)
                ? Files.readAllLines(status).stream().filter(l -> l.startsWith("VmRSS:")).findFirst().orElse("0")
                : new String(new ProcessBuilder("ps", "-o", "rss=", "-p", Long.toString(pid)).start().getInputStream()
                        .readAllBytes());
        return 1024 * Long.parseLong(kilobytes.replaceAll("\\D", ""));
    }
}
