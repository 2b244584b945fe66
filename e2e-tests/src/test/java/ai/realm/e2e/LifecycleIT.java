package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Starting, clients that go away, draining. */
class LifecycleIT {
    @TempDir
    private Path dir;

    private static ObjectNode longStory() {
        return Api.completion("Once upon a time").put("max_tokens", 400).put("stream", true);
    }

    @Test
    void sigterm_whileAStreamRuns_letsItFinishAndExits0() throws Exception {
        try (RealmProcess server = RealmProcess.serve(TestServer.configuration(dir, 60))) {
            Api acme = new Api(server.url(), TestServer.ACME);
            HttpRequest request = acme.request("/v1/completions")
                    .POST(HttpRequest.BodyPublishers.ofString(longStory().put("max_tokens", 60).toString())).build();
            HttpResponse<InputStream> response = Api.CLIENT.send(request, HttpResponse.BodyHandlers.ofInputStream());
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
                assertThat(lines.readLine()).startsWith("data: ");
                server.terminate();
                server.awaitLog(l -> l.contains("draining"));
                String rest = lines.lines().collect(Collectors.joining("\n"));
                assertThat(rest).contains("[DONE]").doesNotContain("\"error\"");
            }
            assertThat(server.awaitExit()).isZero();
        }
    }

    @Test
    void port_thatIsTaken_isAClearErrorAndExit1() throws Exception {
        RealmProcess first = TestServer.get();
        String port = Integer.toString(URI.create(first.url()).getPort());
        try (RealmProcess second = RealmProcess.launch(List.of("serve", "--port", port))) {
            assertThat(second.awaitExit()).isEqualTo(1);
            assertThat(second.log()).anyMatch(l -> l.contains("cannot listen") && l.contains(port));
        }
    }

    @Test
    void client_thatGoesAway_endsItsGenerationStreamingOrNot() throws Exception {
        RealmProcess server = TestServer.get();
        for (boolean stream : new boolean[]{true, false}) {
            String id = "leaver-" + stream;
            try (Socket socket = post(server, id, longStory().put("stream", stream).put("max_tokens", 4000).toString())) {
                server.awaitLog(l -> l.contains("step=8 ") && l.contains("request_id=" + id));
            }
            String end = server.awaitLog(l -> l.contains("request ended request_id=" + id));
            assertThat(end).contains("error_code=CANCELLED").contains("status=499");
        }
    }

    private static Socket post(RealmProcess server, String id, String body) throws IOException {
        URI url = URI.create(server.url());
        Socket socket = new Socket(url.getHost(), url.getPort());
        OutputStream out = socket.getOutputStream();
        out.write(("POST /v1/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + TestServer.ACME + "\r\nx-request-id: "
                + id
                + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body).getBytes(StandardCharsets.US_ASCII));
        out.flush();
        return socket;
    }

    @Test
    void demo_withoutAConfiguration_hasAFreshKeyThatWorks() throws Exception {
        try (RealmProcess server = RealmProcess.launch(List.of("serve", "--json", "--port", "0", "--data", dir.toString()))) {
            server.awaitReady();
            Api demo = new Api(server.url(), server.ready().path("key").asText());
            assertThat(demo.chat(Api.chat("What is the capital of France?")).text()).contains("Paris");
            assertThat(server.ready().path("curl").asText()).contains("Authorization: Bearer " + demo.key())
                    .contains("\"temperature\":0");
            assertThat(demo.get("/health/ready").status()).isEqualTo(200);
            assertThat(server.log()).noneMatch(l -> l.contains(demo.key()));
        }
    }
}
