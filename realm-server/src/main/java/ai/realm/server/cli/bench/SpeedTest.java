package ai.realm.server.cli.bench;

import java.util.Arrays;

/**
 * What one kind of run measured: tokens per second of each counted run.
 *
 * @param promptTokens tokens of a prompt, for each sequence
 * @param generatedTokens tokens decoded, for each sequence
 * @param batch sequences at once
 */
record SpeedTest(String name, int promptTokens, int generatedTokens, int batch, double[] runs) {
    double mean() {
        return Arrays.stream(runs).average().orElse(0);
    }

    double deviation() {
        double mean = mean();
        double squares = Arrays.stream(runs).map(r -> (r - mean) * (r - mean)).sum();
        return runs.length < 2 ? 0 : Math.sqrt(squares / (runs.length - 1));
    }

    double median() {
        double[] sorted = runs.clone();
        Arrays.sort(sorted);
        int n = sorted.length;
        return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    }
}
