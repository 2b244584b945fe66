package ai.realm.core.kernel.machine;

import static ai.realm.core.kernel.machine.AttentionScratch.COLUMNS;
import static ai.realm.core.kernel.machine.AttentionScratch.FACTOR;
import static ai.realm.core.kernel.machine.AttentionScratch.HIGH;
import static ai.realm.core.kernel.machine.AttentionScratch.LOW;
import static ai.realm.core.kernel.machine.AttentionScratch.MAX;
import static ai.realm.core.kernel.machine.AttentionScratch.ONE;
import static ai.realm.core.kernel.machine.AttentionScratch.POSITIONS;
import static ai.realm.core.kernel.machine.AttentionScratch.SCORES;
import static ai.realm.core.kernel.machine.AttentionScratch.SUM;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.AttentionKernels;
import ai.realm.core.kernel.AttentionTile;
import ai.realm.core.kernel.KvType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Attention by emitted code: heads that are whole units of {@link KvLoads}, over memory outside of the heap; all else is another provider's. What the
 * code reads and writes is checked here, as it checks nothing.
 */
final class MachineAttention implements AttentionKernels {
    /** Rows up to which lanes are numbers of a head. */
    private static final int FEW = 8;
    /** A maximum that nothing seen is below. */
    private static final float NOTHING = -1e29f;
    private static final int LONGEST_HEAD = 1 << 12;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

    private final MachineCode code;
    private final Rest rest;
    private final MemorySegment storeHalves;
    private final MemorySegment storeBlocks;
    private final MemorySegment scale;
    private final MemorySegment tanh;
    private final @Nullable AttentionFunctions[] functions = new AttentionFunctions[KvType.values().length];

    MachineAttention(MachineCode code, Rest rest) {
        this.code = code;
        this.rest = rest;
        this.storeHalves = code.function(KernelCatalogue.STORE_HALVES);
        this.storeBlocks = code.function(KernelCatalogue.STORE_BLOCKS);
        this.scale = code.function(KernelCatalogue.elementwise(RowCode.Elementwise.SCALE));
        this.tanh = code.function(KernelCatalogue.activate(Activation.TANH, false));
    }

    private final HeapArrays arrays = new HeapArrays();

    @Override
    public void storeKv(float[] x, int xOffset, int n, KvType type, MemorySegment memory, long at) {
        if (type == KvType.F32 || !KvLoads.fits(type, n) || n > LONGEST_HEAD || !memory.isNative()) {
            rest.attention().storeKv(x, xOffset, n, type, memory, at);
            return;
        }
        Objects.checkFromIndexSize(xOffset, n, x.length);
        long to = checked(memory, at, type.rowBytes(n));
        boolean halves = type == KvType.F16;
        MachineCode.fromRow(halves ? storeHalves : storeBlocks, arrays.segment(x), 4L * xOffset, to, 0, halves ? n / 16 : n / 32,
                0);
        Reference.reachabilityFence(memory);
    }

    /** The address of bytes that are all within the memory. */
    private static long checked(MemorySegment memory, long at, long bytes) {
        Objects.checkFromIndexSize(at, bytes, memory.byteSize());
        if (!memory.scope().isAlive()) {
            throw new IllegalStateException("the memory of keys and values has been closed");
        }
        return memory.address() + at;
    }

    @Override
    public void attend(AttentionTile tile) {
        if (!KvLoads.fits(tile.type(), tile.keyDim()) || !KvLoads.fits(tile.type(), tile.valueDim()) || !tile.memory().isNative()
                || Math.max(tile.keyDim(), tile.valueDim()) > LONGEST_HEAD) {
            rest.attention().attend(tile);
            return;
        }
        AttentionScratch s = AttentionScratch.get(tile.keyDim(), tile.valueDim());
        if (tile.rows() == 0) {
            return;
        }
        AttentionFunctions f = functions(tile.type());
        begin(tile, s.memory);
        if (tile.rows() <= FEW) {
            few(tile, s, f);
        } else {
            many(tile, s, f);
        }
        Reference.reachabilityFence(tile.memory());
        Reference.reachabilityFence(s.memory);
    }

    private AttentionFunctions functions(KvType type) {
        AttentionFunctions f = functions[type.ordinal()];
        if (f == null) {
            f = AttentionFunctions.of(code, type);
            functions[type.ordinal()] = f;
        }
        return f;
    }

    private static void begin(AttentionTile tile, MemorySegment state) {
        int most = AttentionTile.MAX_ROWS;
        for (int r = 0; r < most; r++) {
            boolean row = r < tile.rows();
            boolean sink = tile.hasSinks() && row;
            state.set(FLOAT, MAX + 4L * r, sink ? tile.sink(r) : NOTHING);
            state.set(FLOAT, SUM + 4L * r, sink ? 1 : 0);
            state.set(INT, LOW + 4L * r, row ? tile.low(r) : 0);
            state.set(INT, HIGH + 4L * r, row ? tile.high(r) : 0);
        }
        state.set(FLOAT, ONE, 1);
    }

