package ai.realm.core.chat.tools;

import java.util.Set;

/**
 * A call as one JSON object with its name and its arguments among the members, in any order; the arguments an object, or a string
 * that holds one.
 */
final class JsonCallOp implements Op {
    private static final Set<String> NAMES = Set.of("name", "tool_name", "function");
    private static final Set<String> ARGUMENTS = Set.of("arguments", "parameters", "args");
    private static final Set<String> IDS = Set.of("id", "call_id", "tool_call_id");
    private static final int MAX_TEXT = 256;

    private enum At {
        OPEN,
        KEY_START,
        KEY,
        COLON,
        VALUE,
        NAME,
        ID,
        ARGUMENTS,
        ARGUMENTS_STRING,
        SKIP,
        AFTER
    }

    private final boolean nameFirst;
    private final StringBuilder text = new StringBuilder();
    private final StringBuilder out = new StringBuilder();
    private final StringUnescaper unescaper = new StringUnescaper();
    private JsonScanner scanner = new JsonScanner();
    private At at = At.OPEN;
    private int level;
    private boolean argumentsEnded;

    /** @param nameFirst the object must begin with the name and have nothing but arguments and an id besides */
    JsonCallOp(boolean nameFirst) {
        this.nameFirst = nameFirst;
    }

    @Override
    public void reset() {
        at = At.OPEN;
        level = 0;
        argumentsEnded = false;
    }

    @Override
    public int feed(char c, CallSink sink) {
        return switch (at) {
            case KEY -> collect(c) ? MORE : c == '"' ? to(At.COLON) : FAIL;
            case NAME -> collect(c) ? MORE : c == '"' && sink.name(text.toString()) ? to(At.AFTER) : FAIL;
            case ID -> id(c, sink);
            case ARGUMENTS, SKIP -> scan(c, sink);
            case ARGUMENTS_STRING -> string(c, sink);
            default -> JsonScanner.isSpace(c) ? MORE : structure(c, sink);
        };
    }

    private int structure(char c, CallSink sink) {
        switch (at) {
            case OPEN -> {
                return c == '{' ? to(At.KEY_START) : FAIL;
            }
            case KEY_START -> {
                text.setLength(0);
                return c == '"' ? to(At.KEY) : FAIL;
            }
            case COLON -> {
                return c == ':' && (!nameFirst || sink.isNamed() || NAMES.contains(text.toString())) ? to(At.VALUE) : FAIL;
            }
            case VALUE -> {
                return value(c);
            }
            default -> {
                if (c == ',') {
                    return to(At.KEY_START);
                }
                if (c != '}') {
                    return FAIL;
                }
                if (level-- > 0) {
                    return MORE;
                }
                if (!sink.isNamed()) {
                    return FAIL;
                }
                sink.end();
                return NEXT;
            }
        }
    }

    private int value(char c) {
        String key = text.toString();
        boolean quoted = c == '"';
        scanner = new JsonScanner();
        text.setLength(0);
        out.setLength(0);
        if (NAMES.contains(key) && quoted) {
            return to(At.NAME);
        }
        if (IDS.contains(key) && quoted) {
            return to(At.ID);
        }
        if (key.equals("function") && c == '{' && level == 0 && !nameFirst) {
            level++;
            return to(At.KEY_START);
        }
        if (ARGUMENTS.contains(key) && !argumentsEnded && (quoted || c == '{')) {
            if (quoted) {
                unescaper.reset();
                return to(At.ARGUMENTS_STRING);
            }
            scanner.feed(c, out);
            return to(At.ARGUMENTS);
        }
        boolean none = ARGUMENTS.contains(key) && c == 'n';
        if (nameFirst && !none || NAMES.contains(key) || ARGUMENTS.contains(key) && !none) {
            return FAIL;
        }
        return scanner.feed(c, out) == JsonScanner.Step.BAD ? FAIL : to(At.SKIP);
    }

    private int to(At next) {
        at = next;
        return MORE;
    }

    /** Takes a character of a short string; false at its end and at what short strings do not hold. */
    private boolean collect(char c) {
        if (c == '"' || c == '\\' || c < 0x20 || text.length() >= MAX_TEXT) {
            return false;
        }
        text.append(c);
        return true;
    }

    private int id(char c, CallSink sink) {
        if (collect(c)) {
            return MORE;
        }
        if (c != '"') {
            return FAIL;
        }
        sink.id(text.toString());
        return to(At.AFTER);
    }

    private int scan(char c, CallSink sink) {
        boolean arguments = at == At.ARGUMENTS;
        JsonScanner.Step step = scanner.feed(c, out);
        if (step == JsonScanner.Step.BAD) {
            return FAIL;
        }
        if (arguments) {
            sink.arguments(out);
            argumentsEnded = step == JsonScanner.Step.LAST;
        }
        out.setLength(0);
        if (step == JsonScanner.Step.MORE) {
            return MORE;
        }
        at = At.AFTER;
        return step == JsonScanner.Step.LAST ? MORE : feed(c, sink);
    }

    private int string(char c, CallSink sink) {
        int decoded = unescaper.feed(c);
        if (decoded == StringUnescaper.NONE) {
            return MORE;
        }
        if (decoded == StringUnescaper.END) {
            return argumentsEnded ? to(At.AFTER) : FAIL;
        }
        if (decoded == StringUnescaper.BAD) {
            return FAIL;
        }
        char d = (char) decoded;
        if (argumentsEnded) {
            return JsonScanner.isSpace(d) ? MORE : FAIL;
        }
        if (text.isEmpty()) {
            if (JsonScanner.isSpace(d)) {
                return MORE;
            }
            if (d != '{') {
                return FAIL;
            }
            text.append(d);
        }
        JsonScanner.Step step = scanner.feed(d, out);
        if (step == JsonScanner.Step.BAD) {
            return FAIL;
        }
        sink.arguments(out);
        out.setLength(0);
        argumentsEnded = step == JsonScanner.Step.LAST;
        return MORE;
    }
}
