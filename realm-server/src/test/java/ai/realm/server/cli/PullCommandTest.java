package ai.realm.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class PullCommandTest {
    @TempDir
    private Path dir;
    private Path catalog;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void writeCatalogue() throws IOException {
        catalog = Files.writeString(dir.resolve("catalog.yaml"), """
                models:
                  - {name: shipped, file: shipped.gguf, licence: MIT,
                     sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad}
                  - {name: nowhere, file: nowhere.gguf, licence: MIT, url: "http://127.0.0.1:1/nowhere.gguf"}
                """);
    }

    private int run(String... args) {
        CommandLine line = RealmCommand.commandLine();
        line.setOut(new PrintWriter(out, true));
        line.setErr(new PrintWriter(err, true));
        return line.execute(args);
    }

    @Test
    void pull_fileIsThere_verifiesItAndPrintsWhere() throws IOException {
        Path file = Files.writeString(dir.resolve("shipped.gguf"), "abc");

        assertThat(run("pull", "shipped", "--catalog", catalog.toString())).as(err.toString()).isZero();
        assertThat(out.toString().strip()).isEqualTo(file.toString());
    }

    @Test
    void pull_fileIsThereButDiffers_saysSo() throws IOException {
        Files.writeString(dir.resolve("shipped.gguf"), "abd");

        assertThat(run("pull", "shipped", "--catalog", catalog.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("SHA-256", "remove it");
    }

    @Test
    void pull_noNetwork_saysSoWithoutAStackTrace() {
        assertThat(run("pull", "nowhere", "--catalog", catalog.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("licence: MIT", "is there a network?").doesNotContain("\tat ");
    }

    @Test
    void pull_unknownName_listsTheCatalogue() {
        assertThat(run("pull", "../../etc/passwd", "--catalog", catalog.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("[shipped, nowhere]").doesNotContain("passwd");
    }
}
