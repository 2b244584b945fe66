package ai.realm.core.chat.tools;

import java.util.Map;

/** Keyword arguments of a call in Python, up to the parenthesis that closes it. */
final class PythonArgumentsOp implements Op {
    private final StringBuilder text = new StringBuilder();
    private int depth;
    private char quote;
    private boolean escape;

    @Override
    public void reset() {
        text.setLength(0);
        depth = 0;
        quote = 0;
        escape = false;
    }

    @Override
    public int feed(char c, CallSink sink) {
        if (quote == 0 && c == ')' && depth == 0) {
            Map<String, String> arguments = PythonLiterals.arguments(text.toString());
            if (arguments == null) {
                return FAIL;
            }
            arguments.forEach(sink::member);
            return NEXT;
        }
        text.append(c);
        if (quote != 0) {
            if (escape) {
                escape = false;
            } else if (c == '\\') {
                escape = true;
            } else if (c == quote) {
                quote = 0;
            }
            return MORE;
        }
        switch (c) {
            case '"', '\'' -> quote = c;
            case '(', '[', '{' -> depth++;
            case ')', ']', '}' -> depth--;
            default -> {
            }
        }
        return depth < 0 ? FAIL : MORE;
    }
}
