package ai.realm.core.sampling.grammar;

import java.util.Arrays;

/** A set of code points; whether one belongs to it takes a number of steps logarithmic in its ranges, and one for ASCII. Immutable. */
final class CharClass {
    /** The first character that is not ASCII. */
    static final int BEYOND = 128;
    static final CharClass ANY = new CharClass(new int[]{0, Character.MAX_CODE_POINT});

    /** How many of some characters belong to a set. */
    enum Part {
        NONE,
        SOME,
        ALL
    }

    /** First and last of each range, one after the other, rising, with a gap between any two. */
    private final int[] ranges;
    /** ASCII below 64, and the rest of it, a bit each. */
    final long low;
    final long high;
    /** The characters that are not ASCII, surrogates not counted. */
    final Part beyond;

    private CharClass(int[] ranges) {
        this.ranges = ranges;
        long first = 0;
        long second = 0;
        for (int i = 0; i < ranges.length; i += 2) {
            for (int c = ranges[i]; c <= Math.min(ranges[i + 1], 127); c++) {
                first |= c < 64 ? 1L << c : 0;
                second |= c < 64 ? 0 : 1L << c;
            }
        }
        low = first;
        high = second;
        beyond = !intersects(BEYOND, Character.MAX_CODE_POINT)
                ? Part.NONE
                : covers(BEYOND, 0xD7FF) && covers(0xE000, Character.MAX_CODE_POINT) ? Part.ALL : Part.SOME;
    }

    static boolean isSurrogate(int codePoint) {
        return codePoint >= 0xD800 && codePoint < 0xE000;
    }

    static CharClass of(int codePoint) {
        return new CharClass(new int[]{codePoint, codePoint});
    }

    /**
     * @param ranges first and last of each range, in any order, overlapping or not
     * @param negated whether the set is everything else
     */
    static CharClass of(int[] ranges, boolean negated) {
        int[] merged = merge(ranges);
        return new CharClass(negated ? complement(merged) : merged);
    }

    private static int[] merge(int[] ranges) {
        long[] sorted = new long[ranges.length / 2];
        for (int i = 0; i < sorted.length; i++) {
            sorted[i] = (long) ranges[2 * i] << 32 | ranges[2 * i + 1];
        }
        Arrays.sort(sorted);
        int[] out = new int[ranges.length];
        int n = 0;
        for (long range : sorted) {
            int first = (int) (range >> 32);
            int last = (int) range;
            if (n > 0 && first <= out[n - 1] + 1) {
                out[n - 1] = Math.max(out[n - 1], last);
            } else {
                out[n++] = first;
                out[n++] = last;
            }
        }
        return Arrays.copyOf(out, n);
    }

    private static int[] complement(int[] ranges) {
        int[] out = new int[ranges.length + 2];
        int n = 0;
        int from = 0;
        for (int i = 0; i < ranges.length; i += 2) {
            if (ranges[i] > from) {
                out[n++] = from;
                out[n++] = ranges[i] - 1;
            }
            from = ranges[i + 1] + 1;
        }
        if (from <= Character.MAX_CODE_POINT) {
            out[n++] = from;
            out[n++] = Character.MAX_CODE_POINT;
        }
        return Arrays.copyOf(out, n);
    }

    /** The only code point in it, or -1. */
    int only() {
        return ranges.length == 2 && ranges[0] == ranges[1] ? ranges[0] : -1;
    }

    boolean contains(int codePoint) {
        return codePoint < 64
                ? (low >> codePoint & 1) != 0
                : codePoint < 128 ? (high >> codePoint & 1) != 0 : intersects(codePoint, codePoint);
    }

    /** Whether all code points from {@code first} to {@code last} belong to the set. */
    private boolean covers(int first, int last) {
        for (int i = 0; i < ranges.length; i += 2) {
            if (ranges[i] <= first && ranges[i + 1] >= last) {
                return true;
            }
        }
        return false;
    }

    /** First and last of each range, one after the other, rising; not to be changed. */
    int[] ranges() {
        return ranges;
    }

    /** Whether any code point from {@code low} to {@code high} belongs to the set. */
    boolean intersects(int low, int high) {
        // the first range that does not end before low
        int from = 0;
        int to = ranges.length / 2;
        while (from < to) {
            int middle = from + to >>> 1;
            if (ranges[2 * middle + 1] < low) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return 2 * from < ranges.length && ranges[2 * from] <= high;
    }
}
