package ai.realm.core.sampling;

import org.jspecify.annotations.Nullable;

/** What the owner of a sequence says about its tokens by hand: a mask, for the next token or until it is changed, and biases. */
final class SteeringStage implements SamplerStage {
    private long @Nullable [] mask;
    private boolean once;
    private int[] biased = new int[0];
    private float[] biases = new float[0];

    /**
     * @param bits a bit for each token that may come; null for all
     * @param forOne whether it is for the next token only
     */
    void mask(long @Nullable [] bits, boolean forOne) {
        mask = bits;
        once = forOne;
    }

    boolean biases() {
        return biased.length > 0;
    }

    boolean masks() {
        return mask != null;
    }

    long @Nullable [] mask() {
        return mask;
    }

    void bias(int[] tokens, float[] values) {
        biased = tokens;
        biases = values;
    }

    /** What holds until it is changed is another's too. */
    void copyTo(SteeringStage other) {
        other.mask = mask;
        other.once = once;
        other.biased = biased;
        other.biases = biases;
    }

    @Override
    public void apply(Candidates c) {
        for (int i = 0; i < biased.length; i++) {
            int at = c.indexOf(biased[i]);
            if (at >= 0) {
                c.setLogit(at, c.logit(at) + biases[i]);
            }
        }
        if (biased.length > 0) {
            c.orderChanged();
        }
        if (mask != null) {
            c.allowOnly(mask);
        }
    }

    /** A token of the output came. */
    void chosen() {
        if (once) {
            mask = null;
            once = false;
        }
    }
}
