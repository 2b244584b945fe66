package ai.realm.core.kernel.machine;

import ai.realm.core.kernel.WeightMatrix;
import ai.realm.core.kernel.machine.FloatTileCode.Plain;
import ai.realm.core.kernel.quant.Dequantizer;
import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A matrix read as it lies in the file and multiplied with floats: plain numbers by emitted code that widens them, every other type row by row
 * through its definition.
 */
final class MappedRows implements WeightMatrix {
    /** Rows that are dequantized at a time, and that tokens pass while they are in the cache. */
    static final int PANEL = 16;
    /** Tokens' numbers of so many bytes stay in the second-level cache beside a panel. */
    private static final long CHUNK_BYTES = 1 << 18;
    /** Rows of types that are dequantized, one for each thread that multiplies. */
    private static final ThreadLocal<float[]> DEQUANTIZED = ThreadLocal.withInitial(() -> new float[0]);
    /** What an address is added to. */
    private static final MemorySegment ANYWHERE = MemorySegment.NULL;

    private final TensorView view;
    private final MemorySegment data;
    private final int rows;
    private final int cols;
    private final @Nullable Plain plain;
    /** By tokens less one. */
    private final MemorySegment[] code;
    private final HeapArrays arrays = new HeapArrays();

    private MappedRows(TensorView view, MemorySegment data, @Nullable Plain plain, MemorySegment[] code) {
        this.view = view;
        this.data = data;
        this.rows = Math.toIntExact(view.shape().rows());
        this.cols = Math.toIntExact(view.shape().dim(0));
        this.plain = plain;
        this.code = code;
    }

    /** @param arena for a copy, if the tensor is an array of the heap */
    static MappedRows of(TensorView view, MachineCode code, Arena arena) {
        Plain plain = Plain.of(view.type());
        MemorySegment data = view.data();
        if (plain != null && !data.isNative()) {
            data = arena.allocate(data.byteSize(), 64).copyFrom(data);
        }
        MappedRows made = new MappedRows(view, data, plain, code.products(plain == null ? Plain.F32 : plain));
        made.dequantizeRow(0, new float[made.cols], 0);
        return made;
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int cols() {
        return cols;
    }

    @Override
    public GgmlType type() {
        return view.type();
    }

    @Override
    public long ownedBytes() {
        return data.equals(view.data()) ? 0 : data.byteSize();
    }

    /** Rows of a unit that is not cut. */
    int alignment() {
        return plain == null ? PANEL : FloatTileCode.ROWS;
    }

    @Override
    public void dequantizeRow(int row, float[] out, int outOffset) {
        Objects.checkIndex(row, rows);
        Dequantizer.dequantize(view.type(), data, row * view.rowBytes(), out, outOffset, cols);
    }

    /** A product as {@link MachineProducts#matmul} says, whose caller has checked ranges and arrays. */
    void multiply(int rowFrom, int rowTo, MachineActivations.Given x, int from, int to, float[] out, int outOffset,
            int outStride) {
        if (!data.scope().isAlive()) {
            throw new IllegalStateException("the weights have been closed");
        }
        MemorySegment numbers = arrays.segment(x.x());
        MemorySegment sums = arrays.segment(out);
        Pass pass = new Pass(numbers, sums, x.offset(), x.stride(), outOffset, outStride);
        for (int row = rowFrom; row < rowTo; row += PANEL) {
            int n = Math.min(PANEL, rowTo - row);
            if (plain == null) {
                float[] panel = dequantized(PANEL * cols);
                Dequantizer.dequantize(view.type(), data, row * view.rowBytes(), panel, 0, n * cols);
                panel(pass, row, n, arrays.segment(panel), 0, 4L * cols, from, to);
            } else {
                panel(pass, row, n, ANYWHERE, data.address() + row * view.rowBytes(), view.rowBytes(), from, to);
            }
        }
        Reference.reachabilityFence(data);
    }

    private static float[] dequantized(int length) {
        float[] panel = DEQUANTIZED.get();
        if (panel.length < length) {
            panel = new float[length];
            DEQUANTIZED.set(panel);
        }
        return panel;
    }

    private record Pass(MemorySegment x, MemorySegment out, int xOffset, int xStride, int outOffset, int outStride) {}

    private void panel(Pass pass, int row, int count, MemorySegment weights, long weightsAt, long rowBytes, int from, int to) {
        int chunk = (int) Math.max(1, CHUNK_BYTES / (4L * cols) / FloatTileCode.TOKENS) * FloatTileCode.TOKENS;
        for (int first = from; first < to; first += chunk) {
            int last = Math.min(to, first + chunk);
            int r = 0;
            for (; r + FloatTileCode.ROWS <= count; r += FloatTileCode.ROWS) {
                tiles(pass, row + r, FloatTileCode.ROWS, weights, weightsAt + r * rowBytes, rowBytes, first, last);
            }
            for (; r < count; r++) {
                tiles(pass, row + r, 1, weights, weightsAt + r * rowBytes, 0, first, last);
            }
        }
    }

    private void tiles(Pass pass, int row, int written, MemorySegment weights, long weightsAt, long rowStride, int from, int to) {
        long shape = cols / 16 | ((1L << cols % 16) - 1) << 32 | ((1L << written) - 1) << 48;
        long strides = 4L * pass.xStride | 4L * pass.outStride << 32;
        for (int t = from; t < to; t += FloatTileCode.TOKENS) {
            MachineCode.multiply(code[Math.min(FloatTileCode.TOKENS, to - t) - 1], pass.out,
                    4 * (pass.outOffset + (long) t * pass.outStride + row), pass.x, 4 * (pass.xOffset + (long) t * pass.xStride),
                    weights, weightsAt, rowStride, strides, shape);
        }
    }
}
