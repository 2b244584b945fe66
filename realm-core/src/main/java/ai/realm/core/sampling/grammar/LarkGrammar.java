package ai.realm.core.sampling.grammar;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.grammar.schema.SchemaJson;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Grammars in Lark's language, as vLLM takes them, written as GBNF: rules and terminals, literals (also with {@code i}), regular
 * expressions, ranges, groups, repetitions, {@code %import common.…}, {@code %ignore}, {@code %json}. What is ignored may stand once
 * after each terminal of a rule. Rules may begin with themselves. Priorities and names of trees change nothing; templates are refused.
 */
public final class LarkGrammar {
    private static final int MAX_LENGTH = 1 << 20;
    private static final int MAX_NESTING = 100;
    private static final int MAX_REPEAT = 2000;
    private static final String IGNORED = "lark-ignored";

    /** Lark's library of terminals, as regular expressions. */
    private static final Map<String, String> COMMON = Map.ofEntries(Map.entry("DIGIT", "[0-9]"),
            Map.entry("HEXDIGIT", "[0-9a-fA-F]"), Map.entry("INT", "[0-9]+"), Map.entry("SIGNED_INT", "[+-]?[0-9]+"),
            Map.entry("DECIMAL", "[0-9]+\\.[0-9]*|\\.[0-9]+"),
            Map.entry("FLOAT", "[0-9]+[eE][+-]?[0-9]+|([0-9]+\\.[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?"),
            Map.entry("SIGNED_FLOAT", "[+-]?([0-9]+[eE][+-]?[0-9]+|([0-9]+\\.[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?)"),
            Map.entry("NUMBER", "[0-9]+([eE][+-]?[0-9]+)?|([0-9]+\\.[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?"),
            Map.entry("SIGNED_NUMBER", "[+-]?([0-9]+([eE][+-]?[0-9]+)?|([0-9]+\\.[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?)"),
            Map.entry("ESCAPED_STRING", "\"([^\"\\\\\\n]|\\\\[^\\n])*\""), Map.entry("LCASE_LETTER", "[a-z]"),
            Map.entry("UCASE_LETTER", "[A-Z]"), Map.entry("LETTER", "[a-zA-Z]"), Map.entry("WORD", "[a-zA-Z]+"),
            Map.entry("CNAME", "[_a-zA-Z][_a-zA-Z0-9]*"), Map.entry("WS_INLINE", "[ \\t]+"),
            Map.entry("WS", "[ \\t\\f\\r\\n]+"), Map.entry("CR", "\\r"), Map.entry("LF", "\\n"),
            Map.entry("NEWLINE", "(\\r?\\n)+"));

    private final String text;
    private final StringBuilder out = new StringBuilder();
    private final List<String> ignored = new ArrayList<>();
    private final Set<String> defined = new LinkedHashSet<>();
    private boolean ignores;
    private int pos;
    private int nesting;

    private LarkGrammar(String text) {
        this.text = text;
    }

    /** @throws RealmException INVALID_REQUEST for the parameter "grammar" */
    public static String toGbnf(String lark) {
        if (lark.length() > MAX_LENGTH) {
            throw RealmException.badParam("grammar",
                    "grammar must have at most " + MAX_LENGTH + " characters, not " + lark.length());
        }
        LarkGrammar g = new LarkGrammar(lark);
        g.ignores = lark.contains("%ignore");
        g.statements();
        return GbnfParser.LARK + g.out;
    }

    /** The name that a rule has in Lark. */
    static String name(String gbnf) {
        return gbnf.equals("root") ? "start" : gbnf.startsWith("l-") ? gbnf.substring(2) : gbnf;
    }

    private void statements() {
        for (space(true); pos < text.length(); space(true)) {
            if (at("%")) {
                directive();
            } else {
                definition();
            }
        }
        if (!defined.contains("start")) {
            throw fail("the rule start is missing");
        }
        if (ignores) {
            out.append(IGNORED).append(" ::= (").append(ignored.isEmpty() ? "\"\"" : String.join(" | ", ignored)).append(")?\n");
        }
    }

