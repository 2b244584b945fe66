package ai.realm.core.kernel.machine;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.LowRankPanel;
import ai.realm.core.kernel.Rotation;
import ai.realm.core.kernel.RowKernels;
import ai.realm.core.kernel.machine.RowCode.Elementwise;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Objects;

/** Rows by emitted code; the few functions that it does not have are another provider's. Ranges are checked here, as the code checks nothing. */
final class MachineRows implements RowKernels {
    /** Longer rows are done in parts of so many, so that the collector never waits long for a call. */
    private static final int PART = 1 << 14;

    private final Rest rest;
    private final HeapArrays arrays = new HeapArrays();
    private final MemorySegment add;
    private final MemorySegment addScaled;
    private final MemorySegment multiply;
    private final MemorySegment scale;
    private final MemorySegment dot;
    private final MemorySegment layerNorm;
    private final MemorySegment rmsNorm;
    private final MemorySegment softmax;
    private final MemorySegment[] lowRank;
    private final MemorySegment[] activate = new MemorySegment[Activation.values().length];
    private final MemorySegment[] gate = new MemorySegment[Activation.values().length];
    private final MemorySegment rotateHalves;
    private final MemorySegment rotateNeighbours;

    MachineRows(MachineCode code, Rest rest) {
        this.rest = rest;
        this.add = code.function(KernelCatalogue.elementwise(Elementwise.ADD));
        this.addScaled = code.function(KernelCatalogue.elementwise(Elementwise.ADD_SCALED));
        this.multiply = code.function(KernelCatalogue.elementwise(Elementwise.MULTIPLY));
        this.scale = code.function(KernelCatalogue.elementwise(Elementwise.SCALE));
        this.dot = code.function(KernelCatalogue.DOT);
        this.layerNorm = code.function(KernelCatalogue.LAYER_NORM);
        this.rmsNorm = code.function(KernelCatalogue.RMS_NORM);
        this.softmax = code.function(KernelCatalogue.SOFTMAX);
        this.lowRank = code.functions(KernelCatalogue.lowRank(LowRankPanel.HALVES), KernelCatalogue.lowRank(LowRankPanel.BYTES));
        for (Activation a : Activation.values()) {
            activate[a.ordinal()] = code.function(KernelCatalogue.activate(a, false));
            gate[a.ordinal()] = code.function(KernelCatalogue.activate(a, true));
        }
        this.rotateHalves = code.function(KernelCatalogue.rotate(false));
        this.rotateNeighbours = code.function(KernelCatalogue.rotate(true));
    }

    /** A length as the functions take it. */
    static long length(int n) {
        return n / 16 | ((1L << n % 16) - 1) << 32;
    }

    private void inParts(MemorySegment function, float[] x, int xOffset, float[] y, int yOffset, int n, long number) {
        Objects.checkFromIndexSize(xOffset, n, x.length);
        Objects.checkFromIndexSize(yOffset, n, y.length);
        MemorySegment to = arrays.segment(x);
        MemorySegment from = x == y ? to : arrays.segment(y);
        for (int i = 0; i < n; i += PART) {
            MachineCode.rows(function, to, 4L * (xOffset + i), from, 4L * (yOffset + i), length(Math.min(PART, n - i)), number);
        }
    }

    private static long bits(float number) {
        return Float.floatToRawIntBits(number) & 0xffffffffL;
    }

    @Override
    public float dot(float[] a, int aOffset, float[] b, int bOffset, int n) {
        Objects.checkFromIndexSize(aOffset, n, a.length);
        Objects.checkFromIndexSize(bOffset, n, b.length);
        MemorySegment first = arrays.segment(a);
        MemorySegment second = a == b ? first : arrays.segment(b);
        float sum = 0;
        for (int i = 0; i < n; i += PART) {
            sum += MachineCode.dot(dot, first, 4L * (aOffset + i), second, 4L * (bOffset + i), length(Math.min(PART, n - i)));
        }
        return sum;
    }

    @Override
    public void add(float[] x, int xOffset, float[] y, int yOffset, int n) {
        inParts(add, x, xOffset, y, yOffset, n, 0);
    }

    @Override
    public void addScaled(float[] x, int xOffset, float a, float[] y, int yOffset, int n) {
        inParts(addScaled, x, xOffset, y, yOffset, n, bits(a));
    }

    @Override
    public void multiply(float[] x, int xOffset, float[] y, int yOffset, int n) {
        inParts(multiply, x, xOffset, y, yOffset, n, 0);
    }

