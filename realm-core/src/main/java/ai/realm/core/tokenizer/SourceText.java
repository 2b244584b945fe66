package ai.realm.core.tokenizer;

import java.util.Arrays;

/**
 * A text to encode, as UTF-8 without its markers, and the places where the markers stood: no special token may be matched
 * across one. Lone surrogates become U+FFFD.
 */
final class SourceText {
    private static final int[] NO_BARRIERS = {};

    private final byte[] utf8;
    private final int[] barriers;

    private SourceText(byte[] utf8, int[] barriers) {
        this.utf8 = utf8;
        this.barriers = barriers;
    }

    static SourceText of(String text) {
        byte[] out = new byte[Math.addExact(text.length(), text.length() >> 1) + 8];
        IntList barriers = null;
        int at = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (out.length - at < 4) {
                out = Arrays.copyOf(out, (int) Math.min(Integer.MAX_VALUE - 8L, out.length * 2L));
            }
            if (c < 0x80) {
                out[at++] = (byte) c;
            } else if (c == Tokenizer.MARKER) {
                barriers = barriers == null ? new IntList(8) : barriers;
                barriers.add(at);
            } else if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                at = put(out, at, Character.toCodePoint(c, text.charAt(++i)));
            } else {
                at = put(out, at, Character.isSurrogate(c) ? 0xFFFD : c);
            }
        }
        return new SourceText(Arrays.copyOf(out, at), barriers == null ? NO_BARRIERS : barriers.toArray());
    }

    /** Writes one code point as UTF-8 and gives the place after it. */
    static int put(byte[] out, int at, int cp) {
        if (cp < 0x80) {
            out[at++] = (byte) cp;
        } else if (cp < 0x800) {
            out[at++] = (byte) (0xC0 | cp >> 6);
            out[at++] = (byte) (0x80 | cp & 0x3F);
        } else if (cp < 0x10000) {
            out[at++] = (byte) (0xE0 | cp >> 12);
            out[at++] = (byte) (0x80 | cp >> 6 & 0x3F);
            out[at++] = (byte) (0x80 | cp & 0x3F);
        } else {
            out[at++] = (byte) (0xF0 | cp >> 18);
            out[at++] = (byte) (0x80 | cp >> 12 & 0x3F);
            out[at++] = (byte) (0x80 | cp >> 6 & 0x3F);
            out[at++] = (byte) (0x80 | cp & 0x3F);
        }
        return at;
    }

    /** Length of the UTF-8 character that begins with this byte. */
    static int charLength(byte lead) {
        int b = lead & 0xFF;
        return b < 0xC0 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
    }

    byte[] utf8() {
        return utf8;
    }

    int length() {
        return utf8.length;
    }

    boolean hasBarriers() {
        return barriers.length > 0;
    }

    /** Whether a marker stood strictly inside {@code [from, to)}. */
    boolean barrierInside(int from, int to) {
        if (barriers.length == 0) {
            return false;
        }
        int i = Arrays.binarySearch(barriers, from + 1);
        i = i < 0 ? -i - 1 : i;
        return i < barriers.length && barriers[i] < to;
    }

    /** A part of this text as a text of its own, with every space written as U+2581 and another before it if {@code prefix}. */
    SourceText escaped(int from, int to, boolean prefix) {
        int spaces = prefix ? 1 : 0;
        for (int i = from; i < to; i++) {
            spaces += utf8[i] == ' ' ? 1 : 0;
        }
        byte[] out = new byte[to - from + (prefix ? 1 : 0) + 2 * spaces];
        IntList moved = new IntList(0);
        int at = prefix ? put(out, 0, 0x2581) : 0;
        int next = firstBarrier(from);
        for (int i = from; i < to; i++) {
            for (; next < barriers.length && barriers[next] <= i; next++) {
                moved.add(at);
            }
            if (utf8[i] == ' ') {
                at = put(out, at, 0x2581);
            } else {
                out[at++] = utf8[i];
            }
        }
        return new SourceText(out, moved.size() == 0 ? NO_BARRIERS : moved.toArray());
    }

    private int firstBarrier(int from) {
        int i = Arrays.binarySearch(barriers, from);
        return i < 0 ? -i - 1 : i;
    }
}
