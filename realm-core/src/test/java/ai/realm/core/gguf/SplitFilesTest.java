package ai.realm.core.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models in several files load from the first, and a set of files that is not whole is refused with what is wrong. */
class SplitFilesTest {
    @TempDir
    private Path dir;

    private static GgufBuilder part(int number, int count, int tensors) {
        GgufBuilder out = number == 0 ? new GgufBuilder().string("general.architecture", "llama") : new GgufBuilder();
        return out.raw("split.no", 2, u16(number)).raw("split.count", 2, u16(count)).i32("split.tensors.count", tensors);
    }

    private static byte[] u16(int value) {
        return ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN).putShort((short) value).array();
    }

    /** Three parts with the tensors a, b and c, d. */
    private Path whole() {
        part(0, 3, 4).tensor("a", new float[]{1}, 1).writeTo(dir, "m-00001-of-00003.gguf");
        part(1, 3, 4).tensor("b", new float[]{2}, 1).tensor("c", new float[]{3}, 1).writeTo(dir, "m-00002-of-00003.gguf");
        part(2, 3, 4).tensor("d", new float[]{4}, 1).writeTo(dir, "m-00003-of-00003.gguf");
        return dir.resolve("m-00001-of-00003.gguf");
    }

    private void assertRefused(Path path, String message) {
        assertThatThrownBy(() -> GgufReader.open(path).close()).isInstanceOf(GgufException.class).hasMessageContaining(message);
    }

    @Test
    void open_firstOfThree_hasTheTensorsOfAll() throws IOException {
        try (GgufFile file = GgufReader.open(whole())) {
            assertThat(file.architecture()).isEqualTo("llama");
            assertThat(file.tensors()).containsOnlyKeys("a", "b", "c", "d");
            assertThat(file.tensor("d").data().get(java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED, 0)).isEqualTo(4);
            assertThat(file.size()).isEqualTo(Files.size(dir.resolve("m-00001-of-00003.gguf"))
                    + Files.size(dir.resolve("m-00002-of-00003.gguf")) + Files.size(dir.resolve("m-00003-of-00003.gguf")));
        }
    }

    @Test
    void open_laterPart_namesTheFirst() {
        whole();
        assertRefused(dir.resolve("m-00002-of-00003.gguf"),
                "m-00002-of-00003.gguf is part 2 of 3 of a model, which loads from its first part, m-00001-of-00003.gguf");
    }

    @Test
    void open_partMissing_namesIt() throws IOException {
        Path first = whole();
        Files.delete(dir.resolve("m-00003-of-00003.gguf"));
        assertRefused(first, "comes in 3 files, of which m-00003-of-00003.gguf is missing");
    }

    @Test
    void open_partOfAnotherModel_saysWhatItIs() {
        Path first = whole();
        part(1, 2, 1).tensor("x", new float[]{1}, 1).writeTo(dir, "m-00003-of-00003.gguf");
        assertRefused(first, "m-00003-of-00003.gguf must be part 3 of 3, not part 2 of 2");
    }

    @Test
    void open_partThatIsAWholeModel_isRefused() {
        Path first = whole();
        new GgufBuilder().tensor("x", new float[]{1}, 1).writeTo(dir, "m-00002-of-00003.gguf");
        assertRefused(first, "its key split.no is missing");
    }

    @Test
    void open_brokenPart_isRefused() throws IOException {
        Path first = whole();
        Files.write(dir.resolve("m-00002-of-00003.gguf"), new byte[40]);
        assertRefused(first, "a GGUF file begins with GGUF");
    }

    @Test
    void open_tensorInTwoParts_isRefused() {
        Path first = whole();
        part(2, 3, 4).tensor("b", new float[]{4}, 1).writeTo(dir, "m-00003-of-00003.gguf");
        assertRefused(first, "tensor b is in two of the model's files");
    }

    @Test
    void open_tensorsThatDoNotAddUp_areRefused() {
        Path first = whole();
        part(2, 3, 4).tensor("d", new float[]{4}, 1).tensor("e", new float[]{4}, 1).writeTo(dir, "m-00003-of-00003.gguf");
        assertRefused(first, "key split.tensors.count is 4, and the 3 files have 5 tensors");
    }

    @Test
    void open_otherName_saysHowItMustEnd() {
        Path other = part(0, 3, 4).tensor("a", new float[]{1}, 1).writeTo(dir, "model.gguf");
        assertRefused(other, "its name must end in -00001-of-00003.gguf");
        Path wrongCount = part(0, 3, 4).tensor("a", new float[]{1}, 1).writeTo(dir, "m-00001-of-00002.gguf");
        assertRefused(wrongCount, "its name must end in -00001-of-00003.gguf");
    }

    @Test
    void open_countOfOne_isAWholeModel() throws IOException {
        Path one = part(0, 1, 1).tensor("a", new float[]{1}, 1).writeTo(dir, "one.gguf");
        try (GgufFile file = GgufReader.open(one)) {
            assertThat(file.tensors()).containsOnlyKeys("a");
        }
    }

    @Test
    void open_countOfAnotherType_isRefused() {
        assertRefused(new GgufBuilder().u32("split.count", 3).writeTo(dir, "x-00001-of-00003.gguf"),
                "key split.count must be of type uint16, not uint32");
    }
}
