package ai.realm.server.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class BenchReportTest {
    private static final BenchReport REPORT = new BenchReport("m.gguf", 2, "kernels x",
            List.of(new SpeedTest("tg8@b4", 16, 8, 4, new double[]{10, 14, 12})), 900, 1 << 20, 1 << 19, 12.5);

    @Test
    void json_ofAReport_hasEveryMember() throws IOException {
        JsonNode json = Json.mapper().readTree(REPORT.json());
        assertThat(json.get("model").asText()).isEqualTo("m.gguf");
        assertThat(json.get("threads").asInt()).isEqualTo(2);
        assertThat(json.get("kernels").asText()).isEqualTo("kernels x");
        assertThat(json.get("ready_ms").asLong()).isEqualTo(900);
        assertThat(json.get("rss_peak_bytes").asLong()).isEqualTo(1 << 20);
        assertThat(json.get("rss_bytes").asLong()).isEqualTo(1 << 19);
        assertThat(json.get("bytes_per_token").asDouble()).isEqualTo(12.5);
        JsonNode test = json.get("tests").get(0);
        assertThat(test.get("name").asText()).isEqualTo("tg8@b4");
        assertThat(test.get("n_prompt").asInt()).isEqualTo(16);
        assertThat(test.get("n_gen").asInt()).isEqualTo(8);
        assertThat(test.get("batch").asInt()).isEqualTo(4);
        assertThat(test.get("mean").asDouble()).isEqualTo(12);
        assertThat(test.get("stddev").asDouble()).isEqualTo(2);
        assertThat(test.get("median").asDouble()).isEqualTo(12);
        assertThat(test.get("runs")).hasSize(3);
    }

    @Test
    void text_ofAReport_givesMeanDeviationAndMedian() {
        assertThat(REPORT.text()).contains("12.00 ± 2.00 tok/s (median 12.00)");
    }
}
