package ai.realm.runtime.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Compute;
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

    @TempDir
    private Path dir;

    /** A file that says what it is, and nothing else. */
    private ModelSource file(String architecture) throws IOException {
        ByteBuffer gguf = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
        gguf.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3).putLong(0).putLong(1);
        put(gguf, "general.architecture");
        gguf.putInt(8);
        put(gguf, architecture);
        Path file = Files.write(dir.resolve(architecture + ".gguf"), Arrays.copyOf(gguf.array(), gguf.position()));
        return new ModelSource(architecture, file, null, 0);
    }

    private static void put(ByteBuffer gguf, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        gguf.putLong(bytes.length).put(bytes);
    }

    @Test
    void estimateBytes_ofAnEncoder_countsNoKvMemory() throws IOException {
        try (Compute compute = Compute.open(new Compute.Options(1, ActivationMode.F32, "scalar"))) {
            EngineModelLoader loader = new EngineModelLoader(compute, EngineOptions.defaults(), MEMORY, EngineListener.NONE);
            ModelSource encoder = file("bert");

            assertThat(loader.estimateBytes(encoder)).isEqualTo(Files.size(encoder.file()));
            assertThat(loader.estimateBytes(file("llama"))).isGreaterThan(MEMORY / 10);
        }
    }
}
