package ai.realm.core.chat.tools;

import org.jspecify.annotations.Nullable;

/** One argument between marks: its name up to one mark, its value up to another; the value is made JSON by the tool's schema. */
final class ParameterOp implements Op {
    private static final int MAX_KEY = 256;

    private final String keyEnd;
    private final @Nullable String valueBegin;
    private final String valueEnd;
    private final boolean ownLines;
    private final StringBuilder key = new StringBuilder();
    private final StringBuilder text = new StringBuilder();
    private int began;
    private boolean inValue;

    /**
     * @param valueBegin a mark between name and value, or null
     * @param ownLines a line end after the value's beginning and one before its end do not belong to it
     */
    ParameterOp(String keyEnd, @Nullable String valueBegin, String valueEnd, boolean ownLines) {
        this.keyEnd = keyEnd;
        this.valueBegin = valueBegin;
        this.valueEnd = valueEnd;
        this.ownLines = ownLines;
    }

    @Override
    public void reset() {
        key.setLength(0);
        text.setLength(0);
        began = 0;
        inValue = false;
    }

    @Override
    public int feed(char c, CallSink sink) {
        if (!inValue) {
            return key(c);
        }
        if (valueBegin != null && began < valueBegin.length()) {
            if (began == 0 && JsonScanner.isSpace(c)) {
                return MORE;
            }
            return valueBegin.charAt(began++) == c ? MORE : FAIL;
        }
        text.append(c);
        if (!endsWith(text, valueEnd)) {
            return MORE;
        }
        text.setLength(text.length() - valueEnd.length());
        String name = key.toString().strip();
        return sink.member(name, ArgumentValues.json(value(), sink.tool(), name)) ? NEXT : FAIL;
    }

    private int key(char c) {
        key.append(c);
        if (endsWith(key, keyEnd)) {
            key.setLength(key.length() - keyEnd.length());
            inValue = true;
            return key.isEmpty() ? FAIL : MORE;
        }
        return key.length() > MAX_KEY || c == '\n' ? FAIL : MORE;
    }

    private String value() {
        String value = text.toString();
        if (ownLines) {
            value = value.startsWith("\n") ? value.substring(1) : value;
            value = value.endsWith("\n") ? value.substring(0, value.length() - 1) : value;
        }
        return value;
    }

    private static boolean endsWith(StringBuilder text, String end) {
        int from = text.length() - end.length();
        if (from < 0 || text.charAt(text.length() - 1) != end.charAt(end.length() - 1)) {
            return false;
        }
        for (int i = 0; i < end.length(); i++) {
            if (text.charAt(from + i) != end.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
