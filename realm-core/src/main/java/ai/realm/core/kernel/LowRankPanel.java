package ai.realm.core.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * How the narrow matrices of an adapter lie in memory, for {@link RowKernels#addLowRank}: eight rows together, so that one row of activations is
 * loaded once for all of them and memory is read straight on. A panel begins with the eight rows' factors as floats. Then come, for each 16
 * columns, 16 numbers of each row. Rows and columns that are not there are zero.
 */
public enum LowRankPanel {
    /** Numbers in fp16, without infinities. */
    HALVES(2),
    /** Numbers in 8 bits: the row's factor makes them what they stand for. */
    BYTES(1);

    /** Rows of a panel. */
    public static final int ROWS = 8;
    /** Bytes before the numbers, and what a panel's address is a multiple of. */
    public static final int HEADER = 64;
    /** Columns whose numbers lie together, row after row. */
    public static final int LANES = 16;

    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final int numberBytes;

    LowRankPanel(int numberBytes) {
        this.numberBytes = numberBytes;
    }

    /** Bytes of a number. */
    public int numberBytes() {
        return numberBytes;
    }

    /** Bytes of a panel with so many columns. */
    public long bytes(int columns) {
        return HEADER + Math.ceilDiv(columns, LANES) * ((long) LANES * ROWS * numberBytes);
    }

    /** How many panels hold so many rows. */
    public static int count(int rows) {
        return Math.ceilDiv(rows, ROWS);
    }

    /** The byte of a number of the panel at {@code panel}; those of the same 16 columns follow it. */
    public long at(long panel, int row, int column) {
        return panel + HEADER + (long) numberBytes * (column / LANES * (LANES * ROWS) + row * LANES + column % LANES);
    }

    /** What a row's product counts. */
    public static float factor(MemorySegment memory, long panel, int row) {
        return memory.get(FLOAT, panel + 4L * row);
    }

    /** Sets what a row's product counts. */
    public static void factor(MemorySegment memory, long panel, int row, float factor) {
        memory.set(FLOAT, panel + 4L * row, factor);
    }

    /** A number as it is stored. */
    public float number(MemorySegment memory, long panel, int row, int column) {
        long at = at(panel, row, column);
        return this == HALVES ? Float.float16ToFloat(memory.get(HALF, at)) : memory.get(ValueLayout.JAVA_BYTE, at);
    }

    /** Stores a number, rounded; in 8 bits it must be -127 to 127. */
    public void number(MemorySegment memory, long panel, int row, int column, float number) {
        long at = at(panel, row, column);
        if (this == HALVES) {
            memory.set(HALF, at, Float.floatToFloat16(number));
        } else {
            memory.set(ValueLayout.JAVA_BYTE, at, (byte) Math.round(number));
        }
    }
}
