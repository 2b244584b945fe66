package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A tenant that floods the server with ten times what it can serve, beside a quiet one that wants a twentieth of it; prompts of
 * about 200 tokens on both sides. With {@code -Drealm.flood.seconds=500} there are enough requests of the quiet tenant for a 99th
 * percentile, which is held to its bound; a short run shows that the quiet tenant does not wait as the flood does.
 */
@Timeout(1800)
class FloodIT {
    private static final int SECONDS = Integer.getInteger("realm.flood.seconds", 12);
    private static final int ENOUGH_FOR_P99 = 200;
    private static final double QUIET_PART = 0.05;
    private static final double FLOOD_PART = 10;
    /** Of the quiet tenant. */
    private static final double LEAST_REQUESTS = 6;
    /** Words, of about 4 letters, each a token, and a space of 3. */
    private static final int PROMPT_WORDS = 30;
    private static final int OUTPUT = 4;

    @TempDir
    private static Path dir;
    private static RealmProcess server;

    @BeforeAll
    static void start() throws IOException {
        Path model = TinyModel.write(dir.resolve("small.gguf"), TinyModel.Shape.SMALL);
        server = RealmProcess.serve("warn", Files.writeString(dir.resolve("realm.yaml"), """
                server: {data: data}
                models:
                  small: {file: '%s'}
                tenants:
                  - {id: quiet, keys: ['%s']}
                  - {id: flood, keys: ['%s']}
                """.formatted(model, TestServer.hash("quiet"), TestServer.hash("flood"))));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void quietTenant_besideAFlood_waitsLittleLongerThanAloneAndGetsItsShare() throws Exception {
        load(5, List.of("--clients", "8"), tenant("flood", 1));
        double capacity = load(5, List.of("--clients", "8"), tenant("flood", 1)).at("/total/requests_per_second").asDouble();
        String quiet = tenant("quiet", Math.max(capacity * QUIET_PART, LEAST_REQUESTS / SECONDS));
        JsonNode alone = load(SECONDS, List.of(), quiet).at("/tenants/quiet");
        double steps = api().metric("realm_engine_steps_total");
        double stepSeconds = api().metric("realm_engine_step_seconds_total");
        JsonNode both = load(SECONDS, List.of(), quiet, tenant("flood", capacity * FLOOD_PART));
        double step = (api().metric("realm_engine_step_seconds_total") - stepSeconds)
                / (api().metric("realm_engine_steps_total") - steps)
                * 1e3;
        JsonNode beside = both.at("/tenants/quiet");
        JsonNode flood = both.at("/tenants/flood");
        double bound = 1.5 * ttft(alone, "p99") + step;
        System.out.printf(Locale.ROOT,
                "capacity %.1f requests/s; a step beside the flood %.1f ms; bound of the quiet tenant's p99 "
                        + "%.1f ms%n  alone:  %s%n  beside: %s%n  flood:  %s%n",
                capacity, step, bound, alone, beside, flood);
        assertThat(beside.path("completed").asInt()).as("every request of the quiet tenant").isPositive()
                .isEqualTo(beside.path("requests").asInt());
        assertThat(ttft(beside, "p50")).as("median time to first token, ms").isLessThan(ttft(flood, "p50") / 4);
        if (beside.path("completed").asInt() >= ENOUGH_FOR_P99) {
            assertThat(ttft(beside, "p99")).as("p99 of the time to first token, ms").isLessThanOrEqualTo(bound);
        }
    }

    private static double ttft(JsonNode tenant, String percentile) {
        return tenant.path("ttft_ms").path(percentile).asDouble();
    }

    private static String tenant(String name, double rate) {
        return String.format(Locale.ROOT, "%s=%s:%.3f:%d:%d", name, name, rate, PROMPT_WORDS, OUTPUT);
    }

    private static Api api() {
        return new Api(server.url(), "quiet");
    }

    /** What {@code realm load} reports. */
    private static JsonNode load(int seconds, List<String> more, String... tenants) throws Exception {
        List<String> args = new ArrayList<>(
                List.of("load", "--json", "--url", server.url(), "--duration", Integer.toString(seconds)));
        args.addAll(more);
        for (String t : tenants) {
            args.add("--tenant");
            args.add(t);
        }
        try (RealmProcess load = RealmProcess.launch(args)) {
            return load.awaitLine(seconds + 120);
        }
    }
}
