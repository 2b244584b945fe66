package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;

/** What an architecture does with the rows before its first layer and after its last. */
interface Ends {
    /** @param x the embedding's rows, scaled; one for each token of the step */
    void enter(Step step, FloatRows x);

    /**
     * Before the final norm.
     *
     * @param x the first {@code count} rows, those whose logits are wanted
     */
    default void leave(Step step, FloatRows x, int count) {
    }
}
