package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What a guest writes into the server's log, and what the host itself says about a request. */
class GuestLogTest {
    private static final String LOGS = """
            (loop $l
              (call $log (i32.const 1) (i32.const 64) (i32.const %d))
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if $l (i32.lt_u (local.get $i) (i32.const %d))))
            (i32.const 8)""";

    private final GuestFixture f = new GuestFixture();
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
    private final Logger guests = (Logger) LoggerFactory.getLogger("ai.realm.guest");
    private final Logger host = (Logger) LoggerFactory.getLogger("ai.realm.runtime.guest");

    @BeforeEach
    void listen() {
        lines.start();
        guests.addAppender(lines);
        host.addAppender(lines);
        host.setLevel(Level.DEBUG);
        host.setAdditive(false);
    }

    @AfterEach
    void close() {
        guests.detachAppender(lines);
        host.detachAppender(lines);
        host.setLevel(null);
        host.setAdditive(true);
        f.close();
    }

    private List<String> said(String data, int length, int times) {
        assertThat(f.run(GuestFixture.generates("(local $i i32) " + LOGS.formatted(length, times)).replace("(global $next",
                "(data (i32.const 64) \"" + data + "\") (global $next")).error()).isNull();
        return messages().stream().filter(m -> m.startsWith("guest ")).toList();
    }

    private List<String> messages() {
        return lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    @Test
    void controlCharacters_areEscapedAndTheRequestNamed() {
        List<String> said = said("\\1b[31m\\0d\\0aERROR forged\\00\\e2\\80\\ae", 23, 1);
        assertThat(said).hasSize(1);
        assertThat(said.getFirst()).startsWith("guest says \"\\u{1b}[31m\\u{d}\\nERROR forged\\u{0}\\u{202e}\" tenant=acme "
                + "request_id=req-1 guest=");
    }

    @Test
    void notUtf8_isShownAsUnknown() {
        assertThat(said("a\\ff\\c3", 3, 1).getFirst()).startsWith("guest says \"a\uFFFD\uFFFD\"");
    }

    @Test
    void flood_isCutAtTheLimitWhichIsSaidOnce() {
        List<String> said = said("flood", 5, 1000);
        assertThat(said).hasSize(11);
        assertThat(said.getLast()).contains("log_lines", "10 allowed");
    }

    @Test
    void longLine_isCut() {
        assertThat(said("x".repeat(5000), 5000, 1).getFirst()).contains("x".repeat(1000) + "…\"")
                .doesNotContain("x".repeat(1001));
    }

    @Test
    void steps_areLoggedOnceWithoutPromptOrAnswer() {
        f.prompt = "secret prompt";
        f.sessions.says("secret answer");
        f.run(ai.realm.guest.Guests.load("default"));
        List<String> steps = messages().stream().filter(m -> m.startsWith("step=")).toList();
        assertThat(steps).hasSize(2);
        assertThat(steps.get(0)).startsWith("step=3 step_name=guest_instance request_id=req-1 tenant=acme guest=");
        assertThat(steps.get(1)).startsWith("step=4 step_name=host_function request_id=req-1 tenant=acme guest=");
        assertThat(messages()).noneMatch(m -> m.contains("secret"));
    }
}
