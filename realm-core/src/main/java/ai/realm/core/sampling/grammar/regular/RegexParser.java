package ai.realm.core.sampling.grammar.regular;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a regular expression as ECMA-262 has them, Unicode property escapes included; a brace or bracket that closes nothing and
 * a needless backslash before punctuation stand for themselves, as its Annex B allows. What needs memory (back references,
 * lookbehind) or is another language's is refused by name.
 */
final class RegexParser {
    private static final int MAX_NESTING = 100;
    private static final int MAX_COUNT = 100_000;
    private static final int[] DIGIT = {'0', '9'};
    /** White space and line ends of ECMA-262. */
    private static final int[] SPACE = CodePoints
            .of(new int[]{9, 13, 32, 32, 0xA0, 0xA0, 0x1680, 0x1680, 0x2000, 0x200A, 0x2028, 0x2029, 0x202F, 0x202F, 0x205F,
                    0x205F, 0x3000, 0x3000, 0xFEFF, 0xFEFF});
    private static final int[] SURE_DOT = CodePoints.complement(new int[]{10, 10, 13, 13, 0x85, 0x85, 0x2028, 0x2029});
    private static final int[] MAYBE_DOT = CodePoints.complement(new int[]{10, 10});
    /** Java's dialect has no more white space than this; Python's has separators, and not the byte order mark. */
    private static final int[] SURE_SPACE = {9, 13, 32, 32};
    private static final int[] MAYBE_SPACE = CodePoints.union(SPACE, new int[]{0x1C, 0x1F, 0x85, 0x85});

    private final String s;
    /** Whether a set holds what any dialect takes to be in it, instead of what all do. */
    private boolean wide;
    private int pos;
    private int nesting;

    private RegexParser(String text, boolean wide) {
        this.s = text;
        this.wide = wide;
    }

    /** @param wide where dialects differ in what \\d, \\w, \\s and their contraries hold: what any of them takes, or what all do */
    static RegexNode parse(String text, boolean wide) {
        RegexParser p = new RegexParser(text, wide);
        RegexNode out = p.choice();
        if (p.pos < text.length()) {
            throw new UnsupportedRegexException("an unbalanced ')'");
        }
        return out;
    }

    private RegexNode choice() {
        if (++nesting > MAX_NESTING) {
            throw new UnsupportedRegexException("more than " + MAX_NESTING + " groups in each other");
        }
        List<RegexNode> options = new ArrayList<>();
        options.add(sequence());
        while (at('|')) {
            pos++;
            options.add(sequence());
        }
        nesting--;
        return options.size() == 1 ? options.getFirst() : new RegexNode.Choice(options);
    }

    private RegexNode sequence() {
        List<RegexNode> parts = new ArrayList<>();
        while (pos < s.length() && !at('|') && !at(')')) {
            RegexNode item = item();
            RegexNode repeated = quantified(item);
            if (repeated != item && item instanceof RegexNode.Place) {
                throw new UnsupportedRegexException("a repeated anchor");
            }
            parts.add(repeated);
        }
        return parts.size() == 1 ? parts.getFirst() : new RegexNode.Sequence(parts);
    }

    private RegexNode item() {
        int cp = s.codePointAt(pos);
        pos += Character.charCount(cp);
        return switch (cp) {
            case '(' -> group();
            case '[' -> new RegexNode.One(charClass());
            case '.' -> new RegexNode.One(wide ? MAYBE_DOT : SURE_DOT);
            case '^' -> new RegexNode.Place(Nfa.Condition.BEGIN);
            case '$' -> new RegexNode.Place(Nfa.Condition.END);
            case '\\' -> escape();
            case '*', '+', '?' -> throw new UnsupportedRegexException("nothing before " + (char) cp);
            case '{' -> {
                pos--;
                if (counts() != null) {
                    throw new UnsupportedRegexException("nothing before {");
                }
                pos++;
                yield new RegexNode.One(CodePoints.of('{'));
            }
            default -> new RegexNode.One(CodePoints.of(cp));
        };
    }