    private void directive() {
        if (take("%ignore")) {
            space(false);
            ignored.add("(" + expansions(false) + ")");
        } else if (take("%import")) {
            imported();
        } else {
            throw fail("expected a rule, %import or %ignore");
        }
    }

    private void imported() {
        space(false);
        String name = word();
        if (!name.equals("common") || !take(".")) {
            throw fail("only terminals of common can be imported");
        }
        String terminal = word();
        space(false);
        String as = terminal;
        if (take("->")) {
            space(false);
            as = word();
        }
        String regex = COMMON.get(terminal);
        if (regex == null) {
            throw fail("common has no terminal " + terminal);
        }
        define(as, "%regex " + SchemaJson.write(regex));
    }

    private void define(String name, String body) {
        if (!defined.add(name)) {
            throw fail("the rule " + name + " is defined twice");
        }
        out.append(gbnf(name)).append(" ::= ").append(body).append('\n');
    }

    private void definition() {
        while (at("?") || at("!")) {
            pos++;
        }
        String name = word();
        if (at("{")) {
            throw fail("templates are not supported");
        }
        if (take(".")) {
            take("-");
            number();
        }
        space(false);
        if (!take(":")) {
            throw fail("expected : after the name of a rule");
        }
        define(name, expansions(!isTerminal(name)));
    }

    private static boolean isTerminal(String name) {
        String plain = name.startsWith("_") ? name.substring(1) : name;
        return !plain.isEmpty() && Character.isUpperCase(plain.charAt(0));
    }

    private static String gbnf(String name) {
        return name.equals("start") ? "root" : "l-" + name;
    }

    /** @param inRule whether what is ignored may stand after terminals */
    private String expansions(boolean inRule) {
        StringBuilder all = new StringBuilder(expansion(inRule));
        while (true) {
            int before = pos;
            space(true);
            if (!take("|")) {
                pos = before;
                return all.toString();
            }
            all.append(" | ").append(expansion(inRule));
        }
    }

    private String expansion(boolean inRule) {
        List<String> items = new ArrayList<>();
        while (true) {
            space(nesting > 0);
            if (take("->")) {
                space(false);
                word();
                continue;
            }
            if (pos >= text.length() || "|)]\n\r".indexOf(text.charAt(pos)) >= 0) {
                return items.isEmpty() ? "\"\"" : String.join(" ", items);
            }
            items.add(repeated(item(inRule)));
        }
    }

    private String repeated(String item) {
        if (at("*") || at("+") || at("?")) {
            return item + text.charAt(pos++);
        }
        if (!take("~")) {
            return item;
        }
        space(false);
        int min = number();
        int max = take("..") ? number() : min;
        if (max > MAX_REPEAT || max < min) {
            throw fail("a repetition must be ~m..n with m <= n <= " + MAX_REPEAT);
        }
        return item + "{" + min + "," + max + "}";
    }

    private String item(boolean inRule) {
        char c = text.charAt(pos);
        if (c == '(' || c == '[') {
            pos++;
            if (++nesting > MAX_NESTING) {
                throw fail("groups may nest at most " + MAX_NESTING + " deep");
            }
            String inside = expansions(inRule);
            space(true);
            if (!take(c == '(' ? ")" : "]")) {
                throw fail("a group is not closed");
            }
            nesting--;
            return "(" + inside + (c == '(' ? ")" : ")?");
        }
        if (take("%json")) {
            space(true);
            int end = SchemaJson.end(text, pos);
            String schema = text.substring(pos, end);
            pos = end;
            return spaced("%json " + schema, inRule);
        }
        if (c == '"') {
            return spaced(literal(), inRule);
        }
        if (c == '/') {
            return spaced(regex(), inRule);
        }
        String name = word();
        return isTerminal(name) ? spaced(gbnf(name), inRule) : gbnf(name);
    }

    private String spaced(String terminal, boolean inRule) {
        return inRule && ignores ? "(" + terminal + " " + IGNORED + ")" : terminal;
    }

