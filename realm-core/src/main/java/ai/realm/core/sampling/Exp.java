package ai.realm.core.sampling;

/**
 * The exponential of many floats at once, to about one unit in the last place: a softmax over a whole vocabulary with
 * {@link Math#exp} would cost as much as a layer of a small model. Method: Cephes' expf (range reduction by powers of two, a
 * polynomial of degree 5).
 */
final class Exp {
    private static final float LOG2E = 1.44269504f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    private static final float LOWEST = -87f;
    /** Numbers that are worked on together. */
    static final int BLOCK = 1024;
    /** Powers of two by falling exponent; 0 from where the values end. */
    private static final float[] POWERS = powers();

    private Exp() {
    }

    private static float[] powers() {
        float[] out = new float[128];
        for (int i = 0; i < 126; i++) {
            out[i] = (float) Math.scalb(1.0, -i);
        }
        return out;
    }

    /**
     * {@code to[i] = exp(from[offset + i] - max)} for i below {@code count}; no value may exceed {@code max}. Returns the sum.
     *
     * @param powers scratch for {@link #BLOCK} numbers
     */
    static double shifted(float[] from, int offset, float[] to, int count, float max, int[] powers) {
        double sum = 0;
        for (int at = 0; at < count; at += BLOCK) {
            int length = Math.min(BLOCK, count - at);
            reduce(from, offset + at, to, at, powers, length, max);
            sum += scale(to, at, powers, length);
        }
        return sum;
    }

    /** The polynomial's part, apart from the look-up of the power of two so that C2 makes vector code of it. */
    private static void reduce(float[] from, int offset, float[] to, int at, int[] powers, int length, float max) {
        for (int i = 0; i < length; i++) {
            float x = Math.max(LOWEST, from[offset + i] - max);
            int n = (int) (x * LOG2E - 0.5f);
            float r = x - n * LN2_HIGH - n * LN2_LOW;
            float p = 1.9875691500e-4f;
            p = p * r + 1.3981999507e-3f;
            p = p * r + 8.3334519073e-3f;
            p = p * r + 4.1665795894e-2f;
            p = p * r + 1.6666665459e-1f;
            p = p * r + 5.0000001201e-1f;
            to[at + i] = p * r * r + r + 1f;
            powers[i] = n;
        }
    }

    private static double scale(float[] to, int at, int[] powers, int length) {
        double sum = 0;
        for (int i = 0; i < length; i++) {
            float y = to[at + i] * POWERS[-powers[i]];
            to[at + i] = y;
            sum += y;
        }
        return sum;
    }

    /** For x at most 0; 0 below -87. */
    static float exp(float x) {
        float bounded = Math.max(LOWEST, x);
        int n = (int) (bounded * LOG2E - 0.5f);
        float r = bounded - n * LN2_HIGH - n * LN2_LOW;
        float p = 1.9875691500e-4f;
        p = p * r + 1.3981999507e-3f;
        p = p * r + 8.3334519073e-3f;
        p = p * r + 4.1665795894e-2f;
        p = p * r + 1.6666665459e-1f;
        p = p * r + 5.0000001201e-1f;
        float y = (p * r * r + r + 1f) * Float.intBitsToFloat(n + 127 << 23);
        return x > LOWEST ? y : 0f;
    }
}