    private RegexNode group() {
        Boolean negativeLook = null;
        if (at('?')) {
            pos++;
            char kind = pos < s.length() ? s.charAt(pos++) : 0;
            switch (kind) {
                case ':' -> {
                }
                case '=' -> negativeLook = false;
                case '!' -> negativeLook = true;
                case '<' -> groupName();
                default -> throw new UnsupportedRegexException("the group (?" + (kind == 0 ? "" : kind));
            }
        }
        RegexNode body = choice();
        if (!at(')')) {
            throw new UnsupportedRegexException("an unbalanced '('");
        }
        pos++;
        return negativeLook == null ? body : new RegexNode.LookAhead(body, negativeLook);
    }

    private void groupName() {
        if (at('=') || at('!')) {
            throw new UnsupportedRegexException("lookbehind");
        }
        int close = s.indexOf('>', pos);
        if (close < 0) {
            throw new UnsupportedRegexException("a group's name that is not closed");
        }
        pos = close + 1;
    }

    private RegexNode quantified(RegexNode item) {
        if (pos >= s.length()) {
            return item;
        }
        int min;
        int max;
        switch (s.charAt(pos)) {
            case '*' -> {
                min = 0;
                max = -1;
                pos++;
            }
            case '+' -> {
                min = 1;
                max = -1;
                pos++;
            }
            case '?' -> {
                min = 0;
                max = 1;
                pos++;
            }
            case '{' -> {
                int[] counts = counts();
                if (counts == null) {
                    return item;
                }
                min = counts[0];
                max = counts[1];
            }
            default -> {
                return item;
            }
        }
        if (at('?')) {
            // lazy or greedy, the same texts match
            pos++;
        } else if (at('+')) {
            throw new UnsupportedRegexException("a possessive quantifier");
        }
        return new RegexNode.Repeat(item, min, max);
    }

    /** The bounds in braces, which are taken; null where the brace stands for itself. */
    private int @Nullable [] counts() {
        int close = s.indexOf('}', pos);
        String inside = close < 0 ? "" : s.substring(pos + 1, close);
        if (!inside.matches("\\d{1,9}(,\\d{0,9})?")) {
            return null;
        }
        pos = close + 1;
        int comma = inside.indexOf(',');
        int min = Integer.parseInt(comma < 0 ? inside : inside.substring(0, comma));
        int max = comma < 0 ? min : comma == inside.length() - 1 ? -1 : Integer.parseInt(inside.substring(comma + 1));
        if (max >= 0 && max < min) {
            throw new UnsupportedRegexException("a repetition whose bounds fall");
        }
        if (min > MAX_COUNT || max > MAX_COUNT) {
            throw new UnsupportedRegexException("a repetition of more than " + MAX_COUNT + " times");
        }
        return new int[]{min, max};
    }

    private RegexNode escape() {
        if (at('b') || at('B')) {
            return new RegexNode.Place(s.charAt(pos++) == 'b' ? Nfa.Condition.WORD_EDGE : Nfa.Condition.NO_WORD_EDGE);
        }
        if (pos < s.length() && s.charAt(pos) >= '1' && s.charAt(pos) <= '9' || at('k')) {
            throw new UnsupportedRegexException("a back reference");
        }
        int[] set = shorthand();
        return new RegexNode.One(set != null ? set : CodePoints.of(escapedCharacter()));
    }

    /** After a backslash: the set that a letter stands for, which is taken, or null. */
    private int @Nullable [] shorthand() {
        char c = pos < s.length() ? s.charAt(pos) : 0;
        // a contrary holds what any dialect has when the set holds what all have
        boolean any = wide != Character.isUpperCase(c);
        int[] set = switch (c) {
            case 'd', 'D' -> any ? UnicodeProperties.of("Nd") : DIGIT;
            case 'w', 'W' -> any
                    ? CodePoints.union(Nfa.WORD, CodePoints.union(UnicodeProperties.of("L"), UnicodeProperties.of("N")))
                    : Nfa.WORD;
            case 's', 'S' -> any ? MAYBE_SPACE : SURE_SPACE;
            case 'p', 'P' -> property();
            default -> null;
        };
        if (set == null) {
            return null;
        }
        pos++;
        return Character.isUpperCase(c) ? CodePoints.complement(set) : set;
    }

    /** Leaves the position at the closing brace. */
    private int[] property() {
        int close = s.indexOf('}', pos);
        if (close < 0 || !s.startsWith("{", pos + 1)) {
            throw new UnsupportedRegexException("the escape \\" + s.charAt(pos) + " without a property in braces");
        }
        String name = s.substring(pos + 2, close);
        pos = close;
        return UnicodeProperties.of(name);
    }