    private static long keysAt(AttentionTile tile, int position, int run) {
        return checked(tile.memory(), tile.keyAt(position), (long) run * tile.type().rowBytes(tile.keyDim()));
    }

    private static long valuesAt(AttentionTile tile, int position, int run) {
        return checked(tile.memory(), tile.valueAt(position), (long) run * tile.type().rowBytes(tile.valueDim()));
    }

    /** What scores are multiplied with once {@link #cap} was there. */
    private static float afterCap(AttentionTile tile) {
        return tile.softCap() > 0 ? tile.softCap() : tile.scale();
    }

    /** Brings scores that were not scaled to within -1 and 1 when there is a cap. */
    private void cap(AttentionTile tile, MemorySegment memory, long at, int n) {
        if (tile.softCap() > 0) {
            long number = Float.floatToRawIntBits(tile.scale() / tile.softCap()) & 0xffffffffL;
            MachineCode.rows(scale, memory, at, memory, at, MachineRows.length(n), number);
            MachineCode.rows(tanh, memory, at, memory, at, MachineRows.length(n), 0);
        }
    }

    /**
     * Adds a row's biases to its scores, which {@link #cap} has seen and which are still to be multiplied by {@link #afterCap}.
     *
     * @param stride bytes from a position's score to the next one's
     */
    private static void addBiases(AttentionTile tile, int row, int from, int n, MemorySegment memory, long at, long stride) {
        if (!tile.hasSlopes()) {
            return;
        }
        float number = 1 / afterCap(tile);
        for (int p = 0; p < n; p++) {
            long place = at + p * stride;
            memory.set(FLOAT, place, memory.get(FLOAT, place) + tile.bias(row, from + p) * number);
        }
    }

    private void few(AttentionTile tile, AttentionScratch s, AttentionFunctions f) {
        int rows = tile.rows();
        int valueDim = tile.valueDim();
        Arrays.fill(tile.out(), 0, rows * valueDim, 0f);
        int end = tile.highest();
        for (int from = tile.lowest(); from < end; from += FewQueriesCode.POSITIONS) {
            int n = Math.min(FewQueriesCode.POSITIONS, end - from);
            for (int r = 0; r < rows; r += FewQueriesCode.ROWS) {
                rowScores(tile, from, n, r, Math.min(FewQueriesCode.ROWS, rows - r), s.memory, f);
            }
            for (int r = 0; r < rows; r++) {
                weigh(tile, from, n, r, s.memory, f);
            }
            for (int r = 0; r < rows; r += FewQueriesCode.ROWS) {
                addValues(tile, from, n, r, Math.min(FewQueriesCode.ROWS, rows - r), s.memory, f);
            }
        }
        for (int r = 0; r < rows; r++) {
            float sum = s.memory.get(FLOAT, SUM + 4L * r);
            multiply(tile, r, sum == 0 ? 0 : 1 / sum);
        }
    }

    /** A row of results times a number. */
    private void multiply(AttentionTile tile, int row, float number) {
        long at = 4L * row * tile.valueDim();
        MachineCode.rows(scale, tile.outMemory(), at, tile.outMemory(), at, MachineRows.length(tile.valueDim()),
                Float.floatToRawIntBits(number) & 0xffffffffL);
    }

    private void rowScores(AttentionTile tile, int from, int n, int row, int rows, MemorySegment scratch,
            AttentionFunctions f) {
        MemorySegment function = f.scores()[rows - 1];
        long queryBytes = 4L * tile.keyDim();
        long keyBytes = tile.type().rowBytes(tile.keyDim());
        long to = scratch.address() + SCORES + (long) row * FewQueriesCode.STRIDE;
        for (int i = 0; i < n;) {
            int run = Math.min(n - i, tile.together(from + i));
            MachineCode.fromRow(function, tile.queryMemory(), row * queryBytes, keysAt(tile, from + i, run), run | keyBytes << 32,
                    to + 4L * i, queryBytes);
            i += run;
        }
    }

    /** Turns a row's scores into weights, 0 for what it does not see, and what it has gathered to what that is worth now. */
    private void weigh(AttentionTile tile, int from, int n, int row, MemorySegment scratch,
            AttentionFunctions f) {
        long at = SCORES + (long) row * FewQueriesCode.STRIDE;
        cap(tile, scratch, at, n);
        addBiases(tile, row, from, n, scratch, at, 4);
        int whole = Math.ceilDiv(n, 16) * 16;
        int low = Math.clamp(tile.low(row) - from, 0, n);
        int high = Math.clamp(tile.high(row) - from, low, n);
        mask(scratch, at, 0, low);
        mask(scratch, at, high, whole);
        MachineCode.outside(f.softmaxRow(), scratch.address() + at, scratch.address() + MAX + 4L * row, whole / 16,
                Float.floatToRawIntBits(afterCap(tile)) & 0xffffffffL, 0, 0);
        float factor = scratch.get(FLOAT, FACTOR + 4L * row);
        if (factor != 1 && from > tile.lowest()) {
            multiply(tile, row, factor);
        }
    }

