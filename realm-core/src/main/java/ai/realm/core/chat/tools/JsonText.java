package ai.realm.core.chat.tools;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Values as JSON text: Map, List, String, Number, Boolean and null. */
final class JsonText {
    private JsonText() {
    }

    static String of(@Nullable Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    private static void write(@Nullable Object value, StringBuilder out) {
        switch (value) {
            case String s -> quote(s, out);
            case Map<?, ?> m -> {
                String separator = "{";
                for (Map.Entry<?, ?> e : m.entrySet()) {
                    quote(String.valueOf(e.getKey()), out.append(separator));
                    write(e.getValue(), out.append(": "));
                    separator = ", ";
                }
                out.append(m.isEmpty() ? "{}" : "}");
            }
            case List<?> l -> {
                String separator = "[";
                for (Object item : l) {
                    write(item, out.append(separator));
                    separator = ", ";
                }
                out.append(l.isEmpty() ? "[]" : "]");
            }
            case null, default -> out.append(value);
        }
    }

    static void quote(CharSequence s, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < s.length(); i++) {
            escape(s.charAt(i), out);
        }
        out.append('"');
    }

    /** A character as it stands inside a JSON string. */
    static void escape(char c, StringBuilder out) {
        int at = "\"\\\b\f\n\r\t".indexOf(c);
        if (at >= 0) {
            out.append('\\').append("\"\\bfnrt".charAt(at));
        } else if (c < 0x20) {
            out.append("\\u00").append(c < 0x10 ? '0' : '1').append(Character.forDigit(c & 15, 16));
        } else {
            out.append(c);
        }
    }
}
