package ai.realm.core.chat.tools;

import ai.realm.core.tokenizer.Vocab;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Writes GBNF: literals, marks that may be tokens of their own, arguments by their schema, rules with fresh names. */
final class GrammarWriter {
    /** Little white space inside of JSON. */
    static final String SPACE = "sp";
    /** Little white space with lines. */
    static final String LINES = "nl";

    private final @Nullable Vocab vocab;
    private final StringBuilder rules = new StringBuilder();
    private final Map<String, String> known = new HashMap<>();
    private int count;

    /** @param vocab where marks may be tokens; null for a grammar of characters only */
    GrammarWriter(@Nullable Vocab vocab) {
        this.vocab = vocab;
    }

    /** The whole grammar. */
    String grammar(String root) {
        return "root ::= " + root + "\n" + rules + SPACE + " ::= \"\\n\"? \" \"{0,8}\n" + LINES + " ::= [ \\n]{0,2}\n";
    }

    String rule(String body) {
        String name = "t" + count++;
        define(name, body);
        return name;
    }

    /** A name whose rule comes later. */
    String reserve() {
        return "t" + count++;
    }

    void define(String name, String body) {
        rules.append(name).append(" ::= ").append(body.isBlank() ? "\"\"" : body).append('\n');
    }

    static String literal(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            character(text.charAt(i), out);
        }
        return out.append('"').toString();
    }

    static void character(char c, StringBuilder out) {
        switch (c) {
            case '\n' -> out.append("\\n");
            case '\r' -> out.append("\\r");
            case '\t' -> out.append("\\t");
            case '"', '\\', '[', ']', '-', '^' -> out.append('\\').append(c);
            default -> out.append(c);
        }
    }

    /** A mark: its text, or its token where the model has one that gives no text. */
    String mark(String text) {
        String token = token(text);
        return token == null ? literal(text) : "(" + literal(text) + " | " + token + ")";
    }

    /** The token that is spelled so and gives no text, or null. */
    @Nullable
    String token(String text) {
        int id = vocab == null ? -1 : vocab.idOf(text);
        return id >= 0 && vocab != null && vocab.kind(id) == Vocab.Kind.CONTROL && !vocab.endOfGenerationIds().contains(id)
                ? "<[" + id + "]>"
                : null;
    }

    /** The arguments of a tool as JSON. */
    String arguments(Tool tool) {
        return once("json " + tool.name(), () -> "%json " + JsonText.of(tool.argumentSchema()));
    }

    /** The rule that was made under this key, or a new one. */
    String once(String key, Supplier<String> body) {
        String rule = known.get(key);
        if (rule == null) {
            rule = rule(body.get());
            known.put(key, rule);
        }
        return rule;
    }

    /** One of the tools. */
    String anyOf(List<Tool> tools, Function<Tool, String> each) {
        List<String> all = new ArrayList<>();
        for (Tool t : tools) {
            all.add(each.apply(t));
        }
        return rule(String.join(" | ", all));
    }
}
