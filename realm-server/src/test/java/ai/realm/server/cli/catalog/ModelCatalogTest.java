package ai.realm.server.cli.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.store.FileDigest;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelCatalogTest {
    private static final Path SHIPPED = Path.of("..", "models", "catalog.yaml");

    @TempDir
    private Path dir;

    private ModelCatalog read(String yaml) throws IOException {
        Path file = Files.writeString(dir.resolve("catalog.yaml"), yaml);
        return ModelCatalog.read(file, dir.resolve("pulled"));
    }

    @Test
    void shippedCatalogue_everyEntry_isCompleteAndTheDefaultIsThere() throws IOException {
        ModelCatalog catalog = ModelCatalog.read(SHIPPED, dir);

        CatalogEntry first = catalog.defaultEntry();
        Path file = catalog.locate(first).orElseThrow();
        assertThat(first.name()).isEqualTo("SmolLM2-135M-Instruct");
        assertThat(Files.size(file)).isEqualTo(first.bytes());
        assertThat(FileDigest.sha256(file)).isEqualTo(first.sha256());
        assertThat(catalog.entries().stream().skip(1)).hasSizeGreaterThan(3).allSatisfy(e -> {
            assertThat(e.url().toString()).startsWith("https://huggingface.co/").endsWith("/" + e.file());
            assertThat(e.licence()).isNotBlank();
        });
    }

    @Test
    void get_unknownName_listsWhatThereIs() throws IOException {
        ModelCatalog catalog = read("models: [{name: a, file: a.gguf, licence: MIT}]");

        assertThatThrownBy(() -> catalog.get("b")).isInstanceOf(RealmException.class).hasMessageContaining("no model is named b")
                .hasMessageContaining("[a]").extracting(e -> ((RealmException) e).code()).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
    }

    @Test
    void locate_pulledFile_isFoundWhereItWasPut() throws IOException {
        ModelCatalog catalog = read("models: [{name: a, file: a.gguf, licence: MIT}]");
        CatalogEntry entry = catalog.get("a");
        assertThat(catalog.locate(entry)).isEmpty();

        Files.createDirectories(catalog.target(entry).getParent());
        Files.writeString(catalog.target(entry), "x");

        assertThat(catalog.locate(entry)).contains(catalog.target(entry));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "../a", "a/b", "a\\b", "..", ".hidden", "-flag", "a..b", "a b", "ä", "a\u0000", "/etc/passwd"})
    void entry_nameOrFileThatCouldBeAPath_isRefused(String name) {
        assertThatThrownBy(() -> new CatalogEntry(name, "a.gguf", null, 0, null, "MIT"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new CatalogEntry("a", name, null, 0, null, "MIT")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void entry_badDigestOrUrl_isRefused() {
        assertThatThrownBy(() -> new CatalogEntry("a", "a", null, 0, "ABC", "MIT")).hasMessageContaining("64 hexadecimal");
        assertThatThrownBy(() -> new CatalogEntry("a", "a", URI.create("file:///etc/passwd"), 0, null, "MIT"))
                .hasMessageContaining("http or https");
        assertThatThrownBy(() -> new CatalogEntry("a", "a", null, 0, null, " ")).hasMessageContaining("licence");
    }

    @Test
    void catalogueOfTheInstallation_hasADigestForEveryDownload() throws IOException {
        Path yaml = Path.of("").toAbsolutePath().getParent().resolve("models").resolve("catalog.yaml");
        assertThat(ModelCatalog.read(yaml, dir).entries()).isNotEmpty().allSatisfy(e -> assertThat(e.sha256()).isNotNull());
    }

    @Test
    void read_malformedFile_isNamed() {
        for (String yaml : List.of("models: [{name: ../a, file: a, licence: MIT}]", "models: [{nam: a}]", "models: []", ": :")) {
            assertThatThrownBy(() -> read(yaml)).isInstanceOf(IOException.class)
                    .hasMessageContaining("catalog.yaml is malformed");
        }
    }
}
