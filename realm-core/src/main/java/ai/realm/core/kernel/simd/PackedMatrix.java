package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.FloatGemm.ROWS;

import ai.realm.core.kernel.WeightMatrix;
import ai.realm.core.tensor.GgmlType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;

/** A quantized matrix in its {@link Packing}; the last group is filled up with rows of zeros. */
final class PackedMatrix implements WeightMatrix {
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Changes nothing when added, not even the sign of zero. */
    private static final float NO_MIN = -0f;

    final Packing packing;
    final MemorySegment data;
    final int rows;
    final int cols;
    /** Blocks of 32 columns. */
    final int blocks;
    final long groupBytes;
    final long scaleBytes;

    PackedMatrix(Packing packing, int rows, int cols, java.util.function.LongFunction<MemorySegment> allocate) {
        this.packing = packing;
        this.rows = rows;
        this.cols = cols;
        this.blocks = cols / 32;
        this.scaleBytes = packing.scaleBytes(blocks);
        this.groupBytes = packing.groupBytes(blocks);
        this.data = allocate.apply(groupBytes * groups());
        if (!data.isNative() || data.byteSize() < groupBytes * groups()) {
            throw new IllegalArgumentException("packed weights take " + groupBytes * groups() + " bytes outside the heap");
        }
    }

    int groups() {
        return Math.ceilDiv(rows, ROWS);
    }

    long scalesAt(int group) {
        return group * groupBytes;
    }

    long quantsAt(int group) {
        return group * groupBytes + scaleBytes;
    }

    /**
     * Where a group's scales are in {@link NativeMemory#ALL}, its weights {@link #scaleBytes} behind them: for kernels that read one whole
     * group and check nothing. The memory lives as long as the model, which whoever multiplies keeps open.
     */
    long address(int group) {
        Objects.checkIndex(group, groups());
        if (!data.scope().isAlive()) {
            throw new IllegalStateException("the weights have been closed");
        }
        return data.address() + scalesAt(group);
    }

    @Override
    public boolean fetchAhead(int rowFrom, int rowTo) {
        return Products.fetchAhead(this, rowFrom, rowTo);
    }

    /** Where a row's word {@code j} of a block is. */
    long wordAt(int row, int block, int j) {
        Packing.Quants q = packing.quants;
        long word = (long) block * q.words + j;
        long in = row % ROWS;
        if (q == Packing.Quants.BYTE) {
            long half = in / Packing.HALF * blocks * q.words;
            return quantsAt(row / ROWS) + q.wordBytes * ((half + word) * Packing.HALF + in % Packing.HALF);
        }
        return quantsAt(row / ROWS) + q.wordBytes * (word * ROWS + in);
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
        return packing.type;
    }

    @Override
    public long ownedBytes() {
        return data.byteSize();
    }

    /** The 16-bit word {@code i} of a row's scales. */
    private short scaleWord(int row, int i) {
        return data.get(SHORT, scalesAt(row / ROWS) + 2L * ((long) i * ROWS + row % ROWS));
    }

    private float half(int row, int i) {
        return Float.float16ToFloat(scaleWord(row, i));
    }

    @Override
    public void dequantizeRow(int row, float[] out, int outOffset) {
        if (row < 0 || row >= rows) {
            throw new IndexOutOfBoundsException("row must be 0.." + (rows - 1) + ", not " + row);
        }
        for (int b = 0; b < blocks; b++) {
            int o = outOffset + b * 32;
            switch (packing.scales) {
                case HALF -> weights(row, b, 0, 32, half(row, b), packing.quants.centre, NO_MIN, out, o);
                case HALF_MIN ->
                    weights(row, b, 0, 32, half(row, b), 0, half(row, blocks + b), out, o);
                case SUPER_MIN -> {
                    int word = scaleWord(row, blocks / 4 + b);
                    float d = half(row, b / 8) * (word & 0xff);
                    float m = half(row, blocks / 8 + b / 8) * (word >> 8 & 0xff);
                    weights(row, b, 0, 32, d, 0, -m, out, o);
                }
                case SUPER_16 -> {
                    int word = scaleWord(row, blocks / 8 + b);
                    float d = half(row, b / 8);
                    weights(row, b, 0, 16, d * (byte) word, packing.quants.centre, NO_MIN, out, o);
                    weights(row, b, 16, 32, d * (word >> 8), packing.quants.centre, NO_MIN, out, o);
                }
            }
        }
    }

    private void weights(int row, int block, int from, int to, float d, int centre, float min, float[] out, int o) {
        for (int k = from; k < to; k++) {
            out[o + k] = d * (quant(row, block, k) - centre) + min;
        }
    }

    /** The weight as packed at column {@code k} of a block. */
    private int quant(int row, int block, int k) {
        Packing.Quants q = packing.quants;
        if (q == Packing.Quants.SIX) {
            return six(row, block, k / 8 * 3, k % 8);
        }
        long at = wordAt(row, block, k / q.perWord);
        int shift = q.bits * (k % q.perWord);
        return q.wordBytes == 2
                ? data.get(SHORT, at) >> shift & (1 << q.bits) - 1
                : (byte) ((data.get(INT, at) ^ Packing.EXCESS_BITS) >> shift);
    }

    private int six(int row, int block, int word, int i) {
        int first = data.get(SHORT, wordAt(row, block, word));
        int second = data.get(SHORT, wordAt(row, block, word + 1));
        int third = data.get(SHORT, wordAt(row, block, word + 2));
        return switch (i) {
            case 6 -> first >> 12 & 15 | (second >> 12 & 3) << 4;
            case 7 -> third >> 12 & 15 | (second >> 14 & 3) << 4;
            default -> (i < 2 ? first : i < 4 ? second : third) >> 6 * (i % 2) & 63;
        };
    }
}
