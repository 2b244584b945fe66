package ai.realm.server.cli.bench;

import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufReader;
import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.KvType;
import ai.realm.core.model.Adapter;
import ai.realm.core.model.ContiguousKv;
import ai.realm.core.model.ForwardBatch;
import ai.realm.core.model.Model;
import ai.realm.core.model.Models;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs a model on random tokens and takes the time, with the meaning that llama-bench and llama-batched-bench give their
 * figures: no sampling, no template, and a warm-up, which is discarded. One thread.
 */
public final class SpeedBench implements AutoCloseable {
    private static final long WARM_UP_NANOS = 2_000_000_000L;
    private static final int MAX_BATCH = 512;

    private final GgufFile file;
    private final Compute compute;
    private final Model model;
    private final Arena arena = Arena.ofShared();
    private final ContiguousKv kv;
    private final FloatRows logits;
    private final ForwardBatch batch = new ForwardBatch(MAX_BATCH);
    private final Random random = new Random(1);
    private final long readyMillis;
    private Adapter.Use[] adapters = {};
    private double bytesPerToken;

    /** Loads a model and passes one token through it. */
    public SpeedBench(Path path, int threads, int sequences, int positions) throws IOException {
        file = GgufReader.open(path);
        compute = Compute.open(Compute.Options.defaults().withThreads(threads));
        model = Models.load(file, compute, new Models.Options(MAX_BATCH, positions));
        kv = new ContiguousKv(model.kvShape(), sequences, positions, KvType.F16, arena);
        logits = new FloatRows(sequences, model.config().vocabSize());
        decode(0, 1);
        readyMillis = System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime();
    }

    /** Gives sequences adapters in turn, each for all maps of the model. */
    public void adapt(int count, int rank) {
        adapters = new Adapter.Use[count];
        Arrays.setAll(adapters, i -> new Adapter.Use(Adapter.random(model, rank, i), 1));
    }

    private Adapter.@Nullable Use adapter(int sequence) {
        return adapters.length == 0 ? null : adapters[sequence % adapters.length];
    }

    String describe() {
        return compute.describe();
    }

    /** From the start of the process to the first token. */
    long readyMillis() {
        return readyMillis;
    }

    /** Heap bytes allocated by all threads for a decoded token, in the last decoding run. */
    double bytesPerToken() {
        return bytesPerToken;
    }

    SpeedTest prefill(int tokens, int runs) {
        return new SpeedTest("pp" + tokens, tokens, 0, 1, measured(runs, () -> tokens / prompt(0, tokens)));
    }

    SpeedTest decode(int tokens, int runs, int promptTokens, int sequences) {
        String name = sequences == 1 && promptTokens == 0 ? "tg" + tokens : "tg" + tokens + "@b" + sequences;
        return new SpeedTest(name, promptTokens, tokens, sequences,
                measured(runs, () -> decodeRun(tokens, promptTokens, sequences)));
    }

    /** Runs that are discarded come first, one and then as many as begin within the warm-up: a server that has served a while is measured. */
    private static double[] measured(int runs, DoubleSupplier run) {
        long begun = System.nanoTime();
        do {
            var _ = run.getAsDouble();
        } while (System.nanoTime() - begun < WARM_UP_NANOS);
        double[] out = new double[runs];
        for (int i = 0; i < runs; i++) {
            out[i] = run.getAsDouble();
        }
        return out;
    }

    private double decodeRun(int tokens, int promptTokens, int sequences) {
        for (int s = 0; s < sequences; s++) {
            prompt(s, promptTokens);
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long bytes = threads.getTotalThreadAllocatedBytes();
        long start = System.nanoTime();
        for (int i = 0; i < tokens; i++) {
            decode(promptTokens + i, sequences);
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        bytesPerToken = (threads.getTotalThreadAllocatedBytes() - bytes) / ((double) tokens * sequences);
        return tokens * sequences / seconds;
    }

    /** Returns the seconds that a sequence's prompt took. */
    private double prompt(int sequence, int tokens) {
        long start = System.nanoTime();
        for (int from = 0; from < tokens; from += MAX_BATCH) {
            batch.clear();
            for (int i = from; i < Math.min(tokens, from + MAX_BATCH); i++) {
                batch.add(token(), i, sequence, i == tokens - 1, adapter(sequence));
            }
            model.forward(batch, kv, logits);
        }
        return (System.nanoTime() - start) / 1e9;
    }

    private void decode(int position, int sequences) {
        batch.clear();
        for (int s = 0; s < sequences; s++) {
            batch.add(token(), position, s, true, adapter(s));
        }
        model.forward(batch, kv, logits);
    }

    private int token() {
        return random.nextInt(model.config().vocabSize());
    }

    @Override
    public void close() {
        model.close();
        compute.close();
        arena.close();
        file.close();
    }
}
