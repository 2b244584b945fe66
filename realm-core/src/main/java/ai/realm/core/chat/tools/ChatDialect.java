package ai.realm.core.chat.tools;

import ai.realm.core.chat.ChatTemplate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What a model's chat template can say of tools, found out by rendering small chats; it puts chats the way the template can.
 * Tools that the template does not know are told of in the system message. Calls that it would leave out become text in its
 * model's format. Immutable; made once a template, which it does not keep.
 */
public final class ChatDialect {
    private static final Map<ChatTemplate, ChatDialect> KNOWN = Collections.synchronizedMap(new WeakHashMap<>());

    private final ChatFormat format;
    private final TemplateTraits traits;

    private ChatDialect(ChatTemplate template) {
        this.format = ChatFormats.of(template.source());
        this.traits = TemplateTraits.of(template);
    }

    public static ChatDialect of(ChatTemplate template) {
        return KNOWN.computeIfAbsent(template, ChatDialect::new);
    }

    public ChatFormat format() {
        return format;
    }

    /**
     * The prompt of a chat.
     *
     * @param template that this is the dialect of
     * @param tools those that the model may call
     * @param variables further ones for the template
     * @throws ai.realm.core.error.RealmException TEMPLATE_FAILED as the template does
     */
    public String render(ChatTemplate template, List<ChatTurn> turns, List<Tool> tools, Map<String, ?> variables) {
        Map<String, @Nullable Object> all = new LinkedHashMap<>(variables);
        boolean told = tools.isEmpty() || traits.tools();
        if (!tools.isEmpty() && traits.tools()) {
            all.put("tools", tools.stream().map(ChatDialect::definition).toList());
        }
        List<ChatTurn> plain = told ? turns : withSystem(turns, description(tools));
        List<ChatTurn> roles = traits.system() ? plain : withoutSystem(plain);
        all.put("messages", messages(traits.severalCalls() ? roles : oneByOne(roles)));
        return template.render(all);
    }

    /** Whether a turn may have several calls. */
    public boolean parallel() {
        return traits.severalCalls();
    }

    /** A tool as templates know it, with nothing missing that some of them would look for. */
    static Map<String, Object> definition(Tool tool) {
        Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", tool.name());
        String description = tool.description();
        function.put("description", description == null ? "" : description);
        Map<String, Object> parameters = new LinkedHashMap<>();
        parameters.put("type", "object");
        parameters.put("properties", Map.of());
        parameters.putAll(tool.parameters());
        function.put("parameters", parameters);
        Map<String, Object> definition = new LinkedHashMap<>();
        definition.put("type", "function");
        definition.put("function", function);
        return definition;
    }

    private String description(List<Tool> tools) {
        StringBuilder out = new StringBuilder("You may call functions to help with the request. They are:\n\n");
        for (Tool t : tools) {
            out.append(JsonText.of(definition(t).get("function"))).append('\n');
        }
        Map<String, Object> example = new LinkedHashMap<>();
        example.put("argument", "value");
        return out.append("\nTo call a function, answer with its name and its arguments in this form and nothing else:\n\n")
                .append(format.write(List.of(new ToolCall("000000000", "function_name", example))))
                .append("\n\nThe results come in the next message. If no function is needed, answer as usual.").toString();
    }

    private static List<ChatTurn> withSystem(List<ChatTurn> turns, String more) {
        List<ChatTurn> out = new ArrayList<>(turns);
        ChatTurn first = turns.getFirst();
        if (first.role().equals(ChatTurn.SYSTEM)) {
            out.set(0, ChatTurn.of(ChatTurn.SYSTEM, joined(first.content(), more)));
        } else {
            out.addFirst(ChatTurn.of(ChatTurn.SYSTEM, more));
        }
        return out;
    }

    private static String joined(@Nullable String a, String b) {
        return a == null || a.isEmpty() ? b : a + "\n\n" + b;
    }

    /** System messages before the user's words, for templates that have no such role. */
    private static List<ChatTurn> withoutSystem(List<ChatTurn> turns) {
        List<ChatTurn> out = new ArrayList<>();
        StringBuilder system = new StringBuilder();
        for (ChatTurn t : turns) {
            String content = t.content();
            if (t.role().equals(ChatTurn.SYSTEM)) {
                system.append(content == null ? "" : content).append("\n\n");
            } else if (t.role().equals(ChatTurn.USER) && !system.isEmpty()) {
                out.add(ChatTurn.of(ChatTurn.USER, system + (content == null ? "" : content)));
                system.setLength(0);
            } else {
                out.add(t);
            }
        }
        if (!system.isEmpty()) {
            out.add(ChatTurn.of(ChatTurn.USER, system.toString().strip()));
        }
        return out;
    }

