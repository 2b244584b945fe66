package ai.realm.core.chat.tools;

/**
 * Arguments as function-calling Gemma models write them: {@code {key:value,…}}, keys bare, strings between two marks of their own.
 * Strings within values may be those of JSON.
 */
final class GemmaArgumentsOp implements Op {
    private static final int MAX_DEPTH = 64;

    private final String mark;
    private final StringBuilder text = new StringBuilder();
    private final StringBuilder json = new StringBuilder();
    private boolean quoted;
    /** Within a string of JSON, and after a backslash there; and the last character before that was no space. */
    private boolean inJson;
    private boolean escaped;
    private char last;
    private int depth;
    private int pos;

    /** @param mark before and after a string */
    GemmaArgumentsOp(String mark) {
        this.mark = mark;
    }

    @Override
    public void reset() {
        text.setLength(0);
        quoted = false;
        inJson = false;
        escaped = false;
        last = 0;
        depth = 0;
    }

    @Override
    public int feed(char c, CallSink sink) {
        if (text.isEmpty() && c != '{') {
            return JsonScanner.isSpace(c) ? MORE : FAIL;
        }
        text.append(c);
        if (!inJson && c == mark.charAt(mark.length() - 1)
                && text.indexOf(mark, Math.max(0, text.length() - mark.length())) >= 0) {
            quoted = !quoted;
            return MORE;
        }
        if (quoted || ofJson(c) || c != '{' && c != '}' && c != '[' && c != ']') {
            return MORE;
        }
        depth += c == '{' || c == '[' ? 1 : -1;
        if (depth > MAX_DEPTH) {
            return FAIL;
        }
        if (depth > 0) {
            return MORE;
        }
        pos = 0;
        json.setLength(0);
        if (!value() || pos < text.length()) {
            return FAIL;
        }
        sink.arguments(json);
        return NEXT;
    }

    /** Whether a character belongs to a string of JSON, which begins where a value or a key does. */
    private boolean ofJson(char c) {
        if (inJson) {
            inJson = escaped || c != '"';
            escaped = !escaped && c == '\\';
            return true;
        }
        inJson = c == '"' && "{[,:".indexOf(last) >= 0;
        last = JsonScanner.isSpace(c) ? last : c;
        return inJson;
    }

    /** Takes a string of JSON, if one begins here. */
    private boolean jsonString() {
        if (pos >= text.length() || text.charAt(pos) != '"') {
            return false;
        }
        int to = pos + 1;
        while (to < text.length() && text.charAt(to) != '"') {
            to += text.charAt(to) == '\\' ? 2 : 1;
        }
        String string = to < text.length() ? JsonScanner.json(text.substring(pos, to + 1)) : null;
        if (string == null) {
            return false;
        }
        json.append(string);
        pos = to + 1;
        return true;
    }

    private boolean value() {
        space();
        if (text.indexOf(mark, pos) == pos) {
            return string();
        }
        if (jsonString()) {
            return true;
        }
        char c = pos < text.length() ? text.charAt(pos) : 0;
        if (c == '{' || c == '[') {
            return container(c, c == '{' ? '}' : ']');
        }
        int from = pos;
        while (pos < text.length() && ",}]".indexOf(text.charAt(pos)) < 0) {
            pos++;
        }
        String plain = text.substring(from, pos).strip();
        String value = JsonScanner.json(plain);
        json.append(value == null ? ArgumentValues.quoted(plain) : value);
        return !plain.isEmpty();
    }

    private boolean string() {
        int from = pos + mark.length();
        int to = text.indexOf(mark, from);
        if (to < 0) {
            return false;
        }
        JsonText.quote(text.subSequence(from, to), json);
        pos = to + mark.length();
        return true;
    }

    private boolean container(char open, char close) {
        json.append(open);
        pos++;
        space();
        boolean first = true;
        while (pos < text.length() && text.charAt(pos) != close) {
            if (!first) {
                if (text.charAt(pos++) != ',') {
                    return false;
                }
                json.append(", ");
                space();
            }
            first = false;
            if (open == '{' && !key() || !value()) {
                return false;
            }
            space();
        }
        json.append(close);
        return pos++ < text.length();
    }

    private boolean key() {
        if (text.indexOf(mark, pos) == pos) {
            if (!string()) {
                return false;
            }
        } else if (!jsonString()) {
            int from = pos;
            while (pos < text.length() && ":,{}[]".indexOf(text.charAt(pos)) < 0) {
                pos++;
            }
            String key = text.substring(from, pos).strip();
            if (key.isEmpty()) {
                return false;
            }
            JsonText.quote(key, json);
        }
        json.append(": ");
        space();
        return pos < text.length() && text.charAt(pos++) == ':';
    }

    private void space() {
        while (pos < text.length() && JsonScanner.isSpace(text.charAt(pos))) {
            pos++;
        }
    }
}
