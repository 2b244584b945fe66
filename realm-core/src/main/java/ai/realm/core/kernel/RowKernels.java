package ai.realm.core.kernel;

import java.lang.foreign.MemorySegment;

/** What is done with rows of activations besides products: {@code float[]} with an offset. Allocates nothing. */
public interface RowKernels {
    float dot(float[] a, int aOffset, float[] b, int bOffset, int n);

    /** {@code x += y}. */
    void add(float[] x, int xOffset, float[] y, int yOffset, int n);

    /** {@code x += a * y}. */
    void addScaled(float[] x, int xOffset, float a, float[] y, int yOffset, int n);

    /**
     * {@code y += scale * sum_r factor[r] * (down[r] · x) * up[r]} for the eight rows of two {@link LowRankPanel}s, of which the first's factors
     * count.
     *
     * @param kind how the panels' numbers lie
     * @param downAt byte of the panel of {@code cols} columns
     * @param upAt byte of the panel of {@code rows} columns
     */
    void addLowRank(float[] y, int yOffset, int rows, float scale, LowRankPanel kind, MemorySegment memory, long downAt,
            long upAt, float[] x, int xOffset, int cols);

    /** {@code x *= y}. */
    void multiply(float[] x, int xOffset, float[] y, int yOffset, int n);

    /** {@code x *= a}. */
    void scale(float[] x, int xOffset, float a, int n);

    /** {@code out = x / sqrt(mean(x²) + eps) * weight}; the sum in double or compensated. */
    void rmsNorm(float[] x, int xOffset, float[] weight, float eps, float[] out, int outOffset, int n);

    /** {@code out = (x - mean) / sqrt(var + eps) * weight + bias}. */
    void layerNorm(float[] x, int xOffset, float[] weight, float[] bias, float eps, float[] out, int outOffset, int n);

    /** Softmax in place with the maximum taken out first. */
    void softmax(float[] x, int offset, int n);

    /** {@code x = activation(x)}. */
    void activate(Activation activation, float[] x, int offset, int n);

    /** {@code gate = activation(gate) * up}: a gated MLP's middle. */
    void gate(Activation activation, float[] gate, int gateOffset, float[] up, int upOffset, int n);

    /**
     * Rotary positions of {@code heads} vectors, the first at {@code offset}, the next {@code stride} further: the pair of numbers i and i + pairs,
     * or 2i and 2i + 1 when {@code neighbours}, is turned by the angle whose cosine and sine are at {@code table + i}.
     */
    void rotate(boolean neighbours, float[] x, int offset, int stride, int heads, float[] cos, float[] sin, int table, int pairs);
}