    private static void mask(MemorySegment scratch, long at, int from, int to) {
        for (int i = from; i < to; i++) {
            scratch.set(FLOAT, at + 4L * i, SoftmaxCode.MASKED);
        }
    }

    private void addValues(AttentionTile tile, int from, int n, int row, int rows, MemorySegment scratch,
            AttentionFunctions f) {
        MemorySegment function = f.values()[rows - 1];
        long outBytes = 4L * tile.valueDim();
        long valueBytes = tile.type().rowBytes(tile.valueDim());
        long weights = scratch.address() + SCORES + (long) row * FewQueriesCode.STRIDE;
        for (int i = 0; i < n;) {
            int run = Math.min(n - i, tile.together(from + i));
            MachineCode.intoRows(function, weights + 4L * i, valuesAt(tile, from + i, run), run | valueBytes << 32,
                    tile.outMemory(), row * outBytes, outBytes);
            i += run;
        }
    }

    private void many(AttentionTile tile, AttentionScratch s, AttentionFunctions f) {
        int vectors = Math.ceilDiv(tile.rows(), 16);
        int keyDim = tile.keyDim();
        int valueDim = tile.valueDim();
        long columnBytes = 64L * vectors;
        long base = s.memory.address();
        s.memory.asSlice(s.resultsAt(), columnBytes * valueDim).fill((byte) 0);
        for (int v = 0; v < vectors; v++) {
            long lanes = (1L << Math.min(16, tile.rows() - 16 * v)) - 1;
            MachineCode.transpose(f.transpose(), s.memory, COLUMNS + 64L * v, tile.queryMemory(), 64L * v * keyDim,
                    keyDim | lanes << 16 | columnBytes << 32, 4L * keyDim, base + ONE, 0);
        }
        int end = tile.highest();
        for (int from = tile.lowest(); from < end; from += POSITIONS) {
            int n = Math.min(POSITIONS, end - from);
            load(f, tile, true, from, n, base + s.floatsAt());
            multiplyColumns(f.product()[vectors - 1], n, base + COLUMNS, base + s.floatsAt(), base + SCORES, keyDim, 4L * keyDim,
                    4,
                    columnBytes);
            cap(tile, s.memory, SCORES, 16 * vectors * n);
            for (int r = 0; r < tile.rows(); r++) {
                addBiases(tile, r, from, n, s.memory, SCORES + 4L * r, columnBytes);
            }
            for (int v = 0; v < vectors; v++) {
                MachineCode.outside(f.softmaxColumns(), base + SCORES + 64L * v, base + MAX + 64L * v, n, from, columnBytes,
                        Float.floatToRawIntBits(afterCap(tile)) & 0xffffffffL);
            }
            MachineCode.outside(f.rescale()[vectors - 1], base + s.resultsAt(), base + FACTOR, valueDim, 0, 0, 0);
            load(f, tile, false, from, n, base + s.floatsAt());
            multiplyColumns(f.productAdd()[vectors - 1], valueDim, base + SCORES, base + s.floatsAt(), base + s.resultsAt(), n, 4,
                    4L * valueDim, columnBytes);
        }
        for (int r = 0; r < tile.rows(); r++) {
            float sum = s.memory.get(FLOAT, SUM + 4L * r);
            s.memory.set(FLOAT, FACTOR + 4L * r, sum == 0 ? 0 : 1 / sum);
        }
        for (int d = 0; d < valueDim; d += 16) {
            MachineCode.transpose(f.transpose(), tile.outMemory(), 4L * d, s.memory, s.resultsAt() + d * columnBytes,
                    tile.rows() | 0xffffL << 16 | 4L * valueDim << 32, columnBytes, base + FACTOR, 4);
        }
    }

    /** Keys or values of a chunk as floats. */
    private static void load(AttentionFunctions f, AttentionTile tile, boolean keys, int from, int n, long to) {
        int dim = keys ? tile.keyDim() : tile.valueDim();
        int units = dim / 16 / KvLoads.vectors(tile.type());
        for (int i = 0; i < n;) {
            int run = Math.min(n - i, tile.together(from + i));
            MachineCode.outside(f.floats(), to + 4L * i * dim,
                    keys ? keysAt(tile, from + i, run) : valuesAt(tile, from + i, run), (long) run * units, 0, 0, 0);
            i += run;
        }
    }

    /** {@code c[j] = or += sum over k of a[k] * b[j, k]} for all j, by steps of as many as the registers take. */
    private static void multiplyColumns(MemorySegment[] functions, int count, long a, long b, long c, int k, long jBytes,
            long kBytes, long columnBytes) {
        int most = ManyQueriesCode.TOGETHER;
        int steps = count / most;
        int left = count % most;
        if (steps > 0) {
            MachineCode.outside(functions[most - 1], a, b, c, k, jBytes | kBytes << 32, steps);
        }
        if (left > 0) {
            MachineCode.outside(functions[left - 1], a, b + (long) steps * most * jBytes, c + (long) steps * most * columnBytes,
                    k,
                    jBytes | kBytes << 32, 1);
        }
    }
}
