package ai.realm.core.chat.tools;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's literals as JSON: strings, numbers, True, False, None, lists, tuples and dicts, also in JSON's own spelling. */
final class PythonLiterals {
    private static final int MAX_DEPTH = 64;

    private final String text;
    private final StringBuilder out = new StringBuilder();
    private int pos;
    private int depth;

    private PythonLiterals(String text) {
        this.text = text;
    }

    /** {@code a=1, b="x"} as JSON values by their names, or null when the text is something else. */
    static @Nullable Map<String, String> arguments(String text) {
        PythonLiterals p = new PythonLiterals(text);
        Map<String, String> arguments = new LinkedHashMap<>();
        p.space();
        while (p.pos < text.length()) {
            String key = p.word();
            p.space();
            if (key.isEmpty() || !p.take('=')) {
                return null;
            }
            String value = p.literal();
            if (value == null || arguments.put(key, value) != null) {
                return null;
            }
            p.space();
            if (!p.take(',')) {
                return p.pos == text.length() ? arguments : null;
            }
            p.space();
        }
        return arguments;
    }

    private @Nullable String literal() {
        out.setLength(0);
        space();
        return value() ? out.toString() : null;
    }

    private boolean value() {
        space();
        if (pos >= text.length() || ++depth > MAX_DEPTH) {
            return false;
        }
        char c = text.charAt(pos);
        boolean good = switch (c) {
            case '"', '\'' -> string();
            case '[' -> list('[', ']');
            case '(' -> list('(', ')');
            case '{' -> dict();
            default -> scalar();
        };
        depth--;
        return good;
    }

    private boolean list(char open, char close) {
        take(open);
        out.append('[');
        space();
        boolean first = true;
        while (!take(close)) {
            out.append(first ? "" : ", ");
            first = false;
            if (!value()) {
                return false;
            }
            space();
            if (!take(',') && !(pos < text.length() && text.charAt(pos) == close)) {
                return false;
            }
            space();
        }
        out.append(']');
        return true;
    }

    private boolean dict() {
        take('{');
        out.append('{');
        space();
        boolean first = true;
        while (!take('}')) {
            out.append(first ? "" : ", ");
            first = false;
            boolean quoted = pos < text.length() && (text.charAt(pos) == '"' || text.charAt(pos) == '\'');
            if (!quoted || !string()) {
                return false;
            }
            space();
            if (!take(':')) {
                return false;
            }
            out.append(": ");
            if (!value()) {
                return false;
            }
            space();
            if (!take(',') && !(pos < text.length() && text.charAt(pos) == '}')) {
                return false;
            }
            space();
        }
        out.append('}');
        return true;
    }

    private boolean scalar() {
        String word = word();
        String json = switch (word) {
            case "True", "true" -> "true";
            case "False", "false" -> "false";
            case "None", "null" -> "null";
            default -> JsonScanner.json(word.startsWith("+") ? word.substring(1) : word);
        };
        if (json == null) {
            return false;
        }
        out.append(json);
        return true;
    }

    private String word() {
        int from = pos;
        while (pos < text.length() && (Character.isLetterOrDigit(text.charAt(pos)) || "_-+.".indexOf(text.charAt(pos)) >= 0)) {
            pos++;
        }
        return text.substring(from, pos);
    }

    private boolean string() {
        char quote = text.charAt(pos++);
        out.append('"');
        while (pos < text.length() && text.charAt(pos) != quote) {
            char c = text.charAt(pos++);
            if (c != '\\') {
                JsonText.escape(c, out);
            } else if (!escape()) {
                return false;
            }
        }
        out.append('"');
        return take(quote);
    }

    private boolean escape() {
        if (pos >= text.length()) {
            return false;
        }
        char c = text.charAt(pos++);
        switch (c) {
            case 'n' -> out.append("\\n");
            case 't' -> out.append("\\t");
            case 'r' -> out.append("\\r");
            case 'b' -> out.append("\\b");
            case 'f' -> out.append("\\f");
            case '/', '\'', '"', '\\' -> JsonText.escape(c, out);
            case '\n' -> {
                // a line that goes on
            }
            case 'x', 'u' -> {
                int digits = c == 'x' ? 2 : 4;
                if (pos + digits > text.length() || !text.substring(pos, pos + digits).matches("[0-9a-fA-F]+")) {
                    return false;
                }
                JsonText.escape((char) Integer.parseInt(text.substring(pos, pos + digits), 16), out);
                pos += digits;
            }
            default -> {
                JsonText.escape('\\', out);
                JsonText.escape(c, out);
            }
        }
        return true;
    }

    private boolean take(char c) {
        boolean there = pos < text.length() && text.charAt(pos) == c;
        pos += there ? 1 : 0;
        return there;
    }

    private void space() {
        while (pos < text.length() && JsonScanner.isSpace(text.charAt(pos))) {
            pos++;
        }
    }

    /** A JSON value as Python. */
    static String ofJson(String json) {
        StringBuilder out = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < json.length(); i++) {
            char c = json.charAt(i);
            if (c == '\\' && quoted) {
                out.append(c).append(i + 1 < json.length() ? json.charAt(++i) : ' ');
                continue;
            }
            quoted ^= c == '"';
            String word = quoted ? null : json.startsWith("true", i) ? "True" : json.startsWith("false", i) ? "False" : null;
            if (word == null && !quoted && json.startsWith("null", i)) {
                word = "None";
            }
            out.append(word == null ? String.valueOf(c) : word);
            i += word == null ? 0 : word.equals("False") ? 4 : 3;
        }
        return out.toString();
    }
}