    @Override
    public void scale(float[] x, int xOffset, float a, int n) {
        inParts(scale, x, xOffset, x, xOffset, n, bits(a));
    }

    @Override
    public void rmsNorm(float[] x, int xOffset, float[] weight, float eps, float[] out, int outOffset, int n) {
        if (n > PART) {
            rest.rows().rmsNorm(x, xOffset, weight, eps, out, outOffset, n);
            return;
        }
        Objects.checkFromIndexSize(xOffset, n, x.length);
        Objects.checkFromIndexSize(outOffset, n, out.length);
        Objects.checkFromIndexSize(0, n, weight.length);
        MachineCode.threeRows(rmsNorm, arrays.segment(x), 4L * xOffset, arrays.segment(out), 4L * outOffset,
                arrays.segment(weight),
                length(n), bits(eps) | bits(1f / n) << 32);
    }

    @Override
    public void layerNorm(float[] x, int xOffset, float[] weight, float[] bias, float eps, float[] out, int outOffset, int n) {
        if (n > PART) {
            rest.rows().layerNorm(x, xOffset, weight, bias, eps, out, outOffset, n);
            return;
        }
        Objects.checkFromIndexSize(xOffset, n, x.length);
        Objects.checkFromIndexSize(outOffset, n, out.length);
        Objects.checkFromIndexSize(0, n, weight.length);
        Objects.checkFromIndexSize(0, n, bias.length);
        MachineCode.layerNorm(layerNorm, arrays.segment(x), 4L * xOffset, arrays.segment(out), 4L * outOffset,
                arrays.segment(weight), arrays.segment(bias), length(n), bits(eps) | bits(1f / n) << 32);
    }

    @Override
    public void softmax(float[] x, int offset, int n) {
        if (n > PART) {
            rest.rows().softmax(x, offset, n);
            return;
        }
        inParts(softmax, x, offset, x, offset, n, 0);
    }

    @Override
    public void activate(Activation activation, float[] x, int offset, int n) {
        inParts(activate[activation.ordinal()], x, offset, x, offset, n, 0);
    }

    @Override
    public void gate(Activation activation, float[] x, int xOffset, float[] up, int upOffset, int n) {
        inParts(gate[activation.ordinal()], x, xOffset, up, upOffset, n, 0);
    }

    @Override
    public void rotate(boolean neighbours, float[] x, int offset, int stride, int heads, float[] cos, float[] sin, int table,
            int pairs) {
        int vector = neighbours ? 8 : 16;
        if (pairs % vector != 0 || pairs > PART || heads > PART / pairs) {
            Rotation.rotate(neighbours, x, offset, stride, heads, cos, sin, table, pairs);
            return;
        }
        if (pairs == 0 || heads <= 0) {
            return;
        }
        if (stride < 0) {
            throw new IllegalArgumentException("heads are in rising order, not " + stride + " apart");
        }
        Objects.checkFromIndexSize(offset, (long) (heads - 1) * stride + 2L * pairs, x.length);
        Objects.checkFromIndexSize(table, pairs, cos.length);
        Objects.checkFromIndexSize(table, pairs, sin.length);
        MachineCode.threeRows(neighbours ? rotateNeighbours : rotateHalves, arrays.segment(x), 4L * offset, arrays.segment(cos),
                4L * table, arrays.segment(sin), heads | (long) (pairs / vector) << 32, 4L * stride);
    }

    @Override
    public void addLowRank(float[] y, int yOffset, int rows, float scale, LowRankPanel kind, MemorySegment memory, long downAt,
            long upAt, float[] x, int xOffset, int cols) {
        Objects.checkFromIndexSize(xOffset, cols, x.length);
        Objects.checkFromIndexSize(yOffset, rows, y.length);
        Objects.checkFromIndexSize(downAt, kind.bytes(cols), memory.byteSize());
        Objects.checkFromIndexSize(upAt, kind.bytes(rows), memory.byteSize());
        if (!memory.isNative()) {
            throw new IllegalArgumentException("panels must be in native memory");
        }
        MachineCode.lowRank(lowRank[kind.ordinal()], arrays.segment(x), 4L * xOffset, arrays.segment(y), 4L * yOffset,
                memory.address() + downAt,
                memory.address() + upAt, length(cols), length(rows), bits(scale));
        Reference.reachabilityFence(memory);
    }
}
