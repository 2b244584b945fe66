package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.server.config.ApiSettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Methods, paths, packed bodies, malformed JSON and other origins: everything before a request means something. */
class TransportTest {
    private static final String TEXT = "/v1/completions";
    /** {@code {"prompt":"packed"}}, and a prompt of 3,000,000 letters. */
    private static final byte[] BROTLI = HexFormat.of().parseHex("0b09807b2270726f6d7074223a227061636b6564227d03");
    private static final byte[] BROTLI_BOMB = HexFormat.of()
            .parseHex("9bccc62df88dd462cd18efd42270747b5327ac2f25a9e4b64240a5aec897e7dbd21006");
    private static HttpFixture server;

    @BeforeAll
    static void start() {
        server = new HttpFixture();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static byte[] gzip(byte[] plain) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(plain);
        }
        return bytes.toByteArray();
    }

    private static HttpResponse<String> post(byte[] body, String encoding) {
        HttpRequest.Builder request = server.request(TEXT).POST(HttpRequest.BodyPublishers.ofByteArray(body));
        return server.send((encoding == null ? request : request.header("Content-Encoding", encoding)).build());
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void body_packed_isRead() throws IOException {
        assertThat(post(BROTLI, "br").body()).contains("you said: packed");
        assertThat(post(gzip(ascii("{\"prompt\":\"packed\"}")), "gzip").body()).contains("you said: packed");
        assertThat(post(gzip(ascii("{\"prompt\":\"packed\"}")), "X-GZip, identity").body()).contains("you said: packed");
        assertThat(post(ascii("{\"prompt\":\"plain\"}"), "identity").body()).contains("you said: plain");
    }

    @Test
    void body_thatGrowsBeyondTheLimit_is413() throws IOException {
        assertThat(post(BROTLI_BOMB, "br").statusCode()).isEqualTo(413);
        byte[] bomb = gzip(new byte[10_000_000]);
        assertThat(bomb).hasSizeLessThan(10_000);
        assertThat(post(bomb, "gzip").statusCode()).isEqualTo(413);
    }

    @Test
    void body_thatIsNotWhatItsHeaderSays_is400() throws IOException {
        byte[] whole = gzip(ascii("{\"prompt\":\"packed\"}"));
        assertThat(post(ascii("{\"prompt\":\"x\"}"), "gzip").statusCode()).isEqualTo(400);
        assertThat(post(Arrays.copyOf(whole, whole.length - 10), "gzip").statusCode()).isEqualTo(400);
        assertThat(post(ascii("{\"prompt\":\"x\"}"), "br").statusCode()).isEqualTo(400);
        assertThat(post(Arrays.copyOf(BROTLI, 12), "br").statusCode()).isEqualTo(400);
        assertThat(post(new byte[0], "br").statusCode()).isEqualTo(400);
    }

    @ParameterizedTest
    @ValueSource(strings = {"zstd", "deflate", "gzip, gzip", "br,gzip"})
    void body_packedOtherwise_is415(String encoding) {
        HttpResponse<String> r = post(ascii("{\"prompt\":\"x\"}"), encoding);
        assertThat(r.statusCode()).isEqualTo(415);
        assertThat(HttpFixture.error(r).path("message").textValue()).contains("gzip, br");
    }

    @ParameterizedTest
    @ValueSource(strings = {"c0af", "e080af", "eda080", "f4908080", "80", "c3"})
    void body_thatIsNotUtf8_is400SayingWhere(String bytes) {
        byte[] body = ascii("{\"prompt\":\"__\"}");
        byte[] bad = HexFormat.of().parseHex(bytes);
        byte[] whole = new byte[body.length - 2 + bad.length];
        System.arraycopy(body, 0, whole, 0, 11);
        System.arraycopy(bad, 0, whole, 11, bad.length);
        System.arraycopy(body, 13, whole, 11 + bad.length, 2);
        HttpResponse<String> r = post(whole, null);
        assertThat(r.statusCode()).isEqualTo(400);
        assertThat(HttpFixture.error(r).path("message").textValue()).contains("not UTF-8 at byte 11");
    }

    @Test
    void body_withAByteOrderMark_isRead() {
        assertThat(post(ascii("\uFEFF{\"prompt\":\"x\"}"), null).statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "{\"prompt\":\"secret\",\"prompt\":\"b\"}|the key 'prompt' is given twice|column 28",
            "{\"prompt\":\"secret\",\"x\":1111111111111111111111111111111111111111111111111111111111111111111}|a number has more than 64 characters|line 1",
            "{\"prompt\":\"secret\"|it ends too early|line 1",
            "{\"prompt\":\"secret|it ends too early|line 1",
            "{\"prompt\":secret}|a word that is none of true, false and null|column 11",
            "{\"prompt\":\"secret\",}|unexpected '}'|column 20",
            "{\"prompt\":\"secret\" \"x\":1}|unexpected '\"'|column",
            "{\"prompt\":\"secret\"} {}|something follows its end|column 21",
            "{\"prompt\":\"secret\\q\"}|an escape that JSON does not have|column",
            "{\"prompt\":\"secret\",\"n\":01}|a number begins with a zero|column",
            "{'prompt':\"secret\"}|unexpected '''|column 2"})
    void body_thatIsNotJson_is400SayingWhatAndWhere(String body, String what, String where) {
        HttpResponse<String> r = post(ascii(body), null);
        assertThat(r.statusCode()).isEqualTo(400);
        assertThat(HttpFixture.error(r).path("message").textValue()).contains(what).contains(where == null ? "" : where)
                .doesNotContain("secret");
    }

    @Test
    void body_nestedTooDeep_is400SayingSo() {
        HttpResponse<String> r = post(ascii("{\"prompt\":" + "[".repeat(4000) + "]".repeat(4000) + "}"), null);
        assertThat(r.statusCode()).isEqualTo(400);
        assertThat(HttpFixture.error(r).path("message").textValue()).contains("nested more than 64 deep (line 1, column 7");
    }

    @ParameterizedTest
    @ValueSource(strings = {"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "x-http-method-override"})
    void method_inAHeader_isNotTheMethod(String header) {
        HttpResponse<String> r = server
                .send(server.request("/admin/tenants/limited").setHeader("Authorization", "Bearer " + HttpFixture.ADMIN_KEY)
                        .header(header, "DELETE").GET().build());
        assertThat(HttpFixture.json(r.body()).path("id").textValue()).isEqualTo("limited");
        HttpResponse<String> form = server.send(server.request("/admin/tenants/limited?_method=DELETE")
                .setHeader("Authorization", "Bearer " + HttpFixture.ADMIN_KEY).GET().build());
        assertThat(form.statusCode()).isEqualTo(200);
        HttpResponse<String> get = server.send(server.request(TEXT).header(header, "POST").GET().build());
        assertThat(get.statusCode()).isEqualTo(405);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/completions", "/v1//completions", "//v1/completions", "//completions"})
    void path_withoutTheVersionOrWithEmptySegments_isTheSameRoute(String path) {
        assertThat(server.post(path, "{\"prompt\":\"x\"}").body()).contains("you said: x");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"/api/chat|405|/error|", "/api/nope|404|/error|", "/api/delete|405|/error|",
            "/v1/messages|405|/error/message|/type", "//messages|405|/error/message|/type",
            "/v1/messages/nope|404|/error/message|/type", "/v1/chat/completions|405|/error/message|/error/code"})
    void path_orMethodThatIsNotThere_isToldInTheWayOfItsApi(String path, int status, String message, String more) {
        HttpResponse<String> r = server.send(server.request(path).GET().build());
        assertThat(r.statusCode()).isEqualTo(status);
        assertThat(HttpFixture.json(r.body()).at(message).asText()).contains("GET");
        if (more != null) {
            assertThat(HttpFixture.json(r.body()).at(more).isTextual()).isTrue();
        }
    }

    @Test
    void health_hasTheNamesThatProbesUse() {
        for (String path : List.of("/health", "/health/live", "/health/ready", "/ping", "/version")) {
            HttpRequest request = HttpRequest
                    .newBuilder(server.request(path).build(), (n, _) -> !n.equalsIgnoreCase("Authorization"))
                    .GET().build();
            assertThat(server.send(request).statusCode()).as(path).isEqualTo(200);
        }
        assertThat(HttpFixture.json(server.get("/version").body()).path("version").textValue()).matches("\\d+\\.\\d+.*");
    }

    private static HttpResponse<String> from(HttpFixture at, String origin, String method, String path) {
        HttpRequest.Builder request = at.request(path).header("Origin", origin);
        if (method.equals("OPTIONS")) {
            request.header("Access-Control-Request-Method", "POST").header("Access-Control-Request-Headers",
                    "authorization,x-stainless-os");
        }
        return at.send(request.method(method, HttpRequest.BodyPublishers.noBody()).build());
    }

    @Test
    void origin_ofAnyPage_mayCallTheApiByDefault() {
        HttpResponse<String> asked = from(server, "https://app.example", "OPTIONS", TEXT);
        assertThat(asked.statusCode()).isEqualTo(204);
        assertThat(asked.headers().firstValue("Access-Control-Allow-Origin")).hasValue("*");
        assertThat(asked.headers().firstValue("Access-Control-Allow-Methods"))
                .hasValueSatisfying(m -> assertThat(m).contains("POST"));
        assertThat(asked.headers().firstValue("Access-Control-Allow-Headers")).hasValue("authorization,x-stainless-os");
        HttpResponse<String> models = from(server, "https://app.example", "GET", "/v1/models");
        assertThat(models.headers().firstValue("Access-Control-Allow-Origin")).hasValue("*");
        assertThat(models.headers().firstValue("Access-Control-Expose-Headers"))
                .hasValueSatisfying(h -> assertThat(h).contains("x-request-id"));
        assertThat(from(server, "https://app.example", "GET", "/health").headers().firstValue("Access-Control-Allow-Origin"))
                .hasValue("*");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/metrics", "/admin/tenants", "/admin", "//admin/tenants", "//metrics"})
    void origin_ofAnyPage_mayNotReadWhatIsTheOperators(String path) {
        for (String method : List.of("OPTIONS", "GET")) {
            HttpResponse<String> r = from(server, "https://app.example", method, path);
            assertThat(r.headers().map().keySet())
                    .noneMatch(h -> h.toLowerCase(java.util.Locale.ROOT).startsWith("access-control"));
        }
    }

    @Test
    void origin_thatIsNotListed_getsNoHeaders() {
        try (HttpFixture listed = new HttpFixture(new ApiSettings(false, List.of("https://app.example")))) {
            assertThat(from(listed, "https://app.example", "OPTIONS", TEXT).headers().firstValue("Access-Control-Allow-Origin"))
                    .hasValue("https://app.example");
            HttpResponse<String> other = from(listed, "https://evil.example", "OPTIONS", TEXT);
            assertThat(other.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
            assertThat(other.headers().firstValue("Vary")).hasValue("Origin");
        }
    }
}
