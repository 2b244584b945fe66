package ai.realm.server.cli.bench;

import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The figures of one bench.
 *
 * @param readyMillis from the start of the process to the first token
 * @param peakBytes the process's largest resident memory, or 0 where the system does not tell
 * @param residentBytes its resident memory after the runs, or 0
 * @param bytesPerToken heap bytes allocated for a decoded token
 */
public record BenchReport(String model, int threads, String kernels, List<SpeedTest> tests, long readyMillis, long peakBytes,
        long residentBytes, double bytesPerToken) {

    /** Runs the prefill and the decoding test, or for a list of batch sizes a decoding test of each. */
    public static BenchReport run(SpeedBench bench, Path file, int threads, int promptTokens, int generatedTokens, int runs,
            int[] batch) throws IOException {
        List<SpeedTest> tests = new ArrayList<>();
        for (int b : batch) {
            tests.add(bench.decode(generatedTokens, runs, promptTokens, b));
        }
        if (batch.length == 0 && promptTokens > 0) {
            tests.add(bench.prefill(promptTokens, runs));
        }
        if (batch.length == 0 && generatedTokens > 0) {
            tests.add(bench.decode(generatedTokens, runs, 0, 1));
        }
        // What lives, without the garbage of loading.
        System.gc();
        return new BenchReport(String.valueOf(file.getFileName()), threads, bench.describe(), tests, bench.readyMillis(),
                memory("VmHWM:"), memory("VmRSS:"), bench.bytesPerToken());
    }

    private static long memory(String name) throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.isReadable(status)) {
            return 0;
        }
        return Files.readAllLines(status).stream().filter(line -> line.startsWith(name))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024).findFirst().orElse(0);
    }

    /** One JSON object. */
    public String json() {
        ObjectNode root = Json.mapper().createObjectNode();
        root.put("model", model).put("threads", threads).put("kernels", kernels);
        var list = root.putArray("tests");
        for (SpeedTest t : tests) {
            ObjectNode test = list.addObject().put("name", t.name()).put("n_prompt", t.promptTokens())
                    .put("n_gen", t.generatedTokens()).put("batch", t.batch()).put("mean", t.mean()).put("stddev", t.deviation())
                    .put("median", t.median());
            var each = test.putArray("runs");
            for (double r : t.runs()) {
                each.add(r);
            }
        }
        root.put("ready_ms", readyMillis).put("rss_peak_bytes", peakBytes).put("rss_bytes", residentBytes).put("bytes_per_token",
                bytesPerToken);
        return root.toString();
    }

    /** The same for people. */
    public String text() {
        StringBuilder out = new StringBuilder();
        out.append(model).append(": ").append(kernels).append('\n');
        for (SpeedTest t : tests) {
            out.append(String.format(Locale.ROOT, "%-12s %10.2f ± %.2f tok/s (median %.2f)%n", t.name(), t.mean(), t.deviation(),
                    t.median()));
        }
        out.append(String.format(Locale.ROOT,
                "ready after %d ms, %d MB resident at most and %d MB now, %.0f bytes allocated per decoded token",
                readyMillis, peakBytes >> 20, residentBytes >> 20, bytesPerToken));
        return out.toString();
    }
}
