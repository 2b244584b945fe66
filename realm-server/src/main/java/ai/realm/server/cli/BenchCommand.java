package ai.realm.server.cli;

import ai.realm.server.cli.bench.BenchReport;
import ai.realm.server.cli.bench.SpeedBench;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code realm bench}: how fast a model runs here, in the terms of llama-bench, or of llama-batched-bench with {@code --batch}. */
@Command(name = "bench", description = "Measures prefill and decoding speed with random tokens.")
@SuppressWarnings("NullAway.Init")
public final class BenchCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = {"-m",
            "--model"}, paramLabel = "NAME|FILE", description = "A model of the catalogue or a GGUF file (default: the embedded one)")
    private @Nullable String model;

    @Option(names = "-p", paramLabel = "N", defaultValue = "512", description = "Tokens of the prompt; 0 for no prefill test (default: 512)")
    private int promptTokens;

    @Option(names = "-n", paramLabel = "N", defaultValue = "128", description = "Tokens to decode; 0 for no decoding test (default: 128)")
    private int generatedTokens;

    @Option(names = "-t", paramLabel = "N", description = "Threads (default: one for each processor)")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "-r", paramLabel = "N", defaultValue = "5", description = "Counted runs of each test (default: 5)")
    private int runs;

    @Option(names = "--batch", paramLabel = "B", split = ",", description = "Decode so many sequences at once, each with its own prompt, instead of the two tests")
    private int[] batch = {};

    @Option(names = "--adapters", paramLabel = "A", defaultValue = "0", description = "Give the sequences of --batch so many LoRA adapters with random numbers in turn, for all maps (default: 0)")
    private int adapters;

    @Option(names = "--rank", paramLabel = "R", defaultValue = "16", description = "Rank of the adapters (default: 16)")
    private int rank;

    @Option(names = "--json", description = "Print one JSON object")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        check("-p", promptTokens, 0, 1 << 20);
        check("-n", generatedTokens, batch.length > 0 ? 1 : 0, 1 << 20);
        check("-t", threads, 1, 1024);
        check("-r", runs, 1, 1000);
        check("--adapters", adapters, 0, batch.length > 0 ? 512 : 0);
        check("--rank", rank, 1, 512);
        for (int b : batch) {
            check("--batch", b, 1, 512);
        }
        Path file = ModelChoice.of(model).entry().file();
        int sequences = Arrays.stream(batch).max().orElse(1);
        int positions = batch.length > 0 ? promptTokens + generatedTokens : Math.max(promptTokens, generatedTokens);
        try (SpeedBench bench = new SpeedBench(file, threads, sequences, Math.max(1, positions))) {
            bench.adapt(adapters, rank);
            BenchReport report = BenchReport.run(bench, file, threads, promptTokens, generatedTokens, runs, batch);
            spec.commandLine().getOut().println(json ? report.json() : report.text());
            spec.commandLine().getOut().flush();
        }
        return 0;
    }

    private void check(String option, int value, int least, int most) {
        if (value < least || value > most) {
            throw new ParameterException(spec.commandLine(), option + " must be " + least + ".." + most + ", not " + value);
        }
    }
}
