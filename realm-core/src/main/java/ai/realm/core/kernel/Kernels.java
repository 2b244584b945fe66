package ai.realm.core.kernel;

import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The arithmetic of a forward pass on one thread: every method works on ranges that its caller splits among threads, allocates
 * nothing (but {@code prepare} and {@code activations}) and checks no more than Java does; {@link Compute} is the checked
 * facade. The scalar implementation is the definition. Activations are {@code float[]} rows with an offset and a stride.
 */
public interface Kernels {
    /** Name for logs, as {@code scalar} or {@code simd-512}. */
    String name();

    /** What this instance does with activations. */
    ActivationMode activationMode();

    /**
     * Lays out a 2-D tensor (dim 0 = cols) for products; memory that it needs comes from {@code arena}, the work is shared by
     * {@code pool}.
     */
    WeightMatrix prepare(TensorView weight, Arena arena, WorkerPool pool);

    /**
     * Bytes that a tensor's matrices (of its first two dimensions) will take in memory once {@link #prepare} has laid them out,
     * those of the file's map where products read it; told without reading the tensor.
     */
    long preparedBytes(TensorView weight);

    /** A reusable holder of up to {@code rows} rows of {@code cols} activations. */
    Activations activations(int rows, int cols);

    /**
     * Fills rows {@code from} to {@code to} of {@code into} from {@code x} (row r at {@code xOffset + r * xStride}), in the form
     * that {@code w} is multiplied with. The holder may keep a reference to {@code x}, which must not change until the products
     * are done; calls of one round give the same {@code x}, offset and stride.
     */
    void fill(Activations into, WeightMatrix w, float[] x, int xOffset, int xStride, int from, int to);

    /** Whether what was filled for {@code a} also serves {@code b}. */
    boolean sameForm(WeightMatrix a, WeightMatrix b);

    /**
     * {@code out[outOffset + t * outStride + r] = sum_c w[r, c] * x[t, c]} for rows {@code rowFrom <= r < rowTo} and tokens
     * {@code from <= t < to}.
     */
    void matmul(WeightMatrix w, int rowFrom, int rowTo, Activations x, int from, int to, float[] out, int outOffset,
            int outStride);

    /** Row ranges given to {@link #matmul} should begin at multiples of this. */
    int rowAlignment(WeightMatrix w);

    float dot(float[] a, int aOffset, float[] b, int bOffset, int n);

    /** {@code x += y}. */
    void add(float[] x, int xOffset, float[] y, int yOffset, int n);

    /** {@code x += a * y}. */
    void addScaled(float[] x, int xOffset, float a, float[] y, int yOffset, int n);

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

    /** Writes {@code n} numbers as one row of keys or values at byte {@code at}. */
    void storeKv(float[] x, int xOffset, int n, KvType type, MemorySegment memory, long at);

    /**
     * Attention scores of several query rows with a run of consecutive keys of one head:
     * {@code out[outOffset + q * outStride + p] = scale * dot(query q, key p)}; key p at byte {@code keys + p * rowBytes}.
     */
    void scores(float[] query, int queryOffset, int queryStride, int queries, KvType type, MemorySegment memory, long keys,
            int positions, int dim, float scale, float[] out, int outOffset, int outStride);

    /**
     * {@code out[outOffset + q * outStride + d] += sum_p weight[weightOffset + q * weightStride + p] * value[p, d]}; value p at
     * byte {@code values + p * rowBytes}.
     */
    void weightedValues(float[] weight, int weightOffset, int weightStride, int queries, KvType type, MemorySegment memory,
            long values, int positions, int dim, float[] out, int outOffset, int outStride);

    /** Computes every row of an attention tile: {@code out = softmax(cap(scale * q · K)) · V} over the positions it sees. */
    void attend(AttentionTile tile);
}