    private String literal() {
        String value = quoted();
        if (take("..")) {
            String last = quoted();
            if (value.codePointCount(0, value.length()) != 1 || last.codePointCount(0, last.length()) != 1) {
                throw fail("a range is of two characters");
            }
            return "[" + escaped(value.codePointAt(0)) + "-" + escaped(last.codePointAt(0)) + "]";
        }
        boolean anyCase = at("i") && !(pos + 1 < text.length() && isWord(text.charAt(pos + 1)));
        pos += anyCase ? 1 : 0;
        StringBuilder gbnf = new StringBuilder();
        if (!anyCase) {
            value.codePoints().forEach(cp -> gbnf.append(escaped(cp)));
            return "\"" + gbnf + "\"";
        }
        value.codePoints().forEach(cp -> gbnf.append('[').append(escaped(Character.toLowerCase(cp)))
                .append(escaped(Character.toUpperCase(cp))).append("] "));
        return "(" + gbnf + ")";
    }

    private static String escaped(int codePoint) {
        return codePoint < 0x80 && Character.isLetterOrDigit(codePoint)
                ? Character.toString(codePoint)
                : String.format("\\U%08X", codePoint);
    }

    private String quoted() {
        int from = pos;
        if (!take("\"")) {
            throw fail("expected a string");
        }
        while (pos < text.length() && text.charAt(pos) != '"' && text.charAt(pos) != '\n') {
            pos += text.charAt(pos) == '\\' ? 2 : 1;
        }
        if (pos >= text.length() || text.charAt(pos) != '"') {
            throw fail("a string is not closed");
        }
        pos++;
        try {
            return SchemaJson.string(text.substring(from, pos));
        } catch (RealmException e) {
            throw fail("a string has an escape that JSON does not have");
        }
    }

    private String regex() {
        int from = ++pos;
        boolean inClass = false;
        while (pos < text.length() && text.charAt(pos) != '\n' && (inClass || text.charAt(pos) != '/')) {
            char c = text.charAt(pos);
            inClass = c == '[' || inClass && c != ']';
            pos += c == '\\' ? 2 : 1;
        }
        if (pos >= text.length() || text.charAt(pos) != '/') {
            throw fail("a regular expression is not closed");
        }
        String expression = text.substring(from, pos++);
        int flags = pos;
        while (pos < text.length() && Character.isLetter(text.charAt(pos))) {
            pos++;
        }
        if (!text.substring(flags, pos).matches("u?")) {
            throw fail("flags of regular expressions are not supported");
        }
        return "%regex " + SchemaJson.write(expression.replace("\\/", "/"));
    }

    private String word() {
        int from = pos;
        while (pos < text.length() && isWord(text.charAt(pos))) {
            pos++;
        }
        if (from == pos) {
            throw fail("expected a name");
        }
        return text.substring(from, pos);
    }

    private static boolean isWord(char c) {
        return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
    }

    private int number() {
        int from = pos;
        while (pos < text.length() && text.charAt(pos) >= '0' && text.charAt(pos) <= '9') {
            pos++;
        }
        if (from == pos || pos - from > 6) {
            throw fail("expected a number of at most 6 digits");
        }
        return Integer.parseInt(text.substring(from, pos));
    }

    private boolean at(String what) {
        return text.startsWith(what, pos);
    }

    private boolean take(String what) {
        boolean found = at(what);
        pos += found ? what.length() : 0;
        return found;
    }

    /** Skips blanks and comments. */
    private void space(boolean lines) {
        while (pos < text.length()) {
            char c = text.charAt(pos);
            if (at("//") || c == '#') {
                while (pos < text.length() && text.charAt(pos) != '\n') {
                    pos++;
                }
            } else if (c == ' ' || c == '\t' || lines && (c == '\n' || c == '\r')) {
                pos++;
            } else {
                return;
            }
        }
    }

    private RealmException fail(String rule) {
        int line = 1 + (int) text.chars().limit(pos).filter(c -> c == '\n').count();
        return RealmException.badParam("grammar", "grammar, line " + line + ": " + rule);
    }
}
