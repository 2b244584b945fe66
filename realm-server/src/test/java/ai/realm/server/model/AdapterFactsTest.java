package ai.realm.server.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.server.accounts.Database;
import ai.realm.server.domain.ModelEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterFactsTest {
    /** A file that says an architecture and nothing else. */
    private static void write(Path file, String architecture) throws IOException {
        ByteBuffer out = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
        out.put("GGUF".getBytes(StandardCharsets.UTF_8)).putInt(3).putLong(0).putLong(1);
        string(out, "general.architecture");
        out.putInt(8);
        string(out, architecture);
        Files.write(file, out.array());
    }

    private static void string(ByteBuffer out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.putLong(bytes.length).put(bytes);
    }

    @Test
    void facts_ofAnAdapter_areThoseOfItsModel(@TempDir Path dir) throws IOException {
        Path model = dir.resolve("model.gguf");
        Path adapter = dir.resolve("adapter.gguf");
        write(model, "llama");
        write(adapter, "other");
        try (Database database = Database.inMemory()) {
            ModelRegistry registry = new ModelRegistry(Map.of("m", new ModelEntry(model, 77, null, null, false), "m:a",
                    new ModelEntry(adapter, 0, null, null, false, "m", 1)), database);
            assertThat(registry.base("m:a")).isEqualTo("m");
            assertThat(registry.base("m")).isEqualTo("m");
            assertThat(registry.base("unknown")).isEqualTo("unknown");
            assertThat(registry.facts("m").architecture()).isEqualTo("llama");
            assertThat(registry.facts("m:a")).isEqualTo(registry.facts("m"));
            assertThat(registry.ofFile("m:a").architecture()).isEqualTo("other");
        }
    }
}
