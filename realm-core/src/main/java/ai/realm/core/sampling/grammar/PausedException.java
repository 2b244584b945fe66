package ai.realm.core.sampling.grammar;

/** A slice of work is used up; what was under way goes on when it is asked for again. */
final class PausedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    PausedException() {
        super("a slice of work is used up", null, false, false);
    }
}
