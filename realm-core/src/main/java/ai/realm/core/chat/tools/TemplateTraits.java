package ai.realm.core.chat.tools;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.error.RealmException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a template makes of parts of a chat, seen from what it renders of small ones.
 *
 * @param system whether it has system messages
 * @param tools whether it tells of tools
 * @param toolCalls whether it writes an assistant's calls
 * @param toolRole whether it writes tools' answers
 * @param argumentsAsText whether it wants arguments as JSON text instead of an object
 * @param contentOfCalls what it wants as the content of a turn that only calls: empty, or null
 * @param shortIds whether it wants calls' ids of nine letters and digits
 * @param severalCalls whether a turn may have more than one call
 * @param thinkingField whether it reads what was thought from "thinking"
 */
record TemplateTraits(boolean system, boolean tools, boolean toolCalls, boolean toolRole, boolean argumentsAsText,
        @Nullable String contentOfCalls, boolean shortIds, boolean severalCalls, boolean thinkingField) {
    private static final String SHORT_ID = "callid123";
    private static final String LONG_ID = "call_0123456789abcdefghijklmn";
    private static final String TOOL = "probe_tool";
    private static final String RESULT = "probe_result";

    static TemplateTraits of(ChatTemplate template) {
        Probe p = new Probe(template);
        boolean thinking = template.source().contains("message.thinking");
        boolean system = p.render(List.of(turn(ChatTurn.SYSTEM, "probe_system"), turn(ChatTurn.USER, "hi")), false)
                .contains("probe_system");
        boolean tools = p.render(List.of(turn(ChatTurn.USER, "hi")), true).contains(TOOL);
        for (boolean text : new boolean[]{false, true}) {
            for (String content : new @Nullable String[]{"", null}) {
                Calls one = new Calls(content, text, SHORT_ID, 1, false);
                if (p.writes(one)) {
                    boolean role = p.writes(one.withAnswer());
                    boolean shortIds = !p.writes(new Calls(content, text, LONG_ID, 1, role));
                    boolean several = p.writes(new Calls(content, text, SHORT_ID, 2, false));
                    return new TemplateTraits(system, tools, true, role, text, content, shortIds, several, thinking);
                }
            }
        }
        boolean role = p.render(List.of(turn(ChatTurn.USER, "hi"), turn(ChatTurn.ASSISTANT, "ok"), result(SHORT_ID)), tools)
                .contains(RESULT);
        return new TemplateTraits(system, tools, false, role, false, "", false, true, thinking);
    }

    /** An id as the template takes it: its own, or one made of it that is the same for a call and its answer. */
    String id(String id) {
        if (!shortIds || id.matches("[a-zA-Z0-9]{9}")) {
            return id;
        }
        long hash = 1125899906842597L;
        for (int i = 0; i < id.length(); i++) {
            hash = 31 * hash + id.charAt(i);
        }
        String text = Long.toUnsignedString(hash, 36);
        return ("000000000" + text).substring(text.length());
    }

    private static Map<String, @Nullable Object> turn(String role, @Nullable String content) {
        Map<String, @Nullable Object> m = new LinkedHashMap<>();
        m.put("role", role);
        m.put("content", content);
        return m;
    }

    private static Map<String, @Nullable Object> result(String id) {
        Map<String, @Nullable Object> m = turn(ChatTurn.TOOL, RESULT);
        m.put("tool_call_id", id);
        m.put("name", TOOL);
        return m;
    }

    private record Probe(ChatTemplate template) {
        /** What the template renders, or nothing when it fails. */
        String render(List<Map<String, @Nullable Object>> messages, boolean withTools) {
            Map<String, Object> variables = new LinkedHashMap<>();
            variables.put("messages", messages);
            variables.put("add_generation_prompt", true);
            variables.put("bos_token", "");
            variables.put("eos_token", "");
            if (withTools) {
                Map<String, ?> schema = Map.of("type", "object", "properties",
                        Map.of("probe_key", Map.of("type", "string", "description",
                                "a key")),
                        "required", List.of("probe_key"));
                variables.put("tools", List.of(ChatDialect.definition(new Tool(TOOL, "a tool", schema))));
            }
            try {
                return template.render(variables);
            } catch (RealmException e) {
                return "";
            }
        }

        boolean writes(Calls calls) {
            List<Map<String, ?>> all = new ArrayList<>();
            for (int i = 0; i < calls.count; i++) {
                Map<String, ?> arguments = Map.of("probe_key", "probe_value" + i);
                all.add(Map.of("id", calls.id, "type", "function", "function",
                        Map.of("name", TOOL, "arguments", calls.text ? JsonText.of(arguments) : arguments)));
            }
            Map<String, @Nullable Object> turn = turn(ChatTurn.ASSISTANT, calls.content);
            turn.put("tool_calls", all);
            List<Map<String, @Nullable Object>> messages = new ArrayList<>(List.of(turn(ChatTurn.USER, "hi"), turn));
            if (calls.answered) {
                messages.add(result(calls.id));
            }
            String out = render(messages, false);
            boolean called = out.contains(TOOL) && out.contains("probe_key") && out.contains("probe_value" + (calls.count - 1));
            return called && !out.contains("'probe_key'") && !out.contains("\\\"probe_key")
                    && (!calls.answered || out.contains(RESULT));
        }
    }

    /** An assistant's turn that calls, and maybe the first answer. */
    private record Calls(@Nullable String content, boolean text, String id, int count, boolean answered) {
        Calls withAnswer() {
            return new Calls(content, text, id, count, true);
        }
    }
}
