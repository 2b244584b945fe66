package ai.realm.core.sampling.grammar.regular;

/**
 * How much work a compilation may still do. Whoever catches the exception knows what it was for. Every millisecond or so of work a
 * virtual thread lets others go first, as it would keep its processor from all that wait for it. One thread.
 */
public final class WorkBudget {
    /** The work is more than was allowed. */
    public static final class ExceededException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        public ExceededException() {
            super("too much work", null, false, false);
        }
    }

    private static final long STEPS_A_TURN = 30_000;

    private long left;
    private long nextTurn;

    /** @param steps of some tens of nanoseconds each */
    public WorkBudget(long steps) {
        left = steps;
        nextTurn = steps - STEPS_A_TURN;
    }

    public void spend(long steps) {
        left -= steps;
        if (left < 0) {
            throw new ExceededException();
        }
        if (left < nextTurn) {
            nextTurn = left - STEPS_A_TURN;
            if (Thread.currentThread().isVirtual()) {
                Thread.yield();
            }
        }
    }
}
