package ai.realm.core.kernel;

import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;

/**
 * Matrix products, and the layouts of weights and activations that they take. Every method works on ranges that its caller splits among threads,
 * and allocates nothing (but {@code prepare} and {@code activations}).
 */
public interface ProductKernels {
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
}
