package ai.realm.core.sampling;

import org.jspecify.annotations.Nullable;

/**
 * What a structured output allows: which tokens may come next, and whether the output may end here. What takes long can be done in
 * pieces, by anybody as long as it is one at a time.
 */
public interface TokenConstraint {
    /**
     * Whether this token may come next.
     *
     * @param steps of work that may be done for it
     * @return null when it takes more
     */
    @Nullable
    Boolean allows(int token, long steps);

    /** Whether this token may come next. */
    default boolean allows(int token) {
        return Boolean.TRUE.equals(allows(token, Long.MAX_VALUE));
    }

    /** Does up to so many steps of what {@link #mask} needs; whether that is all there. */
    boolean prepareMask(long steps);

    /** Makes every token that may not come next impossible; the candidates are those of a whole row. */
    void mask(Candidates candidates);

    /**
     * Tokens that spell the only text that may come next; without any where there is a choice or to find out takes long.
     *
     * @param into filled from the front, with what fits
     * @return how many there are
     */
    default int forced(int[] into) {
        return 0;
    }

    /** Records a token of the output. */
    void accept(int token);

    /** Whether the output so far is complete. */
    boolean isComplete();

    /** Steps of work that holding the output to it has taken so far, in a unit that takes some nanoseconds. */
    long work();
}
