package ai.realm.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.gguf.GgufBuilder;
import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Compute;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ModelsTest {
    private static Compute compute;

    @BeforeAll
    static void open() {
        compute = Compute.open(new Compute.Options(1, ActivationMode.F32, "scalar"));
    }

    @AfterAll
    static void close() {
        compute.close();
    }

    @Test
    void supported_always_listsArchitecturesInOrder() {
        assertThat(Models.supported()).contains("llama", "qwen3", "gemma3", "deepseek2").isSorted();
    }

    @Test
    void load_unknownArchitecture_namesItAndTheSupportedOnes() {
        GgufBuilder file = new GgufBuilder().string("general.architecture", "parrot");

        assertThatThrownBy(() -> load(file)).isInstanceOf(GgufException.class)
                .hasMessageContaining("general.architecture is \"parrot\"").hasMessageContaining("qwen2");
    }

    private static void load(GgufBuilder builder) {
        try (GgufFile file = builder.open()) {
            Models.load(file, compute, new Models.Options(8, 0)).close();
        }
    }
}
