package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.runtime.guest.GuestResult;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import ai.realm.server.config.ApiSettings;
import ai.realm.server.config.GatewaySettings;
import ai.realm.server.config.TlsSettings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The API's listener with TLS, asked by the JDK's own client. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TlsTest {
    private static final char[] PASSWORD = "changeit".toCharArray();
    private static final String COMPLETION = "{\"model\":\"tiny\",\"prompt\":\"hello\"}";

    @TempDir
    private static Path made;
    @TempDir
    private Path dir;
    private @Nullable HttpFixture server;

    /** Three keys with certificates of their own, as JDKs make them. */
    @BeforeAll
    static void make() throws Exception {
        for (String[] key : new String[][]{{"one", "EC", "256"}, {"two", "RSA", "2048"}, {"client", "EC", "256"}}) {
            Path store = made.resolve(key[0] + ".p12");
            Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                    "-genkeypair",
                    "-alias", key[0], "-keyalg", key[1], "-keysize", key[2], "-dname", "CN=" + key[0], "-ext",
                    "san=ip:127.0.0.1,dns:localhost", "-storetype", "PKCS12", "-keystore", store.toString(), "-storepass",
                    new String(PASSWORD), "-validity", "30").redirectErrorStream(true).start();
            String said = new String(keytool.getInputStream().readAllBytes());
            assertThat(keytool.waitFor()).as(said).isZero();
            KeyStore loaded = load(store);
            pem(made.resolve(key[0] + ".crt"), "CERTIFICATE", loaded.getCertificate(key[0]).getEncoded());
            pem(made.resolve(key[0] + ".key"), "PRIVATE KEY", loaded.getKey(key[0], PASSWORD).getEncoded());
        }
    }

    private static KeyStore load(Path store) throws Exception {
        try (var in = Files.newInputStream(store)) {
            KeyStore loaded = KeyStore.getInstance("PKCS12");
            loaded.load(in, PASSWORD);
            return loaded;
        }
    }

    private static void pem(Path file, String what, byte[] der) throws IOException {
        Files.writeString(file, "-----BEGIN " + what + "-----\n" + Base64.getMimeEncoder(64, new byte[]{'\n'}).encodeToString(der)
                + "\n-----END " + what + "-----\n");
    }

    private void put(String name) throws IOException {
        Files.copy(made.resolve(name + ".key"), dir.resolve("key.pem"), StandardCopyOption.REPLACE_EXISTING);
        Files.copy(made.resolve(name + ".crt"), dir.resolve("cert.pem"), StandardCopyOption.REPLACE_EXISTING);
    }

    private HttpFixture serve(@Nullable Path clientCa, boolean required, GatewaySettings gateway) throws IOException {
        put("one");
        HttpFixture started = new HttpFixture(ApiSettings.defaults().withGateway(gateway)
                .withTls(new TlsSettings(dir.resolve("cert.pem"), dir.resolve("key.pem"), clientCa, required)));
        server = started;
        return started;
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.close();
        }
    }

    /** A client that trusts both of the server's certificates, and shows one of its own where one is named. */
    private static HttpClient client(HttpClient.Version version, @Nullable String own) throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, PASSWORD);
        for (String name : List.of("one", "two")) {
            trusted.setCertificateEntry(name, load(made.resolve(name + ".p12")).getCertificate(name));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own == null ? null : load(made.resolve(own + ".p12")), PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return HttpClient.newBuilder().version(version).sslContext(context).build();
    }

    private static HttpRequest ask(HttpFixture server, String... headers) {
        return HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + server.port + "/v1/completions"))
                .headers(headers.length == 0 ? new String[]{"Authorization", "Bearer " + HttpFixture.KEY} : headers)
                .POST(BodyPublishers.ofString(COMPLETION)).build();
    }

    private static String served(HttpResponse<?> answer) throws Exception {
        Certificate shown = answer.sslSession().orElseThrow().getPeerCertificates()[0];
        return ((X509Certificate) shown).getSubjectX500Principal().getName();
    }

    @Test
    void requests_overBothVersionsOfHttp_areAnswered() throws Exception {
        HttpFixture tls = serve(null, false, GatewaySettings.NONE);
        for (HttpClient.Version version : HttpClient.Version.values()) {
            if (version == HttpClient.Version.HTTP_1_1 || version == HttpClient.Version.HTTP_2) {
                try (HttpClient client = client(version, null)) {
                    for (int i = 0; i < 3; i++) {
                        HttpResponse<String> answer = client.send(ask(tls), HttpResponse.BodyHandlers.ofString());
                        assertThat(answer.statusCode()).isEqualTo(200);
                        assertThat(answer.version()).isEqualTo(version);
                        assertThat(answer.body()).contains("you said: hello");
                    }
                }
            }
        }
    }

    @Test
    void certificate_thatIsReplaced_isServedToNewConnectionsWithoutAStart() throws Exception {
        HttpFixture tls = serve(null, false, GatewaySettings.NONE);
        try (HttpClient early = client(HttpClient.Version.HTTP_1_1, null)) {
            assertThat(served(early.send(ask(tls), HttpResponse.BodyHandlers.ofString()))).isEqualTo("CN=one");
            put("two");
            String shown = "CN=one";
            while (shown.equals("CN=one")) {
                try (HttpClient fresh = client(HttpClient.Version.HTTP_1_1, null)) {
                    shown = served(fresh.send(ask(tls), HttpResponse.BodyHandlers.ofString()));
                }
            }
            assertThat(shown).isEqualTo("CN=two");
            // The connection of before goes on.
            assertThat(early.send(ask(tls), HttpResponse.BodyHandlers.ofString()).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void clientCertificate_whereItIsRequired_isWhatOpensTheDoorAndNamesTheGateway() throws Exception {
        HttpFixture tls = serve(made.resolve("client.crt"), true,
                new GatewaySettings(List.of(), true, "x-realm-tenant", Map.of()));
        try (HttpClient stranger = client(HttpClient.Version.HTTP_1_1, null);
                HttpClient other = client(HttpClient.Version.HTTP_1_1, "two");
                HttpClient gateway = client(HttpClient.Version.HTTP_2, "client")) {
            assertThatThrownBy(() -> stranger.send(ask(tls), HttpResponse.BodyHandlers.ofString()))
                    .isInstanceOf(IOException.class);
            assertThatThrownBy(() -> other.send(ask(tls), HttpResponse.BodyHandlers.ofString())).isInstanceOf(IOException.class);
            assertThat(gateway.send(ask(tls, "x-realm-tenant", "acme"), HttpResponse.BodyHandlers.ofString()).statusCode())
                    .isEqualTo(200);
        }
    }

    @Test
    void clientCertificate_whereItIsOptional_isWhatATenantHeaderNeeds() throws Exception {
        HttpFixture tls = serve(made.resolve("client.crt"), false,
                new GatewaySettings(List.of(), true, "x-realm-tenant", Map.of()));
        try (HttpClient stranger = client(HttpClient.Version.HTTP_1_1, null);
                HttpClient gateway = client(HttpClient.Version.HTTP_1_1, "client")) {
            assertThat(stranger.send(ask(tls), HttpResponse.BodyHandlers.ofString()).statusCode()).isEqualTo(200);
            assertThat(stranger.send(ask(tls, "x-realm-tenant", "acme"), HttpResponse.BodyHandlers.ofString()).statusCode())
                    .isEqualTo(401);
            assertThat(gateway.send(ask(tls, "x-realm-tenant", "acme"), HttpResponse.BodyHandlers.ofString()).statusCode())
                    .isEqualTo(200);
        }
    }

    @Test
    void client_thatGoesAway_cancelsItsRequestOverBothVersions() throws Exception {
        HttpFixture tls = serve(null, false, GatewaySettings.NONE);
        for (HttpClient.Version version : List.of(HttpClient.Version.HTTP_1_1, HttpClient.Version.HTTP_2)) {
            CountDownLatch begun = new CountDownLatch(1);
            CountDownLatch cancelled = new CountDownLatch(1);
            tls.guestHost.behaviour = (call, _) -> {
                call.context().onCancel(cancelled::countDown);
                begun.countDown();
                assertThat(cancelled.await(20, TimeUnit.SECONDS)).isTrue();
                call.context().check();
                return new GuestResult(FinishReason.STOP, Usage.NONE, 0);
            };
            try (HttpClient client = client(version, null)) {
                CompletableFuture<HttpResponse<String>> asked = client.sendAsync(ask(tls), HttpResponse.BodyHandlers.ofString());
                assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
                asked.cancel(true);
                client.shutdownNow();
                assertThat(cancelled.await(20, TimeUnit.SECONDS)).as(version.toString()).isTrue();
            }
        }
    }

    @Test
    void files_thatCannotBeUsed_stopTheStartAndAreNotQuoted() throws Exception {
        Files.writeString(dir.resolve("bad.pem"), "-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n-----END EC PRIVATE KEY-----\n");
        Files.writeString(dir.resolve("empty.pem"), "nothing");
        Path cert = made.resolve("one.crt");
        Path key = made.resolve("one.key");
        for (Path[] files : new Path[][]{{cert, dir.resolve("bad.pem")}, {cert, dir.resolve("empty.pem")},
                {dir.resolve("empty.pem"), key}, {dir.resolve("missing.pem"), key}, {cert, made.resolve("two.key")},
                // Of the same kind, but another one.
                {cert, made.resolve("client.key")}}) {
            assertThatThrownBy(() -> new HttpFixture(ApiSettings.defaults()
                    .withTls(new TlsSettings(files[0], files[1], null, false)))).hasMessageContaining(".")
                    .hasMessageNotContainingAny("c2VjcmV0", "nothing");
        }
        assertThatThrownBy(() -> new HttpFixture(ApiSettings.defaults()
                .withTls(new TlsSettings(cert, key, dir.resolve("empty.pem"), false)))).hasMessageContaining("empty.pem");
    }
}
