package ai.realm.core.chat.tools;

/** The inside of a JSON string, character by character. */
final class StringUnescaper {
    /** The character only began something. */
    static final int NONE = -1;
    /** The closing quote. */
    static final int END = -2;
    static final int BAD = -3;

    private boolean escape;
    private int hex;
    private int value;

    void reset() {
        escape = false;
        hex = 0;
    }

    /** The character that the string holds, or one of the constants. */
    int feed(char c) {
        if (hex > 0) {
            int digit = Character.digit(c, 16);
            value = value << 4 | digit;
            return digit < 0 ? BAD : --hex > 0 ? NONE : value;
        }
        if (!escape) {
            escape = c == '\\';
            return escape ? NONE : c == '"' ? END : c;
        }
        escape = false;
        if (c == 'u') {
            hex = 4;
            value = 0;
            return NONE;
        }
        int at = "\"\\/bfnrt".indexOf(c);
        return at < 0 ? BAD : "\"\\/\b\f\n\r\t".charAt(at);
    }
}
