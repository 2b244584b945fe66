package ai.realm.core.kernel.machine;

import static ai.realm.core.kernel.machine.WeightLayout.ROWS;

import ai.realm.core.kernel.Activations;
import ai.realm.core.kernel.ProductKernels;
import ai.realm.core.kernel.WeightMatrix;
import ai.realm.core.kernel.WorkerPool;
import ai.realm.core.kernel.quant.BlockCodes;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Products by emitted code: of the types that have a {@link WeightLayout} with 8-bit activations, of all others, and of all when activations are not
 * rounded, with floats ({@link MappedRows}). Stateless. Shapes and ranges are checked here, before any emitted code runs, as that checks nothing.
 */
final class MachineProducts implements ProductKernels {
    /** Longer rows would keep a call, during which the collector waits, above some 50 µs. */
    private static final int MOST_COLS = 1 << 15;
    /** Activations of so many bytes stay in the second-level cache beside a group of weights. */
    private static final long CHUNK_BYTES = 1 << 19;

    /** As long as a call of products with floats may be: four rows and six tokens. */
    private static final int MOST_FLOATS = 1 << 17;

    /** In numbers, so that a number of bytes fits 32 bits. */
    private static final int MOST_STRIDE = (1 << 29) - 1;

    private final MachineCode code;
    private final Rest rest;
    private final boolean rounded;

    /** @param rounded whether activations are rounded to 8 bits where there is code for it */
    MachineProducts(MachineCode code, Rest rest, boolean rounded) {
        this.code = code;
        this.rest = rest;
        this.rounded = rounded;
    }

    /** The layout that a tensor is packed in, or null. */
    private @Nullable WeightLayout layout(TensorView weight) {
        return rounded && weight.shape().dim(0) <= MOST_COLS ? WeightLayout.of(weight.type()) : null;
    }

    /** Whether logits are made by it: no further sum evens out what the rounding of its activations left. */
    private static boolean makesLogits(TensorView weight) {
        return weight.name().equals("output.weight") || weight.name().equals("token_embd.weight");
    }

    @Override
    public WeightMatrix prepare(TensorView weight, Arena arena, WorkerPool pool) {
        WeightLayout layout = layout(weight);
        if (layout != null && BlockCodes.readsExactly(weight)) {
            return MachineMatrix.pack(weight, layout, code.products(layout), makesLogits(weight), arena, pool);
        }
        return weight.shape().dim(0) <= MOST_FLOATS
                ? MappedRows.of(weight, code, arena)
                : rest.products().prepare(weight, arena, pool);
    }

    @Override
    public long preparedBytes(TensorView weight) {
        WeightLayout layout = layout(weight);
        return layout != null ? MachineMatrix.bytes(layout, weight) : weight.data().byteSize();
    }

    @Override
    public Activations activations(int rows, int cols) {
        return new MachineActivations(rows, cols, rest);
    }

    @Override
    public void fill(Activations into, WeightMatrix w, float[] x, int xOffset, int xStride, int from, int to) {
        MachineActivations a = (MachineActivations) into;
        if (!(w instanceof MachineMatrix) && !(w instanceof MappedRows)) {
            rest.products().fill(a.others(), w, x, xOffset, xStride, from, to);
            return;
        }
        if (from >= to) {
            return;
        }
        Objects.checkFromToIndex(from, to, a.capacity());
        Objects.checkFromIndexSize(xOffset + (long) from * xStride, (long) (to - from - 1) * xStride + a.cols, x.length);
        if (!(w instanceof MachineMatrix m)) {
            a.refer(x, xOffset, xStride);
            return;
        }
        MemorySegment records = a.records();
        MemorySegment fine = m.fine ? a.fineRecords() : records;
        MemorySegment floats = a.inputs.segment(x);
        for (int t = from; t < to; t++) {
            long at = 4L * (xOffset + (long) t * xStride);
            long row = t * a.rowBytes();
            if (m.fine) {
                code.quantizeFine(floats, at, records.address() + row, a.blocks, fine.address() + row);
            } else {
                code.quantize(floats, at, records.address() + row, a.blocks);
            }
        }
        Reference.reachabilityFence(records);
        Reference.reachabilityFence(fine);
    }

    @Override
    public boolean sameForm(WeightMatrix a, WeightMatrix b) {
        if (a instanceof MachineMatrix m) {
            return b instanceof MachineMatrix n && m.fine == n.fine;
        }
        if (a instanceof MappedRows) {
            return b instanceof MappedRows;
        }
        return !(b instanceof MachineMatrix) && !(b instanceof MappedRows) && rest.products().sameForm(a, b);
    }

