package ai.realm.core.sampling;

/**
 * How many tokens a source of guesses should guess, by how right it was: more while all are right, fewer when some are not, and none for a
 * while, each time longer, when it is wrong from the first on.
 */
final class DraftLength {
    private static final int FEWEST = 2;
    private static final int LONGEST_PAUSE = 64;

    private final int most;
    private int length;
    private int misses;
    private int pause;

    DraftLength(int first, int most) {
        this.length = first;
        this.most = most;
    }

    /** How many to guess now. */
    int next() {
        if (pause > 0) {
            pause--;
            return 0;
        }
        return length;
    }

    /** The verdict on guesses of this source that were computed. */
    void verified(int right, int guessed) {
        if (right == guessed) {
            length = Math.min(most, 2 * length);
            misses = 0;
        } else if (right > 0) {
            length = Math.max(FEWEST, right + 1);
            misses = 0;
        } else {
            length = FEWEST;
            pause = Math.min(LONGEST_PAUSE, 2 << misses);
            misses = Math.min(misses + 1, 5);
        }
    }
}
