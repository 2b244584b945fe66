package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;

/** Two mixers of the same rows, whose outputs are added: attention, and one that keeps a state. */
final class SumMixer implements Mixer {
    private final Mixer attention;
    private final Mixer recurrent;
    private final FloatRows copy;
    private final FloatRows second;

    SumMixer(Mixer attention, Mixer recurrent, int width, Scratch scratch) {
        this.attention = attention;
        this.recurrent = recurrent;
        this.copy = scratch.rows("sumIn", width);
        this.second = scratch.rows("sumOut", width);
    }

    @Override
    public void mix(Step step, FloatRows in, FloatRows out) {
        int n = step.count() * in.cols();
        System.arraycopy(in.data(), in.offset(0), copy.data(), copy.offset(0), n);
        attention.mix(step, in, out);
        recurrent.mix(step, copy, second);
        step.rowKernels().add(out.data(), out.offset(0), second.data(), second.offset(0), n);
    }

    @Override
    public int kvHeads() {
        return attention.kvHeads();
    }

    @Override
    public int keyDim() {
        return attention.keyDim();
    }

    @Override
    public int valueDim() {
        return attention.valueDim();
    }

    @Override
    public int stateFloats() {
        return recurrent.stateFloats();
    }
}
