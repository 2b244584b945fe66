package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;

/** One layer of a decoder: how its mixer and its feed-forward part are joined to the residual stream. */
interface Layer {
    /** Adds this layer's branches to the rows of {@code x}. */
    void forward(Step step, FloatRows x);

    Mixer mixer();
}
