package ai.realm.core.chat.jinja;

import ai.realm.core.chat.jinja.Token.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Cuts a template into tokens as Jinja 3.1 does with trim_blocks and lstrip_blocks. The newline after a block or comment goes,
 * and so does blank space before one on its line. A minus sign takes all white space on its side, a plus sign keeps it. Newlines
 * are made uniform, and one at the end of the template is dropped.
 */
final class Lexer {
    private static final String[] OPERATORS = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(",
            ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"};

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private final int maxTokens;
    private int pos;
    private int line = 1;
    private int lineCountedTo;
    /** The last match ended in a newline: the text that follows begins a line. */
    private boolean lineStarting = true;

    private Lexer(String source, int maxTokens) {
        this.source = source;
        this.maxTokens = maxTokens;
    }

    static List<Token> lex(String template, int maxTokens) {
        String source = template.indexOf('\r') < 0 ? template : template.replace("\r\n", "\n").replace('\r', '\n');
        if (source.endsWith("\n")) {
            source = source.substring(0, source.length() - 1);
        }
        Lexer lexer = new Lexer(source, maxTokens);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        while (pos < source.length()) {
            int open = nextOpening();
            if (open < 0) {
                text(source.substring(pos));
                pos = source.length();
                break;
            }
            char kind = source.charAt(open + 1);
            char sign = open + 2 < source.length() ? source.charAt(open + 2) : 0;
            boolean signed = sign == '-' || sign == '+';
            text(leftStripped(source.substring(pos, open), sign, kind != '{'));
            pos = open + (signed ? 3 : 2);
            lineStarting = false;
            switch (kind) {
                case '#' -> comment();
                case '{' -> tag(Kind.VARIABLE_BEGIN, Kind.VARIABLE_END, "}}");
                default -> {
                    if (!raw()) {
                        tag(Kind.BLOCK_BEGIN, Kind.BLOCK_END, "%}");
                    }
                }
            }
        }
        add(Kind.EOF, "");
    }

    private int nextOpening() {
        for (int i = source.indexOf('{', pos); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            char c = source.charAt(i + 1);
            if (c == '{' || c == '%' || c == '#') {
                return i;
            }
        }
        return -1;
    }

    private void text(String data) {
        if (!data.isEmpty()) {
            add(Kind.DATA, data);
        }
    }

    private String leftStripped(String text, char sign, boolean strippable) {
        if (sign == '-') {
            return PyStrings.strip(text, null, false, true);
        }
        if (sign == '+' || !strippable) {
            return text;
        }
        int lineStart = text.lastIndexOf('\n') + 1;
        boolean blank = lineStart < text.length() && PyStrings.isSpace(text.substring(lineStart));
        return blank && (lineStart > 0 || lineStarting) ? text.substring(0, lineStart) : text;
    }

    private void comment() {
        int from = pos;
        int end = source.indexOf("#}", pos);
        if (end < 0) {
            throw JinjaError.syntax("missing end of comment tag", lineAt(pos));
        }
        pos = end + 2;
        afterEnd(end > from ? source.charAt(end - 1) : 0, true);
    }

    /** Skips what a closing delimiter takes with it. */
    private void afterEnd(char sign, boolean trimNewline) {
        if (sign == '-') {
            while (pos < source.length() && PyStrings.isSpace(source.codePointAt(pos))) {
                pos++;
            }
        } else if (sign != '+' && trimNewline && pos < source.length() && source.charAt(pos) == '\n') {
            pos++;
        }
        lineStarting = source.charAt(pos - 1) == '\n';
    }

    /** Takes a raw section whole, if one begins here. */
    private boolean raw() {
        int p = skipSpace(pos);
        if (!source.startsWith("raw", p)) {
            return false;
        }
        p = skipSpace(p + 3);
        boolean minus = source.startsWith("-", p);
        p += minus ? 1 : 0;
        if (!source.startsWith("%}", p)) {
            return false;
        }
        pos = p + 2;
        if (minus) {
            pos = skipSpace(pos);
        }
        lineStarting = source.charAt(pos - 1) == '\n';
        for (int open = source.indexOf("{%", pos); open >= 0; open = source.indexOf("{%", open + 1)) {
            char sign = open + 2 < source.length() ? source.charAt(open + 2) : 0;
            int q = skipSpace(sign == '-' || sign == '+' ? open + 3 : open + 2);
            if (source.startsWith("endraw", q)) {
                q = skipSpace(q + 6);
                char endSign = q < source.length() ? source.charAt(q) : 0;
                q += endSign == '-' || endSign == '+' ? 1 : 0;
                if (source.startsWith("%}", q)) {
                    text(leftStripped(source.substring(pos, open), sign, true));
                    pos = q + 2;
                    afterEnd(endSign, true);
                    return true;
                }
            }
        }
        throw JinjaError.syntax("missing end of raw directive", lineAt(pos));
    }

    private int skipSpace(int from) {
        int p = from;
        while (p < source.length() && PyStrings.isSpace(source.charAt(p))) {
            p++;
        }
        return p;
    }

    private void tag(Kind begin, Kind end, String closing) {
        add(begin, "");
        Deque<Character> open = new ArrayDeque<>();
        while (pos < source.length()) {
            char c = source.charAt(pos);
            if (open.isEmpty() && closes(c, end, closing)) {
                return;
            }
            if (PyStrings.isSpace(c)) {
                pos++;
            } else if (c >= '0' && c <= '9') {
                number();
            } else if (c == '\'' || c == '"') {
                string(c);
            } else if (isNamePart(source.codePointAt(pos))) {
                name();
            } else {
                operator(open);
            }
        }
        // what comes next is the end of the template, where the parser says what it missed
    }

    private boolean closes(char c, Kind end, String closing) {
        boolean block = end == Kind.BLOCK_END;
        boolean signed = c == '-' || block && c == '+';
        if (!source.startsWith(closing, signed ? pos + 1 : pos)) {
            return false;
        }
        add(end, "");
        pos += signed ? 3 : 2;
        afterEnd(signed ? c : 0, block);
        return true;
    }

    private static boolean isNamePart(int c) {
        return c == '_' || Character.isLetterOrDigit(c) || Character.getType(c) == Character.NON_SPACING_MARK;
    }

    private void name() {
        int from = pos;
        while (pos < source.length() && isNamePart(source.codePointAt(pos))) {
            pos += Character.charCount(source.codePointAt(pos));
        }
        add(Kind.NAME, source.substring(from, pos));
    }

    private void operator(Deque<Character> open) {
        for (String op : OPERATORS) {
            if (source.startsWith(op, pos)) {
                balance(op.charAt(0), open);
                add(Kind.OPERATOR, op);
                pos += op.length();
                return;
            }
        }
        throw JinjaError.syntax("unexpected character '" + new String(Character.toChars(source.codePointAt(pos))) + "'",
                lineAt(pos));
    }

    private void balance(char c, Deque<Character> open) {
        switch (c) {
            case '(' -> open.push(')');
            case '[' -> open.push(']');
            case '{' -> open.push('}');
            case ')', ']', '}' -> {
                if (open.isEmpty() || open.pop() != c) {
                    throw JinjaError.syntax("unexpected '" + c + "'", lineAt(pos));
                }
            }
            default -> {
            }
        }
    }

    private void number() {
        int from = pos;
        boolean afterDot = pos > 0 && source.charAt(pos - 1) == '.';
        int digits = digits(pos, 10);
        int end = digits;
        boolean isFloat = false;
        if (!afterDot) {
            if (end + 1 < source.length() && source.charAt(end) == '.' && isDigit(source.charAt(end + 1))) {
                end = digits(end + 1, 10);
                isFloat = true;
            }
            int e = exponentEnd(end);
            if (e > end) {
                end = e;
                isFloat = true;
            }
        }
        if (!isFloat) {
            end = integerEnd(from, digits);
        }
        pos = end;
        tokens.add(new Token(isFloat ? Kind.FLOAT : Kind.INTEGER, source.substring(from, end).replace("_", ""), lineAt(from)));
    }

    private int integerEnd(int from, int decimalEnd) {
        if (source.charAt(from) == '0' && from + 2 < source.length()) {
            int radix = switch (source.charAt(from + 1)) {
                case 'x', 'X' -> 16;
                case 'o', 'O' -> 8;
                case 'b', 'B' -> 2;
                default -> 0;
            };
            int end = radix == 0 ? 0 : digits(from + 2, radix);
            if (end > from + 2) {
                return end;
            }
        }
        if (source.charAt(from) == '0') {
            int end = from + 1;
            while (end < decimalEnd && (source.charAt(end) == '0' || source.charAt(end) == '_')) {
                end++;
            }
            return end;
        }
        return decimalEnd;
    }

    private int exponentEnd(int at) {
        if (at >= source.length() || (source.charAt(at) | 0x20) != 'e') {
            return at;
        }
        int p = at + 1;
        if (p < source.length() && (source.charAt(p) == '+' || source.charAt(p) == '-')) {
            p++;
        }
        return p < source.length() && isDigit(source.charAt(p)) ? digits(p, 10) : at;
    }

    /** The end of digits with single underscores between them. */
    private int digits(int from, int radix) {
        int p = from;
        while (p < source.length()) {
            char c = source.charAt(p);
            boolean digit = c < 128 && Character.digit(c, radix) >= 0;
            boolean between = c == '_' && p > from && p + 1 < source.length() && source.charAt(p + 1) < 128
                    && Character.digit(source.charAt(p + 1), radix) >= 0;
            if (!digit && !between) {
                break;
            }
            p++;
        }
        return p;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private void string(char quote) {
        int from = pos;
        StringBuilder out = new StringBuilder();
        int p = pos + 1;
        while (p < source.length() && source.charAt(p) != quote) {
            if (source.charAt(p) == '\\' && p + 1 < source.length()) {
                p = escape(p + 1, out);
            } else {
                out.append(source.charAt(p++));
            }
        }
        if (p >= source.length()) {
            throw JinjaError.syntax("a string is not closed", lineAt(from));
        }
        pos = p + 1;
        tokens.add(new Token(Kind.STRING, out.toString(), lineAt(from)));
    }

    /** Decodes the escape after a backslash as Python does, and returns where it ends. */
    private int escape(int at, StringBuilder out) {
        char c = source.charAt(at);
        switch (c) {
            case '\n' -> {
            }
            case '\\', '\'', '"' -> out.append(c);
            case 'n' -> out.append('\n');
            case 't' -> out.append('\t');
            case 'r' -> out.append('\r');
            case 'b' -> out.append('\b');
            case 'f' -> out.append('\f');
            case 'a' -> out.append('\u0007');
            case 'v' -> out.append('\u000b');
            case 'x' -> {
                return hex(at, 2, out);
            }
            case 'u' -> {
                return hex(at, 4, out);
            }
            case 'U' -> {
                return hex(at, 8, out);
            }
            case '0', '1', '2', '3', '4', '5', '6', '7' -> {
                int p = at;
                int value = 0;
                while (p < at + 3 && p < source.length() && source.charAt(p) >= '0' && source.charAt(p) <= '7') {
                    value = value * 8 + source.charAt(p++) - '0';
                }
                out.append((char) value);
                return p;
            }
            default -> out.append('\\').append(c);
        }
        return at + 1;
    }

    private int hex(int at, int length, StringBuilder out) {
        int value = 0;
        for (int i = 1; i <= length; i++) {
            int digit = at + i < source.length() ? Character.digit(source.charAt(at + i), 16) : -1;
            if (digit < 0 || value > Character.MAX_CODE_POINT) {
                throw JinjaError.syntax("a truncated \\" + source.charAt(at) + " escape", lineAt(at));
            }
            value = value * 16 + digit;
        }
        if (value > Character.MAX_CODE_POINT) {
            throw JinjaError.syntax("an escape beyond the last Unicode character", lineAt(at));
        }
        out.appendCodePoint(value);
        return at + length + 1;
    }

    private void add(Kind kind, String text) {
        if (tokens.size() >= maxTokens) {
            throw JinjaError.syntax("a template may have at most " + maxTokens + " tokens", lineAt(pos));
        }
        tokens.add(new Token(kind, text, lineAt(pos)));
    }

    private int lineAt(int at) {
        while (lineCountedTo < at && lineCountedTo < source.length()) {
            if (source.charAt(lineCountedTo++) == '\n') {
                line++;
            }
        }
        return line;
    }
}