    private int escapedCharacter() {
        if (pos >= s.length()) {
            throw new UnsupportedRegexException("a backslash at the end");
        }
        int c = s.codePointAt(pos);
        pos += Character.charCount(c);
        return switch (c) {
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'f' -> '\f';
            case 'v' -> 0x0b;
            case '0' -> 0;
            case 'x' -> hex(2);
            case 'u' -> unicode();
            case 'c' -> {
                char letter = pos < s.length() ? s.charAt(pos++) : 0;
                if (!(letter >= 'a' && letter <= 'z' || letter >= 'A' && letter <= 'Z')) {
                    throw new UnsupportedRegexException("the escape \\c without a letter");
                }
                yield letter % 32;
            }
            default -> {
                if (c < 128 && Character.isLetterOrDigit(c)) {
                    throw new UnsupportedRegexException("the escape \\" + (char) c);
                }
                yield c;
            }
        };
    }

    private int unicode() {
        if (at('{')) {
            int close = s.indexOf('}', pos);
            if (close < 0 || !s.substring(pos + 1, close).matches("0*[0-9a-fA-F]{1,6}")) {
                throw new UnsupportedRegexException("a broken \\u escape");
            }
            int value = Integer.parseInt(s.substring(pos + 1, close), 16);
            pos = close + 1;
            if (value > Character.MAX_CODE_POINT) {
                throw new UnsupportedRegexException("a code point above 10FFFF");
            }
            return value;
        }
        int unit = hex(4);
        if (Character.isHighSurrogate((char) unit) && s.startsWith("\\u", pos)) {
            int before = pos;
            pos += 2;
            int low = hex(4);
            if (Character.isLowSurrogate((char) low)) {
                return Character.toCodePoint((char) unit, (char) low);
            }
            pos = before;
        }
        return unit;
    }

    private int hex(int digits) {
        if (pos + digits > s.length() || !s.substring(pos, pos + digits).matches("[0-9a-fA-F]+")) {
            throw new UnsupportedRegexException("a broken \\" + (digits == 2 ? 'x' : 'u') + " escape");
        }
        pos += digits;
        return Integer.parseInt(s.substring(pos - digits, pos), 16);
    }

    private int[] charClass() {
        boolean negated = at('^');
        pos += negated ? 1 : 0;
        wide ^= negated;
        List<int[]> parts = new ArrayList<>();
        int[] single = new int[1];
        while (!at(']')) {
            if (pos >= s.length()) {
                throw new UnsupportedRegexException("a class that is not closed");
            }
            int[] first = classAtom(single);
            int low = single[0];
            if (!at('-') || pos + 1 >= s.length() || s.charAt(pos + 1) == ']') {
                parts.add(first);
                continue;
            }
            pos++;
            int[] last = classAtom(single);
            int high = single[0];
            if (low < 0 || high < 0) {
                // a set at either side: the hyphen stands for itself
                parts.add(first);
                parts.add(CodePoints.of('-'));
                parts.add(last);
                continue;
            }
            if (high < low) {
                throw new UnsupportedRegexException("a range that falls");
            }
            parts.add(new int[]{low, high});
        }
        pos++;
        wide ^= negated;
        int[] all = CodePoints.of(parts.stream().flatMapToInt(java.util.Arrays::stream).toArray());
        return negated ? CodePoints.complement(all) : all;
    }

    /** One member of a class; its code point goes to {@code single}, or -1 when it is a set. */
    private int[] classAtom(int[] single) {
        int cp = s.codePointAt(pos);
        pos += Character.charCount(cp);
        if (cp == '\\') {
            int[] set = shorthand();
            if (set != null) {
                single[0] = -1;
                return set;
            }
            if (at('b')) {
                pos++;
                cp = '\b';
            } else if (pos < s.length() && s.charAt(pos) >= '1' && s.charAt(pos) <= '9') {
                throw new UnsupportedRegexException("an octal escape");
            } else {
                cp = escapedCharacter();
            }
        }
        single[0] = cp;
        return new int[]{cp, cp};
    }

    private boolean at(char c) {
        return pos < s.length() && s.charAt(pos) == c;
    }
}
