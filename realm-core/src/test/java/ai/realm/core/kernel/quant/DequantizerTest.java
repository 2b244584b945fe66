package ai.realm.core.kernel.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.RealmException;
import ai.realm.core.tensor.GgmlType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DequantizerTest {
    record Golden(GgmlType type, byte[] packed, float[] values) {
        @Override
        public String toString() {
            return type.name();
        }
    }

    static Stream<Golden> goldens() {
        try (InputStream in = DequantizerTest.class.getResourceAsStream("golden.json")) {
            JsonNode all = new ObjectMapper().readTree(in);
            return all.valueStream().map(DequantizerTest::golden);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Golden golden(JsonNode node) {
        byte[] bytes = Base64.getDecoder().decode(node.get("dequantized").asText());
        float[] values = new float[bytes.length / 4];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return new Golden(GgmlType.valueOf(node.get("type").asText()),
                Base64.getDecoder().decode(node.get("packed").asText()), values);
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void dequantize_goldenBlocks_equalBitForBit(Golden golden) {
        float[] out = new float[golden.values.length];

        Dequantizer.dequantize(golden.type, MemorySegment.ofArray(golden.packed), 0, out, 0, out.length);

        assertThat(bits(out)).containsExactly(bits(golden.values));
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void dequantize_oddByteAndElementOffsets_writesOnlyItsElements(Golden golden) {
        byte[] moved = new byte[golden.packed.length + 7];
        System.arraycopy(golden.packed, 0, moved, 3, golden.packed.length);
        float[] out = new float[golden.values.length + 9];
        Arrays.fill(out, 42);

        Dequantizer.dequantize(golden.type, MemorySegment.ofArray(moved), 3, out, 5, golden.values.length);

        assertThat(bits(Arrays.copyOfRange(out, 5, 5 + golden.values.length))).containsExactly(bits(golden.values));
        assertThat(Arrays.copyOf(out, 5)).containsOnly(42);
        assertThat(Arrays.copyOfRange(out, 5 + golden.values.length, out.length)).containsOnly(42);
    }

    @Test
    void goldens_everyWeightType_isCovered() {
        Set<GgmlType> covered = EnumSet.noneOf(GgmlType.class);
        goldens().forEach(g -> covered.add(g.type));
        Set<GgmlType> supported = EnumSet.noneOf(GgmlType.class);
        Stream.of(GgmlType.values()).filter(Dequantizer::supports).forEach(supported::add);

        assertThat(covered).isEqualTo(supported).hasSize(28);
    }

    @Test
    void dequantize_partOfABlock_isRefused() {
        MemorySegment src = MemorySegment.ofArray(new byte[36]);

        assertThatThrownBy(() -> Dequantizer.dequantize(GgmlType.Q4_0, src, 0, new float[64], 0, 33))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("33").hasMessageContaining("32");
    }

    @Test
    void dequantize_typeOfIntegers_isRefused() {
        MemorySegment src = MemorySegment.ofArray(new byte[64]);

        assertThatThrownBy(() -> Dequantizer.dequantize(GgmlType.I32, src, 0, new float[8], 0, 8))
                .isInstanceOf(RealmException.class).hasMessage("weights of type I32 are not supported");
    }

    @Test
    void dequantize_beyondSourceOrDestination_isRefusedBeforeWriting() {
        MemorySegment src = MemorySegment.ofArray(new byte[36]);
        float[] out = new float[64];
        Arrays.fill(out, 42);

        assertThatThrownBy(() -> Dequantizer.dequantize(GgmlType.Q4_0, src, 18, out, 0, 64))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> Dequantizer.dequantize(GgmlType.Q4_0, src, 0, out, 32, 64))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(out).containsOnly(42);
    }

    /** Bits, with one pattern for every NaN: which NaN comes out of arithmetic is the processor's choice. */
    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < values.length; i++) {
            bits[i] = Float.floatToIntBits(values[i]);
        }
        return bits;
    }
}
