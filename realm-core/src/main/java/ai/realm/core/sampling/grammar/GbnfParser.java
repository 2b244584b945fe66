package ai.realm.core.sampling.grammar;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.grammar.schema.SchemaCompiler;
import ai.realm.core.sampling.grammar.schema.SchemaJson;
import ai.realm.core.tokenizer.Vocab;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Parses GBNF: rules, literals, classes, groups, alternatives, repetitions, comments, token references, and {@code %json {…}}: JSON
 * that satisfies the schema, as Lark grammars of llguidance write it, and {@code %regex "…"}: what a regular expression matches. Groups and repetitions become rules of their own.
 */
final class GbnfParser {
    private static final int MAX_REPEAT = 2000;
    private static final int MAX_SYMBOLS = 200_000;
    private static final int MAX_NESTING = 100;

    private static final String JSON = "%json";
    /** The first line of what {@link LarkGrammar} writes. */
    static final String LARK = "%lark\n";
    private static final String REGEX = "%regex";

    private final String text;
    private final @Nullable Vocab vocab;
    private final Map<String, Integer> ids = new HashMap<>();
    private final Rules rules = new Rules();
    private int pos;
    private int symbols;
    private int nesting;
    private boolean lark;

    GbnfParser(String text, @Nullable Vocab vocab) {
        this.text = text;
        this.vocab = vocab;
    }

    Rules rules() {
        return rules;
    }

    int root() {
        Integer root = ids.get("root");
        if (root == null || rules.bodies().get(root).isEmpty()) {
            throw fail("the rule root is missing");
        }
        return root;
    }

    /** Whether it was written in Lark's language, in which a rule may begin with itself. */
    boolean lark() {
        return lark;
    }

    void parse() {
        space(true);
        if (text.startsWith(LARK, pos)) {
            lark = true;
            pos += LARK.length();
            space(true);
        }
        while (pos < text.length()) {
            rule();
        }
        root();
        ids.forEach((name, rule) -> {
            if (rules.bodies().get(rule).isEmpty()) {
                throw fail("the rule " + shown(name) + " is used but not defined");
            }
        });
    }

    /** The rules of a schema or of a regular expression. */
    private int extension() {
        boolean regex = text.startsWith(REGEX, pos);
        if (!regex && !text.startsWith(JSON, pos)) {
            throw fail("expected " + JSON + " and a schema, or " + REGEX + " and an expression as a JSON string");
        }
        pos += regex ? REGEX.length() : JSON.length();
        space(false);
        String json = text.substring(pos, SchemaJson.end(text, pos));
        pos += json.length();
        if (!regex) {
            return SchemaCompiler.compile(json, rules);
        }
        if (!json.startsWith("\"")) {
            throw fail("expected a JSON string after " + REGEX);
        }
        return DfaRules.regex(rules, SchemaJson.string(json));
    }

    private void rule() {
        int id = idOf(name());
        space(false);
        if (!text.startsWith("::=", pos)) {
            throw fail("expected ::= after the name of a rule");
        }
        pos += 3;
        space(true);
        rules.define(id, alternatives(rules.name(id), false));
        if (pos < text.length() && text.charAt(pos) != '\n' && text.charAt(pos) != '\r') {
            throw fail("expected the end of the line or of the rule");
        }
        space(true);
    }

    private int idOf(String name) {
        return ids.computeIfAbsent(name, n -> rules.reserve(shown(n)));
    }

    private String shown(String name) {
        return lark ? LarkGrammar.name(name) : name;
    }

    private int newRule(String base, List<List<Symbol>> body) {
        return rules.add(base + "_" + rules.size(), body);
    }

    private List<List<Symbol>> alternatives(String name, boolean nested) {
        List<List<Symbol>> out = new ArrayList<>();
        out.add(sequence(name, nested));
        while (at('|')) {
            pos++;
            space(true);
            out.add(sequence(name, nested));
        }
        return out;
    }

    private List<Symbol> sequence(String name, boolean nested) {
        List<Symbol> out = new ArrayList<>();
        // where the symbol begins that a repetition applies to
        int last = -1;
        while (pos < text.length()) {
            char c = text.charAt(pos);
            int start = out.size();
            switch (c) {
                case '"' -> literal(out);
                case '[' -> out.add(new Symbol.Char(charClass()));
                case '.' -> {
                    pos++;
                    out.add(new Symbol.Char(CharClass.ANY));
                }
                case '(' -> out.add(new Symbol.Rule(group(name)));
                case '<', '!' -> out.add(token());
                case '%' -> out.add(new Symbol.Rule(extension()));
                case '*', '+', '?', '{' -> {
                    if (last < 0) {
                        throw fail("expected something before " + c);
                    }
                    repeat(name, out, last);
                    start = last;
                }
                default -> {
                    if (!isNameChar(c)) {
                        return out;
                    }
                    out.add(new Symbol.Rule(idOf(name())));
                }
            }
            last = start;
            symbols += out.size() - start;
            checkSize();
            space(nested);
        }
        return out;
    }

    private void checkSize() {
        if (symbols > MAX_SYMBOLS) {
            throw fail("a grammar may have at most " + MAX_SYMBOLS + " symbols");
        }
    }

    private int group(String name) {
        pos++;
        if (++nesting > MAX_NESTING) {
            throw fail("groups may nest at most " + MAX_NESTING + " deep");
        }
        space(true);
        List<List<Symbol>> body = alternatives(name, true);
        if (!at(')')) {
            throw fail("expected ')'");
        }
        pos++;
        nesting--;
        return newRule(name, body);
    }