    /** Each call in a turn of its own, with its answer after it. */
    private static List<ChatTurn> oneByOne(List<ChatTurn> turns) {
        List<ChatTurn> out = new ArrayList<>();
        Set<ChatTurn> moved = Collections.newSetFromMap(new IdentityHashMap<>());
        for (int i = 0; i < turns.size(); i++) {
            ChatTurn t = turns.get(i);
            if (t.toolCalls().size() < 2) {
                if (!moved.contains(t)) {
                    out.add(t);
                }
                continue;
            }
            String content = t.content();
            for (ToolCall c : t.toolCalls()) {
                out.add(new ChatTurn(t.role(), content, t.reasoning(), List.of(c), null, null));
                content = null;
                for (int j = i + 1; j < turns.size() && turns.get(j).role().equals(ChatTurn.TOOL); j++) {
                    if (c.id().equals(turns.get(j).toolCallId()) && moved.add(turns.get(j))) {
                        out.add(turns.get(j));
                    }
                }
            }
        }
        return out;
    }

    private List<Map<String, @Nullable Object>> messages(List<ChatTurn> turns) {
        List<Map<String, @Nullable Object>> out = new ArrayList<>();
        StringBuilder results = new StringBuilder();
        for (ChatTurn t : turns) {
            if (t.role().equals(ChatTurn.TOOL) && !traits.toolRole()) {
                results.append(results.isEmpty() ? "" : "\n").append("<tool_response>\n").append(t.content())
                        .append("\n</tool_response>");
                continue;
            }
            String before = results.toString();
            results.setLength(0);
            if (!before.isEmpty() && t.role().equals(ChatTurn.USER)) {
                out.add(message(ChatTurn.of(ChatTurn.USER, joined(before, String.valueOf(t.content())))));
                continue;
            }
            if (!before.isEmpty()) {
                out.add(message(ChatTurn.of(ChatTurn.USER, before)));
            }
            out.add(t.toolCalls().isEmpty() ? message(t) : calling(t));
        }
        if (!results.isEmpty()) {
            out.add(message(ChatTurn.of(ChatTurn.USER, results.toString())));
        }
        return out;
    }

    private Map<String, @Nullable Object> message(ChatTurn t) {
        Map<String, @Nullable Object> m = new LinkedHashMap<>();
        m.put("role", t.role());
        String content = t.content();
        m.put("content", content == null ? "" : content);
        reasoning(t, m);
        String id = t.toolCallId();
        if (id != null) {
            m.put("tool_call_id", traits.id(id));
        }
        if (t.name() != null) {
            m.put("name", t.name());
        }
        return m;
    }

    private void reasoning(ChatTurn t, Map<String, @Nullable Object> m) {
        if (t.reasoning() != null) {
            m.put("reasoning_content", t.reasoning());
            if (traits.thinkingField()) {
                m.put("thinking", t.reasoning());
            }
        }
    }

    private Map<String, @Nullable Object> calling(ChatTurn t) {
        String content = t.content();
        if (!traits.toolCalls()) {
            String text = format.write(t.toolCalls());
            return message(
                    new ChatTurn(t.role(), content == null || content.isEmpty() ? text : content + "\n" + text, t.reasoning(),
                            List.of(), null, null));
        }
        Map<String, @Nullable Object> m = new LinkedHashMap<>();
        m.put("role", t.role());
        m.put("content", content == null || content.isEmpty() ? traits.contentOfCalls() : content);
        reasoning(t, m);
        List<Map<String, Object>> calls = new ArrayList<>();
        for (ToolCall c : t.toolCalls()) {
            Map<String, Object> function = new LinkedHashMap<>();
            function.put("name", c.name());
            function.put("arguments", traits.argumentsAsText() ? c.json() : c.arguments());
            Map<String, Object> call = new LinkedHashMap<>();
            call.put("id", traits.id(c.id()));
            call.put("type", "function");
            call.put("function", function);
            calls.add(call);
        }
        m.put("tool_calls", calls);
        return m;
    }
}
