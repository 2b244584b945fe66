package ai.realm.core.tokenizer;

/** A stretch of UTF-8 as code points: where each begins, and the texts of one character a code point that patterns run over. */
final class CodePoints {
    private final int[] values;
    private final int[] offsets;
    private final int count;

    CodePoints(byte[] utf8, int from, int to) {
        values = new int[to - from];
        offsets = new int[to - from + 1];
        int n = 0;
        for (int i = from; i < to;) {
            offsets[n] = i;
            int length = Math.min(SourceText.charLength(utf8[i]), to - i);
            values[n++] = decode(utf8, i, length);
            i += length;
        }
        offsets[n] = to;
        count = n;
    }

    private static int decode(byte[] b, int i, int length) {
        return switch (length) {
            case 1 -> b[i];
            case 2 -> (b[i] & 0x1F) << 6 | b[i + 1] & 0x3F;
            case 3 -> (b[i] & 0x0F) << 12 | (b[i + 1] & 0x3F) << 6 | b[i + 2] & 0x3F;
            default -> (b[i] & 0x07) << 18 | (b[i + 1] & 0x3F) << 12 | (b[i + 2] & 0x3F) << 6 | b[i + 3] & 0x3F;
        };
    }

    int count() {
        return count;
    }

    int value(int i) {
        return values[i];
    }

    /** The byte at which code point {@code i} begins; for {@code count()} the end. */
    int offset(int i) {
        return offsets[i];
    }

    /** Each code point as the character of its category, see {@link UnicodeClasses#collapse}. */
    String collapsed() {
        char[] out = new char[count];
        for (int i = 0; i < count; i++) {
            out[i] = UnicodeClasses.collapse(values[i]);
        }
        return new String(out);
    }

    /** Each code point as itself, but for non-ASCII white space and, beyond the BMP, U+FFFE for cased letters. */
    String plain() {
        char[] out = new char[count];
        for (int i = 0; i < count; i++) {
            int cp = values[i];
            if (cp > 0xFFFD) {
                out[i] = isCased(cp) ? '\uFFFE' : '\uFFFF';
            } else {
                out[i] = cp > 0x7F && UnicodeClasses.isSpace(cp) ? UnicodeClasses.SPACE : (char) cp;
            }
        }
        return new String(out);
    }

    /** The letters beyond the BMP that DeepSeek's pattern lists. */
    private static boolean isCased(int cp) {
        return cp >= 0x10400 && cp <= 0x1044F || cp >= 0x104B0 && cp <= 0x104D3 || cp >= 0x104D8 && cp <= 0x104FB
                || cp >= 0x10C80 && cp <= 0x10CB2 || cp >= 0x10CC0 && cp <= 0x10CF2 || cp >= 0x118A0 && cp <= 0x118DF
                || cp >= 0x1E900 && cp <= 0x1E943;
    }
}
