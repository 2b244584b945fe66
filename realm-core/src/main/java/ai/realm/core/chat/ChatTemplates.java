package ai.realm.core.chat;

import ai.realm.core.chat.jinja.JinjaTemplate;
import ai.realm.core.error.RealmException;
import ai.realm.core.gguf.GgufArray;
import ai.realm.core.gguf.GgufFile;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Compiles chat templates, and finds those of a GGUF file. */
public final class ChatTemplates {
    private static final String DEFAULT = "tokenizer.chat_template";
    private static final String TOOL_USE = "tool_use";
    private static final String CONTENT = "{%- macro text(m) -%}{%- if m.content is string -%}{{ m.content }}"
            + "{%- elif m.content -%}{%- for part in m.content -%}{{ part.text }}{%- endfor -%}{%- endif -%}{%- endmacro -%}";
    private static final String CHAT_ML = CONTENT
            + "{%- for m in messages -%}{{ '<|im_start|>' + m.role + '\\n' + text(m) + '<|im_end|>\\n' }}{%- endfor -%}"
            + "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}";
    private static final String PLAIN = CONTENT
            + "{%- for m in messages -%}{%- if m.role == 'system' -%}{{ text(m) + '\\n\\n' }}"
            + "{%- else -%}{{ m.role | capitalize + ': ' + text(m) + '\\n' }}{%- endif -%}{%- endfor -%}"
            + "{%- if add_generation_prompt -%}{{ 'Assistant:' }}{%- endif -%}";

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
     * The template of a file; a plain one for a file without, in the form of ChatML when its vocabulary has ChatML's marks; empty for a
     * file without a vocabulary. Where it has one named tool_use, that one renders what comes with tools, as
     * transformers does. A template that does not compile fails when it is rendered: completions without a chat still work.
     */
    public static Optional<ChatTemplate> fromGguf(GgufFile file) {
        Map<String, String> sources = sources(file);
        String main = sources.get("default");
        String toolUse = sources.get(TOOL_USE);
        if (main == null) {
            return toolUse == null ? standIn(file) : Optional.of(lenient(toolUse));
        }
        ChatTemplate plain = lenient(main);
        if (toolUse == null) {
            return Optional.of(plain);
        }
        ChatTemplate withTools = lenient(toolUse);
        return Optional.of(new WithTools(plain, withTools));
    }

    private record WithTools(ChatTemplate plain, ChatTemplate withTools) implements ChatTemplate {
        @Override
        public String render(Map<String, ?> variables) {
            return (variables.get("tools") instanceof List<?> tools && !tools.isEmpty() ? withTools : plain).render(variables);
        }

        @Override
        public String source() {
            return withTools.source() + plain.source();
        }
    }

    private record Broken(String source, RealmException why) implements ChatTemplate {
        @Override
        public String render(Map<String, ?> variables) {
            throw new RealmException(why.code(), String.valueOf(why.getMessage()), why);
        }
    }

    private static Optional<ChatTemplate> standIn(GgufFile file) {
        if (!(file.metadata().get("tokenizer.ggml.tokens") instanceof GgufArray tokens)
                || !(tokens.values() instanceof byte[][] texts)) {
            return Optional.empty();
        }
        boolean chatMl = has(texts, "<|im_start|>") && has(texts, "<|im_end|>");
        ChatTemplate template = compile(chatMl ? CHAT_ML : PLAIN);
        return Optional.of(new ChatTemplate() {
            @Override
            public String render(Map<String, ?> variables) {
                return template.render(variables);
            }

            @Override
            public boolean standsIn() {
                return true;
            }
        });
    }

    private static boolean has(byte[][] texts, String spelling) {
        byte[] wanted = spelling.getBytes(StandardCharsets.UTF_8);
        return Arrays.stream(texts).anyMatch(text -> Arrays.equals(text, wanted));
    }

    private static ChatTemplate lenient(String source) {
        try {
            return compile(source);
        } catch (RealmException e) {
            return new Broken(source, e);
        }
    }
}
