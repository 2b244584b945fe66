package ai.realm.server.cli.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DownloadTest {
    private static final int SIZE = 300_000;

    @TempDir
    private Path dir;
    private FileServer server;
    private byte[] content;
    private Path target;
    private Path part;

    @BeforeEach
    void start() throws IOException {
        content = new byte[SIZE];
        new Random(7).nextBytes(content);
        server = new FileServer(content);
        target = dir.resolve("models").resolve("m.gguf");
        part = dir.resolve("models").resolve("m.gguf.part");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private CatalogEntry entry(String sha256, long bytes) {
        return new CatalogEntry("m", "m.gguf", server.url(), bytes, sha256, "MIT");
    }

    private static String sha(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    private void fetch(CatalogEntry entry) throws IOException {
        new Download(entry, target, 1 << 20, 5000, (_, _) -> {}).run();
    }

    private void assertWholeAndTidy() {
        assertThat(target).hasBinaryContent(content);
        assertThat(target.getParent()).isDirectoryContaining(p -> p.equals(target))
                .isDirectoryNotContaining(p -> !p.equals(target));
    }

    @Test
    void run_wholeFile_isVerifiedAndNamed() throws Exception {
        fetch(entry(sha(content), SIZE));

        assertWholeAndTidy();
        assertThat(server.ranges).containsExactly("-");
    }

    @Test
    void run_connectionBreaksAgainAndAgain_resumesEachTime() throws Exception {
        server.hangUpAfter = 120_000;

        fetch(entry(sha(content), 0));

        assertWholeAndTidy();
        assertThat(server.ranges).containsExactly("-", "bytes=120000-", "bytes=240000-");
    }

    @Test
    void run_partOfAnEarlierRun_onlyTheRestIsFetched() throws Exception {
        Files.createDirectories(part.getParent());
        Files.write(part, java.util.Arrays.copyOf(content, 100_000));

        fetch(entry(sha(content), 0));

        assertWholeAndTidy();
        assertThat(server.ranges).containsExactly("bytes=100000-");
    }

    @Test
    void run_serverIgnoresRange_startsOver() throws Exception {
        Files.createDirectories(part.getParent());
        Files.write(part, new byte[100_000]);
        server.honoursRange = false;

        fetch(entry(sha(content), 0));

        assertWholeAndTidy();
    }

    @Test
    void run_fileChangedOnTheServer_startsOver() throws Exception {
        server.hangUpAfter = 0;
        Files.createDirectories(part.getParent());
        Files.write(part, new byte[100_000]);
        Files.writeString(dir.resolve("models").resolve("m.gguf.part.etag"), "\"old\"");
        server.hangUpAfter = -1;

        fetch(entry(null, 0));

        assertWholeAndTidy();
    }

    @Test
    void run_partOfUnknownOriginAndNoDigest_isNotTrusted() throws Exception {
        Files.createDirectories(part.getParent());
        Files.write(part, new byte[100_000]);

        fetch(entry(null, 0));

        assertWholeAndTidy();
        assertThat(server.ranges).containsExactly("-");
    }

    @Test
    void run_partIsWholeAlready_isVerifiedAndNamed() throws Exception {
        Files.createDirectories(part.getParent());
        Files.write(part, content);

        fetch(entry(sha(content), SIZE));

        assertWholeAndTidy();
    }

    @Test
    void run_partIsLongerThanTheFile_startsOver() throws Exception {
        Files.createDirectories(part.getParent());
        Files.write(part, new byte[SIZE + 1]);

        fetch(entry(sha(content), 0));

        assertWholeAndTidy();
    }

    @Test
    void run_connectionBringsNothing_keepsThePartAndSaysSo() throws Exception {
        Files.createDirectories(part.getParent());
        Files.write(part, java.util.Arrays.copyOf(content, 1000));
        server.hangUpAfter = 0;

        assertThatThrownBy(() -> fetch(entry(sha(content), 0))).isInstanceOf(IOException.class)
                .hasMessageContaining("1000 bytes are kept").hasMessageContaining("resumes");
        assertThat(part).hasSize(1000);
        assertThat(target).doesNotExist();
    }

    @Test
    void run_wrongDigest_isDiscarded() throws Exception {
        String want = sha(new byte[1]);

        assertThatThrownBy(() -> fetch(entry(want, 0))).isInstanceOf(IOException.class).hasMessageContaining(want)
                .hasMessageContaining(sha(content)).hasMessageContaining("discarded");
        assertThat(target).doesNotExist();
        assertThat(part).doesNotExist();
    }

    @Test
    void run_serverSendsMoreThanTheCatalogueSays_isRefused() {
        assertThatThrownBy(() -> fetch(entry(null, SIZE - 1))).isInstanceOf(IOException.class)
                .hasMessageContaining(Integer.toString(SIZE - 1)).hasMessageContaining(Integer.toString(SIZE));
        assertThat(target).doesNotExist();
    }

    @Test
    void run_serverSendsLessThanTheCatalogueSays_isRefused() {
        assertThatThrownBy(() -> fetch(entry(null, SIZE + 1))).isInstanceOf(IOException.class).hasMessageContaining("must have");
        assertThat(target).doesNotExist();
    }

    @Test
    void run_fileAboveTheLimit_isRefusedBeforeItIsFetched() {
        assertThatThrownBy(() -> new Download(entry(null, 0), target, 1000, 5000, (_, _) -> {}).run())
                .isInstanceOf(IOException.class).hasMessageContaining("1000 bytes, the limit");
        assertThat(part).doesNotExist();
    }

    @Test
    void run_notFound_saysWhere() {
        server.status = 404;

        assertThatThrownBy(() -> fetch(entry(null, 0))).isInstanceOf(IOException.class).hasMessageContaining("not found (404)")
                .hasMessageContaining(server.url().toString());
    }

    @Test
    void run_accessRefused_namesTheLicence() {
        server.status = 401;

        assertThatThrownBy(() -> fetch(entry(null, 0))).hasMessageContaining("access refused (401)")
                .hasMessageContaining("licence");
    }

    @Test
    void run_nobodyListens_asksForTheNetwork() {
        URI nobody = server.url();
        server.close();

        assertThatThrownBy(() -> fetch(new CatalogEntry("m", "m.gguf", nobody, 0, null, "MIT"))).isInstanceOf(IOException.class)
                .hasMessageContaining("is there a network?");
    }

    @Test
    void run_hostThatDoesNotExist_asksForTheNetwork() {
        CatalogEntry entry = new CatalogEntry("m", "m.gguf", URI.create("http://nosuch.invalid/m"), 0, null, "MIT");

        assertThatThrownBy(() -> fetch(entry)).isInstanceOf(IOException.class).hasMessageContaining("nosuch.invalid")
                .hasMessageContaining("is there a network?");
    }

    @Test
    void run_anotherFetches_itsPartKeepsItsTag() throws Exception {
        Files.createDirectories(part.getParent());
        Files.write(part, new byte[100_000]);
        Path tag = Files.writeString(dir.resolve("models").resolve("m.gguf.part.etag"), "\"old\"");

        try (FileChannel other = FileChannel.open(part, StandardOpenOption.WRITE); FileLock _ = other.lock()) {
            assertThatThrownBy(() -> fetch(entry(null, 0))).isInstanceOf(IOException.class)
                    .hasMessageContaining("another process is fetching");
        }

        assertThat(part).hasBinaryContent(new byte[100_000]);
        assertThat(tag).hasContent("\"old\"");
    }
}
