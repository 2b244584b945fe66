package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.server.config.ApiSettings;
import ai.realm.server.config.ServerSettings;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The page's routes and what its headers forbid; what it does in a browser is in e2e-tests/page. */
class PageTest {
    private static final Pattern REFERENCE = Pattern.compile("(?:src|href)=\"(page/[^\"]+)\"|from \"\\./([^\"]+)\"");

    private final List<HttpFixture> servers = new ArrayList<>();

    @AfterEach
    void close() {
        servers.forEach(HttpFixture::close);
    }

    private HttpFixture server(ApiSettings api, boolean onApiPort) {
        HttpFixture server = new HttpFixture(ServerSettings.defaults().withApi(api), onApiPort);
        servers.add(server);
        return server;
    }

    private HttpFixture server() {
        return server(ApiSettings.defaults(), false);
    }

    private static ApiSettings settings(boolean ollamaRoot, boolean page) {
        return new ApiSettings(false, List.of("*"), null, ollamaRoot).withPage(page);
    }

    private static String api(HttpFixture server) {
        return "http://127.0.0.1:" + server.port;
    }

    /** As a browser asks: without a key. */
    private static HttpResponse<String> get(HttpFixture server, String url, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return server.send(request.build());
    }

    private static Path files() {
        Path root = Path.of(System.getProperty("maven.multiModuleProjectDirectory", ".."));
        return root.resolve("realm-server/src/main/resources/ai/realm/server/http/page");
    }

    @Test
    void everyFile_ofBothListeners_hasItsTypeAndHeadersThatForbidTheRest() throws IOException {
        HttpFixture server = server();
        List<String> names;
        try (Stream<Path> all = Files.list(files())) {
            names = all.map(f -> f.getFileName().toString()).toList();
        }
        for (String base : List.of(api(server), String.valueOf(server.server.managementUrl()))) {
            List<String> paths = new ArrayList<>(List.of("/", "/page", "/page/about.json"));
            names.forEach(n -> paths.add("/page/" + n));
            for (String path : paths) {
                HttpResponse<String> answer = get(server, base + path);
                assertThat(answer.statusCode()).as(path).isEqualTo(200);
                String policy = answer.headers().firstValue("Content-Security-Policy").orElse("");
                assertThat(policy).as(path).contains("default-src 'none'", "script-src 'self';", "style-src 'self';",
                        "frame-ancestors 'none'", "require-trusted-types-for 'script'").doesNotContain("unsafe", "http", "*");
                assertThat(answer.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
                assertThat(answer.headers().firstValue("X-Frame-Options")).hasValue("DENY");
                assertThat(answer.headers().firstValue("Referrer-Policy")).hasValue("no-referrer");
                String type = answer.headers().firstValue("Content-Type").orElse("");
                assertThat(type).as(path).startsWith(path.endsWith(".js")
                        ? "text/javascript"
                        : path.endsWith(".css")
                                ? "text/css"
                                : path.endsWith(".svg")
                                        ? "image/svg+xml"
                                        : path.endsWith(".json") ? "application/json" : "text/html");
            }
        }
    }

    @Test
    void everyReference_ofTheFiles_leadsToAFileOfThePage() throws IOException {
        HttpFixture server = server();
        int found = 0;
        try (Stream<Path> all = Files.list(files())) {
            for (Path file : all.toList()) {
                String text = Files.readString(file);
                assertThat(text).as(file.toString()).doesNotContain("innerHTML", "outerHTML", "insertAdjacentHTML",
                        "document.write", "eval(", "new Function", "style=\"", "onclick=");
                Matcher m = REFERENCE.matcher(text);
                while (m.find()) {
                    String path = m.group(1) == null ? "page/" + m.group(2) : m.group(1);
                    assertThat(get(server, api(server) + "/" + path).statusCode()).as(path).isEqualTo(200);
                    found++;
                }
            }
        }
        assertThat(found).isGreaterThan(20);
    }

    @Test
    void page_thatTheBrowserHas_isNotSentAgain() {
        HttpFixture server = server();
        String tag = get(server, api(server) + "/").headers().firstValue("ETag").orElseThrow();
        HttpResponse<String> again = get(server, api(server) + "/", "If-None-Match", tag);
        assertThat(again.statusCode()).isEqualTo(304);
        assertThat(again.body()).isEmpty();
    }

    @Test
    void paths_thatAreNoFilesOfThePage_are404() {
        HttpFixture server = server();
        for (String path : List.of("/page/nothing.js", "/page/..%2Fopenapi-schemas.json", "/page/%2e%2e/openapi-schemas.json",
                "/page/PageRoutes.class", "/page/a/b")) {
            HttpResponse<String> answer = get(server, api(server) + path);
            assertThat(answer.statusCode()).as(path).isIn(400, 404);
            assertThat(answer.body()).doesNotContain("properties");
        }
        HttpResponse<String> slash = get(server, api(server) + "/page/");
        assertThat(slash.statusCode()).isEqualTo(308);
        assertThat(slash.headers().firstValue("Location")).hasValue("../page");
    }

    @Test
    void about_tellsOfEachListenerWhatItServes_andThePublicOneNothingOfTheOther() {
        HttpFixture apart = server();
        JsonNode api = HttpFixture.json(get(apart, api(apart) + "/page/about.json").body());
        assertThat(api.path("api").asBoolean()).isTrue();
        assertThat(api.path("admin").asBoolean()).isFalse();
        assertThat(api.has("api_port")).isFalse();
        JsonNode management = HttpFixture.json(get(apart, apart.server.managementUrl() + "/page/about.json").body());
        assertThat(management.path("api").asBoolean()).isFalse();
        assertThat(management.path("admin").asBoolean()).isTrue();
        assertThat(management.path("api_port").asInt()).isEqualTo(apart.port);
        HttpFixture together = server(ApiSettings.defaults(), true);
        JsonNode both = HttpFixture.json(get(together, api(together) + "/page/about.json").body());
        assertThat(both.path("api").asBoolean() && both.path("admin").asBoolean()).isTrue();
    }

    @Test
    void page_thatIsOff_isNowhere() {
        HttpFixture server = server(settings(false, false), false);
        for (String base : List.of(api(server), String.valueOf(server.server.managementUrl()))) {
            for (String path : List.of("/", "/page", "/page/app.js", "/page/about.json")) {
                assertThat(get(server, base + path).statusCode()).as(path).isEqualTo(404);
            }
        }
    }

    @Test
    void root_thatIsOllamas_leavesThePageAtItsOtherPath() {
        HttpFixture server = server(settings(true, true), false);
        assertThat(get(server, api(server) + "/").body()).isEqualTo("Ollama is running");
        assertThat(get(server, api(server) + "/page").body()).contains("<title>Realm</title>");
        assertThat(get(server, server.server.managementUrl() + "/").body()).contains("<title>Realm</title>");
    }

    @Test
    void tenant_seesItsOwnLimitsModelsAndGuests_andNeitherKeysNorSecrets() {
        HttpFixture server = server();
        HttpResponse<String> answer = server.get("/v1/tenant");
        JsonNode tenant = HttpFixture.json(answer.body());
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(tenant.path("id").asText()).isEqualTo("acme");
        assertThat(tenant.at("/limits/max_tokens").asInt()).isEqualTo(1000);
        assertThat(tenant.at("/guests/active").isInt()).isTrue();
        assertThat(tenant.at("/guests/data").isArray()).isTrue();
        assertThat(answer.body()).doesNotContain("sha256:", "keys", "guest_config", "guest_secrets");
        assertThat(get(server, api(server) + "/v1/tenant").statusCode()).isEqualTo(401);
    }
}
