package ai.realm.server.cli.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.gguf.GgufBuilder;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.tensor.GgmlType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Types of tensors against those that llama-quantize (llama.cpp de3ff81) gives the same models: dense, with eight experts, of odd widths, of many layers. */
class TypePlanTest {
    private static JsonNode data() throws IOException {
        try (InputStream in = TypePlanTest.class.getResourceAsStream("type-plans.json")) {
            return new ObjectMapper().readTree(Objects.requireNonNull(in));
        }
    }

    static Stream<String> models() throws IOException {
        return data().properties().stream().map(Map.Entry::getKey);
    }

    @ParameterizedTest
    @MethodSource("models")
    void types_ofAnyMixture_areTheReferences(String name) throws IOException {
        JsonNode model = data().get(name);
        GgufBuilder builder = new GgufBuilder().string("general.architecture", "llama");
        model.get("keys").properties().forEach(k -> builder.u32("llama." + k.getKey(), k.getValue().asLong()));
        List<String> names = new ArrayList<>();
        for (JsonNode t : model.get("tensors")) {
            long[] dims = new long[t.size() - 1];
            long n = 1;
            for (int i = 0; i < dims.length; i++) {
                dims[i] = t.get(i + 1).asLong();
                n *= dims[i];
            }
            names.add(t.get(0).asText());
            builder.tensor(t.get(0).asText(), new float[(int) n], dims);
        }
        try (GgufFile file = builder.open()) {
            for (Mixture mixture : Mixture.values()) {
                Map<String, GgmlType> types = new TypePlan(file, mixture).types();

                assertThat(String.join(" ", names.stream().map(n -> types.get(n).name()).toList())).as(mixture.name())
                        .isEqualTo(model.get("plans").get(mixture.name()).asText());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"q4_k_m", "Q4_K", "q4_K_M"})
    void named_middleForms_goByTheirShortName(String name) {
        assertThat(Mixture.named(name)).contains(Mixture.Q4_K_M);
    }

    @Test
    void named_unknown_isNone() {
        assertThat(Mixture.named("Q7_X")).isEmpty();
    }
}