    private void repeat(String name, List<Symbol> out, int from) {
        int min;
        int max;
        switch (text.charAt(pos++)) {
            case '*' -> {
                min = 0;
                max = -1;
            }
            case '+' -> {
                min = 1;
                max = -1;
            }
            case '?' -> {
                min = 0;
                max = 1;
            }
            default -> {
                space(false);
                min = number();
                space(false);
                max = min;
                if (at(',')) {
                    pos++;
                    space(false);
                    max = at('}') ? -1 : number();
                    space(false);
                }
                if (!at('}')) {
                    throw fail("expected '}'");
                }
                pos++;
            }
        }
        if (min > MAX_REPEAT || max > MAX_REPEAT || max >= 0 && max < min) {
            throw fail("a repetition must be {m,n} with m <= n <= " + MAX_REPEAT);
        }
        List<Symbol> item = new ArrayList<>(out.subList(from, out.size()));
        out.subList(from, out.size()).clear();
        out.addAll(repeated(name, item, min, max));
    }

    private List<Symbol> repeated(String name, List<Symbol> item, int min, int max) {
        List<Symbol> one = item.size() == 1 ? item : List.of(new Symbol.Rule(newRule(name, List.of(item))));
        if (one.getFirst() instanceof Symbol.Char && Math.max(min, max) > 2) {
            return List.of(new Symbol.Rule(rules.repeat(name, newRule(name, List.of(one)), min, max)));
        }
        List<Symbol> out = new ArrayList<>();
        for (int i = 0; i < min; i++) {
            out.addAll(one);
        }
        if (max < 0) {
            out.add(new Symbol.Rule(rules.star(name + "_", one)));
        } else {
            // each optional one holds the next: n rules, no backtracking over which was left out
            List<Symbol> rest = List.of();
            for (int i = min; i < max; i++) {
                List<Symbol> more = new ArrayList<>(one);
                more.addAll(rest);
                rest = List.of(new Symbol.Rule(newRule(name, List.of(more, List.of()))));
                symbols += 3;
                checkSize();
            }
            out.addAll(rest);
        }
        return out;
    }

    private int number() {
        int from = pos;
        while (pos < text.length() && text.charAt(pos) >= '0' && text.charAt(pos) <= '9') {
            pos++;
        }
        if (from == pos || pos - from > 6) {
            throw fail("expected a number of at most " + MAX_REPEAT);
        }
        return Integer.parseInt(text.substring(from, pos));
    }

    private void literal(List<Symbol> out) {
        pos++;
        while (!at('"')) {
            out.add(new Symbol.Char(CharClass.of(character("a literal"))));
        }
        pos++;
    }

    private CharClass charClass() {
        pos++;
        boolean negated = at('^');
        pos += negated ? 1 : 0;
        List<Integer> ranges = new ArrayList<>();
        while (!at(']')) {
            int first = character("a class");
            int last = first;
            if (at('-') && pos + 1 < text.length() && text.charAt(pos + 1) != ']') {
                pos++;
                last = character("a class");
            }
            if (last < first) {
                throw fail("a range must rise");
            }
            ranges.add(first);
            ranges.add(last);
        }
        pos++;
        return CharClass.of(ranges.stream().mapToInt(i -> i).toArray(), negated);
    }

    private int character(String where) {
        if (pos >= text.length()) {
            throw fail(where + " is not closed");
        }
        int cp = text.codePointAt(pos);
        pos += Character.charCount(cp);
        if (cp != '\\') {
            return cp;
        }
        if (pos >= text.length()) {
            throw fail(where + " is not closed");
        }
        char escape = text.charAt(pos++);
        return switch (escape) {
            case 'x' -> hex(2);
            case 'u' -> hex(4);
            case 'U' -> hex(8);
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            default -> {
                if (Character.isLetterOrDigit(escape)) {
                    throw fail("unknown escape \\" + escape);
                }
                yield escape;
            }
        };
    }

    private int hex(int digits) {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = pos < text.length() ? Character.digit(text.charAt(pos++), 16) : -1;
            if (digit < 0 || value > Character.MAX_CODE_POINT) {
                throw fail("expected " + digits + " hexadecimal digits of a code point");
            }
            value = value * 16 + digit;
        }
        if (value > Character.MAX_CODE_POINT) {
            throw fail("a code point is at most 10FFFF");
        }
        return value;
    }

    private Symbol token() {
        boolean negated = at('!');
        pos += negated ? 1 : 0;
        int close = text.indexOf('>', pos);
        if (!at('<') || close < 0) {
            throw fail("expected <token> or <[id]>");
        }
        String inside = text.substring(pos + 1, close);
        int id = -1;
        if (inside.startsWith("[") && inside.endsWith("]") && inside.substring(1, inside.length() - 1).matches("\\d{1,9}")) {
            id = Integer.parseInt(inside.substring(1, inside.length() - 1));
        } else if (vocab != null) {
            id = vocab.idOf("<" + inside + ">");
        }
        if (id < 0 || vocab != null && id >= vocab.size()) {
            throw fail("no token of the model is spelled <" + inside + ">");
        }
        pos = close + 1;
        return new Symbol.Token(id, negated);
    }

    private String name() {
        int from = pos;
        while (pos < text.length() && isNameChar(text.charAt(pos))) {
            pos++;
        }
        if (from == pos) {
            throw fail("expected the name of a rule");
        }
        return text.substring(from, pos);
    }

    private static boolean isNameChar(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_';
    }

    private boolean at(char c) {
        return pos < text.length() && text.charAt(pos) == c;
    }

    /** Skips blank space and comments. */
    private void space(boolean newlines) {
        while (pos < text.length()) {
            char c = text.charAt(pos);
            if (c == '#') {
                while (pos < text.length() && text.charAt(pos) != '\n' && text.charAt(pos) != '\r') {
                    pos++;
                }
            } else if (c == ' ' || c == '\t' || newlines && (c == '\n' || c == '\r')) {
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
