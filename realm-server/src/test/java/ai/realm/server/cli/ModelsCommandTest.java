package ai.realm.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ModelsCommandTest {
    @TempDir
    private Path dir;
    private Path catalog;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void writeCatalogue() throws IOException {
        catalog = Files.writeString(dir.resolve("catalog.yaml"), """
                models:
                  - {name: here, file: here.gguf, licence: MIT}
                  - {name: there, file: there.gguf, licence: Apache-2.0, bytes: 1048576, url: "https://example.org/there.gguf"}
                """);
        Files.writeString(dir.resolve("here.gguf"), "abc");
    }

    private int run(String... args) {
        CommandLine line = RealmCommand.commandLine();
        line.setOut(new PrintWriter(out, true));
        line.setErr(new PrintWriter(err, true));
        return line.execute(args);
    }

    @Test
    void models_noServer_tellsWhatIsOnDisk() {
        assertThat(run("models", "--catalog", catalog.toString(), "--url", "")).as(err.toString()).isZero();

        assertThat(out.toString().lines().toList()).satisfiesExactly(
                here -> assertThat(here).contains("here", "on disk", "MIT"),
                there -> assertThat(there).contains("there", "to pull", "1.0 MiB", "Apache-2.0"));
    }

    @Test
    void models_withServer_asksItWithTheKey() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/v1/models", exchange -> {
            boolean known = "Bearer k1".equals(exchange.getRequestHeaders().getFirst("Authorization"));
            byte[] body = (known ? "{\"data\":[{\"id\":\"m1\"},{\"id\":\"m2\"}]}" : "{}").getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(known ? 200 : 401, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        try {
            String url = "http://127.0.0.1:" + server.getAddress().getPort();
            assertThat(run("models", "--catalog", catalog.toString(), "--url", url, "--key", "k1", "--json")).isZero();
            JsonNode json = new ObjectMapper().readTree(out.toString());
            assertThat(json.at("/served/1").asText()).isEqualTo("m2");
            assertThat(json.at("/models/1/file").isNull()).isTrue();

            assertThat(run("models", "--catalog", catalog.toString(), "--url", url, "--key", "wrong")).isEqualTo(1);
            assertThat(err.toString()).contains("REALM_API_KEY");
        } finally {
            server.stop(0);
        }
    }

    @Test
    void models_serverIsDown_saysSo() {
        assertThat(run("models", "--catalog", catalog.toString(), "--url", "http://127.0.0.1:1")).isEqualTo(1);
        assertThat(err.toString()).contains("no server answers at http://127.0.0.1:1");
    }
}
