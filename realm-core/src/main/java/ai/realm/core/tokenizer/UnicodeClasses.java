package ai.realm.core.tokenizer;

import java.text.Normalizer;
import java.util.Arrays;

/**
 * The Unicode categories of code points as the pre-tokenizers know them: Unicode 15.1, whatever the running JDK has. Source: the
 * Unicode Character Database; code points assigned later count as unassigned, as they did when the vocabularies were made.
 */
final class UnicodeClasses {
    /** Stand-ins for the non-ASCII members of a category in a collapsed text. */
    static final char OTHER = '\u00D0';
    static final char NUMBER = '\u00D1';
    static final char LETTER = '\u00D2';
    static final char PUNCTUATION = '\u00D3';
    static final char MARK = '\u00D4';
    static final char SYMBOL = '\u00D5';
    static final char HAN_LETTER = '\u00D6';
    static final char SPACE = '\u000B';

    /** First and last of each range that Unicode 16 assigned. */
    private static final int[] ASSIGNED_LATER = {0x897, 0x897, 0x1B4E, 0x1B4F, 0x1B7F, 0x1B7F, 0x1C89, 0x1C8A, 0x2427, 0x2429,
            0x31E4, 0x31E5, 0xA7CB, 0xA7CD, 0xA7DA, 0xA7DC, 0x105C0, 0x105F3, 0x10D40, 0x10D65, 0x10D69, 0x10D85, 0x10D8E,
            0x10D8F, 0x10EC2, 0x10EC4, 0x10EFC, 0x10EFC, 0x11380, 0x11389, 0x1138B, 0x1138B, 0x1138E, 0x1138E, 0x11390, 0x113B5,
            0x113B7, 0x113C0, 0x113C2, 0x113C2, 0x113C5, 0x113C5, 0x113C7, 0x113CA, 0x113CC, 0x113D5, 0x113D7, 0x113D8, 0x113E1,
            0x113E2, 0x116D0, 0x116E3, 0x11BC0, 0x11BE1, 0x11BF0, 0x11BF9, 0x11F5A, 0x11F5A, 0x13460, 0x143FA, 0x16100, 0x16139,
            0x16D40, 0x16D79, 0x18CFF, 0x18CFF, 0x1CC00, 0x1CCF9, 0x1CD00, 0x1CEB3, 0x1E5D0, 0x1E5FA, 0x1E5FF, 0x1E5FF, 0x1F8B2,
            0x1F8BB, 0x1F8C0, 0x1F8C1, 0x1FA89, 0x1FA89, 0x1FA8F, 0x1FA8F, 0x1FABE, 0x1FABE, 0x1FAC6, 0x1FAC6, 0x1FADC, 0x1FADC,
            0x1FADF, 0x1FADF, 0x1FAE9, 0x1FAE9, 0x1FBCB, 0x1FBEF};

    private UnicodeClasses() {
    }

    /** The one character that stands for a code point where only its category matters: ASCII stands for itself. */
    static char collapse(int cp) {
        if (cp < 0x80) {
            return (char) cp;
        }
        if (isSpace(cp)) {
            return SPACE;
        }
        return switch (Character.getType(assigned(cp) ? cp : 0xFFFF)) {
            case Character.UPPERCASE_LETTER, Character.LOWERCASE_LETTER, Character.TITLECASE_LETTER, Character.MODIFIER_LETTER ->
                LETTER;
            case Character.OTHER_LETTER -> isHan(cp) ? HAN_LETTER : LETTER;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> NUMBER;
            case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK -> MARK;
            case Character.DASH_PUNCTUATION, Character.START_PUNCTUATION, Character.END_PUNCTUATION,
                    Character.CONNECTOR_PUNCTUATION, Character.OTHER_PUNCTUATION, Character.INITIAL_QUOTE_PUNCTUATION,
                    Character.FINAL_QUOTE_PUNCTUATION ->
                PUNCTUATION;
            case Character.MATH_SYMBOL, Character.CURRENCY_SYMBOL, Character.MODIFIER_SYMBOL, Character.OTHER_SYMBOL -> SYMBOL;
            default -> OTHER;
        };
    }

    /** The White_Space property. */
    static boolean isSpace(int cp) {
        return cp >= 9 && cp <= 13 || cp == ' ' || cp == 0x85 || cp == 0xA0 || cp == 0x1680 || cp >= 0x2000 && cp <= 0x200A
                || cp == 0x2028 || cp == 0x2029 || cp == 0x202F || cp == 0x205F || cp == 0x3000;
    }

    /** The white space of the C locale. */
    static boolean isAsciiSpace(byte b) {
        return b == ' ' || b >= 9 && b <= 13;
    }

    /** Control, format, surrogate and private-use characters. */
    static boolean isControl(int cp) {
        int type = Character.getType(cp);
        return type == Character.CONTROL || type == Character.FORMAT || type == Character.SURROGATE
                || type == Character.PRIVATE_USE;
    }

    static int toLowerCase(int cp) {
        return assigned(cp) ? Character.toLowerCase(cp) : cp;
    }

    /** The base letter of a letter with accents: the first code point of its canonical decomposition. */
    static int withoutAccents(int cp) {
        if (cp < 0xC0 || !assigned(cp)) {
            return cp;
        }
        return Normalizer.normalize(Character.toString(cp), Normalizer.Form.NFD).codePointAt(0);
    }

    static boolean assigned(int cp) {
        int i = Arrays.binarySearch(ASSIGNED_LATER, cp);
        return i < 0 && (-i - 1) % 2 == 0;
    }

    private static boolean isHan(int cp) {
        return cp >= 0x4E00 && cp <= 0x9FFF || cp >= 0x3400 && cp <= 0x4DBF || cp >= 0x20000 && cp <= 0x2A6DF
                || cp >= 0x2A700 && cp <= 0x2EBEF || cp >= 0xF900 && cp <= 0xFAFF || cp >= 0x2F800 && cp <= 0x2FA1F;
    }
}
