package ai.realm.core.sampling;

import java.util.List;

/**
 * Guesses what an output goes on with, so that one step can compute several tokens of it. A wrong guess costs time and changes nothing.
 * One thread at a time.
 */
public interface Drafts {
    /** Records a token of the output. */
    void accept(int token);

    /** Adds guesses of what comes next to a choice; none of them may be a token that ends the output. */
    void guess(Choice choice);

    /** How many of its guesses were right, of those that were computed in the last step: at least one. */
    default void verified(int right, int guessed) {
    }

    /** The guesses of the first source that has any. */
    static Drafts firstOf(List<Drafts> sources) {
        return new Drafts() {
            private int last;

            @Override
            public void accept(int token) {
                for (int i = 0; i < sources.size(); i++) {
                    sources.get(i).accept(token);
                }
            }

            @Override
            public void guess(Choice choice) {
                for (last = 0; last < sources.size(); last++) {
                    sources.get(last).guess(choice);
                    if (choice.guessCount() > 0) {
                        return;
                    }
                }
            }

            @Override
            public void verified(int right, int guessed) {
                if (last < sources.size()) {
                    sources.get(last).verified(right, guessed);
                }
            }
        };
    }
}
