package ai.realm.core.sampling.grammar.regular;

import java.util.Arrays;

/**
 * Sets of code points as arrays of ranges: first and last of each, one after the other, rising, with a gap between any two. No set
 * made here holds surrogates, which no UTF-8 text can have.
 */
public final class CodePoints {
    public static final int[] NONE = {};
    /** Every code point but the surrogates. */
    public static final int[] ALL = {0, 0xD7FF, 0xE000, Character.MAX_CODE_POINT};

    private CodePoints() {
    }

    public static int[] of(int codePoint) {
        return intersection(ALL, new int[]{codePoint, codePoint});
    }

    /** @param ranges in any order, overlapping or not */
    public static int[] of(int[] ranges) {
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
        return intersection(ALL, Arrays.copyOf(out, n));
    }

    public static int[] union(int[] a, int[] b) {
        int[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return of(both);
    }

    public static int[] intersection(int[] a, int[] b) {
        int[] out = new int[a.length + b.length];
        int n = 0;
        for (int i = 0, j = 0; i < a.length && j < b.length;) {
            int first = Math.max(a[i], b[j]);
            int last = Math.min(a[i + 1], b[j + 1]);
            if (first <= last) {
                out[n++] = first;
                out[n++] = last;
            }
            if (a[i + 1] < b[j + 1]) {
                i += 2;
            } else {
                j += 2;
            }
        }
        return Arrays.copyOf(out, n);
    }

    /** Everything else, but for surrogates. */
    public static int[] complement(int[] set) {
        int[] out = new int[set.length + 2];
        int n = 0;
        int from = 0;
        for (int i = 0; i < set.length; i += 2) {
            if (set[i] > from) {
                out[n++] = from;
                out[n++] = set[i] - 1;
            }
            from = set[i + 1] + 1;
        }
        if (from <= Character.MAX_CODE_POINT) {
            out[n++] = from;
            out[n++] = Character.MAX_CODE_POINT;
        }
        return intersection(ALL, Arrays.copyOf(out, n));
    }

    public static boolean contains(int[] set, int codePoint) {
        int from = 0;
        int to = set.length / 2;
        while (from < to) {
            int middle = from + to >>> 1;
            if (set[2 * middle + 1] < codePoint) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return 2 * from < set.length && set[2 * from] <= codePoint;
    }
}
