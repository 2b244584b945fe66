package ai.realm.core.chat.tools;

import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Follows one JSON value character by character: says where it ends and where it breaks. Control characters inside strings, which
 * models write, are let through as escapes. Constant work a character; nesting is bounded.
 */
final class JsonScanner {
    private static final int MAX_DEPTH = 200;

    /** What a character was. */
    enum Step {
        /** A part of the value. */
        MORE,
        /** The value's last character. */
        LAST,
        /** The value, a number or a word, ended before this character. */
        AFTER,
        /** No JSON. */
        BAD
    }

    private enum At {
        VALUE,
        FIRST_VALUE,
        FIRST_KEY,
        KEY,
        COLON,
        NEXT,
        STRING,
        ESCAPE,
        HEX,
        NUMBER,
        WORD
    }

    private final BitSet objects = new BitSet();
    private final StringBuilder scalar = new StringBuilder();
    private int depth;
    private At at = At.VALUE;
    private boolean inKey;
    private int hex;
    private String word = "";

    /** Takes a character; what belongs to the value is appended to {@code out}. */
    Step feed(char c, StringBuilder out) {
        Step step = step(c);
        if (step == Step.MORE || step == Step.LAST) {
            if (c < 0x20 && at == At.STRING) {
                JsonText.escape(c, out);
            } else {
                out.append(c);
            }
        }
        return step;
    }

    /** Whether the value is a complete one if nothing follows; of numbers and words. */
    boolean endsHere() {
        return depth == 0 && (at == At.NUMBER && isNumber() || at == At.WORD && scalar.length() == word.length());
    }

    private Step step(char c) {
        return switch (at) {
            case STRING -> string(c);
            case ESCAPE -> escape(c);
            case HEX -> {
                if (Character.digit(c, 16) < 0 || c > 'f') {
                    yield Step.BAD;
                }
                at = --hex == 0 ? At.STRING : At.HEX;
                yield Step.MORE;
            }
            case NUMBER -> number(c);
            case WORD -> word(c);
            default -> isSpace(c) ? Step.MORE : structure(c);
        };
    }

    private Step structure(char c) {
        switch (at) {
            case FIRST_KEY, KEY -> {
                if (c == '}' && at == At.FIRST_KEY) {
                    return close();
                }
                inKey = true;
                return c == '"' ? to(At.STRING) : Step.BAD;
            }
            case COLON -> {
                return c == ':' ? to(At.VALUE) : Step.BAD;
            }
            case NEXT -> {
                boolean object = objects.get(depth);
                if (c == ',') {
                    return to(object ? At.KEY : At.VALUE);
                }
                return c == (object ? '}' : ']') ? close() : Step.BAD;
            }
            default -> {
                return c == ']' && at == At.FIRST_VALUE ? close() : value(c);
            }
        }
    }

    private Step value(char c) {
        switch (c) {
            case '{', '[' -> {
                if (++depth > MAX_DEPTH) {
                    return Step.BAD;
                }
                objects.set(depth, c == '{');
                return to(c == '{' ? At.FIRST_KEY : At.FIRST_VALUE);
            }
            case '"' -> {
                inKey = false;
                return to(At.STRING);
            }
            default -> {
                scalar.setLength(0);
                scalar.append(c);
                word = c == 't' ? "true" : c == 'f' ? "false" : "null";
                return c == 't' || c == 'f' || c == 'n'
                        ? to(At.WORD)
                        : c == '-' || c >= '0' && c <= '9' ? to(At.NUMBER) : Step.BAD;
            }
        }
    }

    private Step to(At next) {
        at = next;
        return Step.MORE;
    }

    private Step close() {
        depth--;
        return ended();
    }

    private Step ended() {
        at = At.NEXT;
        return depth == 0 ? Step.LAST : Step.MORE;
    }

    private Step string(char c) {
        if (c == '\\') {
            return to(At.ESCAPE);
        }
        if (c != '"') {
            return Step.MORE;
        }
        return inKey ? to(At.COLON) : ended();
    }

    private Step escape(char c) {
        if (c == 'u') {
            hex = 4;
            return to(At.HEX);
        }
        return "\"\\/bfnrt".indexOf(c) >= 0 ? to(At.STRING) : Step.BAD;
    }

    private Step number(char c) {
        if (c >= '0' && c <= '9' || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-') {
            if (scalar.length() > 400) {
                return Step.BAD;
            }
            scalar.append(c);
            return Step.MORE;
        }
        return isNumber() ? afterScalar(c) : Step.BAD;
    }

    private Step word(char c) {
        if (scalar.length() == word.length()) {
            return afterScalar(c);
        }
        boolean fits = c == word.charAt(scalar.length());
        scalar.append(c);
        return fits ? Step.MORE : Step.BAD;
    }

    private Step afterScalar(char c) {
        at = At.NEXT;
        return depth == 0 ? Step.AFTER : step(c);
    }

    private boolean isNumber() {
        int i = scalar.charAt(0) == '-' ? 1 : 0;
        int digits = digits(i);
        if (digits == 0 || digits > 1 && scalar.charAt(i) == '0') {
            return false;
        }
        i += digits;
        if (i < scalar.length() && scalar.charAt(i) == '.') {
            digits = digits(i + 1);
            i += 1 + digits;
            if (digits == 0) {
                return false;
            }
        }
        if (i < scalar.length() && (scalar.charAt(i) | 0x20) == 'e') {
            i++;
            i += i < scalar.length() && (scalar.charAt(i) == '+' || scalar.charAt(i) == '-') ? 1 : 0;
            digits = digits(i);
            i += digits;
            if (digits == 0) {
                return false;
            }
        }
        return i == scalar.length();
    }

    private int digits(int from) {
        int i = from;
        while (i < scalar.length() && scalar.charAt(i) >= '0' && scalar.charAt(i) <= '9') {
            i++;
        }
        return i - from;
    }

    static boolean isSpace(char c) {
        return c == ' ' || c == '\n' || c == '\r' || c == '\t';
    }

    /** The text as JSON that any reader takes, if it is one JSON value; else null. */
    static @Nullable String json(String text) {
        JsonScanner scanner = new JsonScanner();
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            switch (scanner.feed(text.charAt(i), out)) {
                case MORE -> {
                }
                case LAST -> {
                    return text.substring(i + 1).isBlank() ? out.toString().strip() : null;
                }
                case AFTER -> {
                    return text.substring(i).isBlank() ? out.toString().strip() : null;
                }
                case BAD -> {
                    return null;
                }
            }
        }
        return scanner.endsHere() ? out.toString().strip() : null;
    }
}
