package ai.realm.core.chat;

import ai.realm.core.chat.jinja.JinjaTemplate;
import ai.realm.core.error.RealmException;
import ai.realm.core.gguf.GgufFile;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Compiles chat templates, and finds those of a GGUF file. */
public final class ChatTemplates {
    private static final String DEFAULT = "tokenizer.chat_template";
    private static final String TOOL_USE = "tool_use";

    private ChatTemplates() {
    }

    /** @throws RealmException TEMPLATE_FAILED with the line of a syntax error */
    public static ChatTemplate compile(String source) {
        return compile(source, Clock.systemDefaultZone());
    }

    /** @param clock what strftime_now reads */
    public static ChatTemplate compile(String source, Clock clock) {
        return JinjaTemplate.compile(source, clock);
    }

    /** The sources of a file's templates by name, the main one as "default". */
    public static Map<String, String> sources(GgufFile file) {
        Map<String, String> out = new LinkedHashMap<>();
        if (file.metadata().get(DEFAULT) instanceof String source) {
            out.put("default", source);
        }
        file.metadata().forEach((key, value) -> {
            if (key.startsWith(DEFAULT + ".") && value instanceof String source) {
                out.put(key.substring(DEFAULT.length() + 1), source);
            }
        });
        return out;
    }

    /**
     * The template of a file, empty when it has none. Where it has one named tool_use, that one renders what comes with tools, as
     * transformers does. A template that does not compile fails when it is rendered: completions without a chat still work.
     */
    public static Optional<ChatTemplate> fromGguf(GgufFile file) {
        Map<String, String> sources = sources(file);
        String main = sources.get("default");
        String toolUse = sources.get(TOOL_USE);
        if (main == null) {
            return Optional.ofNullable(toolUse).map(ChatTemplates::lenient);
        }
        ChatTemplate plain = lenient(main);
        if (toolUse == null) {
            return Optional.of(plain);
        }
        ChatTemplate withTools = lenient(toolUse);
        return Optional.of(variables -> (variables.get("tools") instanceof List<?> tools && !tools.isEmpty() ? withTools : plain)
                .render(variables));
    }

    private static ChatTemplate lenient(String source) {
        try {
            return compile(source);
        } catch (RealmException e) {
            String message = String.valueOf(e.getMessage());
            return variables -> {
                throw new RealmException(e.code(), message, e);
            };
        }
    }
}
