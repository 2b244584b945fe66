package ai.realm.core.sampling.grammar;

/**
 * A set of code points.
 *
 * @param ranges first and last of each range, one after the other
 * @param negated whether the set is everything else
 */
@SuppressWarnings("ArrayRecordComponent")
record CharClass(int[] ranges, boolean negated) {
    static final CharClass ANY = new CharClass(new int[0], true);

    static CharClass of(int codePoint) {
        return new CharClass(new int[]{codePoint, codePoint}, false);
    }

    static CharClass of(int[] ranges, boolean negated) {
        return new CharClass(ranges, negated);
    }

    boolean contains(int codePoint) {
        for (int i = 0; i < ranges.length; i += 2) {
            if (codePoint >= ranges[i] && codePoint <= ranges[i + 1]) {
                return !negated;
            }
        }
        return negated;
    }

    /** Whether any code point from {@code low} to {@code high} belongs to the set. */
    boolean intersects(int low, int high) {
        if (!negated) {
            for (int i = 0; i < ranges.length; i += 2) {
                if (ranges[i] <= high && ranges[i + 1] >= low) {
                    return true;
                }
            }
            return false;
        }
        // the first code point that no range covers
        int at = low;
        boolean moved = true;
        while (moved && at <= high) {
            moved = false;
            for (int i = 0; i < ranges.length; i += 2) {
                if (at >= ranges[i] && at <= ranges[i + 1]) {
                    at = ranges[i + 1] + 1;
                    moved = true;
                }
            }
        }
        return at <= high;
    }
}
