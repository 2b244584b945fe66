package ai.realm.core.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.tensor.GgmlType;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GgufReaderTest {
    private static final long TWO_POW_62 = 1L << 62;

    @Test
    void parse_metadataAndTensors_readBack() {
        byte[] file = new GgufBuilder().string("general.architecture", "llama").u32("n", 7).i32("i", -3).f32("f", 0.5f)
                .bool("b", true).strings("s", List.of("a", "ü", "")).i32s("is", 1, -1).f32s("fs", 1.5f).bools("bs", true, false)
                .u64("u", -1).tensor("t", new float[]{1, 2, 3, 4, 5, 6}, 3, 2).tensor("q", GgmlType.Q8_0, new byte[34], 32)
                .build();
        try (GgufFile gguf = GgufReader.parse(file)) {
            assertThat(gguf.version()).isEqualTo(3);
            assertThat(gguf.size()).isEqualTo(file.length);
            assertThat(gguf.architecture()).isEqualTo("llama");
            assertThat(gguf.integer("n")).isEqualTo(7);
            assertThat(gguf.integer("i")).isEqualTo(-3);
            assertThat(gguf.integer("u")).isEqualTo(-1);
            assertThat(gguf.number("f")).isEqualTo(0.5);
            assertThat(gguf.boolOr("b", false)).isTrue();
            assertThat(gguf.array("s").strings()).containsExactly("a", "ü", "");
            assertThat(gguf.array("is").integers()).containsExactly(1, -1);
            assertThat(gguf.array("fs").numbers()).containsExactly(1.5);
            assertThat(gguf.array("bs").booleans()).containsExactly(true, false);
            assertThat(gguf.tensor("t").shape().dims()).containsExactly(3, 2);
            assertThat(gguf.tensor("t").data().getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, 5)).isEqualTo(6f);
            assertThat(gguf.tensor("q").data().byteSize()).isEqualTo(34);
        }
    }

    @Test
    void parse_narrowIntegers_keepTheirSign() {
        byte[] file = new GgufBuilder().raw("u8", 0, new byte[]{-1}).raw("i8", 1, new byte[]{-1})
                .raw("u16", 2, new byte[]{-1, -1}).raw("i16", 3, new byte[]{-1, -1}).raw("u32", 4, new byte[]{-1, -1, -1, -1})
                .raw("f64", 12, le(8).putDouble(1e300).array()).build();
        try (GgufFile gguf = GgufReader.parse(file)) {
            assertThat(gguf.metadata()).containsEntry("u8", 255L).containsEntry("i8", -1L).containsEntry("u16", 65535L)
                    .containsEntry("i16", -1L).containsEntry("u32", 0xFFFFFFFFL).containsEntry("f64", 1e300);
        }
    }

    @Test
    void parse_version2AndLargerAlignment_areTaken() {
        byte[] file = new GgufBuilder().version(2).alignment(64).tensor("a", new float[]{1}, 1).tensor("b", new float[]{2}, 1)
                .build();
        try (GgufFile gguf = GgufReader.parse(file)) {
            assertThat(gguf.version()).isEqualTo(2);
            assertThat(gguf.alignment()).isEqualTo(64);
            assertThat(gguf.tensor("b").data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0)).isEqualTo(2f);
        }
    }

    @Test
    void parse_truncatedAnywhere_isAnErrorWithAnOffset() {
        byte[] file = new GgufBuilder().string("k", "v").tensor("t", new float[]{1, 2}, 2).build();
        int last = file.length - 32 + 8;
        for (int n = 0; n < last; n++) {
            byte[] cut = Arrays.copyOf(file, n);
            assertThatThrownBy(() -> GgufReader.parse(cut)).as("%d bytes", n).isInstanceOfSatisfying(GgufException.class,
                    e -> assertThat(e.offset()).isNotNegative());
        }
    }

    static Stream<Arguments> broken() {
        return Stream.of(bad("GGUX".getBytes(StandardCharsets.UTF_8), "begins with GGUF"),
                bad(Arrays.copyOf("GGUX".getBytes(StandardCharsets.UTF_8), 24), "begins with GGUF, and this one does not"),
                bad(new GgufBuilder().version(1).build(), "version must be 2 or 3, not 1"),
                bad(new GgufBuilder().version(0x03000000).build(), "big-endian"),
                bad(new GgufBuilder().build(0, -1), "claims 18446744073709551615 keys"),
                bad(new GgufBuilder().build(TWO_POW_62, 0), "claims 4611686018427387904 tensors"),
                bad(new GgufBuilder().raw("k", 8, le(8).putLong(Long.MIN_VALUE).array()).build(),
                        "k claims 9223372036854775808 bytes"),
                bad(new GgufBuilder().raw("k", 13, new byte[8]).build(), "key k has unknown value type 13"),
                bad(new GgufBuilder().raw("k", 9, GgufBuilder.arrayHead(9, 1)).build(), "must not have elements of type 9"),
                bad(new GgufBuilder().raw("k", 9, GgufBuilder.arrayHead(5, TWO_POW_62)).build(),
                        "claims 4611686018427387904 elements"),
                bad(new GgufBuilder().raw("k", 9, GgufBuilder.arrayHead(8, 1L << 40)).build(), "elements of array k"),
                bad(new GgufBuilder().raw("k", 7, new byte[]{2}).build(), "boolean of 0 or 1, not 2"),
                bad(new GgufBuilder().u32("k", 1).u32("k", 1).build(), "key k occurs twice"),
                bad(new GgufBuilder().u32("a\0b", 1).build(), "must not hold a NUL"),
                bad(new GgufBuilder().raw(new byte[]{(byte) 0xFF}, 0, new byte[1]).build(), "a key must be UTF-8, not ff"),
                bad(new GgufBuilder().u32("general.alignment", 0).build(), "general.alignment must be a power of two"),
                bad(new GgufBuilder().u32("general.alignment", 24).build(), "not 24"),
                bad(new GgufBuilder().string("general.alignment", "32").build(), "general.alignment must be"),
                bad(tensor("t", GgmlType.F32.id(), 0, 1, 1, 1, 1, 1), "1 to 4 dimensions, not 5"),
                bad(tensor("t", GgmlType.F32.id(), 0, 0), "dimension 0 must be at least 1, not 0"),
                bad(tensor("t", GgmlType.F32.id(), 0, -1), "dimension 0 must be at least 1, not -1"),
                bad(tensor("t", GgmlType.F32.id(), 0, 1L << 32, 1L << 32), "more elements than"),
                bad(tensor("t", GgmlType.F32.id(), 0, 1 << 20, 1 << 20), "does not fit in a file"),
                bad(tensor("t", 43, 0, 1), "unknown type 43"),
                bad(tensor("t", GgmlType.Q8_0.id(), 0, 33), "whole blocks of 32, not of 33"),
                bad(tensor("t", GgmlType.F32.id(), 33, 1), "multiple of 32, not 33"),
                bad(tensor("t", GgmlType.F32.id(), 1 << 20, 1), "does not fit in a file"),
                bad(tensor("t", GgmlType.F32.id(), Long.MIN_VALUE, 1), "offset 9223372036854775808"),
                bad(tensor("t", GgmlType.F32.id(), 32, 1), "must be at data offset 0, not 32"),
                bad(tensor("a\0b", GgmlType.F32.id(), 0, 1), "must not hold a NUL"),
                bad(tensor("t".repeat(64), GgmlType.F32.id(), 0, 1), "at most 63 bytes, not 64"),
                bad(new GgufBuilder().raw("", 4, new byte[4]).build(), "a key must not be empty"),
                bad(new GgufBuilder().u64("general.alignment", 32).build(), "must be of type uint32, not uint64"),
                bad(new GgufBuilder().tensor("t", new float[1], 1).tensor("t", new float[1], 1).build(), "tensor t occurs twice"),
                bad(new GgufBuilder().tensor("t", new float[1], 1)
                        .rawTensor("u".getBytes(StandardCharsets.UTF_8), new long[]{1}, 0, new byte[4], 0).build(),
                        "without gap or overlap"));
    }

    private static Arguments bad(byte[] file, String message) {
        return Arguments.of(message, file);
    }

    private static byte[] tensor(String name, int type, long offset, long... dims) {
        return new GgufBuilder().rawTensor(name.getBytes(StandardCharsets.UTF_8), dims, type, new byte[64], offset).build();
    }

    private static ByteBuffer le(int n) {
        return ByteBuffer.allocate(n).order(ByteOrder.LITTLE_ENDIAN);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("broken")
    void parse_malformed_isRefusedWithTheRule(String message, byte[] file) {
        String expected = file.length < 24 ? "at least 24 bytes" : message;
        assertThatThrownBy(() -> GgufReader.parse(file)).isInstanceOf(GgufException.class).hasMessageContaining(expected);
    }

    @Test
    void open_whatIsNoFile_saysSo(@TempDir Path dir) throws IOException {
        assertThatThrownBy(() -> GgufReader.open(dir)).isInstanceOf(GgufException.class).hasMessageContaining("is a directory");
        assertThatThrownBy(() -> GgufReader.open(dir.resolve("none.gguf"))).isInstanceOf(GgufException.class)
                .hasMessage("there is no file none.gguf");
        Path empty = Files.createFile(dir.resolve("empty.gguf"));
        assertThatThrownBy(() -> GgufReader.open(empty)).isInstanceOf(GgufException.class)
                .hasMessageContaining("at least 24 bytes, not 0");
    }

    @Test
    void open_file_mapsIt(@TempDir Path dir) throws IOException {
        Path file = new GgufBuilder().string("k", "v").tensor("t", new float[]{4}, 1).writeTo(dir, "m.gguf");
        try (GgufFile gguf = GgufReader.open(file)) {
            assertThat(gguf.path()).contains(file);
            assertThat(gguf.string("k")).isEqualTo("v");
            assertThat(gguf.tensor("t").data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0)).isEqualTo(4f);
        }
    }

    @Test
    void key_missingOrOfAnotherType_isNamed() {
        try (GgufFile gguf = new GgufBuilder().string("s", "x").u32("n", 5).open()) {
            assertThatThrownBy(() -> gguf.integer("none")).hasMessage("key none is missing");
            assertThatThrownBy(() -> gguf.integer("s")).hasMessage("key s must be an integer, not a string");
            assertThatThrownBy(() -> gguf.array("n")).hasMessage("key n must be an array, not an integer");
            assertThatThrownBy(() -> gguf.intIn("n", 1, 4)).hasMessage("key n must be 1..4, not 5");
            assertThatThrownBy(() -> gguf.tensor("t")).hasMessage("tensor t is missing");
            assertThat(gguf.integerOr("none", 9)).isEqualTo(9);
        }
    }
}
