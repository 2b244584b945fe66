package ai.realm.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.gguf.GgufBuilder;
import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.KvType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Map;
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

    @Test
    void load_keysSetByTheOperator_countInsteadOfTheFiles() throws IOException {
        TinyModel tiny = TinyModel.named("llama");
        try (Compute compute = Compute.open(new Compute.Options(1, ActivationMode.F32, "scalar"))) {
            float[] changed = logits(tiny.file("llama.rope.freq_base", 500), Map.of(), compute);

            assertThat(logits(tiny.file(), Map.of("rope.freq_base", 500.0), compute)).isEqualTo(changed);
            assertThat(logits(tiny.file(), Map.of("llama.rope.freq_base", 500), compute)).isEqualTo(changed);
            assertThat(logits(tiny.file(), Map.of(), compute)).isNotEqualTo(changed);
            assertThatThrownBy(() -> logits(tiny.file(), Map.of("context_length", "long"), compute))
                    .hasMessageContaining("llama.context_length is of type uint32");
        }
    }

    private static float[] logits(GgufBuilder builder, Map<String, Object> values, Compute compute) {
        try (GgufFile file = builder.open();
                Arena arena = Arena.ofShared();
                Model model = Models.load(file.withValues(values), compute, new Models.Options(4, 0))) {
            ForwardBatch batch = new ForwardBatch(4);
            for (int i = 0; i < 4; i++) {
                batch.add(5 * i + 2, i, 0, i == 3);
            }
            FloatRows logits = new FloatRows(1, model.config().vocabSize());
            model.forward(batch, new ContiguousKv(model.kvShape(), 1, 16, KvType.F32, arena), logits);
            return logits.data();
        }
    }
}
