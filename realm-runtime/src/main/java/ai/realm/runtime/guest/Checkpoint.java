package ai.realm.runtime.guest;

import com.dylibso.chicory.runtime.ChicoryInterruptedException;

/**
 * Where a guest that must end ends, and one that must wait for its turn waits, inside an instruction that works on as much as the
 * guest likes. Compiled code asks at calls and turns of loops only, and a function without either can hold thousands of such
 * instructions.
 */
final class Checkpoint {
    /** Bytes that are moved between two checks: some tens of microseconds. */
    static final int BYTES = 1 << 18;
    /** Table elements that are written between two checks; a power of two. */
    static final int ELEMENTS = 1 << 10;

    private Checkpoint() {
    }

    /** @throws ChicoryInterruptedException when the guest on this thread was ended */
    static void pass() {
        if (Thread.currentThread().isInterrupted()) {
            throw new ChicoryInterruptedException("the guest was ended");
        }
    }
}
