package ai.realm.core.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufReader;
import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.KvType;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * A forward pass that is compiled leaves no garbage: one vector that is boxed in one kernel, or an object made for each region,
 * shows as thousands of bytes a token. All threads count.
 */
class ForwardAllocationTest {
    private static final Path MODEL = Path.of("..", "models", "SmolLM2-135M-Instruct.Q4_1.gguf");
    private static final int POSITIONS = 1024;
    /** Passes that are measured together; what the JVM itself allocates now and then is shared by so many. */
    private static final int WINDOW = 16;
    private static final int MOST_WINDOWS = 100;
    private static final long LIMIT = 1024;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    void forward_oneToken_allocatesLessThanAKilobyte() throws IOException {
        assertThat(leastBytesPerToken(1, 1)).isLessThan(LIMIT);
    }

    @Test
    void forward_severalSequences_allocatesLessThanAKilobyteAToken() throws IOException {
        assertThat(leastBytesPerToken(6, 1)).isLessThan(LIMIT);
    }

    @Test
    void forward_prompt_allocatesLessThanAKilobyteAToken() throws IOException {
        assertThat(leastBytesPerToken(1, 37)).isLessThan(LIMIT);
    }

    /** Of windows one after the other until one is under the limit: those before it are the compiler's. */
    private long leastBytesPerToken(int sequences, int tokens) throws IOException {
        try (GgufFile file = GgufReader.open(MODEL);
                Compute compute = Compute.open(Compute.Options.defaults().withThreads(2));
                Model model = Models.load(file, compute, new Models.Options(64, POSITIONS));
                Arena arena = Arena.ofShared()) {
            ContiguousKv kv = new ContiguousKv(model.kvShape(), sequences, POSITIONS, KvType.F16, arena);
            FloatRows logits = new FloatRows(sequences, model.config().vocabSize());
            ForwardBatch batch = new ForwardBatch(64);
            for (int layer = 0; layer < 40 * model.config().layerCount(); layer++) {
                fill(batch, sequences, tokens, 0, model.config().vocabSize());
                model.warmUp(batch, kv, logits, layer);
            }
            long least = Long.MAX_VALUE;
            for (int window = 0; window < MOST_WINDOWS && least >= LIMIT; window++) {
                long before = threads.getTotalThreadAllocatedBytes();
                for (int i = 0; i < WINDOW; i++) {
                    fill(batch, sequences, tokens, i * tokens, model.config().vocabSize());
                    model.forward(batch, kv, logits);
                }
                long bytes = threads.getTotalThreadAllocatedBytes() - before;
                least = Math.min(least, bytes / ((long) WINDOW * sequences * tokens));
            }
            return least;
        }
    }

    private static void fill(ForwardBatch batch, int sequences, int tokens, int position, int vocabSize) {
        batch.clear();
        for (int s = 0; s < sequences; s++) {
            for (int i = 0; i < tokens; i++) {
                batch.add((s + (position + i) * 7919) % vocabSize, position + i, s, i == tokens - 1);
            }
        }
    }
}
