package ai.realm.core.sampling;

import java.util.Arrays;

/**
 * Finds the k largest of many floats, in order, without sorting the rest: a histogram over the values' leading bits finds where
 * the wanted part begins; only that part is gathered and sorted, as {@code long} keys of (value, index). Of equal values the one
 * with the lower index comes first. Linear in the number of values whatever they are; reuses its arrays.
 */
final class TopK {
    private static final int DIGIT_BITS = 11;
    private static final int DIGITS = 1 << DIGIT_BITS;

    private final int[] histogram = new int[DIGITS];
    private long[] keys = new long[0];

    /** Makes the first {@code k} results of {@code values[0 … size)} readable; no value may be NaN. */
    void gather(float[] values, int size, int k) {
        if (keys.length < size) {
            keys = new long[size];
        }
        int count = gatherBuckets(values, size, k);
        if (count > 4 * k + 64) {
            count = selectLargest(count, k);
        }
        Arrays.sort(keys, 0, count);
        for (int i = 0, j = count - 1; i < j; i++, j--) {
            swap(i, j);
        }
    }

    int index(int i) {
        return Integer.MAX_VALUE - (int) keys[i];
    }

    float value(int i) {
        int o = (int) (keys[i] >> 32);
        return Float.intBitsToFloat(o ^ (o >> 31 & Integer.MAX_VALUE));
    }

    /** Gathers every value from the bucket that the k-th largest lies in, and above. */
    private int gatherBuckets(float[] values, int size, int k) {
        Arrays.fill(histogram, 0);
        for (int i = 0; i < size; i++) {
            histogram[bucket(values[i])]++;
        }
        int lowest = DIGITS;
        int seen = 0;
        while (seen < k && lowest > 0) {
            seen += histogram[--lowest];
        }
        int count = 0;
        for (int i = 0; i < size; i++) {
            if (bucket(values[i]) >= lowest) {
                keys[count++] = (long) ordered(values[i]) << 32 | Integer.MAX_VALUE - i;
            }
        }
        return count;
    }

    /** Moves the k largest of the first {@code count} keys to the front, digit by digit, and returns how many to sort. */
    private int selectLargest(int count, int k) {
        int from = 0;
        int to = count;
        int wanted = k;
        for (int shift = 64 - DIGIT_BITS; wanted < to - from; shift -= DIGIT_BITS) {
            int low = Math.max(0, shift);
            Arrays.fill(histogram, 0);
            for (int i = from; i < to; i++) {
                histogram[digit(keys[i], low)]++;
            }
            int d = DIGITS - 1;
            int above = 0;
            while (above + histogram[d] < wanted) {
                above += histogram[d--];
            }
            int equal = histogram[d];
            partition(from, to, d, low);
            from += above;
            wanted -= above;
            to = from + equal;
        }
        return k;
    }

    /** Digits above {@code d} first, then those equal, then the rest. */
    private void partition(int from, int to, int d, int shift) {
        int low = from;
        int high = to - 1;
        int i = from;
        while (i <= high) {
            int digit = digit(keys[i], shift);
            if (digit > d) {
                swap(i++, low++);
            } else if (digit < d) {
                swap(i, high--);
            } else {
                i++;
            }
        }
    }

    private void swap(int a, int b) {
        long t = keys[a];
        keys[a] = keys[b];
        keys[b] = t;
    }

    private static int digit(long key, int shift) {
        return (int) ((key ^ Long.MIN_VALUE) >>> shift) & DIGITS - 1;
    }

    private static int bucket(float v) {
        return (ordered(v) >>> 32 - DIGIT_BITS) ^ DIGITS >> 1;
    }

    /** An int that orders as the float does. */
    private static int ordered(float v) {
        int bits = Float.floatToRawIntBits(v + 0f);
        return bits ^ (bits >> 31 & Integer.MAX_VALUE);
    }
}
