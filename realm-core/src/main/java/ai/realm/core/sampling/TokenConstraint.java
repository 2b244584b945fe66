package ai.realm.core.sampling;

/** What a structured output allows: which tokens may come next, and whether the output may end here. */
public interface TokenConstraint {
    /** Whether this token may come next. */
    boolean allows(int token);

    /** Makes every token that may not come next impossible; the candidates are those of a whole row. */
    void mask(Candidates candidates);

    /** Records a token of the output. */
    void accept(int token);

    /** Whether the output so far is complete. */
    boolean isComplete();

    /** Steps of work that holding the output to it has taken so far, in a unit that takes some nanoseconds. */
    long work();
}
