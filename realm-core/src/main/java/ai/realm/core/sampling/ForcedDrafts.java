package ai.realm.core.sampling;

/**
 * Guesses the text that a constraint leaves no choice in, in its longest tokens: so forced text takes one step instead of one for each
 * token, and which tokens spell it is still the model's choice.
 */
final class ForcedDrafts implements Drafts {
    private static final int MOST_GUESSES = 15;

    private final TokenConstraint constraint;
    private final int[] tokens = new int[MOST_GUESSES];
    private final DraftLength amount = new DraftLength(MOST_GUESSES, MOST_GUESSES);

    ForcedDrafts(TokenConstraint constraint) {
        this.constraint = constraint;
    }

    /** The constraint is told by the sampler. */
    @Override
    public void accept(int token) {
    }

    @Override
    public void guess(Choice choice) {
        int n = constraint.forced(tokens);
        int most = n == 0 ? 0 : Math.min(n, amount.next());
        for (int i = 0; i < most; i++) {
            choice.guess(tokens[i]);
        }
    }

    @Override
    public void verified(int right, int guessed) {
        amount.verified(right, guessed);
    }
}
