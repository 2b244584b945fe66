package ai.realm.runtime.loading;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Compute;
import ai.realm.core.tensor.GgmlType;
import ai.realm.runtime.engine.EngineListener;
import ai.realm.runtime.engine.EngineOptions;
import ai.realm.runtime.store.ModelSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EngineModelLoaderTest {
    private static final long MEMORY = 4L << 30;
    private static final int MATRIX_IN_FILE = 64 * 2 * GgmlType.MXFP4.blockBytes();

    @TempDir
    private Path dir;

    /** A file that says what it is, with one matrix of 64 rows and columns. */
    private ModelSource file(String architecture) throws IOException {
        ByteBuffer gguf = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        gguf.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3).putLong(1).putLong(1);
        put(gguf, "general.architecture");
        gguf.putInt(8);
        put(gguf, architecture);
        put(gguf, "blk.0.ffn_up.weight");
        gguf.putInt(2).putLong(64).putLong(64).putInt(GgmlType.MXFP4.id()).putLong(0);
        gguf.position(Math.ceilDiv(gguf.position(), 32) * 32 + MATRIX_IN_FILE);
        Path file = Files.write(dir.resolve(architecture + ".gguf"), Arrays.copyOf(gguf.array(), gguf.position()));
        return new ModelSource(architecture, file, null, 0);
    }

    private static void put(ByteBuffer gguf, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        gguf.putLong(bytes.length).put(bytes);
    }

    private static long estimate(String kernels, ModelSource model) {
        try (Compute compute = Compute.open(new Compute.Options(1, ActivationMode.F32, kernels))) {
            return new EngineModelLoader(compute, EngineOptions.defaults(), MEMORY, EngineListener.NONE).estimateBytes(model);
        }
    }

    @Test
    void estimateBytes_ofAnEncoder_countsNoKvMemory() throws IOException {
        assertThat(estimate("scalar", file("bert"))).isEqualTo(MATRIX_IN_FILE);
        assertThat(estimate("scalar", file("llama"))).isGreaterThan(MEMORY / 10);
    }

    @Test
    void estimateBytes_ofWeightsThatArePackedLarger_isTheirSizeAsPacked() throws IOException {
        assertThat(estimate("simd", file("bert"))).isEqualTo(64 * 2 * (32 + 2));
    }
}
