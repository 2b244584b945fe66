package ai.realm.core.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.gguf.GgufBuilder;
import ai.realm.core.gguf.GgufFile;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChatTemplatesTest {
    private static final List<Map<String, Object>> MESSAGES = List.of(Map.of("role", "system", "content", "Be kind."),
            Map.of("role", "user", "content", "Hi\n"));

    private static String render(String template, Map<String, ?> variables) {
        return ChatTemplates.compile(template).render(variables);
    }

    private static void assertFails(String template, String message) {
        assertThatThrownBy(() -> render(template, Map.of("messages", MESSAGES, "n", 3))).isInstanceOfSatisfying(
                RealmException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TEMPLATE_FAILED))
                .hasMessageContaining(message);
    }

    @Test
    void render_chatmlTemplate_wrapsEveryMessage() {
        String template = """
                {% for message in messages %}
                {{ '<|im_start|>' + message['role'] + '\\n' + message['content'] | trim + '<|im_end|>' + '\\n' }}
                {%- endfor %}
                {% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
                """;
        assertThat(render(template, Map.of("messages", MESSAGES, "add_generation_prompt", true))).isEqualTo(
                "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
    }

    @Test
    void render_contentThatLooksLikeATemplate_isNotRun() {
        assertThat(render("{{ x }}", Map.of("x", "{{ 1 + 1 }}{% if %}"))).isEqualTo("{{ 1 + 1 }}{% if %}");
    }

    @Test
    void render_javaNumbersAndNull_areTakenAsPythonHasThem() {
        Map<String, Object> variables = new HashMap<>(Map.of("i", 1, "f", 1.5f, "l", 2L));
        variables.put("none", null);
        variables.put("v", null);
        assertThat(render("{{ i + l }} {{ f }} {{ v }} {{ v is none }}", variables)).isEqualTo("3 1.5 None True");
    }

    @Test
    void render_attributeOfJavaObjects_isNotThere() {
        assertThat(render("{{ x.getClass is defined }}{{ x.class is defined }}{{ l.size is defined }}",
                Map.of("x", "a", "l", List.of()))).isEqualTo("FalseFalseFalse");
    }

    @Test
    void render_objectOfUnknownKind_isRefused() {
        assertThatThrownBy(() -> render("{{ x }}", Map.of("x", new StringBuilder().getClass())))
                .isInstanceOf(RealmException.class).hasMessageContaining("Class");
    }

    @Test
    void render_variablesOfTheCaller_areNeverChanged() {
        Map<String, Object> message = new HashMap<>(Map.of("a", 1L));
        render("{% set ns = namespace(m) %}{% set ns.a = 2 %}{{ m.a }}", Map.of("m", message));
        assertThat(message).containsEntry("a", 1L);
    }

    @Test
    void render_sameTemplateTwice_startsAfresh() {
        ChatTemplate template = ChatTemplates.compile("{{ x is defined }}{% set x = 1 %}");
        assertThat(template.render(Map.of())).isEqualTo("False");
        assertThat(template.render(Map.of())).isEqualTo("False");
    }

    @Test
    void render_clockGiven_isWhatStrftimeNowReads() {
        Clock clock = Clock.fixed(Instant.parse("2031-05-06T07:08:09Z"), ZoneOffset.UTC);
        assertThat(ChatTemplates.compile("{{ strftime_now('%Y-%m-%d %H:%M:%S') }}", clock).render(Map.of()))
                .isEqualTo("2031-05-06 07:08:09");
    }

    @Test
    void render_raiseException_showsItsMessageAlone() {
        assertThatThrownBy(() -> render("a\n{{ raise_exception('Roles must alternate') }}", Map.of()))
                .hasMessage("Roles must alternate");
    }

    @Test
    void compile_syntaxError_namesTheLine() {
        assertFails("a\nb\n{% for %}", "line 3");
        assertFails("a\n\n{{ n + }}", "line 3");
        assertFails("{% if n %}\n\nx", "endif");
        assertFails("\n{{ 'abc }}", "line 2");
    }

    @Test
    void render_runtimeError_namesTheLine() {
        assertFails("a\n{{ n }}\n{{ n + 'x' }}", "line 3: unsupported operand");
        assertFails("\n{{ nothing.at.all }}", "line 2: 'nothing' is undefined");
    }

    @Test
    void compile_deepNesting_isRefused() {
        int n = 100_000;
        assertFails("{{ " + "(".repeat(n) + "1", "nesting");
        assertFails("{{ " + "[".repeat(n), "nesting");
        assertFails("{{ " + "{1:".repeat(n / 3), "nesting");
        assertFails("{{ " + "not ".repeat(n) + "1 }}", "nesting");
        assertFails("{{ " + "- ".repeat(n) + "1 }}", "nesting");
        assertFails("{{ " + "1 if 1 else ".repeat(n / 3) + "1 }}", "nesting");
        assertFails("{% if 1 %}".repeat(n / 5), "nesting");
        assertFails("{% set " + "(".repeat(n) + "a", "nesting");
        assertFails("{{ " + "1+".repeat(n / 3) + "1 }}", "chains");
        assertFails("{{ a" + "[0]".repeat(n / 4) + " }}", "chains");
        assertFails("{{ a" + "|e".repeat(n / 4) + " }}", "chains");
    }

    @Test
    void compile_hugeSource_isRefused() {
        assertFails("x".repeat(2_000_000), "characters");
        assertFails("{{1}}".repeat(70_000), "tokens");
    }

    @Test
    void render_longConversation_isFineWithinTheBounds() {
        List<Map<String, String>> messages = new java.util.ArrayList<>();
        for (int i = 0; i < 5000; i++) {
            messages.add(Map.of("role", i % 2 == 0 ? "user" : "assistant", "content", "word ".repeat(200)));
        }
        String out = render("{% for m in messages %}{{ m.role ~ ': ' ~ m.content | trim }}\n{% endfor %}",
                Map.of("messages", messages));
        assertThat(out.length()).isGreaterThan(5_000_000);
    }

    @Test
    void fromGguf_noTemplateAndNoVocabulary_isEmpty() {
        try (GgufFile file = new GgufBuilder().string("general.architecture", "llama").open()) {
            assertThat(ChatTemplates.fromGguf(file)).isEmpty();
        }
    }

    @Test
    void fromGguf_noTemplate_isAPlainOne() {
        try (GgufFile file = new GgufBuilder().strings("tokenizer.ggml.tokens", List.of("a", "b")).open()) {
            ChatTemplate template = ChatTemplates.fromGguf(file).orElseThrow();
            assertThat(template.standsIn()).isTrue();
            assertThat(template.render(TURNS)).isEqualTo("Be short.\n\nUser: Hi\nAssistant: Ho\nUser: What? Why?\nAssistant:");
        }
    }

    @Test
    void fromGguf_noTemplateButChatMlsMarks_isChatMl() {
        try (GgufFile file = new GgufBuilder().strings("tokenizer.ggml.tokens", List.of("<|im_end|>", "<|im_start|>")).open()) {
            assertThat(ChatTemplates.fromGguf(file).orElseThrow().render(TURNS)).isEqualTo("""
                    <|im_start|>system
                    Be short.<|im_end|>
                    <|im_start|>user
                    Hi<|im_end|>
                    <|im_start|>assistant
                    Ho<|im_end|>
                    <|im_start|>user
                    What? Why?<|im_end|>
                    <|im_start|>assistant
                    """);
        }
    }

    private static final Map<String, Object> TURNS = Map.of("add_generation_prompt", true, "messages",
            List.of(Map.of("role", "system", "content", "Be short."), Map.of("role", "user", "content", "Hi"),
                    Map.of("role", "assistant", "content", "Ho"), Map.of("role", "user", "content",
                            List.of(Map.of("type", "text", "text", "What? "), Map.of("type", "text", "text", "Why?")))));

    @Test
    void fromGguf_templateForTools_rendersWhatComesWithTools() {
        GgufBuilder builder = new GgufBuilder().string("tokenizer.chat_template", "plain")
                .string("tokenizer.chat_template.tool_use", "tools {{ tools | length }}");
        try (GgufFile file = gguf(builder)) {
            ChatTemplate template = ChatTemplates.fromGguf(file).orElseThrow();
            assertThat(template.render(Map.of("tools", List.of(Map.of())))).isEqualTo("tools 1");
            assertThat(template.render(Map.of("tools", List.of()))).isEqualTo("plain");
            assertThat(template.render(Map.of())).isEqualTo("plain");
            assertThat(ChatTemplates.sources(file)).containsOnlyKeys("default", "tool_use");
        }
    }

    @Test
    void fromGguf_templateThatDoesNotCompile_failsWhenRendered() {
        try (GgufFile file = gguf(new GgufBuilder().string("tokenizer.chat_template", "{% if %}"))) {
            ChatTemplate template = ChatTemplates.fromGguf(file).orElseThrow();
            assertThatThrownBy(() -> template.render(Map.of())).isInstanceOf(RealmException.class).hasMessageContaining("line 1");
        }
    }

    private static GgufFile gguf(GgufBuilder builder) {
        return builder.open();
    }
}
