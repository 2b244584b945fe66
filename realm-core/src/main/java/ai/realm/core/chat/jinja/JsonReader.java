package ai.realm.core.chat.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads JSON into the engine's values, for the filter from_json. */
final class JsonReader {
    private final Context c;
    private final String s;
    private int pos;

    private JsonReader(Context c, String s) {
        this.c = c;
        this.s = s;
    }

    static @Nullable Object read(Context c, String text) {
        JsonReader reader = new JsonReader(c, text);
        Object value = reader.value();
        reader.space();
        if (reader.pos < text.length()) {
            throw reader.fail("text after the value");
        }
        return value;
    }

    private JinjaError fail(String what) {
        return JinjaError.runtime("from_json: " + what + " at character " + pos);
    }

    private void space() {
        while (pos < s.length() && " \t\r\n".indexOf(s.charAt(pos)) >= 0) {
            pos++;
        }
    }

    private boolean take(char x) {
        space();
        if (pos < s.length() && s.charAt(pos) == x) {
            pos++;
            return true;
        }
        return false;
    }

    private @Nullable Object value() {
        c.enter();
        space();
        if (pos >= s.length()) {
            throw fail("a value is missing");
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
        c.leave();
        return value;
    }

    private @Nullable Object word(String word, @Nullable Object value) {
        if (!s.startsWith(word, pos)) {
            throw fail("an unknown word");
        }
        pos += word.length();
        return value;
    }

    private Map<Object, @Nullable Object> object() {
        Map<Object, @Nullable Object> out = new LinkedHashMap<>();
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
            c.allocate(1);
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
            c.allocate(1);
            out.add(value());
        } while (take(','));
        if (!take(']')) {
            throw fail("']' is missing");
        }
        return out;
    }

    private Object number() {
        int from = pos;
        while (pos < s.length() && "+-0123456789.eE".indexOf(s.charAt(pos)) >= 0) {
            pos++;
        }
        String digits = s.substring(from, pos);
        Long whole = digits.matches("-?(0|[1-9]\\d*)") ? PyNumbers.parseInt(digits, 10) : null;
        Double decimal = digits.matches("-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d+)?") ? PyNumbers.parseFloat(digits) : null;
        if (decimal == null) {
            throw fail("not a number");
        }
        return whole != null ? (Object) whole : decimal;
    }

    private String string() {
        StringBuilder out = new StringBuilder();
        pos++;
        while (pos < s.length() && s.charAt(pos) != '"') {
            char x = s.charAt(pos++);
            if (x < 0x20) {
                throw fail("a control character in a string");
            }
            out.append(x == '\\' ? escaped() : x);
        }
        if (pos >= s.length()) {
            throw fail("a string is not closed");
        }
        pos++;
        return c.made(out.toString());
    }

    private char escaped() {
        if (pos >= s.length()) {
            throw fail("a string is not closed");
        }
        char x = s.charAt(pos++);
        int at = "\"\\/bfnrt".indexOf(x);
        if (at >= 0) {
            return "\"\\/\b\f\n\r\t".charAt(at);
        }
        int value = 0;
        for (int i = 0; i < 4; i++) {
            int digit = x == 'u' && pos < s.length() ? Character.digit(s.charAt(pos++), 16) : -1;
            if (digit < 0) {
                throw fail("an unknown escape");
            }
            value = value * 16 + digit;
        }
        return (char) value;
    }
}
