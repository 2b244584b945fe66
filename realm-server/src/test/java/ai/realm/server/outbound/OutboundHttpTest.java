package ai.realm.server.outbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestOutside.HttpAsk;
import ai.realm.runtime.guest.GuestOutside.HttpReply;
import ai.realm.runtime.guest.GuestOutside.HttpTrouble;
import ai.realm.runtime.guest.GuestOutside.HttpTrouble.Kind;
import ai.realm.server.domain.Tenant;
import ai.realm.server.domain.TenantReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Guests' HTTP requests against a server that says what a test tells it to, byte by byte. */
class OutboundHttpTest {
    private static final String SECRET = "s3cr3t-token";
    private ServerSocket server;
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final Map<String, String> replies = new ConcurrentHashMap<>();
    private final List<String> outcomes = new CopyOnWriteArrayList<>();
    private final List<String> lookedUp = new CopyOnWriteArrayList<>();
    private final Map<String, List<String>> names = new ConcurrentHashMap<>();
    private OutboundHttp http;

    @BeforeEach
    void start() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            while (true) {
                try {
                    Socket s = server.accept();
                    Thread.ofVirtual().start(() -> answer(s));
                } catch (IOException e) {
                    return;
                }
            }
        });
        http = new OutboundHttp(host -> {
            lookedUp.add(host);
            List<String> known = names.get(host);
            String address = known == null ? "127.0.0.1" : known.size() == 1 ? known.getFirst() : known.removeFirst();
            return new InetAddress[]{InetAddress.getByName(address)};
        }, (SSLSocketFactory) SSLSocketFactory.getDefault(), (_, outcome) -> outcomes.add(outcome));
    }

    private void answer(Socket s) {
        try (s) {
            InputStream in = s.getInputStream();
            ByteArrayOutputStream head = new ByteArrayOutputStream();
            while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
                head.write(in.read());
            }
            String text = head.toString(StandardCharsets.ISO_8859_1);
            int length = text.contains("Content-Length: ")
                    ? Integer.parseInt(text.replaceFirst("(?s).*Content-Length: (\\d+).*", "$1"))
                    : 0;
            requests.add(text + new String(in.readNBytes(length), StandardCharsets.UTF_8));
            String path = text.split(" ")[1];
            String reply = replies.getOrDefault(path.split("\\?")[0], "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            s.getOutputStream().write(reply.getBytes(StandardCharsets.ISO_8859_1));
            s.getOutputStream().flush();
            if (path.equals("/hangs")) {
                in.read();
            }
        } catch (IOException e) {
            // The other side has gone.
        }
    }

    @AfterEach
    void close() throws IOException {
        http.close();
        server.close();
    }

    private Tenant tenant(String rules) {
        String json = "{'id':'acme','guest_config':{'mood':'calm'},'guest_secrets':{'token':'" + SECRET + "'},'guest_http':"
                + rules + "}";
        try {
            return TenantReader.tenant(JsonMapper.builder().build().readTree(json.replace('\'', '"').replace("PORT", port())),
                    Set.of());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private String port() {
        return String.valueOf(server.getLocalPort());
    }

    private Tenant usual() {
        return tenant(
                "[{'url':'http://api.example:PORT/v1/','methods':['GET','POST'],'headers':{'Authorization':'Bearer {token}'},'private':true},"
                        + "{'url':'http://api.example:PORT/hangs','private':true},{'url':'http://other.example:PORT','private':true},"
                        + "{'url':'http://public.example:PORT'},{'url':'http://*.wild.example:PORT','private':true}]");
    }

    private HttpReply send(String request, String body, long maxBytes, long millis) throws InterruptedException {
        return http.send(usual(),
                new HttpAsk(request.replace('\'', '"').replace("PORT", port()), body.getBytes(StandardCharsets.UTF_8),
                        maxBytes, millis));
    }

    private HttpReply send(String request) throws InterruptedException {
        return send(request, "", 1000, 10_000);
    }

    private HttpTrouble trouble(String request) {
        return catchThrowableOfType(HttpTrouble.class, () -> send(request));
    }

    @Test
    void request_hasTheHostsSecret_andTheGuestsHeaders_butNotOverTheHosts() throws Exception {
        HttpReply reply = send(
                "{'url':'http://api.example:PORT/v1/items?q=1','method':'POST','headers':{'content-type':'text/plain','authorization':'mine'}}",
                "body", 1000, 10_000);
        assertThat(reply.status()).isEqualTo(200);
        assertThat(new String(reply.body(), StandardCharsets.UTF_8)).isEqualTo("ok");
        assertThat(requests.getFirst()).startsWith("POST /v1/items?q=1 HTTP/1.1\r\nHost: api.example:" + port() + "\r\n")
                .contains("\r\nAuthorization: Bearer " + SECRET + "\r\n", "\r\ncontent-type: text/plain\r\n",
                        "\r\nContent-Length: 4\r\n")
                .doesNotContain("mine").endsWith("body");
        assertThat(outcomes).containsExactly("2xx");
    }

    @Test
    void secretOfTheHost_isNoSettingOfTheGuest() {
        assertThat(usual().guestSettings()).isEqualTo(Map.of("mood", "calm"));
        assertThat(tenant("[]").guestSettings()).containsEntry("token", SECRET);
    }

    @Test
    void secretThatIsSentBack_isBlanked() throws Exception {
        replies.put("/v1/echo", "HTTP/1.1 200 OK\r\nx-auth: Bearer " + SECRET + "\r\n\r\n<" + SECRET + ">");
        HttpReply reply = send("{'url':'http://api.example:PORT/v1/echo'}");
        assertThat(new String(reply.body(), StandardCharsets.UTF_8)).isEqualTo("<************>");
        assertThat(reply.headersJson()).isEqualTo("{\"x-auth\":\"Bearer *\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{'url':'http://api.example:PORT/v2/'}", "{'url':'http://api.example:PORT/v1'}",
            "{'url':'http://api.example/v1/'}",
            "{'url':'https://api.example:PORT/v1/'}", "{'url':'http://api.example.:PORT/v1/'}",
            "{'url':'http://127.0.0.1:PORT/v1/'}",
            "{'url':'http://2130706433:PORT/v1/'}", "{'url':'http://[::1]:PORT/v1/'}", "{'url':'http://xapi.example:PORT/v1/'}",
            "{'url':'http://api.example:PORT/v1/','method':'DELETE'}", "{'url':'http://wild.example:PORT/'}",
            "{'url':'http://api.example:PORT/hangsmore'}", "{'url':'http://evilwild.example:PORT/'}"})
    void request_thatNoRuleNames_isRefused_beforeAnythingIsLookedUp(String request) {
        assertThat(trouble(request).kind()).isEqualTo(Kind.NOT_GRANTED);
        assertThat(lookedUp).isEmpty();
        assertThat(outcomes).containsExactly("refused");
    }

    @ParameterizedTest
    @ValueSource(strings = {"nonsense", "{}", "[]", "{'url':1}", "{'url':'ftp://api.example/'}",
            "{'url':'http://u@api.example:PORT/v1/'}",
            "{'url':'http://api.example:PORT/v1/#x'}", "{'url':'http://api.example:PORT/v1/../x'}",
            "{'url':'http://api.example:PORT/v1/%2e%2e/x'}",
            "{'url':'http://api.example:PORT/v1/..'}", "{'url':'http://api.example:PORT/v1//x'}",
            "{'url':'http://api.example:PORT/v1/%2Fx'}",
            "{'url':'http://api.example:PORT/v1/..;/x'}", "{'url':'http://api.example:PORT/v1/..;a=b/x'}",
            "{'url':'http://api.example:PORT/v1/..;'}", "{'url':'http://api.example:PORT/v1/.;/x'}",
            "{'url':'http://api.example:PORT/v1/;a/x'}", "{'url':'http://api.example:PORT/v1/..%3b/x'}",
            "{'url':'http://api.example:PORT/v1/..%3B/x'}", "{'url':'http://api.example:PORT/v1/%c0%ae%c0%ae/x'}",
            "{'url':'http://api.example:PORT/v1/%E0%80%AE./x'}", "{'url':'http://api.example:PORT/v1/%u002e./x'}",
            "{'url':'http://api.example:PORT/v1/..%20/x'}", "{'url':'http://api.example:PORT/v1/.../x'}",
            "{'url':'http://api.example:PORT/v1/.%09./x'}", "{'url':'http://api.example:PORT/v1/x%'}",
            "{'url':'http://api.example:PORT/v1/ x'}", "{'url':'http://api.example:PORT\\\\@evil/'}",
            "{'url':'http://api.example:0/'}",
            "{'url':'http://api.example:99999/'}", "{'url':'http://api.example:PORT/v1/?a b'}",
            "{'url':'http://api.example:PORT/v1/','more':1}",
            "{'url':'http://api.example:PORT/v1/','headers':{'a':'b\\r\\nc: d'}}",
            "{'url':'http://api.example:PORT/v1/','headers':{'a b':'c'}}",
            "{'url':'http://api.example:PORT/v1/','headers':{'Host':'x'}}",
            "{'url':'http://api.example:PORT/v1/','headers':{'content-length':'0'}}",
            "{'url':'http://api.example:PORT/v1/','headers':{'Transfer-Encoding':'chunked'}}",
            "{'url':'http://api.example:PORT/v1/','headers':{'Proxy-Authorization':'x'}}",
            "{'url':'http://api.example:PORT/v1/','headers':{'a':1}}",
            "{'url':'http://api.example:PORT/v1/','headers':[]}", "{'url':'http://api.example:PORT/v1/'} {}"})
    void request_thatCanBeReadInTwoWays_isRefused(String request) {
        HttpTrouble t = catchThrowableOfType(HttpTrouble.class,
                () -> send(request.replace("\\\\", "\\\\\\\\").replace("\\r\\n", "\\r\\n")));
        assertThat(t.kind()).isEqualTo(Kind.BAD_REQUEST);
        assertThat(requests).isEmpty();
    }

    @Test
    void methodThatForgesALine_isRefused() {
        assertThat(trouble("{'url':'http://api.example:PORT/v1/','method':'GET / HTTP/1.1\\r\\nX: y'}").getMessage())
                .doesNotContain("\r", "X: Y");
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "169.254.169.254", "10.1.2.3", "fd00::1",
            "64:ff9b::7f00:1"})
    void name_ofAnAddressThatIsNotPublic_isRefused(String address) {
        names.put("public.example", List.of(address));
        HttpTrouble t = trouble("{'url':'http://public.example:PORT/x'}");
        assertThat(t.kind()).isEqualTo(Kind.NOT_GRANTED);
        assertThat(t.getMessage()).contains("not a public one").doesNotContain(address);
        assertThat(requests).isEmpty();
    }

    /** What is checked is what is connected to: there is no second look that could find another address. */
    @Test
    void name_isLookedUpOnce() throws Exception {
        names.put("api.example", new ArrayList<>(List.of("127.0.0.1", "127.0.0.2", "127.0.0.3")));
        send("{'url':'http://api.example:PORT/v1/'}");
        assertThat(lookedUp).containsExactly("api.example");
    }

    @Test
    void redirect_isFollowedWithinTheRules_withoutWhatWasMeantForAnother() throws Exception {
        replies.put("/v1/a",
                "HTTP/1.1 302 Found\r\nLocation: http://other.example:" + port() + "/b\r\nContent-Length: 0\r\n\r\n");
        HttpReply reply = send("{'url':'http://api.example:PORT/v1/a','method':'POST','headers':{'x-mine':'1'}}", "body", 1000,
                10_000);
        assertThat(reply.status()).isEqualTo(200);
        assertThat(requests.get(1)).startsWith("GET /b HTTP/1.1\r\nHost: other.example").doesNotContain(SECRET, "x-mine", "body");
    }

    @ParameterizedTest
    @CsvSource({"http://127.0.0.1:PORT/v1/, NOT_GRANTED", "http://api.example:PORT/secret, NOT_GRANTED",
            "/elsewhere, NOT_GRANTED",
            "//evil.example/v1/, BAD_REQUEST", "ftp://api.example/, BAD_REQUEST", "../x, BAD_REQUEST",
            "http://public.example:PORT/, NOT_GRANTED", "/v1/loop, FAILED"})
    void redirect_outOfTheRules_isRefused(String location, Kind kind) {
        String reply = "HTTP/1.1 307 Moved\r\nLocation: " + location.replace("PORT", port()) + "\r\nContent-Length: 0\r\n\r\n";
        replies.put("/v1/loop", reply);
        assertThat(trouble("{'url':'http://api.example:PORT/v1/loop'}").kind()).isEqualTo(kind);
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n",
            "HTTP/1.1 200 OK\r\n\r\nWHOLE"})
    void answer_thatIsTooLarge_isGivenUp(String reply) {
        replies.put("/v1/large", reply.replace("WHOLE", "x".repeat(2000)));
        assertThat(trouble("{'url':'http://api.example:PORT/v1/large'}").kind()).isEqualTo(Kind.TOO_LARGE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", "HTTP/2 200\r\n\r\n", "garbage\r\n\r\n", "",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 101 Switching\r\n\r\n"})
    void answer_thatIsBroken_isATroubleWithoutSecrets(String reply) {
        replies.put("/v1/broken", reply);
        HttpTrouble t = trouble("{'url':'http://api.example:PORT/v1/broken?key=" + SECRET + "'}");
        assertThat(t.kind()).isEqualTo(Kind.FAILED);
        assertThat(t.getMessage()).startsWith("http://api.example:" + port() + "/v1/broken: ").doesNotContain(SECRET);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/../x", "/v1//x", "/v1/..;/x", "/v1/%2e", "/v1/{id}"})
    void rule_thatNoRequestCanMeet_isRefused(String path) {
        assertThatThrownBy(() -> tenant("[{'url':'http://api.example" + path + "'}]")).isInstanceOf(RealmException.class)
                .hasMessageContaining("guest_http").hasMessageContaining(path);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/a;v=1/b", "/v1/.well-known/x", "/v1/a..b/...c", "/v1/caf%C3%A9/%E2%82%AC%20x",
            "/v1/items/1:x@y,z"})
    void path_thatCanBeReadInOneWay_isSentAsItIs(String path) throws Exception {
        send("{'url':'http://api.example:PORT" + path + "'}");
        assertThat(requests.getFirst()).startsWith("GET " + path + " HTTP/1.1\r\n");
    }

    @Test
    void chunkedAnswer_afterAnInterimOne_isRead() throws Exception {
        replies.put("/v1/chunks", "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\ntrailer: t\r\n\r\n");
        assertThat(new String(send("{'url':'http://api.example:PORT/v1/chunks'}").body(), StandardCharsets.UTF_8))
                .isEqualTo("abc0123456789");
    }

    @Test
    void answer_thatDoesNotCome_isTooLate() {
        replies.put("/hangs", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        HttpTrouble t = catchThrowableOfType(HttpTrouble.class,
                () -> send("{'url':'http://api.example:PORT/hangs'}", "", 1000, 50));
        assertThat(t.kind()).isEqualTo(Kind.TOO_LATE);
    }

    @Test
    void wildcard_standsForNamesBelow() throws Exception {
        assertThat(send("{'url':'http://a.b.WILD.example:PORT/x'}").status()).isEqualTo(200);
    }
}
