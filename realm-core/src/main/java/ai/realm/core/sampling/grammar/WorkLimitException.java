package ai.realm.core.sampling.grammar;

/** An automaton has done as much as it was allowed; whoever set the limit says what that means. */
final class WorkLimitException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    WorkLimitException() {
        super("the limit of work is reached", null, false, false);
    }
}
