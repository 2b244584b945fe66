package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.server.config.ManagementSettings;
import ai.realm.server.config.ServerSettings;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where the admin API and the metrics are, and where they are not. */
class ManagementTest {
    private static HttpFixture server;

    @BeforeAll
    static void start() {
        server = new HttpFixture();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** The status line, headers and body of a GET that says exactly this. */
    private static String raw(String url, String path, String... headers) throws IOException {
        URI uri = URI.create(url);
        try (Socket socket = new Socket(uri.getHost(), uri.getPort())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nConnection: close\r\nAuthorization: Bearer " + HttpFixture.ADMIN_KEY
                            + "\r\n" + String.join("\r\n", headers) + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String api() {
        return "http://127.0.0.1:" + server.port;
    }

    @ParameterizedTest
    @ValueSource(strings = {"/metrics", "/admin/tenants", "//metrics", "/admin//tenants", "/%61dmin/tenants", "/admin/tenants/",
            "/metrics/", "/v1/../metrics", "/v1/..;/metrics", "/metrics;x=1"})
    void apiPort_servesNothingOfTheOperators(String path) throws IOException {
        for (String header : List.of("X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1", "Via: 1.1 proxy",
                "Host: localhost")) {
            String answer = raw(api(), path, "Host: x", header);
            assertThat(answer).doesNotStartWith("HTTP/1.1 200").doesNotContain("vllm:").doesNotContain("acme");
        }
    }

    @Test
    void apiPort_tellsOnlyTheOperatorOnThisMachineWhereItsListenerIs() throws IOException {
        String url = String.valueOf(server.server.managementUrl());
        assertThat(raw(api(), "/metrics", "Host: x")).startsWith("HTTP/1.1 404")
                .containsIgnoringCase("x-realm-management: " + url);
        assertThat(raw(api(), "/metrics", "Host: x", "X-Forwarded-For: 192.0.2.1")).startsWith("HTTP/1.1 404")
                .doesNotContain(url);
        HttpResponse<String> tenant = server.send(server.requestAt(api(), "/metrics").GET().build());
        assertThat(tenant.statusCode()).isEqualTo(404);
        assertThat(tenant.headers().firstValue("x-realm-management")).isEmpty();
        assertThat(tenant.body()).doesNotContain(url);
    }

    @Test
    void managementPort_servesTheOperatorAndProbesAndNoTenant() {
        String url = String.valueOf(server.server.managementUrl());
        assertThat(server.get("/metrics").body()).contains("vllm:num_requests_running");
        assertThat(server.send(server.requestAt(url, "/health").GET().build()).statusCode()).isEqualTo(200);
        assertThat(server.send(server.requestAt(url, "/v1/models").GET().build()).statusCode()).isEqualTo(404);
        HttpResponse<String> keyless = server.send(server.request("/admin/tenants").GET().build());
        assertThat(keyless.statusCode()).as("a tenant's key is not the admin's").isEqualTo(401);
    }

    @ParameterizedTest
    @CsvSource({"localhost:1,200", "127.0.0.1,200", "127.0.0.1:9,200", "[::1]:9,200", "10.1.2.3,200", "LOCALHOST,200",
            "evil.example,403", "evil.example:80,403", "localhost.evil.example,403", "127.0.0.1.evil.example,403"})
    void managementPort_calledByAnotherName_refuses(String host, int status) throws IOException {
        String url = String.valueOf(server.server.managementUrl());
        assertThat(raw(url, "/metrics", "Host: " + host)).startsWith("HTTP/1.1 " + status);
        assertThat(raw(url, "/admin/tenants", "Host: " + host)).startsWith("HTTP/1.1 " + status);
        assertThat(raw(url, "/", "Host: " + host)).as("the page").startsWith("HTTP/1.1 " + status);
    }

    @Test
    void managementPort_calledByAConfiguredName_answers() throws IOException {
        ServerSettings settings = ServerSettings.defaults()
                .withManagement(new ManagementSettings("127.0.0.1", 0, List.of("realm.internal")));
        try (HttpFixture named = new HttpFixture(settings, false)) {
            String url = String.valueOf(named.server.managementUrl());
            assertThat(raw(url, "/metrics", "Host: Realm.internal:9")).startsWith("HTTP/1.1 200");
            assertThat(raw(url, "/metrics", "Host: other.internal")).startsWith("HTTP/1.1 403");
        }
    }

    @Test
    void apiPort_whereConfiguredSo_servesTheOperatorToo() throws IOException {
        try (HttpFixture open = new HttpFixture(ServerSettings.defaults().withManagement(null), true)) {
            String url = "http://127.0.0.1:" + open.port;
            assertThat(open.server.managementUrl()).isNull();
            assertThat(raw(url, "/metrics", "Host: realm.example", "X-Forwarded-For: 192.0.2.1")).startsWith("HTTP/1.1 200");
            assertThat(raw(url, "/metrics", "Host: evil.example")).as("a page on this machine").startsWith("HTTP/1.1 403");
            assertThat(raw(url, "/admin/tenants", "Host: localhost")).startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void managementPort_isBesideTheApisUnlessGiven() {
        assertThat(ManagementSettings.defaults().portBeside(8080)).isEqualTo(18080);
        assertThat(ManagementSettings.defaults().portBeside(60_000)).isZero();
        assertThat(ManagementSettings.defaults().portBeside(0)).isZero();
        assertThat(new ManagementSettings("127.0.0.1", 9090, List.of()).portBeside(8080)).isEqualTo(9090);
    }
}
