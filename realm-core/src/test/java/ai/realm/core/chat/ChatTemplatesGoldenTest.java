package ai.realm.core.chat;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Every construct, against what Python's Jinja2 renders; the cases and their provenance are in jinja-cases.json. */
class ChatTemplatesGoldenTest {
    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.USE_LONG_FOR_INTS);
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-01-02T12:34:56Z"), ZoneOffset.UTC);

    @Test
    void render_everyConstruct_equalsPython() throws IOException {
        JsonNode golden;
        try (InputStream in = getClass().getResourceAsStream("/chat/jinja-cases.json")) {
            golden = JSON.readTree(in);
        }
        Map<String, Object> context = JSON.convertValue(golden.get("context"), new TypeReference<>() {
        });
        List<String> wrong = new ArrayList<>();
        for (JsonNode c : golden.get("cases")) {
            String template = c.get("template").asText();
            String got = render(template, context);
            if (!got.equals(expected(c, got))) {
                wrong.add(template + "\n   gave " + got + "\n   not  " + expected(c, got));
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(golden.get("cases").size()).isGreaterThan(500);
    }

    private static String expected(JsonNode c, String got) {
        if (c.hasNonNull("rendered")) {
            return c.get("rendered").asText();
        }
        if (c.get("raised").asBoolean()) {
            return "ERROR " + c.get("error").asText();
        }
        return got.startsWith("ERROR ") ? got : "ERROR " + c.get("error").asText();
    }

    private static String render(String template, Map<String, Object> context) {
        try {
            return ChatTemplates.compile(template, CLOCK).render(context);
        } catch (RealmException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.TEMPLATE_FAILED);
            return "ERROR " + e.getMessage();
        }
    }
}
