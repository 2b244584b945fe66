package ai.realm.core.kernel.simd;

import java.lang.foreign.MemorySegment;

/**
 * Memory outside the heap by its address, for loops that a check of each vector would hold up. Every access to a segment is
 * compared with its length and its arena. That is half as many instructions again as the products of a kernel, and the processor
 * sees that many fewer reads ahead. Whoever hands an address to a kernel has checked that all it will read lies in memory that is
 * there; see {@link PackedMatrix#address}.
 */
final class NativeMemory {
    /** The whole address space. */
    static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    /**
     * What an address of a process may have: {@code address & ADDRESS} is the same, and shows the compiler that an access to {@link #ALL}
     * needs no check. Not a method, as a kernel may be too large for the compiler to put one into it.
     */
    static final long ADDRESS = (1L << 56) - 1;

    private NativeMemory() {
    }
}
