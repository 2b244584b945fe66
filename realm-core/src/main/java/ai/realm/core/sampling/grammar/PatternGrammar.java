package ai.realm.core.sampling.grammar;

/**
 * Writes a regular expression of a schema as GBNF that matches the inside of a JSON string: literals, classes, groups,
 * alternatives and repetitions. A side without an anchor lets any characters come.
 */
final class PatternGrammar {
    private static final int MAX_NESTING = 50;

    private final String pattern;
    private int pos;
    private int nesting;

    private PatternGrammar(String pattern) {
        this.pattern = pattern;
    }

    /** The rule {@code char} must match one character of a JSON string. */
    static String toGbnf(String pattern) {
        boolean from = pattern.startsWith("^");
        boolean to = pattern.endsWith("$") && !pattern.endsWith("\\$");
        String inner = pattern.substring(from ? 1 : 0,
                to && pattern.length() > (from ? 1 : 0) ? pattern.length() - 1 : pattern.length());
        PatternGrammar parser = new PatternGrammar(inner);
        String body = parser.alternatives();
        if (parser.pos < inner.length()) {
            throw parser.fail("an unbalanced ')'");
        }
        return (from ? "" : "char* ") + "(" + body + ")" + (to ? "" : " char*");
    }

    private RuntimeException fail(String what) {
        return SchemaJson.bad("pattern " + pattern + " has " + what);
    }

    private String alternatives() {
        StringBuilder out = new StringBuilder(sequence());
        while (at('|')) {
            pos++;
            out.append(" | ").append(sequence());
        }
        return out.toString();
    }

    private String sequence() {
        StringBuilder out = new StringBuilder();
        while (pos < pattern.length() && !at('|') && !at(')')) {
            String item = item();
            out.append(item).append(quantifier()).append(' ');
        }
        return out.isEmpty() ? "\"\"" : out.toString().stripTrailing();
    }

    private String item() {
        char c = pattern.charAt(pos);
        switch (c) {
            case '(' -> {
                pos++;
                if (pattern.startsWith("?:", pos)) {
                    pos += 2;
                } else if (at('?')) {
                    throw fail("a group of a kind that is not supported");
                }
                if (++nesting > MAX_NESTING) {
                    throw fail("more than " + MAX_NESTING + " groups in each other");
                }
                String body = alternatives();
                if (!at(')')) {
                    throw fail("an unbalanced '('");
                }
                pos++;
                nesting--;
                return "(" + body + ")";
            }
            case '[' -> {
                return charClass();
            }
            case '.' -> {
                pos++;
                return "char";
            }
            case '\\' -> {
                return escape();
            }
            case '*', '+', '?' -> throw fail("nothing before " + c);
            case '^', '$' -> throw fail("an anchor inside");
            default -> {
                int cp = pattern.codePointAt(pos);
                pos += Character.charCount(cp);
                return literal(cp);
            }
        }
    }

    private String escape() {
        pos++;
        if (pos >= pattern.length()) {
            throw fail("a backslash at the end");
        }
        char c = pattern.charAt(pos++);
        String set = shorthand(c);
        if (set != null) {
            return "[" + set + "]";
        }
        if (Character.isLetterOrDigit(c) && "nrtfv0xu".indexOf(c) < 0) {
            if (c == 'D' || c == 'W' || c == 'S') {
                return "[^" + shorthand(Character.toLowerCase(c)) + "\"\\\\\\x00-\\x1F]";
            }
            throw fail("the escape \\" + c + ", which is not supported");
        }
        return literal(escaped(c));
    }

    private int escaped(char c) {
        return switch (c) {
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'f' -> '\f';
            case 'v' -> 0x0b;
            case '0' -> 0;
            case 'x', 'u' -> {
                int digits = c == 'x' ? 2 : 4;
                if (pos + digits > pattern.length() || !pattern.substring(pos, pos + digits).matches("[0-9a-fA-F]+")) {
                    throw fail("a broken \\" + c + " escape");
                }
                pos += digits;
                yield Integer.parseInt(pattern.substring(pos - digits, pos), 16);
            }
            default -> c;
        };
    }

    private static @org.jspecify.annotations.Nullable String shorthand(char c) {
        return switch (c) {
            case 'd' -> "0-9";
            case 'w' -> "a-zA-Z0-9_";
            case 's' -> " ";
            default -> null;
        };
    }

    private String charClass() {
        pos++;
        boolean negated = at('^');
        pos += negated ? 1 : 0;
        StringBuilder set = new StringBuilder();
        while (!at(']')) {
            if (pos >= pattern.length()) {
                throw fail("a class that is not closed");
            }
            String shorthand = at('\\') && pos + 1 < pattern.length() ? shorthand(pattern.charAt(pos + 1)) : null;
            if (shorthand != null) {
                pos += 2;
                set.append(shorthand);
                continue;
            }
            int first = classCharacter();
            set.append(classLiteral(first));
            if (at('-') && pos + 1 < pattern.length() && pattern.charAt(pos + 1) != ']') {
                pos++;
                int last = classCharacter();
                if (last < first) {
                    throw fail("a range that falls");
                }
                set.append('-').append(classLiteral(last));
            }
        }
        pos++;
        return negated ? "[^" + set + "\"\\\\\\x00-\\x1F]" : "[" + set + "]";
    }

    private int classCharacter() {
        int cp = pattern.codePointAt(pos);
        pos += Character.charCount(cp);
        if (cp == '\\') {
            if (pos >= pattern.length()) {
                throw fail("a class that is not closed");
            }
            return escaped(pattern.charAt(pos++));
        }
        return cp;
    }

    private static String classLiteral(int cp) {
        return cp < 0x20 || "]\\-^\"".indexOf(cp) >= 0 ? String.format("\\U%08X", cp) : Character.toString(cp);
    }

    /** One character as it stands in a JSON string. */
    private static String literal(int cp) {
        String json = SchemaJson.write(Character.toString(cp));
        return JsonSchemaGrammar.literal(json.substring(1, json.length() - 1));
    }

    private String quantifier() {
        if (pos >= pattern.length()) {
            return "";
        }
        char c = pattern.charAt(pos);
        String out = "";
        if (c == '*' || c == '+' || c == '?') {
            pos++;
            out = String.valueOf(c);
        } else if (c == '{') {
            int close = pattern.indexOf('}', pos);
            if (close < 0 || !pattern.substring(pos + 1, close).matches("\\d{1,4}(,(\\d{1,4})?)?")) {
                throw fail("a broken repetition");
            }
            out = pattern.substring(pos, close + 1);
            pos = close + 1;
        }
        if (!out.isEmpty() && at('?')) {
            // lazy or greedy, the same strings match
            pos++;
        }
        return out;
    }

    private boolean at(char c) {
        return pos < pattern.length() && pattern.charAt(pos) == c;
    }
}
