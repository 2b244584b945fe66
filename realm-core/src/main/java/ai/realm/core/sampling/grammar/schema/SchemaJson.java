package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.error.RealmException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the JSON of a schema: Map in the order of the text, List, String, Boolean, null, and {@link Num} with a number's own
 * digits. Writes compact JSON.
 */
public final class SchemaJson {
    private static final int MAX_NESTING = 100;

    /** A number as it is written. */
    record Num(String text) {}

    private final String s;
    private int pos;
    private int nesting;

    private SchemaJson(String text) {
        this.s = text;
    }

    static @Nullable Object read(String text) {
        SchemaJson reader = new SchemaJson(text);
        Object value = reader.value();
        reader.space();
        if (reader.pos < text.length()) {
            throw reader.fail("text after the value");
        }
        return value;
    }

    /** Where the value that begins at {@code from} ends in a longer text. */
    public static int end(String text, int from) {
        SchemaJson reader = new SchemaJson(text);
        reader.pos = from;
        reader.value();
        return reader.pos;
    }

    /** The text that a JSON string stands for. */
    public static String string(String json) {
        return (String) java.util.Objects.requireNonNull(read(json));
    }

    static RealmException bad(String rule) {
        return RealmException.badParam("json_schema", "json_schema: " + rule);
    }

    private RealmException fail(String what) {
        return bad("not JSON: " + what + " at character " + pos);
    }

    private void space() {
        while (pos < s.length() && " \t\r\n".indexOf(s.charAt(pos)) >= 0) {
            pos++;
        }
    }

    private boolean take(char c) {
        space();
        boolean there = pos < s.length() && s.charAt(pos) == c;
        pos += there ? 1 : 0;
        return there;
    }

    private @Nullable Object value() {
        space();
        if (pos >= s.length()) {
            throw fail("a value is missing");
        }
        if (++nesting > MAX_NESTING) {
            throw fail("nesting deeper than " + MAX_NESTING + " levels");
        }
        Object value = switch (s.charAt(pos)) {
            case '{' -> object();
            case '[' -> array();
            case '"' -> string();
            case 't' -> word("true", true);
            case 'f' -> word("false", false);
            case 'n' -> word("null", null);
            default -> number();
        };
        nesting--;
        return value;
    }

    private @Nullable Object word(String word, @Nullable Object value) {
        if (!s.startsWith(word, pos)) {
            throw fail("an unknown word");
        }
        pos += word.length();
        return value;
    }

    private Map<String, @Nullable Object> object() {
        Map<String, @Nullable Object> out = new LinkedHashMap<>();
        pos++;
        if (take('}')) {
            return out;
        }
        do {
            space();
            if (pos >= s.length() || s.charAt(pos) != '"') {
                throw fail("a key is missing");
            }
            String key = string();
            if (!take(':')) {
                throw fail("a colon is missing");
            }
            out.put(key, value());
        } while (take(','));
        if (!take('}')) {
            throw fail("'}' is missing");
        }
        return out;
    }

    private List<@Nullable Object> array() {
        List<@Nullable Object> out = new ArrayList<>();
        pos++;
        if (take(']')) {
            return out;
        }
        do {
            out.add(value());
        } while (take(','));
        if (!take(']')) {
            throw fail("']' is missing");
        }
        return out;
    }

    private Num number() {
        int from = pos;
        while (pos < s.length() && "+-0123456789.eE".indexOf(s.charAt(pos)) >= 0) {
            pos++;
        }
        String text = s.substring(from, pos);
        if (!text.matches("-?(0|[1-9]\\d*+)(\\.\\d++)?([eE][+-]?\\d++)?")) {
            throw fail("not a number");
        }
        return new Num(text);
    }

    private String string() {
        StringBuilder out = new StringBuilder();
        pos++;
        while (pos < s.length() && s.charAt(pos) != '"') {
            char c = s.charAt(pos++);
            if (c < 0x20) {
                throw fail("a control character in a string");
            }
            out.append(c == '\\' ? escaped() : c);
        }
        if (pos >= s.length()) {
            throw fail("a string is not closed");
        }
        pos++;
        return out.toString();
    }

    private char escaped() {
        char c = pos < s.length() ? s.charAt(pos++) : 0;
        int at = "\"\\/bfnrt".indexOf(c);
        if (at >= 0) {
            return "\"\\/\b\f\n\r\t".charAt(at);
        }
        int value = 0;
        for (int i = 0; i < 4; i++) {
            int digit = c == 'u' && pos < s.length() ? Character.digit(s.charAt(pos++), 16) : -1;
            if (digit < 0) {
                throw fail("an unknown escape");
            }
            value = value * 16 + digit;
        }
        return (char) value;
    }

    /** Compact JSON. */
    public static String write(@Nullable Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    private static void write(@Nullable Object value, StringBuilder out) {
        switch (value) {
            case null -> out.append("null");
            case Num n -> out.append(n.text());
            case String s -> quote(s, out);
            case Map<?, ?> m -> {
                String separator = "{";
                for (Map.Entry<?, ?> e : m.entrySet()) {
                    quote((String) e.getKey(), out.append(separator));
                    write(e.getValue(), out.append(':'));
                    separator = ",";
                }
                out.append(m.isEmpty() ? "{}" : "}");
            }
            case List<?> l -> {
                String separator = "[";
                for (Object item : l) {
                    write(item, out.append(separator));
                    separator = ",";
                }
                out.append(l.isEmpty() ? "[]" : "]");
            }
            default -> out.append(value);
        }
    }

    private static void quote(String s, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            int at = "\"\\\b\f\n\r\t".indexOf(c);
            if (at >= 0) {
                out.append('\\').append("\"\\bfnrt".charAt(at));
            } else if (c < 0x20 || c == 0x7f) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }
}
