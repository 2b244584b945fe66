package ai.realm.core.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.tensor.GgmlType;
import java.util.List;
import org.junit.jupiter.api.Test;

class GgufReaderTest {
    @Test
    void parse_metadataAndTensors_readBack() {
        byte[] file = new GgufBuilder().string("general.architecture", "llama").u32("n", 7).i32("i", -3).f32("f", 0.5f)
                .bool("b", true).strings("s", List.of("a", "ü")).i32s("is", 1, -1).f32s("fs", 1.5f).bools("bs", true, false)
                .tensor("t", new float[]{1, 2, 3, 4, 5, 6}, 3, 2).tensor("q", GgmlType.Q8_0, new byte[34], 32).build();
        try (GgufFile gguf = GgufReader.parse(file)) {
            assertThat(gguf.architecture()).isEqualTo("llama");
            assertThat(gguf.integer("n")).isEqualTo(7);
            assertThat(gguf.integer("i")).isEqualTo(-3);
            assertThat(gguf.number("f")).isEqualTo(0.5);
            assertThat(gguf.boolOr("b", false)).isTrue();
            assertThat(gguf.array("s").strings()).containsExactly("a", "ü");
            assertThat(gguf.array("is").integers()).containsExactly(1, -1);
            assertThat(gguf.array("fs").numbers()).containsExactly(1.5);
            assertThat(gguf.array("bs").booleans()).containsExactly(true, false);
            assertThat(gguf.tensor("t").shape().dims()).containsExactly(3, 2);
            assertThat(gguf.tensor("t").data().getAtIndex(java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED, 5)).isEqualTo(6f);
            assertThat(gguf.tensor("q").data().byteSize()).isEqualTo(34);
        }
    }

    @Test
    void parse_truncatedAnywhere_isAnErrorWithAnOffset() {
        byte[] file = new GgufBuilder().string("k", "v").tensor("t", new float[]{1, 2}, 2).build();
        int last = file.length - 32 + 8;
        for (int n = 0; n < last; n++) {
            byte[] cut = java.util.Arrays.copyOf(file, n);
            assertThatThrownBy(() -> GgufReader.parse(cut)).as("%d bytes", n).isInstanceOfSatisfying(GgufException.class,
                    e -> assertThat(e.offset()).isNotNegative());
        }
    }
}
