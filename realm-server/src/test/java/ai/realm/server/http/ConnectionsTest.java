package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.server.config.ConnectionSettings;
import ai.realm.server.config.ServerSettings;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Clients that hold connections and say nothing, or little, keep nobody else out. */
class ConnectionsTest {
    private static final int PATIENCE = 20_000;

    private static HttpFixture server(int most, int perAddress, int headerSeconds) {
        return new HttpFixture(
                ServerSettings.defaults().withConnections(new ConnectionSettings(most, perAddress, Duration.ofSeconds(60),
                        Duration.ofSeconds(headerSeconds), Duration.ofSeconds(30))),
                false);
    }

    private static Socket connect(HttpFixture server) throws IOException {
        Socket socket = new Socket("127.0.0.1", server.port);
        socket.setSoTimeout(PATIENCE);
        return socket;
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Waits for the end of the connection. */
    private static boolean ends(Socket socket) throws IOException {
        try {
            while (socket.getInputStream().read() >= 0) {
                // what was sent before
            }
            return true;
        } catch (SocketException e) {
            return true;
        }
    }

    /** Reads one answer's head. */
    private static String head(Socket socket) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int c = socket.getInputStream().read();
            if (c < 0) {
                return head.toString();
            }
            head.append((char) c);
        }
        return head.toString();
    }

    @Test
    void connections_thatAreSilent_giveWayToNewOnes() throws IOException {
        List<Socket> silent = new ArrayList<>();
        try (HttpFixture server = server(64, 64, 60)) {
            for (int i = 0; i < 200; i++) {
                silent.add(connect(server));
            }
            try (Socket probe = connect(server)) {
                write(probe, "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
                assertThat(head(probe)).startsWith("HTTP/1.1 200");
            }
            assertThat(ends(silent.getFirst())).as("the oldest went first").isTrue();
            assertThat(server.get("/metrics").statusCode()).as("the operator's own door").isEqualTo(200);
        } finally {
            for (Socket s : silent) {
                s.close();
            }
        }
    }

    @Test
    void connections_ofOneAddress_areBoundedOnTheirOwn() throws IOException {
        List<Socket> silent = new ArrayList<>();
        try (HttpFixture server = server(100, 3, 60)) {
            for (int i = 0; i < 9; i++) {
                silent.add(connect(server));
            }
            // All are silent, so that a new one finds room whatever the order in which they were noticed.
            try (Socket asking = connect(server)) {
                askHealth(asking);
                askHealth(asking);
            }
            assertThat(ends(silent.getFirst())).as("the oldest went").isTrue();
        } finally {
            for (Socket s : silent) {
                s.close();
            }
        }
    }

    private static void askHealth(Socket s) throws IOException {
        write(s, "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
        String head = head(s);
        assertThat(head).startsWith("HTTP/1.1 200");
        Matcher length = Pattern.compile("(?i)content-length: (\\d+)").matcher(head);
        assertThat(length.find()).isTrue();
        assertThat(s.getInputStream().readNBytes(Integer.parseInt(length.group(1)))).isNotEmpty();
    }

    @Test
    void connections_withARequest_areNotClosedForNewOnes() throws Exception {
        CountDownLatch begun = new CountDownLatch(2);
        CountDownLatch goOn = new CountDownLatch(1);
        try (HttpFixture server = server(2, 2, 60)) {
            server.guestHost.behaviour = (call, output) -> {
                output.piece("well ");
                begun.countDown();
                assertThat(goOn.await(PATIENCE, TimeUnit.MILLISECONDS)).isTrue();
                return FakeGuests.ECHO.run(call, output);
            };
            String body = "{\"prompt\":\"x\",\"stream\":true}";
            String request = "POST /v1/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer "
                    + HttpFixture.KEY
                    + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
            try (Socket a = connect(server); Socket b = connect(server)) {
                write(a, request);
                write(b, request);
                assertThat(begun.await(PATIENCE, TimeUnit.MILLISECONDS)).isTrue();
                try (Socket c = connect(server)) {
                    assertThat(ends(c)).as("the newest goes when all are busy").isTrue();
                }
                goOn.countDown();
                for (Socket s : List.of(a, b)) {
                    assertThat(new String(s.getInputStream().readAllBytes(), StandardCharsets.UTF_8)).contains("you said: ")
                            .contains("[DONE]");
                }
            }
        }
    }

    @Test
    void headers_thatDoNotCome_endTheConnectionFromItsAcceptOn() throws IOException {
        try (HttpFixture server = server(100, 100, 1);
                Socket silent = connect(server);
                Socket slow = connect(server);
                Socket next = connect(server)) {
            write(slow, "GET /health/live HTTP/1.1\r\nHost:");
            write(next, "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
            assertThat(head(next)).startsWith("HTTP/1.1 200");
            write(next, "G");
            assertThat(ends(silent)).isTrue();
            assertThat(ends(slow)).isTrue();
            assertThat(ends(next)).isTrue();
        }
    }
}
