package ai.realm.server.log;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class JsonLogEncoderTest {
    private final LoggerContext context = new LoggerContext();
    private final JsonLogEncoder encoder = new JsonLogEncoder();

    @BeforeEach
    void start() {
        encoder.start();
    }

    private JsonNode line(@Nullable Throwable thrown, String pattern, @Nullable Object... values) throws IOException {
        String text = new String(encoder.encode(new LoggingEvent("fqcn", context.getLogger("ai.realm.server.Request"), Level.WARN,
                pattern, thrown, values)), StandardCharsets.UTF_8);
        assertThat(text).endsWith("\n");
        assertThat(text.strip()).doesNotContain("\n");
        return new ObjectMapper().readTree(text);
    }

    @Test
    void line_withNamedValues_hasThemAsFields() throws IOException {
        JsonNode json = line(null, "request ended request_id={} tenant={} e2e_ms={} ok={} trace_id={} cause={}", "req-1", "acme",
                12L,
                true, "-", null);
        assertThat(json.path("message").asText()).isEqualTo("request ended");
        assertThat(json.path("level").asText()).isEqualTo("WARN");
        assertThat(json.path("logger").asText()).isEqualTo("Request");
        assertThat(json.path("request_id").asText()).isEqualTo("req-1");
        assertThat(json.path("e2e_ms").isIntegralNumber()).isTrue();
        assertThat(json.path("ok").booleanValue()).isTrue();
        assertThat(json.has("trace_id")).isFalse();
        assertThat(json.path("cause").isNull()).isTrue();
        assertThat(json.path("time").asText()).matches("\\d{4}-.*Z");
    }

    @Test
    void line_withOtherValues_hasThemInItsText() throws IOException {
        JsonNode json = line(null, "{} of {} are there, model={} message={}", 1, 2, "m", "x\ny\"");
        assertThat(json.path("message").asText()).isEqualTo("1 of 2 are there,");
        assertThat(json.path("model").asText()).isEqualTo("m");
        assertThat(json.path("message_").asText()).isEqualTo("x\ny\"");
        assertThat(line(null, "too few {} and a={}", 7).path("message").asText()).isEqualTo("too few 7 and a={}");
        assertThat(line(null, "plain {").path("message").asText()).isEqualTo("plain {");
    }

    @Test
    void exception_isAFieldOfTheOneLine() throws IOException {
        assertThat(line(new IllegalStateException("oh"), "failed").path("exception").asText())
                .contains("IllegalStateException: oh").contains("JsonLogEncoderTest");
    }

    @Test
    void format_thatIsNone_isSaid() {
        assertThat(LogFormat.problem(null)).isNull();
        assertThat(LogFormat.problem("json")).isNull();
        assertThat(LogFormat.problem("xml")).contains("xml").contains("json");
    }
}
