package ai.realm.server.domain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.RealmException;
import ai.realm.server.config.ConfigLoader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Names that lead to pipes, devices, directories and secrets, wherever an operator may give one. */
@Timeout(20)
class OperatorFileTest {
    private static final String SECRET = "root:x:0:0:secret";

    @TempDir
    private Path dir;

    private Path pipe() throws Exception {
        Path pipe = dir.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
        return pipe;
    }

    @Test
    void read_ofWhatIsNoRegularFile_isRefusedAtOnce() throws Exception {
        for (Path file : new Path[]{pipe(), Path.of("/dev/zero"), dir}) {
            assertThatThrownBy(() -> OperatorFile.read("guest", file, 100)).isInstanceOf(RealmException.class)
                    .hasMessageContaining("guest must be a regular file");
        }
    }

    @Test
    void read_ofALinkToADevice_isRefused() throws IOException {
        Path link = Files.createSymbolicLink(dir.resolve("link"), Path.of("/dev/zero"));
        assertThatThrownBy(() -> OperatorFile.read("guest", link, 100)).hasMessageContaining("regular file");
    }

    @Test
    void read_ofAFileOverTheBound_isRefused() throws IOException {
        Path file = Files.write(dir.resolve("file"), new byte[101]);
        assertThat(OperatorFile.read("guest", file, 101)).hasSize(101);
        assertThatThrownBy(() -> OperatorFile.read("guest", file, 100)).hasMessageContaining("more than 100 bytes");
    }

    /** Of no bytes by its size, and reading it waits; where a system has none, an empty file is what is left of the test. */
    @Test
    @Timeout(10)
    void read_ofWhatSaysThatItIsEmpty_givesNothingAndDoesNotWait() throws IOException {
        Path log = Path.of("/proc/kmsg");
        Path file = Files.isRegularFile(log) ? log : Files.createFile(dir.resolve("empty"));
        assertThat(OperatorFile.read("guest", file, 100)).isEmpty();
    }

    @Test
    void path_withACharacterZero_isRefused() {
        assertThatThrownBy(() -> OperatorFile.path("guest", "a\0b")).isInstanceOf(RealmException.class)
                .hasMessageContaining("guest is not the name of a file");
    }

    @Test
    void configuration_thatIsNone_isRefusedWithoutAWordOfIt() throws Exception {
        Path pipe = pipe();
        assertThatThrownBy(() -> ConfigLoader.load(pipe, Map.of(), _ -> null)).hasMessageContaining("regular file");
        Path file = Files.writeString(dir.resolve("passwd"), SECRET + ": {\n\t- " + SECRET);
        assertThatThrownBy(() -> ConfigLoader.load(file, Map.of(), _ -> null)).hasMessageContaining("is not YAML: see line")
                .hasMessageNotContaining("secret").hasMessageNotContaining("root");
        Path yaml = Files.writeString(dir.resolve("realm.yaml"), "models: {zero: {file: /dev/zero}}");
        assertThatThrownBy(() -> ConfigLoader.load(yaml, Map.of(), _ -> null))
                .hasMessageContaining("models.zero.file must be a regular file");
    }
}
