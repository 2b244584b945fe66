package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;

/** The part of a layer that treats every token by itself: an MLP, or several of which a router chooses. */
interface FeedForward {
    /**
     * @param in normalised rows; left as they are
     * @param out the branch's rows, before the residual sum
     */
    void apply(Step step, FloatRows in, FloatRows out, int count);
}
