package ai.realm.server.cli.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names of hubs against a server that answers as they do: it sends files on to another host, and wants a token for some. */
class HubsTest {
    private static final byte[] FILE = "the bytes of a model".getBytes(StandardCharsets.UTF_8);

    @TempDir
    private Path dir;
    private HttpServer hub;
    private HttpServer storage;
    /** Path → what is answered; a value that begins with {@code http} is where to go on. */
    private final Map<String, String> answers = new ConcurrentHashMap<>();
    private final Map<String, String> tokens = new ConcurrentHashMap<>();
    private Hubs hubs;

    @BeforeEach
    void start() throws Exception {
        hub = server();
        storage = server();
        hubs = new Hubs(Map.of("HF_ENDPOINT", address(hub), "OLLAMA_REGISTRY", address(hub) + "/", "HF_TOKEN", "secret"));
        answers.put("/api/models/org/repo?blobs=true", repository());
        answers.put("/file", new String(FILE, StandardCharsets.UTF_8));
    }

    @AfterEach
    void stop() {
        hub.stop(0);
        storage.stop(0);
    }

    private HttpServer server() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
        return server;
    }

    private static String address(HttpServer server) {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        String at = exchange.getRequestURI().toString();
        String token = exchange.getRequestHeaders().getFirst("Authorization");
        tokens.put(at, token == null ? "none" : token);
        String answer = answers.get(at);
        if (answer == null) {
            exchange.sendResponseHeaders(404, -1);
        } else if (answer.startsWith("http")) {
            exchange.getResponseHeaders().set("Location", answer);
            exchange.sendResponseHeaders(302, -1);
        } else {
            byte[] body = answer.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        }
        exchange.close();
    }

    private static String sha() throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(FILE));
    }

    private static String file(String name) throws Exception {
        return "{\"rfilename\":\"%s\",\"size\":%d,\"lfs\":{\"sha256\":\"%s\",\"size\":%d}}".formatted(name, FILE.length, sha(),
                FILE.length);
    }

    private static String repository() throws Exception {
        return "{\"tags\":[\"gguf\",\"license:apache-2.0\"],\"siblings\":["
                + String.join(",", file("README.md"), file("mmproj-F16.gguf"), file("Tiny-Q8_0.gguf"),
                        file("UD/Tiny-UD-Q4_K_M.gguf"),
                        file("Tiny-Q4_K_M.gguf"), file("big/Tiny-F16-00001-of-00002.gguf"),
                        file("big/Tiny-F16-00002-of-00002.gguf"))
                + "]}";
    }

    private RemoteModel find(String name) throws IOException {
        return hubs.find(name, null).orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({"hf.co/org/repo, Tiny-Q4_K_M, Tiny-Q4_K_M.gguf", "hf.co/org/repo:q8_0, Tiny-Q8_0, Tiny-Q8_0.gguf",
            "https://huggingface.co/org/repo:Q4_K_M, Tiny-Q4_K_M, Tiny-Q4_K_M.gguf",
            "hf.co/org/repo:UD-Q4_K_M, Tiny-UD-Q4_K_M, UD/Tiny-UD-Q4_K_M.gguf",
            "huggingface.co/org/repo/resolve/main/Tiny-Q8_0.gguf, Tiny-Q8_0, Tiny-Q8_0.gguf"})
    void find_ofHuggingFace_isTheFileWithSizeDigestAndLicence(String name, String called, String path) throws Exception {
        CatalogEntry found = find(name).first();

        assertThat(found.name()).isEqualTo(called);
        assertThat(found.url()).hasToString(address(hub) + "/org/repo/resolve/main/" + path);
        assertThat(found.bytes()).isEqualTo(FILE.length);
        assertThat(found.sha256()).isEqualTo(sha());
        assertThat(found.licence()).isEqualTo("apache-2.0");
    }

    @Test
    void fetch_partsOnAnotherHost_areAllThereAndTheTokenIsNotSentOn() throws Exception {
        for (String part : new String[]{"1", "2"}) {
            answers.put("/org/repo/resolve/main/big/Tiny-F16-0000" + part + "-of-00002.gguf", address(storage) + "/file");
        }

        Path first = find("hf.co/org/repo:F16").fetch(dir, true, 1 << 20, 5000, (_, _) -> {});

        assertThat(first.getFileName()).asString()
                .matches("org--repo--big--Tiny-F16-[0-9a-f]{12}-00001-of-00002\\.gguf");
        assertThat(first.resolveSibling(first.getFileName().toString().replace("00001-of", "00002-of"))).hasBinaryContent(FILE);
        assertThat(tokens).containsEntry("/org/repo/resolve/main/big/Tiny-F16-00001-of-00002.gguf", "Bearer secret")
                .containsEntry("/file", "none");
    }

    @Test
    void find_quantizationThatIsNotThere_namesThoseThatAre() {
        assertThatThrownBy(() -> find("hf.co/org/repo:Q2_K")).hasMessageContaining("org/repo has no Q2_K")
                .hasMessageContaining("Tiny-Q8_0");
    }

    @Test
    void find_repositoryWithAMissingPart_isRefused() throws Exception {
        answers.put("/api/models/org/repo?blobs=true",
                "{\"siblings\":[" + file("Tiny-F16-00001-of-00003.gguf") + "]}");

        assertThatThrownBy(() -> find("hf.co/org/repo")).hasMessageContaining("3 parts, of which the repository has 1");
    }

    @Test
    void find_repositoryThatIsNotThere_saysSo() {
        assertThatThrownBy(() -> find("hf.co/org/none")).isInstanceOf(IOException.class).hasMessageContaining("not found (404)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny:0.6b", "registry.ollama.ai/library/tiny:0.6b", "ollama.com/library/tiny:0.6b"})
    void fetch_ofAnOllamaRegistry_isTheModelLayer(String name) throws Exception {
        String licence = "sha256:" + "1".repeat(64);
        answers.put("/v2/library/tiny/manifests/0.6b",
                "{\"layers\":[{\"mediaType\":\"application/vnd.ollama.image.license\",\"digest\":\""
                        + licence + "\",\"size\":3},{\"mediaType\":\"application/vnd.ollama.image.model\",\"digest\":\"sha256:"
                        + sha()
                        + "\",\"size\":" + FILE.length + "}]}");
        answers.put("/v2/library/tiny/blobs/" + licence, "\n   Apache License\n   Version 2.0\n");
        answers.put("/v2/library/tiny/blobs/sha256:" + sha(), address(storage) + "/file");

        RemoteModel model = find(name);

        assertThat(model.first().licence()).isEqualTo("Apache License");
        assertThat(model.bytes()).isEqualTo(FILE.length);
        assertThat(model.fetch(dir, true, 1 << 20, 5000, (_, _) -> {})).isEqualTo(dir.resolve("tiny-0.6b.gguf"))
                .hasBinaryContent(FILE);
    }

    @Test
    void find_layerWithoutADigest_isRefused() {
        answers.put("/v2/library/tiny/manifests/1b",
                "{\"layers\":[{\"mediaType\":\"application/vnd.ollama.image.model\",\"digest\":\"../../x\",\"size\":3}]}");

        assertThatThrownBy(() -> find("tiny:1b")).hasMessageContaining("is no SHA-256");
    }

    @Test
    void find_addresses_takeAFileNameAndADigestWhereItIsNotHttps() throws Exception {
        assertThat(find("https://host.example/a/m.gguf").first().file()).isEqualTo("m.gguf");
        assertThatThrownBy(() -> find("http://host.example/a/m.gguf")).hasMessageContaining("--sha256");
        assertThatThrownBy(() -> find("https://host.example/a/m.bin")).hasMessageContaining(".gguf");
        assertThat(hubs.find("http://host.example/m.gguf", sha()).orElseThrow().first().sha256()).isEqualTo(sha());
    }

    @ParameterizedTest
    @ValueSource(strings = {"../../etc/passwd", "hf.co/org/..", "hf.co/../repo", "hf.co/org/repo/../x.gguf", "Qwen3-0.6B",
            "a:b:c", "hf.co"})
    void find_otherNames_areNoHubs(String name) throws IOException {
        assertThat(hubs.find(name, null)).isEmpty();
    }

    @Test
    void fetch_redirectInCircles_ends() throws Exception {
        answers.put("/org/repo/resolve/main/Tiny-Q8_0.gguf", address(hub) + "/org/repo/resolve/main/Tiny-Q8_0.gguf");

        assertThatThrownBy(() -> find("hf.co/org/repo:Q8_0").fetch(dir, true, 1 << 20, 5000, (_, _) -> {}))
                .hasMessageContaining("sends on more than 8 times");
    }

    @Test
    void record_pulledModel_hasANameFromThenOn() throws IOException {
        Path yaml = Files.writeString(dir.resolve("catalog.yaml"), "models:\n  - {name: m, file: m.gguf, licence: MIT}\n");
        Path pulled = dir.resolve("pulled");

        ModelCatalog.read(yaml, pulled).record(find("hf.co/org/repo:Q8_0").first());
        ModelCatalog again = ModelCatalog.read(yaml, pulled);

        assertThat(again.defaultEntry().name()).isEqualTo("m");
        assertThat(again.get("Tiny-Q8_0").file()).isEqualTo("org--repo--Tiny-Q8_0.gguf");
        assertThat(again.get("Tiny-Q8_0").licence()).isEqualTo("apache-2.0");
    }

    @Test
    void fetch_fileThatTheHubNoLongerHas_isFetchedAnew() throws Exception {
        answers.put("/org/repo/resolve/main/Tiny-Q8_0.gguf", address(storage) + "/file");
        byte[] old = FILE.clone();
        old[0]++;
        Path there = Files.write(dir.resolve("org--repo--Tiny-Q8_0.gguf"), old);

        assertThatThrownBy(() -> find("hf.co/org/repo:Q8_0").fetch(dir, false, 1 << 20, 5000, (_, _) -> {}))
                .isInstanceOf(IOException.class).hasMessageContaining("remove it");
        assertThat(there).hasBinaryContent(old);
        assertThat(find("hf.co/org/repo:Q8_0").fetch(dir, true, 1 << 20, 5000, (_, _) -> {})).isEqualTo(there)
                .hasBinaryContent(FILE);
    }

    @Test
    void fetch_fileThatTheHubHas_isNotAskedForAgain() throws Exception {
        Path there = Files.write(dir.resolve("org--repo--Tiny-Q8_0.gguf"), FILE);

        assertThat(find("hf.co/org/repo:Q8_0").fetch(dir, false, 1 << 20, 5000, (_, _) -> {})).isEqualTo(there);
        assertThat(tokens).doesNotContainKey("/org/repo/resolve/main/Tiny-Q8_0.gguf");
    }

    @Test
    void fetch_fileOfAnAddressOfAnotherSize_isNotTakenForIt() throws Exception {
        CatalogEntry entry = new CatalogEntry("m", "m.gguf", URI.create(address(storage) + "/file"), 0, null, "MIT");
        RemoteModel model = new RemoteModel(List.of(entry), null);
        Path there = Files.write(dir.resolve("m.gguf"), new byte[3]);

        assertThat(model.fetch(dir, true, 1 << 20, 5000, (_, _) -> {})).isEqualTo(there).hasBinaryContent(FILE);
        assertThat(model.fetch(dir, false, 1 << 20, 5000, (_, _) -> {})).isEqualTo(there);
    }

    @Test
    void find_filesOfOneNameInTwoFolders_haveTwoNamesOnDisk() throws Exception {
        answers.put("/api/models/org/repo?blobs=true",
                "{\"siblings\":[" + file("Q4/model.gguf") + "," + file("Q8/model.gguf") + "]}");

        assertThat(find("hf.co/org/repo/Q4/model.gguf").first().file()).startsWith("org--repo--Q4--model-")
                .isNotEqualTo(find("hf.co/org/repo/Q8/model.gguf").first().file());
    }

    @Test
    void find_longNamesOfTwoRepositories_haveTwoNamesOnDisk() throws Exception {
        String path = "m".repeat(100) + ".gguf";
        String one = "r".repeat(90) + "1";
        String two = "r".repeat(90) + "2";
        answers.put("/api/models/org/" + one + "?blobs=true", "{\"siblings\":[" + file(path) + "]}");
        answers.put("/api/models/org/" + two + "?blobs=true", "{\"siblings\":[" + file(path) + "]}");

        assertThat(find("hf.co/org/" + one).first().file()).endsWith(".gguf").hasSize(128)
                .isNotEqualTo(find("hf.co/org/" + two).first().file());
    }

    @ParameterizedTest
    @CsvSource({"https://host.example/m, true", "http://host.example/m, false", "http://127.0.0.1:80/m, true",
            "http://[::1]:80/m, true", "http://localhost/m, true", "http://127.0.0.1.example/m, false",
            "http://localhost.example/m, false"})
    void isPrivate_addresses_httpsAndLoopbackAlone(URI at, boolean privately) {
        assertThat(Connections.isPrivate(at)).isEqualTo(privately);
    }
}
