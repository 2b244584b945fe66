package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;

/** One layer of a decoder: how its mixer and its feed-forward part are joined to the residual stream. */
interface Layer {
    /**
     * Adds this layer's branches to the rows of {@code x}.
     *
     * @param last whether no layer follows: then only the rows whose logits are wanted go on after the mixer, moved to the front
     */
    void forward(Step step, FloatRows x, boolean last);

    Mixer mixer();
}
