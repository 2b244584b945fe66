package ai.realm.server.outbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.realm.runtime.guest.GuestOutside.HttpAsk;
import ai.realm.runtime.guest.GuestOutside.HttpReply;
import ai.realm.runtime.guest.GuestOutside.HttpTrouble;
import ai.realm.server.domain.Tenant;
import ai.realm.server.domain.TenantReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Guests' requests by https: the certificate must be of the name that was asked for, and of somebody who is trusted. */
class OutboundTlsTest {
    private static final char[] PASSWORD = "password".toCharArray();
    private static final List<String> PATHS = new CopyOnWriteArrayList<>();
    @TempDir
    private static Path dir;
    private static HttpsServer server;
    private static SSLSocketFactory trusting;
    private static SSLContext context;

    @BeforeAll
    static void start() throws Exception {
        Path store = dir.resolve("server.p12");
        Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair",
                "-alias", "server", "-keyalg", "EC", "-keysize", "256", "-dname", "CN=server", "-ext", "san=dns:api.example",
                "-storetype", "PKCS12", "-keystore", store.toString(), "-storepass", new String(PASSWORD), "-validity", "30")
                .redirectErrorStream(true).start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(keytool.waitFor()).as(said).isZero();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (var in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD);
        }
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, PASSWORD);
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, PASSWORD);
        trusted.setCertificateEntry("server", keys.getCertificate("server"));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        context = SSLContext.getInstance("TLS");
        context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
        trusting = context.getSocketFactory();
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        server.createContext("/", exchange -> {
            PATHS.add(exchange.getRequestHeaders().getFirst("Host") + exchange.getRequestURI());
            exchange.sendResponseHeaders(200, 0);
            try (var out = exchange.getResponseBody()) {
                out.write("secure".getBytes(StandardCharsets.UTF_8));
            }
        });
        server.start();
    }

    @AfterAll
    static void stop() {
        server.stop(0);
    }

    private static HttpReply send(SSLSocketFactory tls, String host) throws InterruptedException {
        int port = server.getAddress().getPort();
        try (OutboundHttp http = http(tls)) {
            return http.send(tenant(port),
                    new HttpAsk("{\"url\":\"https://" + host + ":" + port + "/x\"}", new byte[0], 1000, 20_000));
        }
    }

    private static OutboundHttp http(SSLSocketFactory tls) {
        return new OutboundHttp(_ -> new InetAddress[]{InetAddress.getLoopbackAddress()}, tls, (_, _) -> {});
    }

    private static Tenant tenant(int port) {
        String json = "{\"id\":\"acme\",\"guest_http\":[{\"url\":\"https://*.example:" + port
                + "\",\"methods\":[\"GET\",\"POST\"],\"private\":true}]}";
        try {
            return TenantReader.tenant(JsonMapper.builder().build().readTree(json), Set.of());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** The write fills both sides' buffers and waits there, and holds what a TLS socket needs to say goodbye. */
    @Test
    void requestThatItsHostDoesNotRead_isGivenUpAtOnce_withItsPlace() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        try (ServerSocket deaf = context.getServerSocketFactory().createServerSocket(0, 1, InetAddress.getLoopbackAddress());
                OutboundHttp http = http(trusting)) {
            Thread.ofVirtual().start(() -> {
                try (Socket s = deaf.accept()) {
                    s.getInputStream().read();
                    begun.countDown();
                    over.await();
                } catch (IOException | InterruptedException e) {
                    // The other side has gone.
                }
            });
            int port = deaf.getLocalPort();
            Thread guest = Thread.ofPlatform().daemon().start(() -> {
                try {
                    http.send(tenant(port),
                            new HttpAsk("{\"url\":\"https://api.example:" + port + "/x\"}", new byte[32 << 20], 1000, 600_000));
                } catch (InterruptedException e) {
                    // As it is to be.
                }
            });
            assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
            guest.interrupt();
            assertThat(guest.join(Duration.ofSeconds(20))).as("the guest's thread has ended").isTrue();
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (http.underWay() > 0) {
                assertThat(System.nanoTime()).as("in time").isLessThan(end);
                Thread.onSpinWait();
            }
        } finally {
            over.countDown();
        }
    }

    @Test
    void certificateOfTheName_isTaken() throws Exception {
        HttpReply reply = send(trusting, "api.example");
        assertThat(new String(reply.body(), StandardCharsets.UTF_8)).isEqualTo("secure");
        assertThat(PATHS).anyMatch(p -> p.equals("api.example:" + server.getAddress().getPort() + "/x"));
    }

    @Test
    void certificateOfAnotherName_orOfNobodyKnown_isRefused_andNothingIsSent() {
        int before = PATHS.size();
        for (HttpTrouble t : List.of(catchThrowableOfType(HttpTrouble.class, () -> send(trusting, "evil.example")),
                catchThrowableOfType(HttpTrouble.class,
                        () -> send((SSLSocketFactory) SSLSocketFactory.getDefault(), "api.example")))) {
            assertThat(t.kind()).isEqualTo(HttpTrouble.Kind.FAILED);
            assertThat(t.getMessage()).endsWith("no secure connection can be made");
        }
        assertThat(PATHS.stream().filter(p -> p.startsWith("evil")).count()).isZero();
        assertThat(PATHS.size()).isLessThanOrEqualTo(before + 1);
    }
}
