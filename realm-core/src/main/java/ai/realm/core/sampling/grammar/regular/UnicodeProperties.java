package ai.realm.core.sampling.grammar.regular;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntPredicate;

/** The code points of a Unicode property, by the names that ECMA-262 gives them. Sets are made once. */
final class UnicodeProperties {
    private static final Map<String, String> LONG_NAMES = Map.ofEntries(Map.entry("Letter", "L"),
            Map.entry("Uppercase_Letter", "Lu"), Map.entry("Lowercase_Letter", "Ll"), Map.entry("Titlecase_Letter", "Lt"),
            Map.entry("Modifier_Letter", "Lm"), Map.entry("Other_Letter", "Lo"), Map.entry("Mark", "M"),
            Map.entry("Nonspacing_Mark", "Mn"), Map.entry("Spacing_Mark", "Mc"), Map.entry("Number", "N"),
            Map.entry("Decimal_Number", "Nd"), Map.entry("digit", "Nd"), Map.entry("Letter_Number", "Nl"),
            Map.entry("Other_Number", "No"), Map.entry("Punctuation", "P"), Map.entry("punct", "P"),
            Map.entry("Dash_Punctuation", "Pd"), Map.entry("Symbol", "S"), Map.entry("Currency_Symbol", "Sc"),
            Map.entry("Math_Symbol", "Sm"), Map.entry("Separator", "Z"), Map.entry("Space_Separator", "Zs"),
            Map.entry("Other", "C"), Map.entry("Control", "Cc"), Map.entry("cntrl", "Cc"));
    /** Java's numbers of general categories, by ECMA-262's short names. */
    private static final Map<String, Set<Integer>> CATEGORIES = Map.ofEntries(category("Lu", Character.UPPERCASE_LETTER),
            category("Ll", Character.LOWERCASE_LETTER), category("Lt", Character.TITLECASE_LETTER),
            category("Lm", Character.MODIFIER_LETTER), category("Lo", Character.OTHER_LETTER),
            category("L", Character.UPPERCASE_LETTER, Character.LOWERCASE_LETTER, Character.TITLECASE_LETTER,
                    Character.MODIFIER_LETTER, Character.OTHER_LETTER),
            category("LC", Character.UPPERCASE_LETTER, Character.LOWERCASE_LETTER, Character.TITLECASE_LETTER),
            category("Mn", Character.NON_SPACING_MARK), category("Mc", Character.COMBINING_SPACING_MARK),
            category("Me", Character.ENCLOSING_MARK),
            category("M", Character.NON_SPACING_MARK, Character.COMBINING_SPACING_MARK, Character.ENCLOSING_MARK),
            category("Nd", Character.DECIMAL_DIGIT_NUMBER), category("Nl", Character.LETTER_NUMBER),
            category("No", Character.OTHER_NUMBER),
            category("N", Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER),
            category("Pc", Character.CONNECTOR_PUNCTUATION), category("Pd", Character.DASH_PUNCTUATION),
            category("Ps", Character.START_PUNCTUATION), category("Pe", Character.END_PUNCTUATION),
            category("Pi", Character.INITIAL_QUOTE_PUNCTUATION), category("Pf", Character.FINAL_QUOTE_PUNCTUATION),
            category("Po", Character.OTHER_PUNCTUATION),
            category("P", Character.CONNECTOR_PUNCTUATION, Character.DASH_PUNCTUATION, Character.START_PUNCTUATION,
                    Character.END_PUNCTUATION, Character.INITIAL_QUOTE_PUNCTUATION, Character.FINAL_QUOTE_PUNCTUATION,
                    Character.OTHER_PUNCTUATION),
            category("Sm", Character.MATH_SYMBOL), category("Sc", Character.CURRENCY_SYMBOL),
            category("Sk", Character.MODIFIER_SYMBOL), category("So", Character.OTHER_SYMBOL),
            category("S", Character.MATH_SYMBOL, Character.CURRENCY_SYMBOL, Character.MODIFIER_SYMBOL, Character.OTHER_SYMBOL),
            category("Zs", Character.SPACE_SEPARATOR), category("Zl", Character.LINE_SEPARATOR),
            category("Zp", Character.PARAGRAPH_SEPARATOR),
            category("Z", Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR),
            category("Cc", Character.CONTROL), category("Cf", Character.FORMAT), category("Co", Character.PRIVATE_USE),
            category("Cn", Character.UNASSIGNED),
            category("C", Character.CONTROL, Character.FORMAT, Character.PRIVATE_USE, Character.UNASSIGNED));
    private static final Map<String, int[]> KNOWN = new ConcurrentHashMap<>();

    private UnicodeProperties() {
    }

    private static Map.Entry<String, Set<Integer>> category(String name, int... types) {
        return Map.entry(name, java.util.Arrays.stream(types).boxed().collect(java.util.stream.Collectors.toUnmodifiableSet()));
    }

    static int[] of(String name) {
        int[] known = KNOWN.get(name);
        if (known == null) {
            known = collect(predicate(name));
            KNOWN.put(name, known);
        }
        return known;
    }

    private static IntPredicate predicate(String name) {
        int equals = name.indexOf('=');
        String property = equals < 0 ? "" : name.substring(0, equals);
        String value = name.substring(equals + 1);
        if (property.equals("Script") || property.equals("sc") || property.equals("Script_Extensions")
                || property.equals("scx")) {
            return script(value);
        }
        Set<Integer> types = CATEGORIES.get(LONG_NAMES.getOrDefault(value, value));
        if (types != null && (property.isEmpty() || property.equals("General_Category") || property.equals("gc"))) {
            return cp -> types.contains(Character.getType(cp));
        }
        if (property.isEmpty()) {
            switch (value) {
                case "Alphabetic", "Alpha" -> {
                    return Character::isAlphabetic;
                }
                case "Uppercase", "Upper" -> {
                    return Character::isUpperCase;
                }
                case "Lowercase", "Lower" -> {
                    return Character::isLowerCase;
                }
                case "Any" -> {
                    return cp -> true;
                }
                case "ASCII" -> {
                    return cp -> cp < 128;
                }
                case "Ideographic", "Ideo" -> {
                    return Character::isIdeographic;
                }
                case "Emoji" -> {
                    return Character::isEmoji;
                }
                case "Emoji_Presentation", "EPres" -> {
                    return Character::isEmojiPresentation;
                }
                case "Extended_Pictographic", "ExtPict" -> {
                    return Character::isExtendedPictographic;
                }
                default -> {
                }
            }
        }
        throw new UnsupportedRegexException("the Unicode property " + name);
    }

    private static IntPredicate script(String name) {
        try {
            Character.UnicodeScript script = Character.UnicodeScript.forName(name);
            return cp -> Character.UnicodeScript.of(cp) == script;
        } catch (IllegalArgumentException e) {
            throw new UnsupportedRegexException("the Unicode script " + name);
        }
    }

    private static int[] collect(IntPredicate in) {
        java.util.stream.IntStream.Builder out = java.util.stream.IntStream.builder();
        int from = -1;
        for (int cp = 0; cp <= Character.MAX_CODE_POINT + 1; cp++) {
            boolean member = cp <= Character.MAX_CODE_POINT && in.test(cp);
            if (member && from < 0) {
                from = cp;
            } else if (!member && from >= 0) {
                out.add(from).add(cp - 1);
                from = -1;
            }
        }
        return CodePoints.of(out.build().toArray());
    }
}
