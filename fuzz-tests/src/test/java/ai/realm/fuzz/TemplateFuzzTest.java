package ai.realm.fuzz;

import ai.realm.core.chat.ChatTemplates;
import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;

/** Any text is a template that renders or is refused, soon and without a stack or a heap running over. */
class TemplateFuzzTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final Clock CLOCK = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);
    private static final Map<String, Object> VARIABLES = Map.of("messages",
            List.of(Map.of("role", "system", "content", "Be brief."), Map.of("role", "user", "content", " Hi 'you'\n"),
                    Map.of("role", "assistant", "content", "<t>x</t>", "tool_calls",
                            List.of(Map.of("function", Map.of("name", "f", "arguments", Map.of("a", 1L, "b", 2.5)))))),
            "add_generation_prompt", true, "bos_token", "<s>", "eos_token", "</s>", "tools",
            List.of(Map.of("type", "function", "function", Map.of("name", "f"))));

    @FuzzTest(maxDuration = "5m")
    void render_anyTemplate_endsOrIsRefused(byte[] data) {
        long start = System.nanoTime();
        try {
            ChatTemplates.compile(new String(data, StandardCharsets.UTF_8), CLOCK).render(VARIABLES);
        } catch (RealmException e) {
            if (e.code() != ErrorCode.TEMPLATE_FAILED) {
                throw new AssertionError("a template's fault must not be told as " + e.code(), e);
            }
        }
        if (System.nanoTime() - start > LIMIT.toNanos()) {
            throw new AssertionError("rendering took longer than " + LIMIT);
        }
    }
}
