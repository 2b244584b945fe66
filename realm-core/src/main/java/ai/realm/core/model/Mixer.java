package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;

/** The part of a layer in which tokens of a sequence see one another: attention, a convolution, a recurrence. */
interface Mixer {
    /**
     * Mixes the batch's rows and keeps what later steps need.
     *
     * @param in normalised rows; may be overwritten
     * @param out the branch's rows, before the residual sum
     */
    void mix(Step step, FloatRows in, FloatRows out);

    /** Heads whose keys and values are kept; 0 for none. */
    default int kvHeads() {
        return 0;
    }

    default int keyDim() {
        return 0;
    }

    default int valueDim() {
        return 0;
    }

    /** Floats of recurrent state of a sequence; 0 for none. */
    default int stateFloats() {
        return 0;
    }
}
