package ai.realm.core.kernel.machine;

import ai.realm.core.kernel.Activations;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Rows that matrices are multiplied with: {@link ActivationRecord}s outside the heap, and what another provider's products take, each made when it
 * is first filled. The memory is freed when nothing refers to this any more.
 */
final class MachineActivations implements Activations {
    final int cols;
    final int blocks;
    private final int capacity;
    private final Rest rest;
    private volatile @Nullable MemorySegment records;
    private volatile @Nullable MemorySegment fineRecords;
    private volatile @Nullable Activations others;
    /** Where rows are filled from. */
    final HeapArrays inputs = new HeapArrays();
    /** The numbers as they were given, for weights that are multiplied with them unrounded. */
    private volatile @Nullable Given given;

    /** Rows of floats: row r at {@code offset + r * stride}. */
    record Given(float[] x, int offset, int stride) {}

    MachineActivations(int capacity, int cols, Rest rest) {
        this.capacity = capacity;
        this.cols = cols;
        this.blocks = cols / 32;
        this.rest = rest;
    }

    @Override
    public int capacity() {
        return capacity;
    }

    /** Bytes of a token's records. */
    long rowBytes() {
        return (long) blocks * ActivationRecord.BYTES;
    }

    /** Remembers where the numbers are: every thread that fills a part says the same. */
    void refer(float[] x, int offset, int stride) {
        Given g = given;
        if (g == null || g.x != x || g.offset != offset || g.stride != stride) {
            given = new Given(x, offset, stride);
        }
    }

    Given given() {
        Given g = given;
        if (g == null) {
            throw new IllegalStateException("multiplied before it was filled");
        }
        return g;
    }

    MemorySegment records() {
        MemorySegment r = records;
        if (r == null) {
            synchronized (this) {
                r = records;
                if (r == null) {
                    r = allocate();
                    records = r;
                }
            }
        }
        return r;
    }

    /** What the rounding to {@link #records} left. */
    MemorySegment fineRecords() {
        MemorySegment r = fineRecords;
        if (r == null) {
            synchronized (this) {
                r = fineRecords;
                if (r == null) {
                    r = allocate();
                    fineRecords = r;
                }
            }
        }
        return r;
    }

    private MemorySegment allocate() {
        return Arena.ofAuto().allocate(Math.max(1, capacity * rowBytes()), ActivationRecord.BYTES);
    }

    Activations others() {
        Activations o = others;
        if (o == null) {
            synchronized (this) {
                o = others;
                if (o == null) {
                    o = rest.products().activations(capacity, cols);
                    others = o;
                }
            }
        }
        return o;
    }
}
