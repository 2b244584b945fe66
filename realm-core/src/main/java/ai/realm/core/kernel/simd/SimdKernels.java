package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.Lanes.F;
import static ai.realm.core.kernel.simd.Lanes.FL;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Activations;
import ai.realm.core.kernel.AttentionTile;
import ai.realm.core.kernel.Kernels;
import ai.realm.core.kernel.KvType;
import ai.realm.core.kernel.WeightMatrix;
import ai.realm.core.kernel.WorkerPool;
import ai.realm.core.kernel.simd.Packing.Quants;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** The kernels with the Vector API, at the width of {@link Lanes}. Stateless but for scratch per thread. */
public final class SimdKernels implements Kernels {
    private final ActivationMode mode;

    SimdKernels(ActivationMode mode) {
        this.mode = mode;
    }

    @Override
    public String name() {
        return "simd-" + Lanes.BITS;
    }

    @Override
    public ActivationMode activationMode() {
        return mode;
    }

    @Override
    public WeightMatrix prepare(TensorView weight, Arena arena, WorkerPool pool) {
        Packing packing = Packing.of(weight.type());
        return packing == null || !Packer.fits(weight) ? MappedMatrix.of(weight) : Packer.pack(weight, packing, arena, pool);
    }

    @Override
    public long preparedBytes(TensorView weight) {
        Packing packing = Packing.of(weight.type());
        return packing == null ? weight.data().byteSize() : packing.bytes(weight.shape());
    }

    @Override
    public Activations activations(int rows, int cols) {
        return new SimdActivations(rows, cols);
    }

    @Override
    public void fill(Activations into, WeightMatrix w, float[] x, int xOffset, int xStride, int from, int to) {
        SimdActivations a = (SimdActivations) into;
        a.refer(x, xOffset, xStride);
        if (Products.usesEightBits(w, mode)) {
            Quants quants = ((PackedMatrix) w).packing.quants;
            a.reserve(quants);
            a.quantize(from, to, quants);
        }
    }

    @Override
    public boolean sameForm(WeightMatrix a, WeightMatrix b) {
        boolean eightBits = Products.usesEightBits(a, mode);
        return eightBits == Products.usesEightBits(b, mode)
                && (!eightBits || ((PackedMatrix) a).packing.quants == ((PackedMatrix) b).packing.quants);
    }

    @Override
    public void matmul(WeightMatrix w, int rowFrom, int rowTo, Activations x, int from, int to, float[] out, int outOffset,
            int outStride) {
        Products.matmul(w, mode, rowFrom, rowTo, (SimdActivations) x, from, to, out, outOffset, outStride);
    }

    @Override
    public int rowAlignment(WeightMatrix w) {
        return w instanceof PackedMatrix ? FloatGemm.ROWS : 4;
    }

    @Override
    public float dot(float[] a, int aOffset, float[] b, int bOffset, int n) {
        return Dot.dot(a, aOffset, b, bOffset, n);
    }

    @Override
    public void add(float[] x, int xOffset, float[] y, int yOffset, int n) {
        int i = 0;
        for (; i + FL <= n; i += FL) {
            FloatVector.fromArray(F, x, xOffset + i).add(FloatVector.fromArray(F, y, yOffset + i)).intoArray(x, xOffset + i);
        }
        for (; i < n; i++) {
            x[xOffset + i] += y[yOffset + i];
        }
    }

    @Override
    public void addScaled(float[] x, int xOffset, float a, float[] y, int yOffset, int n) {
        Dot.addScaled(x, xOffset, a, y, yOffset, n);
    }

    @Override
    public void multiply(float[] x, int xOffset, float[] y, int yOffset, int n) {
        int i = 0;
        for (; i + FL <= n; i += FL) {
            FloatVector.fromArray(F, x, xOffset + i).mul(FloatVector.fromArray(F, y, yOffset + i)).intoArray(x, xOffset + i);
        }
        for (; i < n; i++) {
            x[xOffset + i] *= y[yOffset + i];
        }
    }

    @Override
    public void scale(float[] x, int xOffset, float a, int n) {
        int i = 0;
        for (; i + FL <= n; i += FL) {
            FloatVector.fromArray(F, x, xOffset + i).mul(a).intoArray(x, xOffset + i);
        }
        for (; i < n; i++) {
            x[xOffset + i] *= a;
        }
    }

    @Override
    public void rmsNorm(float[] x, int xOffset, float[] weight, float eps, float[] out, int outOffset, int n) {
        float factor = (float) (1 / Math.sqrt((double) Dot.dot(x, xOffset, x, xOffset, n) / n + eps));
        int i = 0;
        for (; i + FL <= n; i += FL) {
            FloatVector.fromArray(F, x, xOffset + i).mul(factor).mul(FloatVector.fromArray(F, weight, i)).intoArray(out,
                    outOffset + i);
        }
        for (; i < n; i++) {
            out[outOffset + i] = x[xOffset + i] * factor * weight[i];
        }
    }

    @Override
    public void layerNorm(float[] x, int xOffset, float[] weight, float[] bias, float eps, float[] out, int outOffset, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += x[xOffset + i];
        }
        float mean = (float) (sum / n);
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = x[xOffset + i] - mean;
        }
        float factor = (float) (1 / Math.sqrt((double) Dot.dot(out, outOffset, out, outOffset, n) / n + eps));
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = out[outOffset + i] * factor * weight[i] + bias[i];
        }
    }

    @Override
    public void softmax(float[] x, int offset, int n) {
        int whole = n / FL * FL;
        float max = SimdMath.max(x, offset, whole, Float.NEGATIVE_INFINITY);
        for (int i = whole; i < n; i++) {
            max = Math.max(max, x[offset + i]);
        }
        scale(x, offset, 1 / SimdMath.expSum(x, offset, n, max), n);
    }

    @Override
    public void activate(Activation activation, float[] x, int offset, int n) {
        SimdMath.activate(activation, x, offset, n);
    }

    @Override
    public void gate(Activation activation, float[] gate, int gateOffset, float[] up, int upOffset, int n) {
        SimdMath.activate(activation, gate, gateOffset, n);
        multiply(gate, gateOffset, up, upOffset, n);
    }

    @Override
    public void storeKv(float[] x, int xOffset, int n, KvType type, MemorySegment memory, long at) {
        SimdKv.store(x, xOffset, n, type, memory, at);
    }

    @Override
    public void scores(float[] query, int queryOffset, int queryStride, int queries, KvType type, MemorySegment memory, long keys,
            int positions, int dim, float scale, float[] out, int outOffset, int outStride) {
        SimdKv.scores(query, queryOffset, queryStride, queries, type, memory, keys, positions, dim, scale, out, outOffset,
                outStride);
    }

    @Override
    public void weightedValues(float[] weight, int weightOffset, int weightStride, int queries, KvType type, MemorySegment memory,
            long values, int positions, int dim, float[] out, int outOffset, int outStride) {
        SimdKv.weightedValues(weight, weightOffset, weightStride, queries, type, memory, values, positions, dim, out, outOffset,
                outStride);
    }

    @Override
    public void attend(AttentionTile tile) {
        SimdAttention.attend(tile);
    }
}
