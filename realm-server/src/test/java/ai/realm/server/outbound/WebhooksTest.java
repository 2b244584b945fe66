package ai.realm.server.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.server.domain.HttpRule;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WebhooksTest {
    private final LinkedBlockingQueue<String> got = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<String> outcomes = new LinkedBlockingQueue<>();
    private final AtomicInteger failures = new AtomicInteger();
    private final OutboundHttp http = new OutboundHttp((tenant, outcome) -> outcomes.add(outcome));
    private final Webhooks webhooks = new Webhooks(http, List.of(Duration.ZERO, Duration.ZERO, Duration.ZERO));
    private HttpServer receiver;

    @BeforeEach
    void start() throws IOException {
        receiver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        receiver.createContext("/hook", x -> {
            got.add(x.getRequestHeaders().getFirst(Webhooks.SIGNATURE) + " "
                    + new String(x.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            x.sendResponseHeaders(failures.getAndDecrement() > 0 ? 500 : 204, -1);
            x.close();
        });
        receiver.start();
    }

    @AfterEach
    void stop() {
        receiver.stop(0);
        http.close();
    }

    private HttpRule hook(boolean privateAddresses) {
        return HttpRule.webhook("webhook", "http://127.0.0.1:" + receiver.getAddress().getPort() + "/hook?key=1",
                privateAddresses);
    }

    @Test
    void notice_isSentSignedAndAgainUntilItIsTaken() throws Exception {
        failures.set(2);
        webhooks.send(hook(true), "geheim", JsonNodeFactory.instance.objectNode().put("event", "x"),
                () -> outcomes.add("delivered"));
        String body = "{\"event\":\"x\"}";
        for (int i = 0; i < 3; i++) {
            assertThat(got.poll(30, TimeUnit.SECONDS))
                    .isEqualTo("sha256=" + Webhooks.hmac("geheim", body.getBytes(StandardCharsets.UTF_8)) + " " + body);
        }
        assertThat(outcomes.poll(30, TimeUnit.SECONDS)).isEqualTo("5xx");
        assertThat(outcomes.poll(30, TimeUnit.SECONDS)).isEqualTo("5xx");
        assertThat(outcomes.poll(30, TimeUnit.SECONDS)).isEqualTo("2xx");
        assertThat(outcomes.poll(30, TimeUnit.SECONDS)).isEqualTo("delivered");
    }

    @Test
    void address_thatIsNotPublic_isReachedOnlyWhereTheOperatorSaysSo() throws Exception {
        webhooks.send(hook(false), null, JsonNodeFactory.instance.objectNode(), () -> got.add("delivered"));
        for (int i = 0; i < 3; i++) {
            assertThat(outcomes.poll(30, TimeUnit.SECONDS)).isEqualTo("refused");
        }
        assertThat(got).isEmpty();
    }

    @Test
    void webhook_thatCannotBeTold_isLoggedWithoutWhatOpensIt() throws Exception {
        LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>();
        AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
            @Override
            protected void append(ILoggingEvent event) {
                lines.add(event.getFormattedMessage());
            }
        };
        Logger log = (Logger) LoggerFactory.getLogger(Webhooks.class);
        appender.start();
        log.addAppender(appender);
        try {
            int port = receiver.getAddress().getPort();
            receiver.stop(0);
            webhooks.send(HttpRule.webhook("webhook", "http://127.0.0.1:" + port + "/geheim/x", true), "geheim",
                    JsonNodeFactory.instance.objectNode(), () -> got.add("delivered"));
            assertThat(lines.poll(30, TimeUnit.SECONDS)).contains("host=127.0.0.1", "tries=3", "http://127.0.0.1:" + port + "/…")
                    .doesNotContain("geheim");
        } finally {
            log.detachAppender(appender);
        }
        assertThat(got).isEmpty();
    }

    @Test
    void signature_isTheOneOfRfc4231() {
        assertThat(Webhooks.hmac("Jefe", "what do ya want for nothing?".getBytes(StandardCharsets.UTF_8)))
                .isEqualTo("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
