package ai.realm.core.kernel.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.tensor.GgmlType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Blocks against those of the reference (ggml_quantize_chunk of llama.cpp de3ff81): SHA-256 of them, the first 32 digits, for numbers that are
 * made by the formula of {@code tiny-models.md} and changed by kind.
 */
class QuantizerTest {
    private static final int COUNT = 4096;

    static List<Arguments> cases() throws IOException {
        try (InputStream in = QuantizerTest.class.getResourceAsStream("quantized.json")) {
            JsonNode all = new ObjectMapper().readTree(Objects.requireNonNull(in));
            List<Arguments> cases = new ArrayList<>();
            all.properties().forEach(type -> type.getValue().properties()
                    .forEach(kind -> cases.add(Arguments.of(type.getKey(), kind.getKey(), kind.getValue().asText()))));
            return cases;
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void quantize_numbersOfAnyKind_givesTheReferencesBlocks(String type, String kind, String digest) throws Exception {
        ByteBuffer out = packed(GgmlType.valueOf(type), numbers(kind));

        assertThat(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(out.array())).substring(0, 32))
                .isEqualTo(digest);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void dequantize_whatWasQuantized_isNear(String type, String kind, String digest) {
        GgmlType to = GgmlType.valueOf(type);
        float[] x = numbers(kind);
        float[] back = new float[COUNT];
        Dequantizer.dequantize(to, MemorySegment.ofArray(packed(to, x).array()), 0, back, 0, COUNT);

        double error = 0;
        double all = 1e-30;
        for (int i = 0; i < COUNT; i++) {
            error += Math.pow(back[i] - x[i], 2);
            all += (double) x[i] * x[i];
        }
        assertThat(error / all).isLessThan(kind.matches("tiny|small") ? 1.01 : 0.2);
    }

    @Test
    void quantize_typeThatCannotBeMade_isRefused() {
        assertThatThrownBy(() -> Quantizer.quantize(GgmlType.IQ2_XXS, new float[256], 0, 256, ByteBuffer.allocate(66)))
                .hasMessageContaining("IQ2_XXS");
        assertThatThrownBy(() -> Quantizer.quantize(GgmlType.Q4_K, new float[256], 0, 100, ByteBuffer.allocate(144)))
                .hasMessageContaining("whole blocks");
    }

    private static ByteBuffer packed(GgmlType type, float[] x) {
        ByteBuffer out = ByteBuffer.allocate((int) type.bytesFor(COUNT)).order(ByteOrder.LITTLE_ENDIAN);
        Quantizer.quantize(type, x, 0, COUNT, out);
        assertThat(out.hasRemaining()).isFalse();
        return out;
    }

    private static float[] numbers(String kind) {
        long state = 0xcbf29ce484222325L;
        for (byte b : ("quantize " + kind).getBytes(StandardCharsets.UTF_8)) {
            state = (state ^ b) * 0x100000001b3L;
        }
        state += 0x9E3779B97F4A7C15L;
        float[] out = new float[COUNT];
        for (int i = 0; i < COUNT; i++) {
            state += 0x9E3779B97F4A7C15L;
            long z = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
            z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
            z ^= z >>> 31;
            out[i] = changed(kind, i, (float) ((z >>> 11) * 0x1p-53 * 2 - 1));
        }
        return out;
    }

    private static float changed(String kind, int i, float x) {
        return switch (kind) {
            case "cubed" -> x * x * x;
            case "positive" -> Math.abs(x);
            case "tiny" -> x * 1e-20f;
            case "small" -> x * 1e-4f;
            case "zeros" -> i / 16 % 3 == 0 ? 0 : x;
            case "outliers" -> i % 100 == 0 ? x * 50 : x;
            case "equal" -> i < 2048 ? 0.37f : -0.37f;
            default -> x;
        };
    }
}
