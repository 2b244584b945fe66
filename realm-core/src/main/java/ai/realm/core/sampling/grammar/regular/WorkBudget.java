package ai.realm.core.sampling.grammar.regular;

/** How much work a compilation may still do. Whoever catches the exception knows what it was for. One thread. */
public final class WorkBudget {
    /** The work is more than was allowed. */
    public static final class ExceededException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        public ExceededException() {
            super("too much work", null, false, false);
        }
    }

    private long left;

    /** @param steps of some tens of nanoseconds each */
    public WorkBudget(long steps) {
        left = steps;
    }

    public void spend(long steps) {
        left -= steps;
        if (left < 0) {
            throw new ExceededException();
        }
    }
}