    @Override
    public void matmul(WeightMatrix w, int rowFrom, int rowTo, Activations x, int from, int to, float[] out, int outOffset,
            int outStride) {
        MachineActivations a = (MachineActivations) x;
        if (!(w instanceof MachineMatrix) && !(w instanceof MappedRows)) {
            rest.products().matmul(w, rowFrom, rowTo, a.others(), from, to, out, outOffset, outStride);
            return;
        }
        if (rowFrom >= rowTo || from >= to) {
            return;
        }
        check(w, rowFrom, rowTo, a, from, to);
        Objects.checkFromIndexSize(outOffset + (long) from * outStride + rowFrom,
                (long) (to - from - 1) * outStride + rowTo - rowFrom, out.length);
        if (!(w instanceof MachineMatrix m)) {
            floats((MappedRows) w, rowFrom, rowTo, a, from, to, out, outOffset, outStride);
            return;
        }
        if (rowFrom % ROWS != 0) {
            throw new IllegalArgumentException("a range of rows begins at a multiple of " + ROWS + ", not " + rowFrom);
        }
        MemorySegment sums = m.outputs.segment(out);
        MemorySegment records = a.records();
        MemorySegment fine = m.fine ? a.fineRecords() : records;
        int chunk = (int) Math.max(1, CHUNK_BYTES / a.rowBytes() / TileCode.TOKENS) * TileCode.TOKENS;
        for (int first = from; first < to; first += chunk) {
            tokens(m, rowFrom, rowTo, records.address(), fine.address() - records.address(), a.rowBytes(), first,
                    Math.min(to, first + chunk), sums, outOffset, outStride);
        }
        Reference.reachabilityFence(records);
        Reference.reachabilityFence(fine);
        Reference.reachabilityFence(m);
    }

    private static void floats(MappedRows w, int rowFrom, int rowTo, MachineActivations a, int from, int to, float[] out,
            int outOffset, int outStride) {
        MachineActivations.Given x = a.given();
        Objects.checkFromIndexSize(x.offset() + (long) from * x.stride(), (long) (to - from - 1) * x.stride() + a.cols,
                x.x().length);
        if (x.stride() < 0 || x.stride() > MOST_STRIDE || outStride < 0 || outStride > MOST_STRIDE) {
            throw new IllegalArgumentException(
                    "rows are 0.." + MOST_STRIDE + " numbers apart, not " + x.stride() + " and " + outStride);
        }
        w.multiply(rowFrom, rowTo, x, from, to, out, outOffset, outStride);
    }

    private static void check(WeightMatrix m, int rowFrom, int rowTo, MachineActivations a, int from, int to) {
        if (m.cols() != a.cols) {
            throw new IllegalArgumentException("a matrix of " + m.cols() + " columns does not take rows of " + a.cols);
        }
        Objects.checkFromToIndex(rowFrom, rowTo, m.rows());
        Objects.checkFromToIndex(from, to, a.capacity());
    }

    private static void tokens(MachineMatrix m, int rowFrom, int rowTo, long records, long toFine, long rowBytes, int from,
            int to,
            MemorySegment out, int outOffset, int outStride) {
        MachineCode.Tiles tiles = m.code.tiles();
        TileScratch scratch = tiles != null && to - from >= TileScratch.LEAST ? TileScratch.get(m) : null;
        for (int row = rowFrom; row < rowTo; row += ROWS) {
            long weights = m.address(row / ROWS);
            int rows = Math.min(ROWS, rowTo - row);
            int first = scratch == null || tiles == null
                    ? from
                    : scratch.multiply(m, tiles, weights, rows, records, toFine, rowBytes, from, to, out,
                            4 * (outOffset + (long) from * outStride + row), 4L * outStride);
            for (int t = first; t < to; t += TileCode.TOKENS) {
                int tokens = Math.min(TileCode.TOKENS, to - t);
                long at = 4 * (outOffset + (long) t * outStride + row);
                long activations = records + t * rowBytes;
                MachineCode.multiply(m.code.product()[tokens - 1], out, at, weights, activations, m.blocks, rows, 4L * outStride);
                if (m.fine) {
                    MachineCode.multiply(m.code.productAdd()[tokens - 1], out, at, weights, activations + toFine, m.blocks, rows,
                            4L * outStride);
                }
            }
        }
    }

    @Override
    public int rowAlignment(WeightMatrix w) {
        return switch (w) {
            case MachineMatrix _ -> ROWS;
            case MappedRows m -> m.alignment();
            default -> rest.products().rowAlignment(w);
        };
    }
}
