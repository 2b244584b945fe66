package ai.realm.core.chat.tools;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.chat.ChatTemplates;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChatDialectTest {
    private static final Tool WEATHER = new Tool("weather", null,
            Map.of("type", "object", "properties", Map.of("city", Map.of("type", "string"))));
    private static final List<ChatTurn> CHAT = List.of(ChatTurn.of("system", "Be kind."), ChatTurn.of("user", "Where?"),
            new ChatTurn("assistant", null, null, List.of(call("call_1", "Rome"), call("call_2", "Oslo")), null, null),
            new ChatTurn("tool", "hot", null, List.of(), "call_1", null),
            new ChatTurn("tool", "cold", null, List.of(), "call_2", null),
            ChatTurn.of("user", "Thanks"));
    /** Roles and contents; calls as JSON of an object; tools. */
    private static final String FULL = """
            {%- if tools %}[{{ tools | map(attribute='function') | map(attribute='name') | join(',') }}]{% endif %}
            {%- for m in messages %}({{ m.role }} {{ m.content }}{{ m.tool_call_id or '' }}
            {%- for c in m.tool_calls or [] %} {{ c.id }}:{{ c.function.name }}{{ c.function.arguments | tojson }}{% endfor %})
            {%- endfor %}{# <tool_call> #}""";

    private static ToolCall call(String id, String city) {
        return new ToolCall(id, "weather", Map.of("city", city));
    }

    private static String render(String source) {
        ChatTemplate template = ChatTemplates.compile(source);
        return ChatDialect.of(template).render(template, CHAT, List.of(WEATHER), Map.of());
    }

    @Test
    void render_templateWithEverything_getsToolsCallsAndAnswers() {
        assertThat(render(FULL)).isEqualTo("[weather](system Be kind.)(user Where?)"
                + "(assistant  call_1:weather{\"city\": \"Rome\"} call_2:weather{\"city\": \"Oslo\"})(tool hotcall_1)(tool coldcall_2)"
                + "(user Thanks)");
    }

    @Test
    void render_templateThatWantsArgumentsAsText_getsText() {
        String rendered = render(FULL.replace("c.function.arguments | tojson", "'<' + c.function.arguments + '>'"));
        assertThat(rendered).contains("call_1:weather<{\"city\": \"Rome\"}>");
    }

    @Test
    void render_templateThatWantsNoContentBesideCalls_getsNull() {
        String rendered = render(FULL.replace("m.tool_calls or []", "(m.tool_calls if m.content is none else [])"));
        assertThat(rendered).contains("(assistant None call_1:weather");
    }

    @Test
    void render_templateOfShortIds_getsTheSameForCallAndAnswer() {
        String rendered = render(FULL.replace("{{ c.id }}", "{{ raise_exception('id') if c.id | length != 9 else c.id }}"));
        assertThat(rendered).containsPattern(
                "\\(assistant  ([a-z0-9]{9}):weather.* ([a-z0-9]{9}):weather.*\\(tool hot\\1\\)\\(tool cold\\2\\)");
    }

    @Test
    void render_templateOfOneCallATurn_getsThemOneByOne() {
        String one = FULL.replace("{%- for m in messages %}",
                "{%- for m in messages %}{%- if m.tool_calls and m.tool_calls | length > 1 %}{{ raise_exception('one') }}{% endif %}");
        assertThat(render(one)).contains("(assistant  call_1:weather{\"city\": \"Rome\"})(tool hotcall_1)"
                + "(assistant  call_2:weather{\"city\": \"Oslo\"})(tool coldcall_2)");
        assertThat(ChatDialect.of(ChatTemplates.compile(one)).parallel()).isFalse();
    }

    @Test
    void render_templateWithoutTools_tellsOfThemInTheSystemMessage() {
        String rendered = render("{% for m in messages if m.role != 'tool' %}({{ m.role }} {{ m.content }}){% endfor %}");
        assertThat(rendered).startsWith("(system Be kind.\n\nYou may call functions").contains("\"name\": \"weather\"")
                .contains("<tool_call>\n{\"name\": \"function_name\"")
                .contains(
                        "(assistant <tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Rome\"}}\n</tool_call>\n<tool_call>")
                .endsWith("(user <tool_response>\nhot\n</tool_response>\n<tool_response>\ncold\n</tool_response>\n\nThanks)");
    }

    @Test
    void render_templateWithoutSystemRole_putsItBeforeTheUsersWords() {
        String rendered = render("{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
                + "({{ m.role }} {{ m.content }}){% endfor %}");
        assertThat(rendered).startsWith("(user Be kind.\n\nYou may call").contains("\n\nWhere?)");
    }

    @Test
    void render_brokenTemplate_failsWhenRenderedOnly() {
        ChatTemplate broken = variables -> {
            throw new ai.realm.core.error.RealmException(ai.realm.core.error.ErrorCode.TEMPLATE_FAILED, "broken");
        };
        ChatDialect dialect = ChatDialect.of(broken);
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> dialect.render(broken, CHAT, List.of(), Map.of()))
                .hasMessage("broken");
    }
}
