package ai.realm.core.kernel.simd;

import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Activations;
import ai.realm.core.kernel.ProductKernels;
import ai.realm.core.kernel.WeightMatrix;
import ai.realm.core.kernel.WorkerPool;
import ai.realm.core.kernel.simd.Packing.Quants;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;

/** Products with the Vector API, at the width of {@link Lanes}. Stateless but for scratch per thread. */
final class SimdProducts implements ProductKernels {
    private final ActivationMode mode;

    SimdProducts(ActivationMode mode) {
        this.mode = mode;
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
}
